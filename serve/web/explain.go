package web

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"zhicang/models"
	"zhicang/serve/account"
	"zhicang/transform"
	"zhicang/transform/origin"
)

// An explainView says where something comes from; one of the three is set, or
// none while nothing has been asked for.
type explainView struct {
	Of        string
	Wrong     string
	Day       string
	Table     *tracedTable
	Parameter *tracedParameter
	Row       *tracedRow
	Known     []known // what can be asked for
	Shown     []known // of them the tables that readers see; where nothing is asked for yet
}

// known is a table that can be asked for.
type known struct{ Name, Title string }

type tracedTable struct {
	transform.Explanation
	Ups, Downs []known // empty names are tables of other domains
	Column     string  // the one that was asked for
}

type tracedParameter struct {
	*models.Parameter
	Now     models.Day // of the value in force
	InForce bool
	Why     string // why none is
	Used    []known
}

// A tracedRow is what stands behind an id that readers see.
type tracedRow struct {
	origin.Subject
	Formula string
	Looks   []look // at it, those with rows
}

type look struct {
	Title string
	Rows  *answer
}

// explain says where a table, a column, a parameter or what has an id comes from.
func (s *Server) explain(v *visit) error {
	day := s.day(v.ctx())
	page := &explainView{Of: strings.TrimSpace(v.r.URL.Query().Get("of")), Day: day.Format(time.DateOnly)}
	for _, c := range s.o.Catalog.Contracts() {
		if traceable(v.account, c) {
			page.Known = append(page.Known, known{c.Table, c.Title})
		}
	}
	if page.Of == "" {
		for _, k := range page.Known {
			if strings.HasPrefix(k.Name, "ads.") {
				page.Shown = append(page.Shown, k)
			}
		}
		return s.show(v, http.StatusOK, "explain", "溯源", page)
	}
	if err := s.trace(v, page, day); err != nil {
		return err
	}
	status := http.StatusOK
	if page.Wrong != "" {
		status = http.StatusNotFound
	}
	return s.show(v, status, "explain", "溯源 "+page.Of, page)
}

func (s *Server) trace(v *visit, page *explainView, day time.Time) error {
	domain, _, _ := strings.Cut(page.Of, ".")
	if p, ok := s.o.Catalog.Parameter(page.Of); ok && (domain == "shared" || v.account.Reads(domain)) {
		page.Parameter = s.traceParameter(v.account, p, day)
		return nil
	}
	table, column := page.Of, ""
	if parts := strings.SplitN(page.Of, ".", 3); len(parts) == 3 {
		table, column = parts[0]+"."+parts[1], parts[2]
	}
	x, ok := s.o.Graph.Explain(table, day)
	if ok && traceable(v.account, x.Contract) {
		page.Table = &tracedTable{Explanation: x, Ups: s.knownTo(v.account, x.Upstreams), Downs: s.knownTo(v.account, x.Downstream), Column: column}
		return nil
	}
	subject := origin.Of(page.Of, day)
	if c, ok := s.o.Catalog.Contract(subject.Table); ok && !strings.Contains(page.Of, ".") && traceable(v.account, c) {
		row, err := s.traceRow(v, subject, c)
		if err != nil {
			return err
		}
		page.Row = row
	}
	if page.Row == nil {
		page.Wrong = "没有这个表、参数或编号，或不在本账号的范围内"
	}
	return nil
}

// knownTo names the tables that the account may be told of.
func (s *Server) knownTo(a account.Account, tables []string) (list []known) {
	for _, t := range tables {
		if c, ok := s.o.Catalog.Contract(t); ok && traceable(a, c) {
			list = append(list, known{t, c.Title})
		}
	}
	return list
}

func (s *Server) traceParameter(a account.Account, p *models.Parameter, day time.Time) *tracedParameter {
	t := &tracedParameter{Parameter: p}
	if now, err := p.On(day); err != nil {
		t.Why = whyNone(err)
	} else {
		t.Now, t.InForce = now.From, true
	}
	for _, c := range s.o.Catalog.Contracts() {
		if slices.Contains(c.Parameters, p.Name) {
			t.Used = append(t.Used, s.knownTo(a, []string{c.Table})...)
		}
	}
	return t
}

// traceRow shows what stands behind an id by what the account may read of it; nil
// when that is nothing.
func (s *Server) traceRow(v *visit, subject origin.Subject, c *models.Contract) (*tracedRow, error) {
	if p := s.unreadable(v.ctx()); p != nil {
		return nil, p
	}
	t := &tracedRow{Subject: subject, Formula: c.Formula}
	for _, part := range subject.Parts {
		rows, err := s.ask(v, part.SQL, "溯源 "+subject.Kind+" "+subject.ID, shownRows)
		if err != nil {
			return nil, err
		}
		a, err := s.titled(part.Table, rows)
		rows.Close()
		if err != nil {
			return nil, err
		}
		if a.State != "empty" {
			t.Looks = append(t.Looks, look{part.Title, a})
		}
	}
	if len(t.Looks) == 0 {
		return nil, nil
	}
	return t, nil
}
