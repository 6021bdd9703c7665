package web

import (
	"cmp"
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

type problemView struct {
	Title, Hint, Back, Detail string
	Final                     bool
}

type folder struct {
	Title  string
	Boards []*dashboards.Board
	Broken []dashboards.Broken
}

func (s *Server) home(v *visit) error {
	page := homeView{Name: v.account.Name, Scope: s.scope(v.account)}
	if p := s.unreadable(v.ctx()); p != nil {
		page.Problem = &problemView{Title: p.title, Hint: p.hint}
	} else {
		page.Data = s.data(v, s.age, nil)
	}
	at := map[string]int{}
	in := func(title string) *folder {
		if _, ok := at[title]; !ok {
			at[title] = len(page.Folders)
			page.Folders = append(page.Folders, folder{Title: title})
		}
		return &page.Folders[at[title]]
	}
	set := s.boards.Load()
	for _, b := range set.list {
		if v.account.Reads(b.Domain) {
			f := in(b.Folder)
			f.Boards = append(f.Boards, b)
		}
	}
	for _, b := range set.broken {
		if v.account.Reads(b.Domain) {
			f := in(cmp.Or(b.Folder, domainTitle(b.Domain)))
			f.Broken = append(f.Broken, b)
		}
	}
	return s.show(v, http.StatusOK, "home", "看板", page)
}
