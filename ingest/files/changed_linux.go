package files

import (
	"fmt"
	"io/fs"
	"syscall"
)

// changed is when the system last changed anything about a file. Unlike the time of
// modification nobody sets it, so a file that is replaced by one of equal size and
// time is seen. Empty: the file system does not tell.
func changed(info fs.FileInfo) string {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return fmt.Sprintf("-%x", st.Ctim.Nano())
	}
	return ""
}
