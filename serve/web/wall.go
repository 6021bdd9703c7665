package web

import (
	"net/http"
	"net/url"
	"strconv"

	"zhicang/dashboards"
	"zhicang/serve/account"
)

// screenRows is how many rows of the grid a wall shows legibly at a time.
const screenRows = 24

// A wallView is one screen of a board on a wall.
type wallView struct {
	*boardView
	Where   string // the chosen region
	Every   int    // seconds until what follows
	Next    string // what follows: another screen, another board, or this one anew
	Screens []bool // true for the one that is shown
}

// wall shows a board in large, a screen at a time: ?wall=1 this board, and with
// &rotate=30 every board that the account may read in turn, every 30 seconds.
// there is the wall's address.
func (s *Server) wall(v *visit, page *boardView, there url.Values) error {
	asked := v.r.URL.Query()
	rotate, _ := strconv.Atoi(asked.Get("rotate"))
	screens := screensOf(page.Panels)
	n, _ := strconv.Atoi(asked.Get("screen"))
	n = max(0, min(n, len(screens)-1))
	w := wallView{boardView: page, Every: 60, Screens: make([]bool, len(screens))}
	w.Screens[n], page.Panels = true, screens[n]
	if len(page.Path) > 0 {
		w.Where = page.Path[len(page.Path)-1].Name
	}
	if rotate > 0 {
		w.Every = max(rotate, 5)
		there.Set("rotate", strconv.Itoa(w.Every))
	} else if len(screens) > 1 {
		w.Every = 30
	}
	next := page.Board
	if n+1 < len(screens) {
		there.Set("screen", strconv.Itoa(n+1))
	} else if rotate > 0 {
		if next = s.after(v.account, page.Board); next != page.Board {
			there = url.Values{"wall": {"1"}, "rotate": {strconv.Itoa(w.Every)}}
		}
	}
	w.Next = boardPath(next.UID, there)
	return s.show(v, http.StatusOK, "wall", page.Board.Title, w)
}

// screensOf cuts a board where a whole screen is full. A panel is never cut.
func screensOf(panels []panelView) [][]panelView {
	var screens [][]panelView
	top := 0
	for _, p := range panels {
		if len(screens) == 0 || p.Grid.Y+p.Grid.H > top+screenRows && p.Grid.Y > top {
			screens, top = append(screens, nil), p.Grid.Y
		}
		moved := *p.Panel
		moved.Grid.Y -= top
		p.Panel = &moved
		screens[len(screens)-1] = append(screens[len(screens)-1], p)
	}
	return screens
}

// after is the board that follows on a wall that shows all.
func (s *Server) after(acct account.Account, b *dashboards.Board) *dashboards.Board {
	var list []*dashboards.Board
	for _, one := range s.boards.Load().list {
		if acct.Reads(one.Domain) {
			list = append(list, one)
		}
	}
	for i, one := range list {
		if one.UID == b.UID {
			return list[(i+1)%len(list)]
		}
	}
	return b
}
