package sqldb

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"

	mssql "github.com/microsoft/go-mssqldb"
	"github.com/microsoft/go-mssqldb/msdsn"
	goora "github.com/sijms/go-ora/v2"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"zhicang/ingest"
)

func question(int, kind) string { return "?" }

func sqlserver() *dialect {
	d := &dialect{
		name: "sqlserver", port: 1433, schemes: []string{"sqlserver"}, parallel: 1, open: openSQLServer,
		quotes: [2]string{"[", "]"}, alias: "AS ",
		ask: questions{
			version:   "SELECT CAST(SERVERPROPERTY('ProductVersion') AS varchar(40))",
			encoding:  "SELECT CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS varchar(128))",
			encrypted: "SELECT encrypt_option FROM sys.dm_exec_connections WHERE session_id = @@SPID",
			now:       "SELECT CONVERT(varchar(23), SYSUTCDATETIME(), 121)",
			indexed: `SELECT count(*) FROM sys.index_columns x JOIN sys.columns c ON c.object_id = x.object_id AND c.column_id = x.column_id
				WHERE x.key_ordinal = 1 AND x.object_id = OBJECT_ID(QUOTENAME(coalesce(nullif(@p1, ''), SCHEMA_NAME())) + '.' + QUOTENAME(@p2)) AND c.name = @p3`,
			rows: `SELECT coalesce(sum(rows), 0) FROM sys.partitions
				WHERE index_id IN (0, 1) AND object_id = OBJECT_ID(QUOTENAME(coalesce(nullif(@p1, ''), SCHEMA_NAME())) + '.' + QUOTENAME(@p2))`,
		},
		argument: func(n int, k kind) string {
			p := "@p" + strconv.Itoa(n)
			switch k {
			case dateKind:
				return "CAST(" + p + " AS date)"
			case wallKind:
				return "CAST(" + p + " AS datetime2(6))"
			case instantKind:
				return "CAST(" + p + " AS datetimeoffset(6))"
			case decimalKind:
				return "CAST(" + p + " AS decimal(38,10))"
			case intKind:
				return "CAST(" + p + " AS bigint)"
			}
			return p
		},
		types: map[string]mapping{
			"bit": {kind: boolKind}, "tinyint": {kind: intKind}, "smallint": {kind: intKind}, "int": {kind: intKind}, "bigint": {kind: intKind},
			"real": {kind: floatKind}, "float": {kind: floatKind}, "decimal": {kind: decimalKind}, "numeric": {kind: decimalKind},
			"date": {kind: dateKind}, "datetime": {kind: wallKind}, "datetime2": {kind: wallKind}, "smalldatetime": {kind: wallKind},
			"datetimeoffset": {kind: instantKind}, "uniqueidentifier": {as: "CONVERT(varchar(36), %s)"},
			"time": {as: "CONVERT(varchar(16), %s)"}, "xml": {as: "CONVERT(nvarchar(max), %s)"},
			"money": {as: "CONVERT(varchar(40), %s, 2)"}, "smallmoney": {as: "CONVERT(varchar(40), %s, 2)"},
			"binary": {bytes: true}, "varbinary": {bytes: true}, "image": {bytes: true}, "timestamp": {bytes: true},
		},
		key: `SELECT c.name FROM sys.indexes i JOIN sys.index_columns x ON x.object_id = i.object_id AND x.index_id = i.index_id
			JOIN sys.columns c ON c.object_id = x.object_id AND c.column_id = x.column_id
			WHERE i.is_primary_key = 1 AND i.object_id = OBJECT_ID(QUOTENAME(coalesce(nullif(@p1, ''), SCHEMA_NAME())) + '.' + QUOTENAME(@p2)) ORDER BY x.key_ordinal`,
		columns: `SELECT column_name, 'CAST(%s AS varbinary(max))' FROM information_schema.columns
			WHERE table_schema = coalesce(nullif(@p1, ''), SCHEMA_NAME()) AND table_name = @p2 AND data_type IN ('char', 'varchar')`,
		count: "count_big(*)",
	}
	d.sum.whole, d.sum.decimal = "sum(CAST(%s AS decimal(38, 0)))", "sum(%s)" // of its own type it overflows
	return d
}

