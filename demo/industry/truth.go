package industry

const monthLayout = "2006-01"

// Truth is what was planted, as truth_industry.json holds it. Months are
// YYYY-MM.
type Truth struct {
	Seed        uint64 `json:"seed"`
	Enterprises int    `json:"enterprises"`
	First       string `json:"first_month"`
	Last        string `json:"last_month"`

	Events []Event `json:"events"`
	Shocks []Shock `json:"shocks"`
	// Quiet are events that are no reason for an alert: an enterprise that
	// closed and said so, one that is new.
	Closed []string `json:"closed"` // credit codes
	New    []string `json:"new"`
	// EnterpriseMonths is how many months of output enterprises owed in all.
	EnterpriseMonths int `json:"enterprise_months"`

	Broken     []Broken `json:"broken"`
	Duplicates int      `json:"duplicates"` // rows delivered twice
	Totals     int      `json:"totals"`     // lines of sums, which are no records
}

// What an event is. The words are those of the alerts.
const (
	Fall       = "下降"
	Rise       = "上升"
	Missing    = "缺报"
	WrongUnit  = "单位"
	Divergence = "背离"
	Unlisted   = "名录外"
)

// An Event happened to one enterprise from the month From to the month To, both
// included.
type Event struct {
	CreditCode string  `json:"credit_code"`
	Kind       string  `json:"kind"`
	Metric     string  `json:"metric"` // 产值 or 用电量
	From       string  `json:"from"`
	To         string  `json:"to"`
	Factor     float64 `json:"factor"` // by which what was reported differs from what was usual; 0 for none

	from, to int // numbers of months
}

// A Shock hit a whole trade.
type Shock struct {
	Segment string  `json:"segment"`
	From    string  `json:"from"`
	To      string  `json:"to"`
	Factor  float64 `json:"factor"`
}

// A Broken row must not land.
type Broken struct {
	Source string `json:"source"`
	File   string `json:"file"`
	Row    int    `json:"row"` // 1-based row of the sheet or line of the text
	Rule   string `json:"rule"`
}
