//go:build !linux

package memory

// LargePages does nothing here: only Linux gives large pages to a program that asks for them.
func LargePages() {}
