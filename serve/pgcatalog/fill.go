package pgcatalog

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"zhicang/models"
	"zhicang/serve/pgwire"
	"zhicang/serve/reader"
	"zhicang/warehouse"
)

// The fixed numbers of PostgreSQL's own objects.
const (
	oidCatalogSchema = 11
	oidPublicSchema  = 2200
	oidInfoSchema    = 13000
	oidOwner         = 10
	oidAccount       = 16384
	oidDatabase      = 16385
	oidHeap          = 2
	oidBtree         = 403
	oidDefaultColl   = 100
)

// A filler writes the statements that put an account's tables into the
// catalogue.
type filler struct {
	statements []string
	taken      map[int64]bool
}

// fill returns the statements.
func fill(account string, tables []reader.TableInfo) []string {
	f := &filler{taken: map[int64]bool{}}
	f.house(account)
	schemas := map[string]int64{}
	for _, t := range tables {
		schema := models.Layer(t.Table)
		if schemas[schema] == 0 {
			schemas[schema] = f.oid("schema " + schema)
			f.row("cat.pg_namespace", schemas[schema], schema, oidOwner, nil)
		}
		f.table(schemas[schema], t)
	}
	return f.statements
}

// row adds one row. The first values are those of the relation's first columns;
// the rest is NULL.
func (f *filler) row(relation string, values ...any) {
	parts := make([]string, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case nil:
			parts[i] = "NULL"
		case string:
			parts[i] = warehouse.Quote(v)
		case []int:
			parts[i] = strings.Join(strings.Fields(fmt.Sprint(v)), ", ")
		default:
			parts[i] = fmt.Sprint(v)
		}
	}
	f.statements = append(f.statements, "INSERT INTO "+relation+" VALUES ("+strings.Join(parts, ", ")+")")
}

// named adds one row by its columns' names.
func (f *filler) named(relation string, columns string, values ...any) {
	f.row(relation+" ("+columns+")", values...)
}

// oid is the number of an object: the same for one name in every publication
// and on every connection, since clients keep it.
func (f *filler) oid(name string) int64 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name)) // never fails
	for n := int64(h.Sum32()%0x3fff0000) + 20000; ; n++ {
		if !f.taken[n] {
			f.taken[n] = true
			return n
		}
	}
}

// house adds what there is whatever the tables are.
func (f *filler) house(account string) {
	f.row("cat.pg_namespace", oidCatalogSchema, "pg_catalog", oidOwner, nil)
	f.row("cat.pg_namespace", oidPublicSchema, "public", oidOwner, nil)
	f.row("cat.pg_namespace", oidInfoSchema, "information_schema", oidOwner, nil)
	f.named("cat.pg_database", "oid, datname, datdba, encoding, datlocprovider, datistemplate, datallowconn, datconnlimit, dattablespace, datcollate, datctype",
		oidDatabase, Database, oidOwner, 6, "c", false, true, -1, 1663, "C.UTF-8", "C.UTF-8")
	for _, r := range []struct {
		oid  int
		name string
	}{{oidOwner, Database}, {oidAccount, account}} {
		f.row("cat.pg_roles", r.oid, r.name, false, true, false, false, r.oid == oidAccount, false, -1, "********", nil, false, nil)
	}
	f.row("cat.pg_am", oidHeap, "heap", "heap_tableam_handler", "t")
	f.row("cat.pg_am", oidBtree, "btree", "bthandler", "i")
	f.named("cat.pg_tablespace", "oid, spcname, spcowner", 1663, "pg_default", oidOwner)
	f.named("cat.pg_collation", "oid, collname, collnamespace, collowner, collprovider", oidDefaultColl, "default", oidCatalogSchema, oidOwner, "d")
	f.named("cat.pg_language", "oid, lanname, lanowner", 14, "sql", oidOwner)
	for _, s := range []struct{ name, value string }{{"max_index_keys", "32"}, {"server_version_num", "150000"}, {"standard_conforming_strings", "on"}} {
		f.named("cat.pg_settings", "name, setting, category, context, vartype", s.name, s.value, "", "internal", "string")
	}
	for _, c := range []struct {
		oid  int64
		name string
	}{{1247, "pg_type"}, {1249, "pg_attribute"}, {1255, "pg_proc"}, {1259, "pg_class"}, {2606, "pg_constraint"}, {2609, "pg_description"}, {2615, "pg_namespace"}, {1262, "pg_database"}} {
		f.class(c.oid, c.name, oidCatalogSchema, "r", 0, oidHeap, false)
	}
	for _, t := range types {
		f.typ(t)
	}
}

type typ struct {
	oid, array int
	name       string
	size       int
	category   string
}

// types are those that results have, and those that clients look up.
var types = []typ{
	{16, 1000, "bool", 1, "B"},
	{17, 1001, "bytea", -1, "U"},
	{18, 1002, "char", 1, "Z"},
	{19, 1003, "name", 64, "S"},
	{20, 1016, "int8", 8, "N"},
	{21, 1005, "int2", 2, "N"},
	{23, 1007, "int4", 4, "N"},
	{25, 1009, "text", -1, "S"},
	{26, 1028, "oid", 4, "N"},
	{114, 199, "json", -1, "U"},
	{700, 1021, "float4", 4, "N"},
	{701, 1022, "float8", 8, "N"},
	{705, 0, "unknown", -2, "X"},
	{1042, 1014, "bpchar", -1, "S"},
	{1043, 1015, "varchar", -1, "S"},
	{1082, 1182, "date", 4, "D"},
	{1083, 1183, "time", 8, "D"},
	{1114, 1115, "timestamp", 8, "D"},
	{1184, 1185, "timestamptz", 8, "D"},
	{1186, 1187, "interval", 16, "T"},
	{1700, 1231, "numeric", -1, "N"},
	{2205, 2210, "regclass", 4, "N"},
	{2950, 2951, "uuid", 16, "U"},
	{3802, 3807, "jsonb", -1, "U"},
}

