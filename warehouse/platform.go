package warehouse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"zhicang/models"
)

// The platform's own tables lie in a file of their own on the shelf, replaced
// after every run; the file CURRENT_PLATFORM names the one that readers open.
const platformName = "CURRENT_PLATFORM"

func platformFileName(n int) string { return fmt.Sprintf("platform-%08d.duckdb", n) }

// CurrentPlatform returns the path of the file of the platform's own tables.
func (s Shelf) CurrentPlatform() (string, error) {
	return s.pointed(platformName, platformFiles, "current platform tables", "such a file", "zhicang run writes it anew")
}

// platformFiles is the pattern of their files' names.
const platformFiles = "platform-*.duckdb"

// Filled is a table with all its rows, values in the order of the contract's
// columns as Append takes them.
type Filled struct {
	Contract *models.Contract
	Rows     [][]any
}

// WritePlatform writes the platform's tables into a new file and switches to
// it. The file before stays, for those who are reading it; older ones go.
func (s Shelf) WritePlatform(ctx context.Context, tables []Filled) error {
	old, err := filepath.Glob(filepath.Join(s.Dir, platformFiles))
	if err != nil {
		return err
	}
	slices.Sort(old)
	next := 1
	if len(old) > 0 {
		if _, err := fmt.Sscanf(filepath.Base(old[len(old)-1]), "platform-%d.duckdb", &next); err != nil {
			return fmt.Errorf("platform tables: %s: %w", filepath.Base(old[len(old)-1]), err)
		}
		next++
	}
	name := platformFileName(next)
	if err := s.place(name, func(tmp string) error { return fillFile(ctx, tmp, tables) }); err != nil {
		return fmt.Errorf("platform tables: %w", err)
	}
	if err := replaceFile(filepath.Join(s.Dir, platformName), []byte(name+"\n")); err != nil {
		return fmt.Errorf("platform tables: %w", err)
	}
	for _, path := range old[:max(0, len(old)-1)] {
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("platform tables: %w", err)
		}
	}
	return nil
}

// fillFile makes a database file of tables and their rows.
func fillFile(ctx context.Context, path string, tables []Filled) (err error) {
	e, err := Open(ctx, Options{Path: path, MemoryLimit: "256MB", Threads: 1})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	return e.InTx(ctx, func(tx *Tx) error {
		for _, t := range tables {
			if err := tx.CreateTable(ctx, t.Contract); err != nil {
				return err
			}
			if err := tx.Append(ctx, t.Contract.Table, func(row func(...any) error) error {
				for _, values := range t.Rows {
					if err := row(values...); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	})
}
