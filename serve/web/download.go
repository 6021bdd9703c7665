package web

import (
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"zhicang/dashboards"
	"zhicang/serve/reader"
)

// A downloadView is the page on which a reader says what the rows are for.
type downloadView struct {
	Board   *dashboards.Board
	Panel   *dashboards.Panel
	Data    *dataView
	Chosen  []chosenValue
	Action  string
	Back    string
	Purpose string
	Wrong   string
}

type chosenValue struct{ Title, Text string }

// A download is a panel's rows on their way into a file.
type download struct {
	board   *dashboards.Board
	panel   *dashboards.Panel
	rows    *reader.Rows
	columns []column // as they came; hidden ones are left out of the file
	data    *dataView
	chosen  []chosenValue
	scope   string
	who     string
	when    time.Time
	purpose string
}

// purposeMax is how long a purpose may be, in characters.
const purposeMax = 200

func (s *Server) downloadPage(v *visit) error {
	page, _, err := s.downloadOf(v)
	if err != nil {
		return err
	}
	return s.show(v, http.StatusOK, "download", "下载 "+page.Panel.Title, page)
}

func (s *Server) downloadOf(v *visit) (*downloadView, map[string]string, error) {
	b, err := s.find(v)
	if err != nil {
		return nil, nil, err
	}
	p, ok := b.Panel(v.r.PathValue("panel"))
	if !ok {
		return nil, nil, notFound("看板上没有这个图表", "请从看板重新进入")
	}
	if problem := s.unreadable(v.ctx()); problem != nil {
		return nil, nil, problem
	}
	controls, values, err := s.choose(v, b, v.r.URL.Query())
	if err != nil {
		return nil, nil, err
	}
	q := query(b, values, "", "")
	at := fmt.Sprintf("/boards/%s/panels/%s/download?%s", url.PathEscape(b.UID), url.PathEscape(p.ID), q.Encode())
	return &downloadView{Board: b, Panel: p, Data: s.data(v, b, values), Chosen: inWords(controls), Action: at, Back: boardPath(b.UID, q)}, values, nil
}

// inWords is what is chosen, as a reader would say it.
func inWords(controls []control) []chosenValue {
	var list []chosenValue
	for _, c := range controls {
		said := chosenValue{c.Title, c.Value}
		for _, o := range c.Choices {
			if o.Chosen {
				said.Text = strings.TrimLeft(o.Text, "　")
			}
		}
		list = append(list, said)
	}
	return list
}

// download sends a panel's rows as a file. The reader puts who, when, what,
// why and how many rows into the audit log.
func (s *Server) download(v *visit) error {
	page, values, err := s.downloadOf(v)
	if err != nil {
		return err
	}
	page.Purpose = strings.TrimSpace(v.r.PostFormValue("purpose"))
	format := v.r.PostFormValue("format")
	switch n := utf8.RuneCountInString(page.Purpose); {
	case n == 0:
		page.Wrong = "请填写用途，它会记入审计日志"
	case n > purposeMax:
		page.Wrong = fmt.Sprintf("用途请在 %d 字以内", purposeMax)
	case format != "csv" && format != "xlsx":
		page.Wrong = "请选择 CSV 或 XLSX"
	}
	if page.Wrong != "" {
		return s.show(v, http.StatusUnprocessableEntity, "download", "下载 "+page.Panel.Title, page)
	}
	sql, err := page.Board.SQL(page.Panel, values)
	if err != nil {
		return &problem{status: http.StatusBadRequest, title: "选项无效", hint: "请重新选择：" + variableTitle(page.Board, err), err: err}
	}
	rows, err := s.ask(v, sql, "下载 "+page.Board.Title+" · "+page.Panel.Title+"，用途："+page.Purpose, 0)
	if err != nil {
		return err
	}
	defer rows.Close()
	d := &download{
		board: page.Board, panel: page.Panel, rows: rows, columns: columnsOf(page.Panel, rows.Columns()), data: page.Data,
		chosen: page.Chosen, scope: s.scope(v.account), who: v.account.Name, when: s.o.Now().In(s.o.Location), purpose: page.Purpose,
	}
	name := d.fileName() + "." + format
	h := v.w.Header()
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	if format == "csv" {
		h.Set("Content-Type", "text/csv; charset=utf-8")
		return s.sent(v, d.writeCSV(v.w))
	}
	h.Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	return s.sent(v, d.writeXLSX(v.w))
}

// sent ends a download. Once bytes are on their way, the only honest way to
// say that the rest is missing is to break the connection off.
func (s *Server) sent(v *visit, err error) error {
	if err == nil {
		return nil
	}
	s.o.Log.Error("download broken off", "path", v.r.URL.Path, "account", v.account.Name, "err", err)
	panic(http.ErrAbortHandler)
}

// fileName says what, where and of which day: 热点问题_云溪县_20251231.
func (d *download) fileName() string {
	parts := []string{d.panel.Title}
	for _, c := range d.chosen {
		if c.Text != "" {
			parts = append(parts, c.Text)
		}
	}
	if d.data != nil && d.data.AsOf != "" {
		parts = append(parts, "截至"+strings.ReplaceAll(d.data.AsOf, "-", ""))
	}
	clean := func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`\/:*?"<>|`, r) {
			return '-'
		}
		return r
	}
	return strings.Map(clean, strings.Join(parts, "_"))
}

// visible are the columns that go into the file, by their place among those
// that came.
func (d *download) visible() []int {
	var list []int
	for i, c := range d.columns {
		if !c.Hidden {
			list = append(list, i)
		}
	}
	return list
}

// head is a column's heading: title and unit.
func (c column) head() string {
	if c.field.Unit != "" {
		return c.field.Title + "(" + c.field.Unit + ")"
	}
	return c.field.Title
}
