package dialect

import "slices"

// node is an object of the tree that json_serialize_sql gives.
type node map[string]any

// placed is a node with its place in the text and the node around it. A node
// that the tree gives no place has that of its first part, else its parent's.
type placed struct {
	node   node
	at     int
	parent *placed
}

func (n node) str(key string) string {
	s, _ := n[key].(string)
	return s
}

func (n node) flag(key string) bool {
	b, _ := n[key].(bool)
	return b
}

func (n node) child(key string) node {
	m, _ := n[key].(map[string]any)
	return m
}

// list returns the objects of an array; what is no object is left out.
func (n node) list(key string) []node {
	items, _ := n[key].([]any)
	nodes := make([]node, 0, len(items))
	for _, v := range items {
		if m, ok := v.(map[string]any); ok {
			nodes = append(nodes, m)
		}
	}
	return nodes
}

// is compares with the class of an expression.
func (n node) is(classes ...string) bool { return slices.Contains(classes, n.str("class")) }

// at is the byte that the tree says the node begins at, or -1.
func (n node) at() int {
	f, ok := n["query_location"].(float64)
	if !ok || f < 0 || f > 1<<40 {
		return -1
	}
	return int(f)
}

// begin is the node's place, or the first of those below it, or -1.
func (n node) begin() int {
	at := n.at()
	if at >= 0 {
		return at
	}
	for key, v := range n {
		items, _ := v.([]any)
		for _, e := range append(items, v) {
			m, ok := e.(map[string]any)
			if !ok || key == "cte_map" {
				continue
			}
			if b := node(m).begin(); b >= 0 && (at < 0 || b < at) {
				at = b
			}
		}
	}
	return at
}

// flatten lists a node and all below it, each CTE once (see Query.collect).
func flatten(nodes []placed, root node, size int) []placed {
	var visit func(v any, parent *placed)
	visit = func(v any, parent *placed) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				visit(e, parent)
			}
		case map[string]any:
			p := placed{node: v, at: node(v).begin(), parent: parent}
			if p.at < 0 && parent != nil {
				p.at = parent.at
			}
			p.at = min(max(p.at, 0), size)
			nodes = append(nodes, p)
			for key, child := range v {
				if key != "cte_map" {
					visit(child, &p)
				}
			}
		}
	}
	visit(map[string]any(root), nil)
	return nodes
}

// columns lists the names of the column references in n, without those of
// subqueries, which have a scope of their own.
func columns(n node, visit func(node)) {
	if n.is("SUBQUERY") {
		columns(n.child("child"), visit)
		return
	}
	if n.is("COLUMN_REF") {
		visit(n)
	}
	for _, v := range n {
		switch v := v.(type) {
		case map[string]any:
			columns(v, visit)
		case []any:
			for _, e := range v {
				if m, ok := e.(map[string]any); ok {
					columns(m, visit)
				}
			}
		}
	}
}

// names returns the parts of a column reference.
func (n node) names() []string {
	items, _ := n["column_names"].([]any)
	names := make([]string, 0, len(items))
	for _, v := range items {
		s, _ := v.(string)
		names = append(names, s)
	}
	return names
}
