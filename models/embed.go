package models

import (
	"embed"
	"io/fs"
)

//go:embed shared congress industry assist platform
var embedded embed.FS

// FS holds the contracts, parameters and lexicons that come with the program.
func FS() fs.FS { return embedded }
