package assist

// Truth is what was planted: everything that the warehouse should find, and
// nothing else.
type Truth struct {
	AsOf       string `json:"as_of"`
	People     int    `json:"people"`
	Households int    `json:"households"`
	// Flags are the rows of ads.assist_risk_flag.
	Flags []Flag `json:"flags"`
	// Unknown are the rows of ads.assist_risk_unknown.
	Unknown []Flag `json:"unknown"`
	// Near are planted close to a threshold, on its other side.
	Near []Flag `json:"near"`
	// Findings are the rows of ads.assist_data_finding: Rule is the kind.
	Findings []Flag `json:"findings"`
	// Broken are the rows that break their contract, by file and row.
	Broken []Place `json:"broken"`
	// Totals are lines of sums, which are no records.
	Totals []Place `json:"totals"`
	// Late names the data set that stayed away.
	Late string `json:"late"`
}

// A Flag is a rule and the person or household that it is about.
type Flag struct {
	Rule    string `json:"rule"`
	Subject string `json:"subject"`          // id number or number of the household
	Period  string `json:"period,omitempty"` // year, of rules over the calendar year
	State   string `json:"state,omitempty"`
	Why     string `json:"why"`
}

// A Place is a row of a delivered file.
type Place struct {
	Source string `json:"source"`
	File   string `json:"file"`
	Sheet  string `json:"sheet,omitempty"`
	Row    int    `json:"row"`
	Why    string `json:"why,omitempty"`
}

func (g *generator) flag(rule, subject, state, why string) {
	g.truth.Flags = append(g.truth.Flags, Flag{Rule: rule, Subject: subject, State: state, Why: why})
}

// yearFlag is a flag of a rule over the calendar year.
func (g *generator) yearFlag(rule string, p *person, year, state, why string) {
	g.truth.Flags = append(g.truth.Flags, Flag{Rule: rule, Subject: p.id, Period: year, State: state, Why: why})
}

func (g *generator) near(rule, subject, why string) {
	g.truth.Near = append(g.truth.Near, Flag{Rule: rule, Subject: subject, Why: why})
}

func (g *generator) unknown(subject, why string, rules ...string) {
	for _, r := range rules {
		g.truth.Unknown = append(g.truth.Unknown, Flag{Rule: r, Subject: subject, Why: why})
	}
}

// conflict is a contradiction, which is a finding and a flag.
func (g *generator) conflict(kind, subject string) {
	g.truth.Findings = append(g.truth.Findings, Flag{Rule: kind, Subject: subject, Why: kind})
	g.flag("record_conflict", subject, "持续", kind)
}
