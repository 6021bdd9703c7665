package web

import "zhicang/dashboards"

// boardSet is the boards as their files were at a time.
type boardSet struct {
	list   []*dashboards.Board
	broken []dashboards.Broken
	byUID  map[string]*dashboards.Board
}

func newBoardSet(list []*dashboards.Board, broken []dashboards.Broken) *boardSet {
	set := &boardSet{list: list, broken: broken, byUID: make(map[string]*dashboards.Board, len(list))}
	for _, b := range list {
		set.byUID[b.UID] = b
	}
	return set
}

// SetBoards shows other boards from the next request on. Those that are being
// answered go on with what they began with, link by link.
func (s *Server) SetBoards(list []*dashboards.Board, broken []dashboards.Broken) {
	s.boards.Store(newBoardSet(list, broken))
}
