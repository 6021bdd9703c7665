package web

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"zhicang/models"
	"zhicang/serve/account"
	"zhicang/transform"
	"zhicang/transform/congress"
)

// An explainView says where something comes from; one of the three is set, or
// none while nothing has been asked for.
type explainView struct {
	Of        string
	Wrong     string
	Day       string
	Table     *tracedTable
	Parameter *tracedParameter
	Issue     *tracedIssue
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

type tracedIssue struct {
	ID, Formula     string
	Ranks, Messages *answer
}

// explain says where a table, a column, a parameter or an issue comes from.
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
	if !strings.Contains(page.Of, ".") && v.account.Reads("congress") {
		issue, err := s.traceIssue(v, page.Of)
		if err != nil {
			return err
		}
		page.Issue = issue
	}
	if page.Issue == nil {
		page.Wrong = "没有这个表、参数或问题，或不在本账号的范围内"
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

// traceIssue shows an issue by what the account may read of it; nil when that
// is nothing.
func (s *Server) traceIssue(v *visit, id string) (*tracedIssue, error) {
	if p := s.unreadable(v.ctx()); p != nil {
		return nil, p
	}
	ranks, messages := congress.ExplainIssue(id)
	t := &tracedIssue{ID: id}
	for _, q := range []struct {
		table, sql string
		into       **answer
	}{{"ads.congress_hot_issue", ranks, &t.Ranks}, {"ads.congress_hot_issue_opinion", messages, &t.Messages}} {
		rows, err := s.ask(v, q.sql, "溯源 问题 "+id, shownRows)
		if err != nil {
			return nil, err
		}
		*q.into, err = s.titled(q.table, rows)
		rows.Close()
		if err != nil {
			return nil, err
		}
	}
	if t.Ranks.State == "empty" && t.Messages.State == "empty" {
		return nil, nil
	}
	if c, ok := s.o.Catalog.Contract("ads.congress_hot_issue"); ok {
		t.Formula = c.Formula
	}
	return t, nil
}
