package reader_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zhicang/serve/reader"
)

// attempts are statements that must give nothing away. Each is sent by an
// account of one town that reads one domain. code is the SQLSTATE that it must
// end in, or several where the machine decides which limit is met first; FILE stands for the path of a file that is there.
var attempts = []struct{ code, sql string }{
	// Reading and writing files.
	{"42501", "SELECT * FROM read_csv('FILE')"},
	{"42501", "SELECT * FROM read_csv_auto('FILE')"},
	{"42501", "SELECT * FROM READ_CSV('FILE')"},
	{"42501", `SELECT * FROM "read_csv"('FILE')`},
	{"42501", "SELECT * FROM main.read_csv('FILE')"},
	{"42501", "SELECT * FROM system.main.read_csv('FILE')"},
	{"42501", "SELECT * FROM read_text('FILE')"},
	{"42501", "SELECT * FROM read_blob('/etc/passwd')"},
	{"42501", "SELECT * FROM read_parquet('FILE')"},
	{"42501", "SELECT * FROM parquet_scan('FILE')"},
	{"42501", "SELECT * FROM parquet_metadata('FILE')"},
	{"42501", "SELECT * FROM read_json('FILE')"},
	{"42501", "SELECT * FROM read_ndjson_objects('FILE')"},
	{"42501", "SELECT * FROM sniff_csv('FILE')"},
	{"42501", "SELECT * FROM glob('/*')"},
	{"42501", "SELECT * FROM 'FILE'"},
	{"42501", `SELECT * FROM "FILE"`},
	{"42P01", "SELECT * FROM 'secret.csv'"},
	{"42P01", `SELECT * FROM "secret.parquet"`},
	{"42501", "SELECT * FROM 'https://example.org/x.csv'"},
	{"42501", "SELECT * FROM 's3://bucket/x.parquet'"},
	{"42501", "SELECT * FROM (SELECT * FROM read_csv('FILE')) AS t"},
	{"42501", "WITH t AS (SELECT * FROM read_csv('FILE')) SELECT 1"},
	{"42501", "WITH RECURSIVE t AS (SELECT * FROM read_csv('FILE') UNION ALL SELECT * FROM t) SELECT * FROM t"},
	{"42501", "SELECT 1 WHERE EXISTS (SELECT * FROM read_text('FILE'))"},
	{"42501", "SELECT (SELECT content FROM read_text('FILE'))"},
	{"42501", "SELECT 1 ORDER BY (SELECT content FROM read_text('FILE'))"},
	{"42501", "SELECT 1 LIMIT (SELECT count(*) FROM read_text('FILE'))"},
	{"42501", "SELECT * FROM ads.congress_hot_issue, LATERAL (SELECT * FROM read_text(title)) AS f"},
	{"42501", "SELECT 1 UNION ALL SELECT 2 FROM glob('*')"},
	{"42501", "COPY ads.congress_hot_issue TO 'out.csv'"},
	{"42501", "COPY (SELECT 1) TO 'FILE'"},
	{"42501", "COPY ads.congress_hot_issue FROM 'FILE'"},
	{"42501", "EXPORT DATABASE 'out'"},
	{"42501", "IMPORT DATABASE 'in'"},

	// Other databases, extensions, settings.
	{"42501", "ATTACH 'FILE' AS w"},
	{"42501", "ATTACH ':memory:' AS m"},
	{"42501", "DETACH memory"},
	{"42501", "USE memory"},
	{"42501", "INSTALL httpfs"},
	{"42501", "LOAD httpfs"},
	{"42501", "LOAD 'FILE'"},
	{"42501", "FORCE INSTALL spatial FROM 'http://example.org'"},
	{"42501", "PRAGMA database_list"},
	{"42501", "PRAGMA version"},
	{"42501", "PRAGMA table_info('ads.congress_hot_issue')"},
	{"42501", "SET enable_external_access = true"},
	{"42501", "SET lock_configuration = false"},
	{"42501", "SET memory_limit = '100GB'"},
	{"42501", "SET VARIABLE x = 1"},
	{"42501", "RESET memory_limit"},
	{"42501", "CALL pragma_version()"},
	{"42501", "CHECKPOINT"},
	{"42501", "VACUUM"},
	{"42501", "CREATE SECRET s (TYPE s3)"},

	// Writing.
	{"42501", "INSERT INTO ads.congress_hot_issue VALUES (1)"},
	{"42501", "UPDATE ads.congress_hot_issue SET people = 0"},
	{"42501", "DELETE FROM ads.congress_hot_issue"},
	{"42501", "TRUNCATE ads.congress_hot_issue"},
	{"42501", "DROP TABLE ads.congress_hot_issue"},
	{"42501", "ALTER TABLE ads.congress_hot_issue ADD COLUMN x INTEGER"},
	{"42501", "CREATE TABLE t (a INTEGER)"},
	{"42501", "CREATE TEMP TABLE t AS SELECT 1 AS a"},
	{"42501", "CREATE OR REPLACE VIEW ads.congress_hot_issue AS SELECT 1"},
	{"42501", "CREATE MACRO starts_with(a, b) AS true"},
	{"42501", "CREATE FUNCTION f() AS 1"},
	{"42501", "CREATE TYPE t AS ENUM ('a')"},
	{"42501", "CREATE SEQUENCE s"},
	{"42501", "BEGIN"},
	{"42501", "PREPARE p AS SELECT 1"},
	{"42501", "EXECUTE p"},
	{"0A000", "EXPLAIN SELECT 1"},
	{"0A000", "EXPLAIN ANALYZE SELECT * FROM ads.congress_hot_issue"},
	{"42501", "WITH t AS (SELECT 1) INSERT INTO ads.congress_hot_issue SELECT * FROM t"},
	{"0A000", "SELECT * INTO t FROM ads.congress_hot_issue"},

	// Several statements, comments, characters that look like others.
	{"42601", "SELECT 1; SELECT 2"},
	{"42501", "SELECT 1; DROP TABLE ads.congress_hot_issue"},
	{"42501", "SELECT 1; SET lock_configuration = false; SELECT 1"},
	{"42501", "SELECT 1 /* ; */; COPY (SELECT 1) TO 'x.csv' --"},
	{"42501", "SELECT/**/*/**/FROM/**/read_csv/**/('FILE')"},
	{"42501", "SELECT * FROM read_csv -- (\n('FILE')"},
	{"42601", "SELECT * FROM ads.assist_risk_list /* "},
	{"42P01", "SELECT * /* /* nested */ FROM ads.congress_hot_issue */ FROM ads.assist_risk_list"},
	{"42601", "SELECT * FROM\u00a0ads.congress_hot_issue"},
	{"42601", "SELECT * FROM ads.congress_hot_issue WHERE\u3000true"},
	{"42601", "SELECT\u200b1"},
	{"22021", "SELECT \x93"},
	{"42601", "SELECT 1\x00; DROP TABLE x"},
	{"42P01", "SELECT * FROM ａds.congress_hot_issue"},
	{"42P01", "SELECT * FROM ads.congress_hot_issuе"}, // the last letter is Cyrillic
	{"42P01", "SELECT * FROM ads.ⅽongress_hot_issue"},
	{"42501", "SELECT ｒead_text('FILE')"},
	{"42601", "SELECT 'a"},
	{"42601", `SELECT "a`},
	{"42601", "SELECT $$a"},
	{"42601", ""},
	{"42601", ";"},
	{"42601", "-- nothing"},
	{"42601", "SELEC 1"},
	{"42601", "SELECT * FROM ads.congress_hot_issue WHERE"},

	// Other domains, schemas and databases, and the engine's own catalogue.
	{"42P01", "SELECT * FROM ads.assist_risk_list"},
	{"42P01", "SELECT * FROM assist_risk_list"},
	{"42P01", `SELECT * FROM "ads"."assist_risk_list"`},
	{"42P01", "SELECT * FROM ads.congress_hot_issue UNION ALL SELECT * FROM ads.assist_risk_list"},
	{"42P01", "SELECT * FROM ads.congress_hot_issue WHERE issue_id IN (SELECT household FROM ads.assist_risk_list)"},
	{"42P01", "SELECT * FROM dwd.congress_opinion"},
	{"42P01", "SELECT * FROM ods.congress_opinion"},
	{"42P01", "SELECT * FROM meta.partition"},
	{"0A000", "SELECT * FROM memory.ads.congress_hot_issue"},
	{"0A000", "SELECT * FROM main.ads.assist_risk_list"},
	{"0A000", "SELECT * FROM system.information_schema.tables"},
	{"0A000", "SELECT * FROM temp.main.result"},
	{"42P01", "SELECT * FROM main.result"},
	{"42P01", "SELECT * FROM result"},
	{"42P01", "SELECT * FROM information_schema.tables"},
	{"42P01", "SELECT * FROM information_schema.schemata"},
	{"42P01", "SELECT * FROM pg_catalog.pg_class"},
	{"42P01", "SELECT * FROM pg_class"},
	{"42P01", "SELECT * FROM sqlite_master"},
	{"42P01", "SELECT * FROM duckdb_tables"},
	{"42P01", "SELECT * FROM main.duckdb_views"},
	{"42501", "SELECT * FROM duckdb_tables()"},
	{"42501", "SELECT * FROM duckdb_views()"},
	{"42501", "SELECT * FROM duckdb_databases()"},
	{"42501", "SELECT * FROM duckdb_settings()"},
	{"42501", "SELECT * FROM duckdb_secrets()"},
	{"42501", "SELECT * FROM duckdb_logs()"},
	{"42501", "SELECT * FROM duckdb_temporary_files()"},
	{"42501", "SELECT * FROM pragma_database_list()"},
	{"42501", "SELECT * FROM pragma_storage_info('ads.congress_hot_issue')"},
	{"42501", "SELECT * FROM seq_scan('x')"},
	{"0A000", "SHOW TABLES"},
	{"0A000", "SHOW ALL TABLES"},
	{"0A000", "SHOW DATABASES"},
	{"0A000", "DESCRIBE ads.congress_hot_issue"},
	{"0A000", "SUMMARIZE ads.congress_hot_issue"},
	{"0A000", "SELECT * FROM (DESCRIBE ads.assist_risk_list)"},
	{"0A000", "SELECT * FROM (SHOW TABLES)"},
	{"0A000", "SELECT * FROM (SUMMARIZE ads.assist_risk_list)"},

	// CTEs that take over names.
	{"42P01", `WITH "ads.congress_hot_issue" AS (SELECT 1) SELECT * FROM ads.assist_risk_list`},
	{"42P01", `WITH assist_risk_list AS (SELECT 1) SELECT * FROM ads.assist_risk_list`},
	{"42P01", `WITH t AS (SELECT * FROM assist_risk_list), assist_risk_list AS (SELECT 1) SELECT * FROM t`},
	{"42P01", `SELECT * FROM (WITH assist_risk_list AS (SELECT 1 AS a) SELECT a FROM assist_risk_list) AS x, assist_risk_list`},
	{"0A000", `WITH duckdb_tables AS (SELECT 1) SELECT * FROM duckdb_tables`},
	{"0A000", `WITH pg_class AS (SELECT 1) SELECT * FROM (SELECT * FROM pg_class) AS x`},
	{"42P01", `WITH ads AS (SELECT 1) SELECT * FROM ads.assist_risk_list`},
	{"42P01", `WITH a AS (WITH b AS (SELECT * FROM c), c AS (SELECT 1) SELECT * FROM b) SELECT * FROM a`},
	{"42P01", `WITH RECURSIVE a AS (SELECT 1 UNION ALL SELECT 2 FROM dwd.congress_issue) SELECT * FROM a`},
	{"42501", `WITH a AS MATERIALIZED (SELECT * FROM read_text('FILE')) SELECT 1`},
	{"42501", `WITH a AS (SELECT 1), b AS (SELECT getenv('HOME')) SELECT * FROM a`},

	// Functions.
	{"42501", "SELECT * FROM query('SELECT * FROM ads.assist_risk_list')"},
	{"42501", "SELECT * FROM query_table('ads.assist_risk_list')"},
	{"42501", "SELECT * FROM query_table(['a', 'b'])"},
	{"42501", "SELECT json_serialize_sql('SELECT 1')"},
	{"42501", "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))"},
	{"42501", "SELECT json_deserialize_sql('{}')"},
	{"42501", "SELECT getvariable('x')"},
	{"42501", "SELECT getenv('HOME')"},
	{"42501", "SELECT current_setting('access_mode')"},
	{"42501", "SELECT pg_catalog.current_setting('access_mode')"},
	{"42501", "SELECT version()"},
	{"42501", "SELECT current_database()"},
	{"42501", "SELECT current_query()"},
	{"42501", "SELECT current_schemas(true)"},
	{"42501", "SELECT in_search_path('a', 'b')"},
	{"42501", "SELECT txid_current()"},
	{"42501", "SELECT nextval('s')"},
	{"42501", "SELECT setseed(0.5)"},
	{"42501", "SELECT write_log('x')"},
	{"42501", "SELECT error('x')"},
	{"42501", "SELECT stats(region_code) FROM ads.congress_hot_issue"},
	{"42501", "SELECT which_secret('a', 'b')"},
	{"42501", "SELECT pg_sleep(100)"},
	{"42501", "SELECT list_aggregate([1], 'sum')"},
	{"42501", "SELECT list_transform([1], lambda x: x + 1)"},
	{"42501", "SELECT [x + 1 FOR x IN [1, 2]]"},
	{"42501", "SELECT system.main.error('x')"},
	{"42501", "SELECT main.getvariable('x')"},
	{"42501", `SELECT "getvariable"('x')`},
	{"42501", "SELECT ('x').getvariable()"},
	{"42501", "SELECT count(*) FILTER (WHERE getvariable('x') IS NULL) FROM ads.congress_hot_issue"},
	{"42501", "SELECT sum(people) OVER (ORDER BY getvariable('x')) FROM ads.congress_hot_issue"},
	{"42501", "SELECT sum(people) OVER (ROWS getvariable('x') PRECEDING) FROM ads.congress_hot_issue"},
	{"42501", "SELECT CASE WHEN getvariable('x') THEN 1 END"},
	{"42501", "SELECT 1 GROUP BY getvariable('x')"},
	{"42501", "SELECT 1 HAVING getvariable('x')"},
	{"42501", "SELECT DISTINCT ON (getvariable('x')) 1"},
	{"42501", "SELECT * REPLACE (getvariable('x') AS people) FROM ads.congress_hot_issue"},
	{"42501", "VALUES (getvariable('x'))"},
	{"42501", "SELECT * FROM (VALUES (getvariable('x'))) AS t"},
	{"42501", "SELECT * FROM range(getvariable('x'))"},
	{"42501", "SELECT * FROM ads.congress_hot_issue JOIN dim.run ON getvariable('x')"},
	{"42501", "SELECT * FROM ads.congress_hot_issue QUALIFY row_number() OVER (ORDER BY getvariable('x')) = 1"},
	{"42501", "SELECT 1 LIMIT getvariable('x')"},
	{"42501", "SELECT 1 OFFSET getvariable('x')"},
	{"0A000", "SELECT COLUMNS(*) FROM ads.congress_hot_issue"},
	{"0A000", "SELECT COLUMNS('.*') FROM ads.congress_hot_issue"},
	{"0A000", "SELECT min(COLUMNS(*)) FROM ads.congress_hot_issue"},
	{"0A000", "FROM ads.congress_hot_issue PIVOT (sum(people) FOR day IN ('2026-01-01'))"},
	{"42501", "PIVOT ads.congress_hot_issue ON region_code"},
	{"0A000", "SELECT * FROM ads.congress_hot_issue UNPIVOT (v FOR n IN (people))"},
	{"0A000", "SELECT * FROM ads.congress_hot_issue AT (VERSION => 1)"},
	{"0A000", "SELECT #1 FROM ads.congress_hot_issue"},
	{"0A000", "SELECT NULL::INTEGER[100000]"},
	{"0A000", "SELECT NULL::INTEGER[100000][100000]"},

	// What an error could tell of rows outside of the scope.
	{"22P02", "SELECT CAST(title AS INTEGER) FROM ads.congress_hot_issue"},
	{"22P02", "SELECT count(*) FROM ads.congress_hot_issue WHERE CAST(title AS INTEGER) = 1"},
	{"22P02", "SELECT count(*) FROM ads.congress_hot_issue WHERE title = 1"},

	// Bombs.
	{"54000", "SELECT repeat('x', 1000000000)"},
	{"54000", "SELECT max(length(repeat('x', 1000000000))) FROM range(1000)"},
	{"42501", "SELECT printf('%1000000000d', 1)"},
	{"42501", "SELECT format('{:>1000000000}', 1)"},
	{"42501", "SELECT bar(1, 0, 1, 1000000000)"},
	{"42501", "SELECT list_resize([1], 1000000000)"},
	{"54000", "SELECT lpad('x', 1000000000, 'y')"},
	{"54000", "SELECT rpad('x', CAST(i AS INTEGER), 'y') FROM range(1000000000) t(i)"},
	{"42501", "SELECT count(*) FROM range(1000) t(i), (SELECT range(1000000000)) u"},
	{"54000 0A000", "SELECT generate_series(1, 1000000000)"},
	{"42501", "SELECT sequence(1, 1000000000)"},
	{"54000", "WITH a AS (SELECT title || title || title || title AS s FROM ads.congress_hot_issue), b AS (SELECT s || s || s || s AS s FROM a), c AS (SELECT s || s || s || s AS s FROM b), d AS (SELECT s || s || s || s AS s FROM c) SELECT s || s || s || s FROM d"},
	{"54000", "WITH RECURSIVE t(s) AS (SELECT 'xx' UNION ALL SELECT s || s FROM t) SELECT max(length(s)) FROM t"},
	{"54000", "WITH a AS (SELECT replace(title, '路', title) AS s FROM ads.congress_hot_issue), b AS (SELECT replace(s, '路', s) AS s FROM a) SELECT replace(s, '路', s) FROM b"},
	{"57014", "WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t) SELECT count(*) FROM t"},
	{"57014", "SELECT count(*) FROM range(10000000) a, range(10000000) b, range(10000) c WHERE a.range + b.range + c.range = 3"},
	{"57014", "SELECT sum(a.people * b.people * c.people * d.people * e.people * f.people * g.people) FROM ads.congress_hot_issue a, ads.congress_hot_issue b, ads.congress_hot_issue c, ads.congress_hot_issue d, ads.congress_hot_issue e, ads.congress_hot_issue f, ads.congress_hot_issue g"},
	{"53200 57014", "SELECT median(i) FROM range(3000000000) t(i)"},
	{"53200 57014", "SELECT histogram(i) FROM range(3000000000) t(i)"},
	{"53200 57014", "SELECT mode(hash(i)) FROM range(3000000000) t(i)"},
	{"53200 57014", "SELECT approx_percentile(i, 0.5) FROM range(3000000000) t(i)"},
	{"42501", "SELECT levenshtein(rpad('a', 60000, 'b'), rpad('b', 60000, 'a')) FROM range(100000)"},
	{"53200 57014", "SELECT list(i) FROM range(1000000000) t(i)"},
	{"53200 57014", "SELECT count(DISTINCT i) FROM range(1000000000) t(i)"},
	{"53200 57014", "SELECT sum(octet_length(s)) FROM (SELECT sha256(encode(CAST(i AS VARCHAR))) AS s, row_number() OVER (ORDER BY hash(i)) AS n FROM range(100000000) a(i)) WHERE n > 5"},
	{"53200 57014", "SELECT count(*) FROM ads.congress_hot_issue" + strings.Repeat(", ads.congress_hot_issue", 38)},
	{"53200 57014", "SELECT 1 FROM ads.congress_hot_issue GROUP BY CUBE (people, heat, title, day, region_code, issue_id, people+1, people+2, people+3, people+4, people+5, people+6, people+7, people+8, people+9)"},
	{"53200 57014", "SELECT max(length(s)) FROM (SELECT lpad('x', 60000, 'y') || i AS s FROM range(100000000) t(i))"},
	{"53200 57014", "SELECT count(*) FROM range(100000000) t(i) WHERE regexp_matches(lpad('x', 50000, 'y') || i, '(y+y+)+z')"},
	{"2201B", "SELECT regexp_matches('a', '((a{100}){100}){100}')"},
	{"54000", "SELECT unnest(string_split(lpad('x', 60000, 'y'), '')) FROM range(10000000)"},
	{"54000", "SELECT string_agg(lpad('x', 60000, 'y'), '') FROM range(100000000)"},
	{"53200 57014", "SELECT string_agg(s, '') FROM (SELECT title || title AS s FROM ads.congress_hot_issue, range(10000000))"},
	{"53200 57014", "SELECT array_agg(a.title ORDER BY b.title) FROM ads.congress_hot_issue a, ads.congress_hot_issue b, ads.congress_hot_issue c, ads.congress_hot_issue d"},
	{"53200 57014", "WITH RECURSIVE t AS (SELECT people FROM ads.congress_hot_issue UNION ALL SELECT a.people FROM t, ads.congress_hot_issue a) SELECT count(*) FROM t"},
	{"54011", "SELECT 1" + strings.Repeat(", 1", 1700)},
	{"54001", "SELECT " + strings.Repeat("(", 5000) + "1" + strings.Repeat(")", 5000)},
	{"54001", strings.Repeat("SELECT * FROM (", 2000) + "SELECT 1" + strings.Repeat(")", 2000)},
	{"54001", "SELECT 1" + strings.Repeat(" UNION ALL SELECT 1", 5000)},
	{"54001", "SELECT 1" + strings.Repeat("+1", 20000)},
	{"54001", "SELECT " + strings.Repeat("-", 1) + strings.Repeat(" -", 20000) + "1"},
	{"54001", "SELECT 1 WHERE " + strings.Repeat("NOT ", 10000) + "true"},
	{"54001", "SELECT 1" + strings.Repeat(", 1", 40000)},
	{"54001", "SELECT * FROM dim.run" + strings.Repeat(", dim.run", 1000)},
	{"54001", strings.Repeat("WITH a AS (", 20) + "SELECT 1" + strings.Repeat(") SELECT 1", 20)},
	{"54001", "WITH " + strings.Repeat("a AS (SELECT 1), ", 1500) + "b AS (SELECT 1) SELECT 1"},
	{"54001", "SELECT '" + strings.Repeat("x", 100_000) + "'"},
}

