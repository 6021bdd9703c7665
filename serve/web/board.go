package web

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"zhicang/dashboards"
	"zhicang/serve/reader"
)

// boardView is what the board's template shows.
type boardView struct {
	Board    *dashboards.Board
	Data     *dataView
	Path     []crumb // the chosen region and those above it
	Below    []crumb // those right below it
	Controls []control
	Panels   []panelView
	Here     string // the board's address with all that is chosen
	Wall     string // the same on a wall
	AsTables string // the same without script
	Tables   bool
}

// panelView is one panel; what it shows is in Answer when the page is made of
// tables, and is fetched from Rows otherwise.
type panelView struct {
	*dashboards.Panel
	Rows, Download string
	Source         string // the table whose origin can be looked up
	Answer         *answer
}

// find returns a board that the account may read. What it may not read is not
// there for it: the two can't be told apart.
func (s *Server) find(v *visit) (*dashboards.Board, error) {
	uid := v.r.PathValue("board")
	set := s.boards.Load()
	for _, b := range set.broken {
		if b.UID == uid && v.account.Reads(b.Domain) {
			return nil, &problem{
				status: http.StatusInternalServerError, title: "看板“" + b.Title + "”暂不能显示",
				hint: "看板的文件与数据契约不符，多半是用到的列已改名或撤下；其他看板不受影响。请管理员按下面一行修改，改好后刷新本页即可，无须重启", detail: b.Err.Error(),
			}
		}
	}
	b, ok := set.byUID[uid]
	if !ok || !v.account.Reads(b.Domain) {
		return nil, notFound("没有这个看板", "它可能已改名或撤下，或不在本账号的范围内；请从首页重新选择")
	}
	return b, nil
}

func (s *Server) board(v *visit) error {
	b, err := s.find(v)
	if err != nil {
		return err
	}
	if p := s.unreadable(v.ctx()); p != nil {
		return p
	}
	asked := v.r.URL.Query()
	controls, values, err := s.choose(v, b, asked)
	if err != nil {
		return err
	}
	page := &boardView{Board: b, Data: s.data(v, b, values), Controls: controls, Tables: asked.Get("view") == "table"}
	for _, c := range controls {
		if c.Kind == "region" && page.Path == nil {
			page.Path, page.Below = s.crumbs(v.account, b, c, values)
		}
	}
	here := query(b, values, "", "")
	page.Here = boardPath(b.UID, here)
	here.Set("view", "table")
	page.AsTables = boardPath(b.UID, here)
	here.Del("view")
	page.Panels = panelsOf(b, here)
	there := unusual(controls)
	there.Set("wall", "1")
	page.Wall = boardPath(b.UID, there)
	if asked.Get("wall") != "" {
		return s.wall(v, page, there)
	}
	if page.Tables {
		for i := range page.Panels {
			page.Panels[i].Answer = s.answer(v, b, page.Panels[i].Panel, values)
		}
	}
	return s.show(v, http.StatusOK, "board", b.Title, page)
}

// panelsOf are a board's panels on the grid, the rest moved up where the header
// is left out: what day the data are of, and which are its sources, every page's
// head says.
func panelsOf(b *dashboards.Board, chosen url.Values) []panelView {
	var list []panelView
	up := 0
	for i := range b.Panels {
		p := b.Panels[i] // a copy: its place is the page's own
		switch p.ID {
		case dashboards.HeaderID:
			up = p.Grid.H
			continue
		case dashboards.SourcesID:
			continue
		}
		p.Grid.Y -= up
		at := fmt.Sprintf("/boards/%s/panels/%s", url.PathEscape(b.UID), url.PathEscape(p.ID))
		view := panelView{Panel: &p, Rows: at + "?" + chosen.Encode(), Download: at + "/download?" + chosen.Encode()}
		if len(p.Tables) > 0 {
			view.Source = p.Tables[0]
		}
		list = append(list, view)
	}
	return list
}

// panelRows answers a script with what a panel shows.
func (s *Server) panelRows(v *visit) error {
	b, err := s.find(v)
	if err != nil {
		return err
	}
	p, ok := b.Panel(v.r.PathValue("panel"))
	if !ok {
		return notFound("看板上没有这个图表", "请刷新页面")
	}
	a := s.answer(v, b, p, chosen(b, v.r.URL.Query()))
	v.writeJSON(http.StatusOK, a)
	return nil
}

// chosen are the values of a board's variables in an address that a page made;
// one that is missing is chosen by nobody, and empty.
func chosen(b *dashboards.Board, q url.Values) map[string]string {
	values := make(map[string]string, len(b.Variables))
	for _, v := range b.Variables {
		values[v.Name] = q.Get(v.Name)
	}
	return values
}

// answer asks for a panel's rows. What goes wrong is part of the answer: the
// other panels of the board are not in the way.
func (s *Server) answer(v *visit, b *dashboards.Board, p *dashboards.Panel, values map[string]string) *answer {
	began := time.Now()
	a, err := s.rowsOf(v, b, p, values)
	if err != nil {
		told := problemOf(err)
		if told.status >= 500 {
			s.o.Log.Error("panel failed", "board", b.UID, "panel", p.ID, "account", v.account.Name, "err", err)
		}
		a = &answer{State: "failed", Kind: p.Kind, Title: p.Title, Message: told.title, Hint: told.hint}
	}
	a.TookMS = time.Since(began).Milliseconds()
	return a
}

func (s *Server) rowsOf(v *visit, b *dashboards.Board, p *dashboards.Panel, values map[string]string) (*answer, error) {
	if b.Unchosen(p.SQL, values) != nil && p.ID != dashboards.HeaderID {
		return &answer{State: "empty", Kind: p.Kind, Title: p.Title, Message: "没有数据", Hint: p.Empty}, nil
	}
	sql, err := b.SQL(p, values)
	if err != nil {
		return nil, &problem{status: http.StatusBadRequest, title: "选项无效", hint: "请重新选择：" + variableTitle(b, err), err: err}
	}
	rows, err := s.ask(v, sql, "看板 "+b.Title+" · "+p.Title, shownRows)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	return s.read(b, p, rows, values)
}

// ask runs one statement as who is signed in, for at most limit rows; 0 is as
// many as the reader lets through. The audit log is told what for, and from
// where.
func (s *Server) ask(v *visit, sql, purpose string, limit int) (*reader.Rows, error) {
	return s.o.Reader.Query(v.ctx(), v.account, reader.Statement{SQL: sql, Purpose: purpose + " " + address(v.r), Limit: limit})
}
