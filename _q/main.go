package main

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"time"

	"zhicang/warehouse"
)

func cpu() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(0, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func main() {
	e, err := warehouse.Open(context.Background(), warehouse.Options{Path: os.Args[1]})
	if err != nil {
		panic(err)
	}
	for _, f := range os.Args[2:] {
		b, err := os.ReadFile(f)
		if err != nil {
			b = []byte(f)
		}
		t, c := time.Now(), cpu()
		rows, err := e.Query(context.Background(), string(b))
		if err != nil {
			fmt.Println(err)
			continue
		}
		cols, _ := rows.Columns()
		n := 0
		for rows.Next() {
			v := make([]any, len(cols))
			p := make([]any, len(cols))
			for i := range v {
				p[i] = &v[i]
			}
			rows.Scan(p...)
			if n < 5 {
				for _, x := range v {
					fmt.Print(x, " | ")
				}
				fmt.Println()
			}
			n++
		}
		fmt.Println(f, n, "rows", time.Since(t), "cpu", cpu()-c)
	}
	os.Exit(0)
}
