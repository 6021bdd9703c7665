// Zhicang 治仓 is a data warehouse for Chinese local government.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"zhicang/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(cli.Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