func openSQLServer(ctx context.Context, s *Source) (session, error) {
	d, err := s.address()
	if err != nil {
		return nil, err
	}
	q := url.Values{"app name": {"zhicang"}, "database": {d.Database}, "encrypt": {map[string]string{tlsDisable: "disable", tlsPrefer: "false"}[d.TLS]}}
	if d.TLS == tlsRequire || d.TLS == tlsVerify {
		q.Set("encrypt", "true")
	}
	q.Set("TrustServerCertificate", strconv.FormatBool(d.TLS != tlsVerify))
	if d.CA != "" {
		q.Set("certificate", d.CA)
	}
	u := url.URL{Scheme: "sqlserver", User: url.UserPassword(d.User, d.Password.Reveal()), Host: net.JoinHostPort(d.Host, port(d.Port, s.dialect.port)), RawQuery: q.Encode()}
	cfg, err := msdsn.Parse(u.String())
	if err != nil {
		return nil, s.setting("dsn", "compare host, port and database with what the department said", "is no address of a database that can be used")
	}
	return openStd(ctx, s, sql.OpenDB(mssql.NewConnectorConfig(cfg)), &sql.TxOptions{Isolation: sql.LevelSnapshot})
}

func oracle() *dialect {
	return &dialect{
		name: "oracle", port: 1521, schemes: []string{"oracle"}, parallel: 1, open: openOracle, quotes: [2]string{`"`, `"`}, upper: true,
		ask: questions{
			version:   "SELECT banner FROM v$version WHERE ROWNUM = 1",
			encoding:  "SELECT value FROM nls_database_parameters WHERE parameter = 'NLS_CHARACTERSET'",
			encrypted: "SELECT SYS_CONTEXT('USERENV', 'NETWORK_PROTOCOL') FROM dual",
			now:       "SELECT TO_CHAR(SYS_EXTRACT_UTC(SYSTIMESTAMP), 'YYYY-MM-DD HH24:MI:SS.FF3') FROM dual",
			indexed: `SELECT count(*) FROM all_ind_columns
				WHERE table_owner = coalesce(:1, SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')) AND table_name = :2 AND column_name = :3 AND column_position = 1`,
			rows: `SELECT num_rows FROM all_tables WHERE owner = coalesce(:1, SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')) AND table_name = :2`,
		},
		argument: func(n int, k kind) string {
			p := ":" + strconv.Itoa(n)
			switch k {
			case dateKind:
				return "TO_DATE(" + p + ", 'YYYY-MM-DD')"
			case wallKind:
				return "TO_TIMESTAMP(" + p + ", 'YYYY-MM-DD HH24:MI:SS.FF6')"
			case instantKind:
				return "FROM_TZ(TO_TIMESTAMP(" + p + ", 'YYYY-MM-DD HH24:MI:SS.FF6'), 'UTC')"
			case decimalKind, intKind:
				return "TO_NUMBER(" + p + ")"
			}
			return p
		},
		types: map[string]mapping{
			// NUMBER comes with all its digits, as text: its size is seldom declared.
			"number":  {as: "TO_CHAR(%s, 'TM9', 'NLS_NUMERIC_CHARACTERS=''.,''')"},
			"ibfloat": {kind: floatKind}, "ibdouble": {kind: floatKind}, "bfloat": {kind: floatKind}, "bdouble": {kind: floatKind},
			"date": {kind: wallKind}, "timestamp": {kind: wallKind}, "timestampdty": {kind: wallKind},
			"timestamptz": {kind: instantKind}, "timestamptz_dty": {kind: instantKind}, "timestampltz_dty": {kind: instantKind}, "timestampeltz": {kind: instantKind},
			"raw": {bytes: true}, "longraw": {bytes: true}, "ocibloblocator": {bytes: true},
		},
		key: `SELECT c.column_name FROM all_constraints k JOIN all_cons_columns c ON c.owner = k.owner AND c.constraint_name = k.constraint_name
			WHERE k.constraint_type = 'P' AND k.owner = coalesce(:1, SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')) AND k.table_name = :2 ORDER BY c.position`,
		columns: `SELECT column_name, 'UTL_RAW.CAST_TO_RAW(%s)' FROM all_tab_columns
			WHERE owner = coalesce(:1, SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')) AND table_name = :2 AND data_type IN ('CHAR', 'VARCHAR2')`,
		begin: []string{"SET TRANSACTION READ ONLY"},
		count: "TO_CHAR(count(*))",
	}
}

