package deputies

// Truth is what was planted, as truth_deputies.json holds it. Deputies are
// known by their id numbers, which are invented.
type Truth struct {
	Seed     uint64 `json:"seed"`
	AsOf     string `json:"as_of"`
	Deputies int    `json:"deputies"`
	Stations int    `json:"stations"`

	Scores    []Score    `json:"scores"`
	Baselines []Baseline `json:"baselines"`
	Activity  []Activity `json:"activity"` // of the county, in each year
	Station   []Station  `json:"station"`
	Findings  []Finding  `json:"findings"`
	Broken    []Broken   `json:"broken"`

	Duplicates int `json:"duplicates"` // rows delivered twice
	Totals     int `json:"totals"`     // lines of sums, which are no records
}

// A Score is one item of a planted deputy, by the schemes as shipped.
type Score struct {
	Scheme string `json:"scheme"`
	Year   int    `json:"year"`
	Deputy string `json:"deputy"`
	Level  string `json:"level"`
	Item   string `json:"item"`
	Points int    `json:"points"` // after the cap
	Total  int    `json:"total"`
}

// A Baseline is what a planted deputy reached of the days that the law asks.
type Baseline struct {
	Year   int     `json:"year"`
	Deputy string  `json:"deputy"`
	Level  string  `json:"level"`
	Days   float64 `json:"days"`
	State  string  `json:"state"`
}

// Activity counts the county's deputies of one level in a year.
type Activity struct {
	Year     int    `json:"year"`
	Level    string `json:"level"`
	Deputies int    `json:"deputies"`
	Expected int    `json:"expected"`
	Attended int    `json:"attended"`
}

// A Station was planted with the counts that its activity rests on.
type Station struct {
	Year       int     `json:"year"`
	ID         string  `json:"station_id"`
	Receptions int     `json:"receptions"`
	Opinions   int     `json:"opinions"`
	Score      float64 `json:"score"`
	Missing    string  `json:"missing"`
}

// A Finding must be named: a record, or a deputy's term when Record is empty.
type Finding struct {
	Finding string `json:"finding"`
	Source  string `json:"source"`
	Record  string `json:"record_id"`
	Deputy  string `json:"deputy"`
}

// A Broken row must not land.
type Broken struct {
	Source string `json:"source"`
	File   string `json:"file"`
	Row    int    `json:"row"` // 1-based row of the sheet or line of the text
	Why    string `json:"why"`
}
