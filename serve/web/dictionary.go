package web

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"zhicang/models"
	"zhicang/serve/account"
	"zhicang/transform"
)

// A dictionaryView says what every table that the account may read is.
type dictionaryView struct {
	Day    string // whose parameters are shown
	Tables []tableView
}

// A tableView is one table of the dictionary.
type tableView struct {
	*models.Contract
	Domain     string
	Columns    []models.Column
	Parameters []transform.InForce
	Words      string // to find it by
}

// dictionary is generated from the contracts: nobody writes it twice.
func (s *Server) dictionary(v *visit) error {
	day := s.day(v.ctx())
	page := dictionaryView{Day: day.Format(time.DateOnly)}
	for _, c := range s.o.Catalog.Contracts() {
		if !c.Published() || !v.account.Reads(c.Domain()) {
			continue
		}
		x, _ := s.o.Graph.Explain(c.Table, day) // every contract has its node
		words := []string{c.Table, c.Title, c.Formula}
		for _, col := range x.Columns {
			words = append(words, col.Name, col.Title, col.Formula)
		}
		page.Tables = append(page.Tables, tableView{c, domainTitle(c.Domain()), x.Columns, x.Parameters, strings.Join(words, " ")})
	}
	// What the account is there for comes first, what all share last.
	slices.SortStableFunc(page.Tables, func(a, b tableView) int { return strings.Compare(a.Layer(), b.Layer()) })
	return s.show(v, http.StatusOK, "dictionary", "数据字典", page)
}

// day is the day whose parameters pages show: that of the data, or today while
// there are none.
func (s *Server) day(ctx context.Context) time.Time {
	if pub, err := s.o.Reader.Current(ctx); err == nil && !pub.AsOf.IsZero() {
		return pub.AsOf
	}
	return s.o.Now().In(s.o.Location)
}

// traceable reports whether an account may be told how a table is made: its own
// domains' tables in every layer, and those that belong to all. What is told is
// never a row.
func traceable(a account.Account, c *models.Contract) bool { return a.Reads(c.Domain()) }
