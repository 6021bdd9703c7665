//go:build !linux

package dbtest

import "syscall"

func deathWith(who *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: who}
}
