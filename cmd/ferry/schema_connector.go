package main

import "github.com/ferry-cd/ferry/connector/pipeline"

// messageSchema gives the JSON Schema of what pipelines are told.
func messageSchema() ([]byte, error) {
	return schemaOf(pipeline.Message{}, "What ferry's connector tells pipelines")
}
