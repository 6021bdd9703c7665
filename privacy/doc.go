// Package privacy keeps people out of the tables. What marks a person becomes
// a pseudonym (Pseudonymizer) or a mask (AppendMaskName, AppendMaskPhone), free text
// loses what identifies (Scrubber), the originals go into encrypted segments
// (VaultWriter, Vault), and whoever looks a person up leaves a trace in a
// hash-chained log (AuditLog).
//
// Nothing here puts a person's data into an error, a log line or a count.
package privacy

// Error says what could not be done, to which file, and what to try. It never
// carries a key or a person's data.
type Error struct {
	Op   string // what was attempted, as in "load keys"
	Path string // the file or folder; empty when there is none
	Err  error
	Try  string // what a person can do about it; empty when there is nothing
}

func (e *Error) Error() string {
	if e.Path == "" {
		return e.Op + ": " + e.Err.Error()
	}
	return e.Op + " " + e.Path + ": " + e.Err.Error()
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Err }

// Hint is what to try; the command line prints it after "Try: ".
func (e *Error) Hint() string { return e.Try }
