package transform

import (
	"maps"
	"slices"
	"time"

	"zhicang/models"
)

// An Explanation says where a table comes from: how it is made, of what, and
// with which parameters.
type Explanation struct {
	Contract *models.Contract
	// Columns are what those see who read the table; of an ods table the ones
	// that lie in the lake.
	Columns []models.Column
	// Parameters are those that the contract names, on one day.
	Parameters []InForce
	Upstreams  []string // made from these, sorted
	Downstream []string // goes into these, in build order
	// SQL is the model and File where it stands; empty for ods tables and steps.
	SQL, File string
	// Version and Inputs are of the step that makes it; empty otherwise.
	Version string
	Inputs  []Input
}

// InForce is a parameter on one day: its value, or in Err why it has none.
type InForce struct {
	Parameter *models.Parameter
	Value     models.Dated
	Err       error
}

// An Input is a named SELECT that a step reads.
type Input struct{ Name, SQL string }

// Explain says where a table comes from. Parameters are those in force on day.
func (g *Graph) Explain(table string, day time.Time) (Explanation, bool) {
	n, ok := g.nodes[table]
	if !ok {
		c, ok := g.platform[table]
		if !ok {
			return Explanation{}, false
		}
		return Explanation{Contract: c, Columns: c.Columns}, true
	}
	e := Explanation{
		Contract: n.Contract, Columns: n.Contract.Columns, Upstreams: slices.Clone(n.Upstreams),
		Downstream: g.Downstream(table), SQL: n.SQL, File: n.File,
	}
	if n.Contract.Layer() == "ods" {
		e.Columns = n.Contract.LandedColumns()
	}
	for _, p := range n.parameters {
		v, err := p.On(day)
		e.Parameters = append(e.Parameters, InForce{p, v, err})
	}
	if n.Step != nil {
		e.Version = n.Step.Version()
		for _, name := range slices.Sorted(maps.Keys(n.Step.Inputs)) {
			e.Inputs = append(e.Inputs, Input{name, n.Step.Inputs[name]})
		}
	}
	return e, true
}