func (f *filler) typ(t typ) {
	columns := "oid, typname, typnamespace, typowner, typlen, typbyval, typtype, typcategory, typispreferred, typisdefined, typdelim, typrelid, typsubscript, typelem, typarray, typinput, typoutput, typreceive, typsend, typnotnull, typbasetype, typtypmod, typndims, typcollation"
	collation := 0
	if t.category == "S" {
		collation = oidDefaultColl
	}
	f.named("cat.pg_type", columns, t.oid, t.name, oidCatalogSchema, oidOwner, t.size, t.size > 0 && t.size <= 8, "b", t.category, false, true, ",", 0, "-", 0, t.array,
		t.name+"in", t.name+"out", t.name+"recv", t.name+"send", false, 0, -1, 0, collation)
	if t.array != 0 {
		f.named("cat.pg_type", columns, t.array, "_"+t.name, oidCatalogSchema, oidOwner, -1, false, "b", "A", false, true, ",", 0, "array_subscript_handler", t.oid, 0,
			"array_in", "array_out", "array_recv", "array_send", false, 0, -1, 0, collation)
	}
}

func (f *filler) class(oid int64, name string, schema int64, kind string, columns int, am int, index bool) {
	f.row("cat.pg_class", oid, name, schema, 0, 0, oidOwner, am, 0, 0, 0, -1, 0, 0, index, false, "p", kind, columns, 0,
		false, false, false, false, false, true, "d", false, 0, 0, 0, nil, nil, nil, 0, false)
}

// table adds one table, its columns, its key, and what they are called.
func (f *filler) table(schema int64, t reader.TableInfo) {
	oid := f.oid(t.Table)
	_, name, _ := strings.Cut(t.Table, ".")
	var key []int
	place := map[string]int{}
	for i, c := range t.Columns {
		place[c.Name] = i + 1
	}
	for _, k := range t.Contract.Key {
		if place[k] == 0 {
			key = nil
			break
		}
		key = append(key, place[k])
	}
	f.class(oid, name, schema, "r", len(t.Columns), oidHeap, key != nil)
	f.describe(oid, 0, t.Contract.Title)
	for i, c := range t.Columns {
		f.column(oid, i+1, c, c.Required || slices.Contains(key, i+1))
	}
	if key == nil {
		return
	}
	index := f.oid(t.Table + " key")
	f.class(index, name+"_pkey", schema, "i", len(key), oidBtree, false)
	f.named("cat.pg_index", "indexrelid, indrelid, indnatts, indnkeyatts, indisunique, indnullsnotdistinct, indisprimary, indisexclusion, indimmediate, indisclustered, indisvalid, indcheckxmin, indisready, indislive, indisreplident, indkey, indoption, indclass",
		index, oid, len(key), len(key), true, false, true, false, true, false, true, false, true, true, false, key, make([]int, len(key)), make([]int, len(key)))
	f.named("cat.pg_constraint", "oid, conname, connamespace, contype, condeferrable, condeferred, convalidated, conrelid, contypid, conindid, conparentid, confrelid, conislocal, coninhcount, connoinherit, conkey",
		f.oid(t.Table+" constraint"), name+"_pkey", schema, "p", false, false, true, oid, 0, index, 0, 0, true, 0, true, key)
}

func (f *filler) column(table int64, n int, c models.Column, required bool) {
	oid, size := pgwire.TypeOf(c.Type.String())
	modifier, dimensions := -1, 0
	switch c.Type.Kind {
	case models.Decimal:
		modifier = c.Type.Precision<<16 + c.Type.Scale + 4
	case models.VarcharList, models.DoubleList:
		dimensions = 1
	}
	collation := 0
	if oid == 25 || oid == 1009 {
		collation = oidDefaultColl
	}
	f.named("cat.pg_attribute", "attrelid, attname, atttypid, attstattarget, attlen, attnum, attndims, attcacheoff, atttypmod, attbyval, attalign, attstorage, attcompression, attnotnull, atthasdef, atthasmissing, attidentity, attgenerated, attisdropped, attislocal, attinhcount, attcollation",
		table, c.Name, oid, -1, size, n, dimensions, -1, modifier, false, "i", "x", "", required, false, false, "", "", false, true, 0, collation)
	f.describe(table, n, caption(c))
}

// caption is what a column is called, its unit, and its 口径.
func caption(c models.Column) string {
	s := c.Title
	if c.Unit != "" {
		s += "（" + c.Unit + "）"
	}
	if c.Formula != "" {
		s += "：" + c.Formula
	}
	return s
}

func (f *filler) describe(object int64, column int, text string) {
	if text != "" {
		f.row("cat.pg_description", object, 1259, column, text)
	}
}
