package web

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"zhicang/models"
	"zhicang/serve/account"
)

//go:embed templates
var templates embed.FS

// pages are the templates by name; each is laid into the one frame.
type pages map[string]*template.Template

func readPages() (pages, error) {
	frame, err := template.New("frame.html").Funcs(functions).ParseFS(templates, "templates/frame.html")
	if err != nil {
		return nil, err
	}
	list, err := fs.Glob(templates, "templates/*.html")
	if err != nil {
		return nil, err
	}
	all := pages{}
	for _, file := range list {
		if path.Base(file) == "frame.html" {
			continue
		}
		t, err := frame.Clone()
		if err == nil {
			t, err = t.ParseFS(templates, file)
		}
		if err != nil {
			return nil, err
		}
		all[strings.TrimSuffix(path.Base(file), ".html")] = t
	}
	return all, nil
}

var functions = template.FuncMap{
	"cell":    func(f *field, v any) string { return f.show(v) },
	"shape":   func(f *field, v any) string { return f.shape(v) },
	"colour":  func(f *field, v any) string { return f.mark(text(v)) },
	"pii":     personal,
	"inforce": whyNone,
	"titleof": columnTitle,
	"modules": func() []string { return []string{"format.js", "stat.js", "table.js", "chart.js"} }, // that board.js imports
	"add":     func(a, b int) int { return a + b },
}

// columnTitle is what readers call a column of a table.
func columnTitle(c *models.Contract, name string) string {
	if col, ok := c.Column(name); ok && col.Title != "" {
		return col.Title
	}
	return name
}

// personal is what readers call a class of personal data.
func personal(class models.PII) string {
	switch class.Landed() {
	case models.Pseudonym:
		return "假名"
	case models.Masked:
		return "已掩码"
	case models.Scrubbed:
		return "已脱敏"
	}
	return string(class)
}

// whyNone says why a parameter has no value on a day.
func whyNone(err error) string {
	switch {
	case errors.Is(err, models.ErrNotYetInForce):
		return "尚未生效"
	case errors.Is(err, models.ErrRepealed):
		return "已失效"
	}
	return "无据可查"
}

// A view is what every template is given: the frame's own facts, and in Page
// the page's.
type view struct {
	Title  string
	Nav    string // the entry of the bar that is lit
	Site   string
	Static string // where style sheets and scripts lie
	Charts bool
	Nonce  string
	Token  string // that forms carry
	Signed bool
	Name   string // of who is signed in
	Scope  string
	Page   any
}

// navs are the entries of the bar that pages belong to.
var navs = map[string]string{"home": "boards", "board": "boards", "download": "boards", "dictionary": "dictionary", "explain": "explain"}

// show answers with a page.
func (s *Server) show(v *visit, status int, name, title string, page any) error {
	var out bytes.Buffer
	err := s.pages[name].ExecuteTemplate(&out, "frame.html", view{
		Title: title, Nav: navs[name], Site: s.site, Static: s.files.prefix, Charts: s.files.charts,
		Nonce: v.nonce, Token: v.session.csrf, Signed: v.account.Name != "", Name: v.account.Name,
		Scope: s.scope(v.account), Page: page,
	})
	if err != nil {
		err = fmt.Errorf("page %s: %w", name, err)
		s.o.Log.Error("page failed", "path", v.r.URL.Path, "err", err)
		http.Error(v.w, "出错了，已记入日志", http.StatusInternalServerError)
		return nil
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(status)
	out.WriteTo(v.w) // the reader may be gone; nobody is left to tell
	return nil
}

// domainTitle is what readers call a domain.
func domainTitle(domain string) string {
	switch domain {
	case "congress":
		return "人大"
	case "industry":
		return "经信"
	case "assist":
		return "民政"
	case "platform":
		return "平台"
	case "":
		return "公共"
	}
	return domain
}

// scope says in words what an account reads: 人大 · 云溪县.
func (s *Server) scope(a account.Account) string {
	var words []string
	for _, d := range a.Domains {
		if d == account.AllDomains {
			words = []string{"全部领域"}
			break
		}
		words = append(words, domainTitle(d))
	}
	where := "全部区划"
	if chain := s.o.Regions.Ancestors(a.Region); len(chain) > 0 {
		where = chain[0].Name
	} else if a.Region != "" {
		where = a.Region
	}
	return strings.Join(words, "、") + " · " + where
}
