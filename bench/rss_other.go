//go:build !linux

package main

// rssUnit turns what the kernel says into bytes: the BSDs and macOS count in bytes.
const rssUnit = 1
