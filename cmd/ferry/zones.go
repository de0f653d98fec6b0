package main

// Windows and freezes name IANA zones; the binary also runs in images without a zone database.
import _ "time/tzdata"
