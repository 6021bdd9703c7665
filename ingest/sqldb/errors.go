package sqldb

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"regexp"
	"strings"
	"syscall"

	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/jackc/pgx/v5/pgconn"
	mssql "github.com/microsoft/go-mssqldb"
	"github.com/sijms/go-ora/v2/network"
	driversqlite "modernc.org/sqlite"

	"zhicang/ingest"
)

// trouble is what can go wrong between us and a database, whatever its kind.
type trouble int

const (
	unknownTrouble trouble = iota
	wrongLogin
	noSuchDatabase
	noSuchTable
	noSuchColumn
	forbidden
	badSyntax
	refused
	noSuchHost
	unreachable
	tlsRefused
	tlsUntrusted
	silent
	restarting
	tooManyConnections
	broken
	changed
	locked
	noSnapshot
	badData
	noFile
	notADatabase
	otherProtocol
	otherLogin
	clearLogin
)

// said is the one line about a trouble, and what to do about it.
var said = map[trouble]struct{ what, try string }{
	wrongLogin:         {"the database refused the user or the password", "ask the department for the account again, and write its password into the variable or file that dsn.password names"},
	noSuchDatabase:     {"the server has no such database, or the account may not enter it", "compare dsn.database with what the department said"},
	noSuchTable:        {"the table is not there, or the account may not see it", "compare from: or sql: with the database; a renamed table needs a new name here"},
	noSuchColumn:       {"a column that where:, sql: or the mapping names is not there", "compare the names with the table's columns"},
	forbidden:          {"the account may not read that", "ask the department to grant SELECT on the table to the account, and no more than that"},
	badSyntax:          {"the database does not understand the query", "try sql: and where: in the department's own client first; they are in the database's own words"},
	refused:            {"nobody listens at that host and port", "compare dsn.host and dsn.port; ask whether the database runs and listens to other machines"},
	noSuchHost:         {"the name of the host is not known", "compare dsn.host; write the address if the network has no name server"},
	unreachable:        {"there is no route to the host, or a firewall drops what is sent", "ask for the port to be opened from this machine to the database"},
	tlsRefused:         {"the server does not speak TLS", "ask for TLS to be set up there; if the network is the department's own, write tls: disable under dsn"},
	tlsUntrusted:       {"the server's certificate cannot be trusted", "name the department's certificates under dsn.ca, and the host as they name it under dsn.host"},
	silent:             {"the database kept silent for longer than dsn.timeout", "look there for locks and for a query without an index; otherwise raise dsn.timeout"},
	restarting:         {"the database is starting or shutting down", "run again in some minutes"},
	tooManyConnections: {"the database has no connection left", "run again later, or lower parallel:, or ask for a higher limit"},
	broken:             {"the connection broke in the middle of the reading; nothing of it was landed", "run again; if it happens every time, ask whether the database or a firewall ends long queries"},
	changed:            {"the table was changed or its old rows were cleared away while it was read; nothing of it was landed", "run again, at an hour when nobody alters the table"},
	locked:             {"the database is locked by somebody else", "run again when the other program is done"},
	noSnapshot:         {"the database does not allow snapshots, and without one a reading would mix the states of different moments", "ask for ALTER DATABASE … SET ALLOW_SNAPSHOT_ISOLATION ON"},
	badData:            {"the query stumbles over a value that it cannot convert", "look at the CASTs and comparisons of sql: and where:"},
	noFile:             {"the file is not there or cannot be read", "compare dsn.database with the file's path and permissions"},
	otherProtocol:      {"what answers at that host and port is no database of that kind", "compare driver:, dsn.host and dsn.port with what the department said"},
	otherLogin:         {"the server asks for a way of logging in that is not known here", "ask for an account with a password of the usual kind: mysql_native_password, caching_sha2_password, ed25519"},
	clearLogin:         {"the server asks for the password as it is written, where others could read it", "set dsn.tls to verify, or ask for an account with a password of the usual kind: mysql_native_password, caching_sha2_password, ed25519"},
	notADatabase:       {"the file is no SQLite database, or is damaged", "ask for the file again; copy it when nobody writes to it"},
}

// explain says what went wrong in our own words, and what to do. What a server
// says may quote values of rows, and what a driver says the password.
func (s *Source) explain(err error) *ingest.Error {
	var known *ingest.Error
	if errors.As(err, &known) {
		e := *known
		return &e
	}
	t, code := diagnose(err)
	if t == unknownTrouble {
		return &ingest.Error{
			Err: errors.New("the database failed" + code),
			Try: "ask the department what that error of its database means; the query is what from:, sql: and where: make it",
		}
	}
	e := &ingest.Error{Err: errors.New(said[t].what + code), Try: said[t].try}
	if t == noSuchColumn {
		e.Column = s.nameIn(err)
	}
	return e
}

var quotedName = regexp.MustCompile("[\"'`“]([\\pL\\pN_.$]+)[\"'`”]|column:? ([\\pL\\pN_.$]+)")

// nameIn finds the column that a database misses in what it says. Nothing of that
// is quoted that does not stand in the config's own query.
func (s *Source) nameIn(err error) string {
	for _, found := range quotedName.FindAllStringSubmatch(err.Error(), -1) {
		if name := found[1] + found[2]; strings.Contains(s.cfg.SQL+"\n"+s.cfg.Where, name) {
			return name
		}
	}
	return ""
}

var errOtherProtocol = errors.New("what answers speaks another protocol")

// notOurs takes what nobody understands while a connection is made for the words of
// something that is no such database.
func notOurs(err error) error {
	if t, code := diagnose(err); t == unknownTrouble && code == "" && !errors.Is(err, context.Canceled) {
		return errors.Join(errOtherProtocol, err)
	}
	return err
}

