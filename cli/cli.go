// Package cli is the command line: it reads the config, wires the rooms
// together, and prints what they did.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// env is what every command gets from outside.
type env struct {
	in       io.Reader
	out, err io.Writer
	now      func() time.Time
	config   string
	verbose  bool
}

// errReported says that a command failed and has said so itself.
var errReported = errors.New("reported")

// usageError is a wrong call, as against a call that went wrong.
type usageError struct{ error }

// Run runs one command and returns the exit code: 0 done, 1 something failed,
// 2 the call itself is wrong.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return run(ctx, args, &env{in: stdin, out: stdout, err: stderr, now: time.Now})
}

func run(ctx context.Context, args []string, e *env) int {
	stderr := e.err
	root := newRoot(e)
	root.SetArgs(args)
	root.SetIn(e.in)
	root.SetOut(e.out)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errReported):
		return exitFailed
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "zhicang: %s\n", err)
		return exitUsage
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(stderr, "zhicang: interrupted; the next run continues where this one stopped")
		return exitFailed
	}
	printError(stderr, err)
	return exitFailed
}

func newRoot(e *env) *cobra.Command {
	root := &cobra.Command{
		Use:           "zhicang",
		Short:         "治仓: a data warehouse for Chinese local government",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.PersistentFlags().StringVarP(&e.config, "config", "c", "zhicang.yaml", "the site's config file")
	root.PersistentFlags().BoolVarP(&e.verbose, "verbose", "v", false, "log every step to standard error")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w; see `%s --help`", err, c.CommandPath())}
	})
	root.AddCommand(
		demoCommand(e), runCommand(e), planCommand(e), statusCommand(e), queryCommand(e), explainCommand(e),
		quarantineCommand(e), publishCommand(e), trainCommand(e), wordsCommand(e), revealCommand(e), reviewCommand(e), keysCommand(e), lintCommand(e),
		upCommand(e), serveCommand(e), boardsCommand(e), accountCommand(e), scheduleCommand(e), doctorCommand(e),
		backfillCommand(e), compactCommand(e), retentionCommand(e),
	)
	return root
}

// logger writes structured lines to standard error: what went wrong, and every
// step when asked to.
func (e *env) logger() *slog.Logger {
	level := slog.LevelWarn
	if e.verbose {
		level = slog.LevelInfo
	}
	return slog.New(slog.NewTextHandler(e.err, &slog.HandlerOptions{Level: level}))
}

// hinter is an error that knows what to try.
type hinter interface{ Hint() string }

// printError prints each of the joined errors on a line, with what to try
// below it.
func printError(w io.Writer, err error) {
	for _, one := range flatten(err) {
		fmt.Fprintf(w, "zhicang: %s\n", strings.TrimSpace(one.Error()))
		var h hinter
		if errors.As(one, &h) && h.Hint() != "" {
			fmt.Fprintf(w, "  Try: %s\n", h.Hint())
		}
	}
}

func flatten(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var list []error
	for _, one := range joined.Unwrap() {
		list = append(list, flatten(one)...)
	}
	return list
}

// exactArgs wraps cobra's check so that it counts as a wrong call.
func exactArgs(n int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) == n {
			return nil
		}
		return usageError{fmt.Errorf("%s takes %s; see `%s --help`", c.CommandPath(), what, c.CommandPath())}
	}
}
