package web

import (
	"net/http"

	"zhicang/dashboards"
)

// A homeView is the first page: the boards that the account may read.
type homeView struct {
	Folders []folder
	Data    *dataView
	Problem *problemView // why there is nothing to read; the boards are listed all the same
	Name    string
	Scope   string
}

type problemView struct{ Title, Hint string }

type folder struct {
	Title  string
	Boards []*dashboards.Board
}

func (s *Server) home(v *visit) error {
	page := homeView{Name: v.account.Name, Scope: s.scope(v.account)}
	if p := s.unreadable(v.ctx()); p != nil {
		page.Problem = &problemView{p.title, p.hint}
	} else {
		page.Data = s.data(v.ctx())
	}
	at := map[string]int{}
	for _, b := range s.o.Boards {
		if !v.account.Reads(b.Domain) {
			continue
		}
		if _, ok := at[b.Folder]; !ok {
			at[b.Folder] = len(page.Folders)
			page.Folders = append(page.Folders, folder{Title: b.Folder})
		}
		f := &page.Folders[at[b.Folder]]
		f.Boards = append(f.Boards, b)
	}
	return s.show(v, http.StatusOK, "home", "看板", page)
}