// diagnose recognises a trouble; code is the database's own number of it, for
// those who look it up.
func diagnose(err error) (t trouble, code string) {
	var pg *pgconn.PgError
	var my *mysql.MyError
	var ms mssql.Error
	var ora *network.OracleError
	var lite *driversqlite.Error
	switch {
	case errors.Is(err, errSilent):
		return silent, ""
	case errors.As(err, &pg):
		return byState(pg.Code), fmt.Sprintf(" (SQLSTATE %s)", pg.Code)
	case errors.As(err, &my):
		return mysqlTroubles[my.Code], fmt.Sprintf(" (error %d)", my.Code)
	case errors.As(err, &ms):
		return sqlserverTroubles[ms.Number], fmt.Sprintf(" (error %d)", ms.Number)
	case errors.As(err, &ora):
		return oracleTroubles[ora.ErrCode], fmt.Sprintf(" (ORA-%05d)", ora.ErrCode)
	case errors.As(err, &lite):
		return bySQLite(lite), fmt.Sprintf(" (SQLite %d)", lite.Code())
	}
	return byNetwork(err), ""
}

// byState reads PostgreSQL's SQLSTATE.
func byState(state string) trouble {
	if t, ok := postgresTroubles[state]; ok {
		return t
	}
	switch {
	case strings.HasPrefix(state, "22"):
		return badData
	case strings.HasPrefix(state, "08"):
		return broken
	}
	return unknownTrouble
}

var postgresTroubles = map[string]trouble{
	"28P01": wrongLogin, "28000": wrongLogin, "3D000": noSuchDatabase, "42P01": noSuchTable, "3F000": noSuchTable,
	"42703": noSuchColumn, "42501": forbidden, "42601": badSyntax, "42883": badSyntax, "53300": tooManyConnections,
	"57P01": restarting, "57P02": restarting, "57P03": restarting, "57014": silent, "40001": changed, "55P03": locked,
	"0A000": badSyntax, "25006": forbidden,
}

var mysqlTroubles = map[uint16]trouble{
	1045: wrongLogin, 1698: wrongLogin, 1044: noSuchDatabase, 1049: noSuchDatabase, 1146: noSuchTable, 1054: noSuchColumn,
	1142: forbidden, 1143: forbidden, 1227: forbidden, 1064: badSyntax, 1040: tooManyConnections, 1203: tooManyConnections,
	1053: restarting, 1205: locked, 1213: changed, 1412: changed, 3024: silent, 1969: silent, 1317: broken, 1927: broken,
	1292: badData, 1366: badData, 1130: wrongLogin,
}

var sqlserverTroubles = map[int32]trouble{
	18456: wrongLogin, 18452: wrongLogin, 4060: noSuchDatabase, 208: noSuchTable, 207: noSuchColumn, 229: forbidden, 230: forbidden,
	102: badSyntax, 156: badSyntax, 6005: restarting, 3952: noSnapshot, 3960: changed, 3961: changed, 1222: locked, 1205: changed,
	245: badData, 8114: badData, 241: badData, 10928: tooManyConnections,
}

var oracleTroubles = map[int]trouble{
	1017: wrongLogin, 28000: wrongLogin, 12505: noSuchDatabase, 12514: noSuchDatabase, 942: noSuchTable, 904: noSuchColumn, 1031: forbidden,
	933: badSyntax, 936: badSyntax, 1033: restarting, 1034: restarting, 1089: restarting, 1555: changed, 8103: changed, 1466: changed,
	1722: badData, 1861: badData, 18: tooManyConnections, 12516: tooManyConnections, 12519: tooManyConnections, 3113: broken, 3135: broken, 12541: refused,
}

// bySQLite reads SQLite's codes; its general one comes with English words.
func bySQLite(err *driversqlite.Error) trouble {
	switch err.Code() & 0xff {
	case 5, 6:
		return locked
	case 14, 3, 23:
		return noFile
	case 11, 26:
		return notADatabase
	}
	switch text := err.Error(); {
	case strings.Contains(text, "no such table"):
		return noSuchTable
	case strings.Contains(text, "no such column"):
		return noSuchColumn
	case strings.Contains(text, "syntax error"):
		return badSyntax
	}
	return unknownTrouble
}

// byNetwork reads what happens before and beside a database's own answers.
func byNetwork(err error) trouble {
	var dns *net.DNSError
	var network net.Error
	var untrusted x509.UnknownAuthorityError
	var otherName x509.HostnameError
	var invalid x509.CertificateInvalidError
	var notTLS tls.RecordHeaderError
	text := err.Error()
	switch {
	case errors.As(err, &untrusted), errors.As(err, &otherName), errors.As(err, &invalid), strings.Contains(text, "x509:"):
		return tlsUntrusted
	case errors.Is(err, errNoTLS), errors.As(err, &notTLS),
		strings.Contains(text, "server refused TLS connection"), strings.Contains(text, "TLS Handshake failed"):
		return tlsRefused
	case errors.Is(err, errOtherProtocol):
		return otherProtocol
	case errors.Is(err, errClearLogin):
		return clearLogin
	case errors.Is(err, errOtherLogin):
		return otherLogin
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return noFile
	case errors.As(err, &dns):
		return noSuchHost
	case errors.Is(err, syscall.ECONNREFUSED):
		return refused
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH), errors.Is(err, context.DeadlineExceeded),
		errors.As(err, &network) && network.Timeout():
		return unreachable
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, mysql.ErrBadConn),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed), strings.Contains(text, "bad connection"):
		return broken
	}
	return unknownTrouble
}
