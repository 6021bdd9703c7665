package cli

import (
	"context"
	"database/sql"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"zhicang/models"
	"zhicang/warehouse"
)

func queryCommand(e *env) *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:   "query SQL",
		Short: "ask the published file",
		Args:  exactArgs(1, "one SELECT"),
		RunE: func(c *cobra.Command, args []string) error {
			switch format {
			case "table", "csv", "json":
			default:
				return usageError{fmt.Errorf("--format: %q is none of table, csv, json", format)}
			}
			return e.use(c.Context(), e.open, func(a *app) error { return a.ask(c.Context(), args[0], format) })
		},
	}
	c.Flags().StringVar(&format, "format", "table", "table, csv or json")
	return c
}

// published opens what readers see.
func (a *app) published(ctx context.Context) (*warehouse.Published, error) {
	pub, err := a.shelf().Open(ctx, warehouse.Options{MemoryLimit: a.cfg.Engine.MemoryLimit, Threads: a.cfg.Engine.Threads})
	return pub, a.nothingYet(err)
}

// nothingYet says what to do where nothing has been published.
func (a *app) nothingYet(err error) error {
	if errors.Is(err, warehouse.ErrNothingPublished) {
		return &models.FileError{File: a.dir, Msg: err.Error(), Try: "zhicang run"}
	}
	return err
}

// ask opens the published file for one query.
func (a *app) ask(ctx context.Context, text, format string) (err error) {
	pub, err := a.published(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pub.Close()) }()
	return a.query(ctx, pub, text, format)
}

func (a *app) query(ctx context.Context, pub *warehouse.Published, text, format string) error {
	q, err := pub.Parse(ctx, text)
	if err != nil {
		if strings.Contains(err.Error(), "Only SELECT") {
			return usageError{errors.New("the published file is for reading: ask it one SELECT")}
		}
		return err
	}
	for _, ref := range q.Tables() {
		switch ref.Schema {
		case "ods", "dwd", "dws":
			return &models.FileError{
				File: "query", Msg: fmt.Sprintf("%s.%s is not published", ref.Schema, ref.Name),
				Try: "the published file holds the ads and dim tables alone; dim.data_dictionary lists them",
			}
		}
	}
	rows, err := pub.Query(ctx, text)
	if err != nil {
		return queryError(err)
	}
	defer rows.Close()
	cols, err := rows.Columns()
	if err != nil {
		return err
	}
	switch format {
	case "csv":
		err = writeCSV(a.out, cols, rows)
	case "json":
		err = writeJSON(a.out, cols, rows)
	default:
		err = writeTable(a.out, cols, rows)
	}
	return errors.Join(err, rows.Err())
}

// queryError takes the engine's class and stray lines off its message.
func queryError(err error) error {
	msg, _, _ := strings.Cut(err.Error(), "\n\nLINE ")
	return fmt.Errorf("%s", strings.ReplaceAll(strings.TrimSpace(msg), "\n", " "))
}

func eachRow(cols []string, rows *sql.Rows, fn func([]any) error) error {
	values, refs := make([]any, len(cols)), make([]any, len(cols))
	for i := range values {
		refs[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(refs...); err != nil {
			return err
		}
		if err := fn(values); err != nil {
			return err
		}
	}
	return nil
}

// text shows a value as a reader expects it: days without a time of day.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case time.Time:
		if v.Hour()+v.Minute()+v.Second()+v.Nanosecond() == 0 {
			return v.Format(time.DateOnly)
		}
		return v.Format("2006-01-02 15:04:05")
	case []any:
		parts := make([]string, len(v))
		for i, x := range v {
			parts[i] = text(x)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case *big.Int:
		return v.String()
	case fmt.Stringer:
		return v.String()
	}
	return fmt.Sprint(v)
}

func writeTable(w io.Writer, cols []string, rows *sql.Rows) error {
	var table [][]string
	err := eachRow(cols, rows, func(values []any) error {
		r := make([]string, len(values))
		for i, v := range values {
			r[i] = cut(text(v), 80)
		}
		table = append(table, r)
		return nil
	})
	printTable(w, cols, table)
	fmt.Fprintf(w, "(%d rows)\n", len(table))
	return err
}

func writeCSV(w io.Writer, cols []string, rows *sql.Rows) error {
	out := csv.NewWriter(w)
	if err := out.Write(cols); err != nil {
		return err
	}
	r := make([]string, len(cols))
	err := eachRow(cols, rows, func(values []any) error {
		for i, v := range values {
			r[i] = text(v)
		}
		return out.Write(r)
	})
	out.Flush()
	return errors.Join(err, out.Error())
}

// writeJSON writes one object a line, keys in the order of the columns.
func writeJSON(w io.Writer, cols []string, rows *sql.Rows) error {
	return eachRow(cols, rows, func(values []any) error {
		var b strings.Builder
		for i, v := range values {
			switch v.(type) {
			case time.Time, *big.Int, fmt.Stringer:
				v = text(v)
			}
			key, err := json.Marshal(cols[i])
			if err != nil {
				return err
			}
			value, err := json.Marshal(v)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, "%s%s: %s", map[bool]string{true: "", false: ", "}[i == 0], key, value)
		}
		_, err := fmt.Fprintf(w, "{%s}\n", b.String())
		return err
	})
}
