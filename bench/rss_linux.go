package main

// rssUnit turns what the kernel says into bytes: Linux counts in kilobytes.
const rssUnit = 1024
