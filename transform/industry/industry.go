// Package industry makes the tables of the 经信 domain that SQL can't make: what
// of the operation table may be published, and the alerts that live on from
// month to month.
package industry

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"zhicang/models"
	"zhicang/transform"
)

// Config is what the steps know beside the rows that they read.
type Config struct {
	Catalog *models.Catalog
}

// Steps returns the steps of the domain.
func Steps(cfg Config) []transform.Step {
	return []transform.Step{operationStep(cfg), alertStep(cfg)}
}

// parameters reads dated parameters on the first day of a month, by the last
// parts of their names.
func (cfg Config) parameters(m models.Month, prefix string, fields map[string]*float64) error {
	day, err := firstDay(m)
	if err != nil {
		return err
	}
	for name, field := range fields {
		p, ok := cfg.Catalog.Parameter(prefix + name)
		if !ok {
			return fmt.Errorf("no parameter %s%s", prefix, name)
		}
		v, err := p.On(day)
		if err != nil {
			return err
		}
		if v.Value == nil {
			return fmt.Errorf("parameter %s is a text", p.Name)
		}
		*field = *v.Value
	}
	return nil
}

func firstDay(m models.Month) (time.Time, error) {
	return time.Parse(time.DateOnly, m.FirstDay())
}

// each runs a named input and hands every row to fn.
func each(ctx context.Context, b *transform.Build, input string, fn func(*sql.Rows) error) error {
	rows, err := b.Query(ctx, input)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