// TestDoor sends every attempt, and after each asks whether the service is
// unharmed.
func TestDoor(t *testing.T) {
	f := open(t, reader.Limits{StatementTimeout: 2 * time.Second, MemoryLimit: "256MB", MaxRows: 10_000})
	file := filepath.Join(t.TempDir(), "secret.csv")
	writeFile(t, file, []byte("a\n"+secretOfAnotherTown+"\n"))
	for _, tt := range attempts {
		sql := strings.ReplaceAll(tt.sql, "FILE", file)
		name := tt.sql[:min(len(tt.sql), 60)]
		rows, err := f.ask(t.Context(), town, sql)
		if err == nil {
			t.Errorf("%s: let through, %d rows %.200q", name, len(rows), rows)
			continue
		}
		if got := reader.Code(err); !strings.Contains(tt.code, got) {
			t.Errorf("%s: %s (%v), want %s", name, got, err, tt.code)
		}
		text := err.Error()
		var hint interface{ Hint() string }
		if errors.As(err, &hint) {
			text += hint.Hint()
		}
		if strings.Contains(text, secretOfAnotherTown) || strings.Contains(text, "道路破损") || strings.Contains(text, "\n") {
			t.Errorf("%s: the error tells too much: %s", name, text)
		}
		if got, err := f.ask(t.Context(), town, "SELECT count(*) FROM ads.congress_hot_issue"); err != nil || got[0] != "40" {
			t.Fatalf("%s: the service is harmed: %v %v", name, got, err)
		}
	}
	if _, err := os.Stat("out.csv"); err == nil {
		t.Error("a file was written")
	}
	t.Logf("%d attempts", len(attempts))
}
