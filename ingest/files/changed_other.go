//go:build !linux

package files

import "io/fs"

func changed(fs.FileInfo) string { return "" }
