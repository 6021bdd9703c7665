// Package account knows who may read what: the accounts of the config, how each
// proves who it is (SCRAM-SHA-256, so that no password need be kept anywhere),
// and how wrong passwords are slowed down.
package account

import (
	"slices"

	"zhicang/models/region"
)

// AllDomains, alone in a domain set, stands for every domain.
const AllDomains = "*"

// Everywhere is the region of an account that reads the rows of every region.
const Everywhere = "000000"

// An Account is a reader: which domains' tables it sees, and of them the rows
// of which region. The zero value reads no domain.
type Account struct {
	Name string
	// Domains are the domains whose ads tables are there for it, or AllDomains.
	Domains []string
	// Region is a canonical region code whose rows, and those of all regions
	// below it, are there for it. Empty: everywhere.
	Region string
	// MaxQueries is how many statements it may have running at a time; 0: the
	// server's limit.
	MaxQueries int
}

// Reads reports whether a domain's tables are there for the account. Tables of
// no domain (dim) are there for everyone.
func (a Account) Reads(domain string) bool {
	return domain == "" || slices.Contains(a.Domains, AllDomains) || slices.Contains(a.Domains, domain)
}

// Prefix is what the region codes of the account's rows begin with; empty where
// it reads every region.
func (a Account) Prefix() string {
	if a.Region == "" {
		return ""
	}
	return region.Prefix(a.Region)
}

// Covers reports whether a region code lies within the account's region.
func (a Account) Covers(code string) bool {
	p := a.Prefix()
	return len(code) >= len(p) && code[:len(p)] == p
}
