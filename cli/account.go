package cli

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"zhicang/serve/account"
)

func accountCommand(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "account",
		Short: "what the accounts of the config need",
		Args:  exactArgs(0, "one of its commands"),
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(&cobra.Command{
		Use:   "verifier",
		Short: "read a password from standard input and print its verifier, which can stand in the config",
		Args:  exactArgs(0, "no arguments: the password comes from standard input"),
		RunE: func(*cobra.Command, []string) error {
			password, err := bufio.NewReader(io.LimitReader(e.in, 1<<10)).ReadString('\n')
			if err != nil && err != io.EOF {
				return err
			}
			verifier, err := account.NewVerifier(strings.TrimRight(password, "\r\n"))
			if err != nil {
				return usageError{fmt.Errorf("account verifier: %w; write it to standard input", err)}
			}
			fmt.Fprintln(e.out, verifier)
			return nil
		},
	})
	return c
}
