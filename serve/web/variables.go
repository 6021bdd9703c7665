package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"zhicang/dashboards"
	"zhicang/models/region"
	"zhicang/serve/account"
)

// A control is a variable of a board as the page shows it.
type control struct {
	Name, Title string
	Kind        string // region, few (side by side), many (a list) or text
	Value       string
	Usual       string // its value where nobody asks for another
	Choices     []choice
}

type choice struct {
	Text, Value string
	Chosen      bool
}

// few is up to how many choices stand side by side.
const few = 4

// choose sets a board's variables: to what the address asks for where that is
// offered, else to the default, else to the first that is offered. values has
// one for every variable; an empty one offers nothing.
func (s *Server) choose(v *visit, b *dashboards.Board, asked url.Values) (controls []control, values map[string]string, err error) {
	values = map[string]string{}
	for i := range b.Variables {
		variable := &b.Variables[i]
		c := control{Name: variable.Name, Title: variable.Title, Kind: "many", Value: asked.Get(variable.Name)}
		if c.Choices, err = s.choices(v, b, variable, values); err != nil {
			return nil, nil, err
		}
		offered := func(value string) bool {
			return slices.ContainsFunc(c.Choices, func(o choice) bool { return o.Value == value })
		}
		if c.Usual = variable.Default; !offered(c.Usual) && len(c.Choices) > 0 {
			c.Usual = c.Choices[0].Value
		}
		switch {
		case variable.Kind == dashboards.TextVariable:
			c.Kind = "text"
			if !asked.Has(variable.Name) {
				c.Value = c.Usual
			}
		case offered(c.Value):
		case c.Value == "":
			c.Value = c.Usual
		default:
			if err := s.unoffered(v, b, variable, &c, values); err != nil {
				return nil, nil, err
			}
		}
		if variable.Kind == dashboards.RegionVariable {
			c.Kind = "region"
		} else if len(c.Choices) > 0 && len(c.Choices) <= few && variable.Kind != dashboards.QueryVariable {
			c.Kind = "few"
		}
		for j := range c.Choices {
			c.Choices[j].Chosen = c.Choices[j].Value == c.Value
		}
		values[variable.Name] = c.Value
		controls = append(controls, c)
	}
	return controls, values, nil
}

// unoffered sets a variable for which the address asks what is not offered. A
// view of things falls back to the usual one; a region, or what the board is
// about, never becomes another: the account may know of it, and sees that there
// is nothing, or it does not.
func (s *Server) unoffered(v *visit, b *dashboards.Board, variable *dashboards.Variable, c *control, values map[string]string) error {
	switch {
	case variable.Kind == dashboards.RegionVariable:
		chain := s.o.Regions.Ancestors(c.Value)
		if len(chain) == 0 || !v.account.Covers(c.Value) {
			return outside(b, variable.Title)
		}
		c.Choices = append(c.Choices, choice{Text: chain[0].Name, Value: c.Value})
		return nil
	case variable.Subject == "":
		c.Value = c.Usual
		return nil
	}
	values[variable.Name] = c.Value
	sql, err := b.SubjectSQL(variable, values)
	if err != nil {
		return outside(b, variable.Title)
	}
	known, err := s.offers(v, b, variable, sql)
	if err != nil {
		return err
	}
	if len(known) == 0 {
		return outside(b, variable.Title)
	}
	c.Choices = append(c.Choices, known...)
	return nil
}

// outside says that an address asks for what the account may not see, or what
// is not there: the two can't be told apart.
func outside(b *dashboards.Board, title string) error {
	return &problem{
		status: http.StatusNotFound, title: "地址不在本账号的范围内", back: boardPath(b.UID, nil),
		hint: "地址里的" + title + "不存在，或不在本账号可见的区划与领域之内；请从看板重新选择",
	}
}

// choices are what a variable offers, given the ones before it.
func (s *Server) choices(v *visit, b *dashboards.Board, variable *dashboards.Variable, values map[string]string) (list []choice, err error) {
	for _, o := range variable.Options {
		list = append(list, choice{Text: o.Text, Value: o.Value})
	}
	if b.Unchosen(variable.SQL, values) != nil {
		return list, nil
	}
	sql, err := b.VariableSQL(variable, values)
	if err != nil || sql == "" {
		return list, err
	}
	offered, err := s.offers(v, b, variable, sql)
	return append(list, offered...), err
}

// offers asks for choices.
func (s *Server) offers(v *visit, b *dashboards.Board, variable *dashboards.Variable, sql string) (list []choice, err error) {
	rows, err := s.ask(v, sql, "看板 "+b.Title+" 的选项 "+variable.Title, 0)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var c choice
		for i, col := range rows.Columns() {
			switch value := text(plain(rows.Values()[i], kindOf(col.Type))); col.Name {
			case "__text":
				c.Text = value
			case "__value":
				c.Value = value
			}
		}
		if variable.Kind == dashboards.RegionVariable {
			c.Text = s.regionText(v.account, c)
		}
		list = append(list, c)
	}
	return list, rows.Err()
}

// regionText is a region's name, set in by how far it lies below the account's
// own.
func (s *Server) regionText(acct account.Account, c choice) string {
	chain := s.o.Regions.Ancestors(c.Value)
	if len(chain) == 0 {
		return c.Text
	}
	depth := 0
	for _, r := range chain[1:] {
		if acct.Covers(r.Code) {
			depth++
		}
	}
	return strings.Repeat("　", depth) + chain[0].Name
}

// A crumb is one region on the way down to the chosen one.
type crumb struct {
	Name, Link string // an empty link: nothing to see there
	Here       bool
}

// crumbs are the regions from the top down to the chosen one, and those right
// below it, each with the board's address for it.
func (s *Server) crumbs(acct account.Account, b *dashboards.Board, c control, values map[string]string) (path, below []crumb) {
	at := func(r region.Region, here bool) crumb {
		offered := slices.ContainsFunc(c.Choices, func(o choice) bool { return o.Value == r.Code })
		if here || !offered || !acct.Covers(r.Code) {
			return crumb{Name: r.Name, Here: here}
		}
		return crumb{Name: r.Name, Link: boardPath(b.UID, query(b, values, c.Name, r.Code))}
	}
	for i, r := range s.o.Regions.Ancestors(c.Value) {
		path = append(path, at(r, i == 0))
	}
	slices.Reverse(path)
	for _, o := range c.Choices {
		if chain := s.o.Regions.Ancestors(o.Value); len(chain) > 1 && chain[1].Code == c.Value {
			below = append(below, at(chain[0], false))
		}
	}
	return path, below
}

// query is a board's address with one variable set otherwise. What hangs on it
// is chosen anew where the old choice is no longer offered.
func query(b *dashboards.Board, values map[string]string, name, value string) url.Values {
	q := url.Values{}
	for _, v := range b.Variables {
		if v.Name == name {
			q.Set(name, value)
		} else if values[v.Name] != "" {
			q.Set(v.Name, values[v.Name])
		}
	}
	return q
}

// unusual is a board's address with nothing in it that would be chosen anyway:
// what hangs on a wall moves on to the next month by itself.
func unusual(controls []control) url.Values {
	q := url.Values{}
	for _, c := range controls {
		if c.Value != c.Usual {
			q.Set(c.Name, c.Value)
		}
	}
	return q
}

// variableTitle is what the page calls the variable that an error is about.
func variableTitle(b *dashboards.Board, err error) string {
	var bad *dashboards.ValueError
	if errors.As(err, &bad) {
		if v, ok := b.Variable(bad.Variable); ok {
			return v.Title
		}
		return bad.Variable
	}
	return "选项"
}
