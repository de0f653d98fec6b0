// Package connector tells what a cluster did: it reads the state of Flux and Argo CD, decides what that means for each
// commit of an environment, says so as commit statuses, and tells pipelines to go on. It keeps nothing: what should be said
// follows from the engines' objects and Git, what was said is read from the forge.
//
//	watch    connector/cluster: objects of the engines -> Units
//	target   Git: which commit of which environment waits for an answer -> Targets
//	decide   Units and a Target -> Verdict; pure
//	tell     Verdicts -> commit statuses, once each, paced
//	go on    connector/pipeline: ended Verdicts -> the pipelines that wait
package connector
