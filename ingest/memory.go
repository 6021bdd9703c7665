package ingest

import "runtime/debug"

// memoryLimit keeps a process that loads under 500 MB: what the runtime and the
// drivers hold beside the heap comes on top.
const memoryLimit = 400 << 20

// FewerCollections lets garbage pile up higher while sources are loaded, where
// nearly all of it is short-lived, and bounds the memory that this takes. The
// settings are the whole process's; the result puts them back.
func FewerCollections() (restore func()) {
	percent, limit := debug.SetGCPercent(400), debug.SetMemoryLimit(memoryLimit)
	return func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}
}
