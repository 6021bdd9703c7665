package dashboards

import (
	"fmt"
	"slices"
	"strings"

	"zhicang/models"
)

// Every board begins with what day its data speak of, and ends with where they
// come from and how old each is.
const (
	HeaderID  = "as-of"
	SourcesID = "data-age"
)

const (
	headerHeight  = 3
	sourcesHeight = 9
)

// addAge puts the two panels around the board's own.
func (l *loader) addAge() error {
	b := l.board
	bottom := 0
	for i := range b.Panels {
		b.Panels[i].Grid.Y += headerHeight
		bottom = max(bottom, b.Panels[i].Grid.Y+b.Panels[i].Grid.H)
	}
	header, sources := agePanels(l.tables())
	for _, v := range b.Variables {
		if v.Kind == RegionVariable {
			header.SQL = strings.Replace(header.SQL, "\nFROM", ", (SELECT r.path_name FROM dim.region AS r WHERE r.region_code = ${"+v.Name+"}) AS region\nFROM", 1)
			header.Columns = append(header.Columns, Column{Name: "region", Title: v.Title})
			break
		}
	}
	sources.Grid.Y = bottom
	for _, p := range []*Panel{&header, &sources} {
		if err := l.complete(p); err != nil {
			return err
		}
	}
	b.Panels = append(append([]Panel{header}, b.Panels...), sources)
	return nil
}

// tables are what the board's panels read and whose age it tells; nil is all
// that there are: a board about the house itself tells of all sources.
func (l *loader) tables() []string {
	if l.board.Domain == models.PlatformDomain {
		return nil
	}
	list := []string{}
	for _, p := range l.board.Panels {
		list = append(list, p.Tables...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// complete fills in what a panel of our own takes from the contracts.
func (l *loader) complete(p *Panel) error {
	tables, err := l.checkSQL("", "panel "+p.Title, p.SQL, l.board.Variables)
	if err != nil {
		return err
	}
	p.Tables = tables
	return l.caption(p, "")
}

// Age is a board of nothing but the two panels, about all that the reader may
// read.
func Age(cat *models.Catalog) (*Board, error) {
	l := &loader{file: "data age", catalog: cat, board: &Board{UID: "data-age", Title: "数据时点", Domain: models.PlatformDomain}}
	return l.board, l.addAge()
}

// agePanels tell the age of the data that tables are made of; nil: of all
// tables that the reader may read.
//
// The day that a board's data speak of is that of the oldest source: the
// newest day of each, of those the earliest, so that one that is late shows.
// Yearly reports and what comes only when something happens don't count, where
// anything comes more often; what the configuration no longer names doesn't
// either.
func agePanels(tables []string) (header, sources Panel) {
	where := "a.newest_day IS NOT NULL"
	if tables != nil {
		quoted := []string{"''"} // of no table: a list may not be empty
		for _, t := range tables {
			quoted = append(quoted, Quote(t))
		}
		where += " AND a.table_name IN (" + strings.Join(quoted, ", ") + ")"
	}
	source := `WITH source AS (
  SELECT DISTINCT a.source_title, a.source_system, a.pace, a.newest_day, a.late_days, a.stale_days, d.loaded_at,
    date_diff('day', a.newest_day, CAST(now() AT TIME ZONE n.timezone AS DATE)) AS age
  FROM dim.data_age AS a
  CROSS JOIN dim.run AS n
  JOIN dim.data_load AS d ON d.source_table = a.source_table AND d.source_system = a.source_system
  WHERE d.state <> '停用' AND ` + where + `
)
`
	header = Panel{
		ID: HeaderID, Title: "数据时点", Kind: Stat,
		SQL: source + `SELECT coalesce(CAST(min(s.newest_day) FILTER (WHERE s.pace IN ('每日', '每月')) AS VARCHAR), CAST(min(s.newest_day) AS VARCHAR)) AS as_of,
  coalesce(max(s.age) FILTER (WHERE s.pace IN ('每日', '每月')), max(s.age)) AS age,
  CASE
    WHEN count(*) = 0 THEN '没有数据'
    WHEN count_if(s.age >= s.stale_days) > 0 THEN concat('过旧', CAST(count_if(s.age >= s.stale_days) AS VARCHAR), '项')
    WHEN count_if(s.age >= s.late_days) > 0 THEN concat('偏旧', CAST(count_if(s.age >= s.late_days) AS VARCHAR), '项')
    ELSE '正常'
  END AS state,
  (SELECT substr(CAST(max(p.published_at) AS VARCHAR), 1, 16) FROM dim.publication AS p) AS published_at
FROM source AS s`,
		Columns: []Column{
			{Name: "as_of", Title: "数据截至"},
			{Name: "age", Title: "距今", Unit: "天"},
			{Name: "state", Title: "来源", Marks: stateMarks},
			{Name: "published_at", Title: "更新于"},
		},
		Caption: []string{"dim.data_age", "dim.publication.published_at"},
		Note:    "多项来源的最新日不同时取最早的；年度的与不定期的不参与比较。各项见末尾的“数据来源与时点”。",
		Grid:    Grid{W: 24, H: headerHeight},
		Empty:   "还没有发布过数据",
	}
	sources = Panel{
		ID: SourcesID, Title: "数据来源与时点", Kind: Table,
		SQL: source + `SELECT s.source_title, s.source_system, s.pace, CAST(s.newest_day AS VARCHAR) AS newest_day, s.age,
  CASE WHEN s.age >= s.stale_days THEN '过旧' WHEN s.age >= s.late_days THEN '偏旧' WHEN s.late_days IS NULL THEN '不定期' ELSE '正常' END AS state,
  substr(CAST(s.loaded_at AS VARCHAR), 1, 16) AS loaded_at
FROM source AS s
ORDER BY CASE WHEN s.age >= s.stale_days THEN 0 WHEN s.age >= s.late_days THEN 1 WHEN s.late_days IS NULL THEN 3 ELSE 2 END, s.newest_day, s.source_title, s.source_system`,
		Columns: []Column{
			{Name: "source_title", Title: "数据"},
			{Name: "source_system", Title: "来源系统"},
			{Name: "pace", Title: "周期", Width: 80},
			{Name: "newest_day", Title: "数据最新日", Width: 120},
			{Name: "age", Title: "距今", Unit: "天", Width: 100},
			{Name: "state", Title: "状况", Width: 90, Marks: stateMarks},
			{Name: "loaded_at", Title: "最近到数时间", Width: 170},
		},
		Caption: []string{"dim.data_age", "dim.data_age.newest_day", "dim.data_age.late_days", "dim.data_load.loaded_at"},
		Grid:    Grid{W: 24, H: sourcesHeight},
		Empty:   "看板所读的表还没有到过数",
	}
	return header, sources
}

// stateMarks colour how a source stands.
var stateMarks = map[string]string{"正常": "green", "偏旧": "orange", "过旧": "red", "不定期": "gray", "没有数据": "gray"}

// isOurs reports whether a panel's id is one of those that every board has.
func isOurs(id string) bool { return id == HeaderID || id == SourcesID }

// takenIDs are the ids that a board's own panels may not have, in words.
var takenIDs = fmt.Sprintf("%s and %s are taken", HeaderID, SourcesID)
