package ingest

import "time"

// SQLConfig are the settings of a `sqldb` source: a table or a query of a
// department's database.
type SQLConfig struct {
	// Driver is postgres (KingbaseES and openGauss as well), mysql (MariaDB,
	// OceanBase and TiDB as well), sqlserver, oracle or sqlite.
	Driver string    `yaml:"driver"`
	DSN    DSNConfig `yaml:"dsn"`

	// From is the table or view that is read, as in public.petition; SQL is a
	// SELECT instead. Exactly one of them is set.
	From string `yaml:"from"`
	SQL  string `yaml:"sql"`
	// Where is a condition in the database's own words; empty: every row.
	Where string `yaml:"where"`

	// Mode says how a later reading knows what is new. cursor: rows whose
	// Cursor is not behind the largest one read, less the lookback; they may
	// have changed. append: the same where rows never change. snapshot: every
	// row is read, and those that have not changed do not land again.
	Mode string `yaml:"mode"`
	// Cursor is the column that grows with every change: a time or a number.
	Cursor string `yaml:"cursor"`
	// Lookback is how far behind the cursor the next reading of a time begins,
	// for transactions that were committed late; Overlap is the same for a
	// number. What they repeat lands once.
	Lookback time.Duration `yaml:"lookback"`
	Overlap  int64         `yaml:"overlap"`

	// Key names the columns that tell rows apart; empty: the table's primary
	// key. The rows are read in its order, and in pieces of it side by side.
	Key []string `yaml:"key"`
	// Deleted is the column by which the source marks rows that it no longer
	// counts.
	Deleted DeletedConfig `yaml:"deleted"`
	// ReconcileDeletes compares the keys that the source has with those that
	// were read before: what has vanished is deleted here as well.
	ReconcileDeletes bool `yaml:"reconcile_deletes"`

	// ChunkRows is about how many rows are read at a time by one of Parallel
	// connections. Default 65,536 rows; connections as the kind of database
	// allows without loss of consistency.
	ChunkRows int `yaml:"chunk_rows"`
	Parallel  int `yaml:"parallel"`

	// Timezone is the zone of times that name none; empty: the site's.
	Timezone string `yaml:"timezone"`
	// TextEncoding is what texts are written in that the database takes for
	// something else, such as GBK in columns of latin1 or bytes: gbk, gb18030
	// or utf-8. Empty: bytes are no text.
	TextEncoding string `yaml:"text_encoding"`
	// ZeroDates says what becomes of 0000-00-00: fault (the row is held back)
	// or null. Default fault.
	ZeroDates string `yaml:"zero_dates"`
}

// TypeSQL is the type of sources that are databases.
const TypeSQL = "sqldb"

// The modes of SQLConfig.
const (
	ModeCursor   = "cursor"
	ModeAppend   = "append"
	ModeSnapshot = "snapshot"
)

// DSNConfig says where a database is and who reads it. URL stands for the other
// parts together, without a password: postgres://user@host:5432/name?sslmode=…
type DSNConfig struct {
	URL      string `yaml:"url"`
	Host     string `yaml:"host"`
	Port     int    `yaml:"port"`     // default: the kind's own
	Database string `yaml:"database"` // Oracle: the service; SQLite: the file, relative to the config
	User     string `yaml:"user"`
	Password Secret `yaml:"password"`
	// TLS is disable, prefer (encrypted if the server can, the default),
	// require (encrypted, whoever answers) or verify (and the server is who it
	// says). CA is a file of certificates to verify by; empty: the system's.
	TLS string `yaml:"tls"`
	CA  string `yaml:"ca"`
	// Timeout is how long the database may keep silent: while connecting (30 s
	// at most), before the first row, between rows. Default 5m.
	Timeout time.Duration `yaml:"timeout"`
}

// DeletedConfig is a column and those of its values that mean that a row is
// deleted.
type DeletedConfig struct {
	Column string   `yaml:"column"`
	Values []string `yaml:"values"`
}

// what decides what a sqldb source's records become; where the database stands
// and how fast it is read does not.
func (c SQLConfig) reading() SQLConfig {
	c.DSN, c.ChunkRows, c.Parallel = DSNConfig{}, 0, 0
	c.Lookback, c.Overlap = 0, 0
	return c
}