func openOracle(ctx context.Context, s *Source) (session, error) {
	d, err := s.address()
	if err != nil {
		return nil, err
	}
	options := map[string]string{"CONNECTION TIMEOUT": strconv.Itoa(int(min(connectTimeout, d.Timeout).Seconds())), "PREFETCH_ROWS": "1000"}
	if d.TLS == tlsRequire || d.TLS == tlsVerify {
		options["SSL"], options["SSL VERIFY"] = "true", strings.ToUpper(strconv.FormatBool(d.TLS == tlsVerify))
	}
	number := d.Port
	if number == 0 {
		number = s.dialect.port
	}
	connector := goora.NewConnector(goora.BuildUrl(d.Host, number, d.Database, d.User, d.Password.Reveal(), options))
	return openStd(ctx, s, sql.OpenDB(connector), nil)
}

func sqlite() *dialect {
	types := map[string]mapping{
		"blob": {bytes: true}, "real": {kind: floatKind}, "float": {kind: floatKind}, "double": {kind: floatKind},
		// As the text that they are: the driver would take them for times in UTC.
		"date": {kind: dateKind, as: "CAST(%s AS TEXT)"}, "datetime": {kind: wallKind, as: "CAST(%s AS TEXT)"}, "timestamp": {kind: wallKind, as: "CAST(%s AS TEXT)"},
	}
	for _, name := range []string{"integer", "int", "tinyint", "smallint", "mediumint", "bigint", "int2", "int8"} {
		types[name] = mapping{kind: intKind}
	}
	d := &dialect{
		name: "sqlite", file: true, parallel: 1, open: openSQLite, quotes: [2]string{`"`, `"`}, alias: "AS ", argument: question, types: types,
		key:   "SELECT name FROM pragma_table_info(?2, nullif(?1, '')) WHERE pk > 0 ORDER BY pk",
		begin: []string{"BEGIN"},
		ask: questions{
			version: "SELECT sqlite_version()", encoding: "PRAGMA encoding",
			indexed: `SELECT (SELECT count(*) FROM pragma_index_list(?2, nullif(?1, '')) l, pragma_index_info(l.name, nullif(?1, '')) i WHERE i.seqno = 0 AND i.name = ?3)
				+ (SELECT count(*) FROM pragma_table_info(?2, nullif(?1, '')) WHERE pk = 1 AND name = ?3)`,
		},
	}
	d.sum.whole = "sum(%s)" // its decimals are floats
	return d
}

func openSQLite(ctx context.Context, s *Source) (session, error) {
	path := s.cfg.DSN.Database
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	uri := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: url.Values{
		"mode": {"ro"}, "_pragma": {"busy_timeout(10000)", "query_only(1)"},
	}.Encode()}
	db, err := sql.Open("sqlite", uri.String())
	if err != nil {
		return nil, err
	}
	return openStd(ctx, s, db, nil)
}

// address is where the database is, taken from the URL if there is one.
func (s *Source) address() (ingest.DSNConfig, error) {
	d := s.cfg.DSN
	if d.URL == "" {
		return d, nil
	}
	u, err := url.Parse(d.URL)
	if err != nil {
		return d, s.setting("dsn.url", fmt.Sprintf("write it as %s://user@host:port/database", s.dialect.schemes[0]), "is no URL")
	}
	d.Host, d.User, d.Database = u.Hostname(), u.User.Username(), strings.TrimPrefix(u.Path, "/")
	if d.Database == "" {
		d.Database = u.Query().Get("database")
	}
	if p := u.Port(); p != "" {
		d.Port, err = strconv.Atoi(p)
	}
	return d, err
}
