package web

import "zhicang/dashboards"

// cross turns rows of (row's label, column's label, number) into a table with
// a column for each label, in the order in which they came. The unit, one for
// all of it, stands over the rows.
func (a *answer) cross() {
	if len(a.Fields) < 3 {
		return
	}
	down, number := a.Fields[0], a.Fields[2]
	at := map[string]int{}   // a row's label → where it stands
	over := map[string]int{} // a column's label → where it stands
	if number.Unit != "" {
		down.Title += "(" + number.Unit + ")"
	}
	fields := []*field{down}
	var rows [][]any
	for _, r := range a.Rows {
		label, head := text(r[0]), text(r[1])
		if _, ok := over[head]; !ok {
			over[head] = len(fields)
			fields = append(fields, &field{Name: head, Title: head, Kind: number.Kind, Decimals: number.Decimals, Marks: number.Marks, Align: "right"})
		}
		if _, ok := at[label]; !ok {
			at[label] = len(rows)
			rows = append(rows, []any{r[0]})
		}
		row := rows[at[label]]
		for len(row) <= over[head] {
			row = append(row, nil)
		}
		row[over[head]] = r[2]
		rows[at[label]] = row
	}
	for i, row := range rows {
		for len(row) < len(fields) {
			row = append(row, nil)
		}
		rows[i] = row
	}
	a.Fields, a.Rows, a.Links, a.Kind, a.Heat = fields, rows, nil, dashboards.Table, true
}
