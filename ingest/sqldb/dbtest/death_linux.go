package dbtest

import "syscall"

// deathWith lets a server die with the process that started it, also where
// that is killed.
func deathWith(who *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: who, Pdeathsig: syscall.SIGQUIT}
}
