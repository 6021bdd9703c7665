package dbtest_test

import (
	"os"
	"testing"

	"zhicang/ingest/sqldb/dbtest"
)

var servers dbtest.Servers

func TestMain(m *testing.M) {
	code := m.Run()
	if err := servers.Stop(); err != nil {
		panic(err)
	}
	os.Exit(code)
}

func TestServers(t *testing.T) {
	for name, server := range map[string]func(testing.TB) *dbtest.Server{"PostgreSQL": servers.Postgres, "MariaDB": servers.MariaDB} {
		t.Run(name, func(t *testing.T) {
			s := server(t)
			s.Exec(t, "CREATE TABLE a (x INT)", "INSERT INTO a VALUES (1), (2)")
			if err := s.Run(t.Context(), "SELECT y FROM a"); err == nil {
				t.Error("a statement that is wrong passes")
			}
			if server(t) != s {
				t.Error("a second server was started")
			}
		})
	}
}
