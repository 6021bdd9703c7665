package demo

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"zhicang/demo/industry"
)

// The enterprises stand in the towns that the county has.
func TestIndustryKnowsTheTowns(t *testing.T) {
	b, err := loadBook()
	if err != nil {
		t.Fatal(err)
	}
	want, got := map[string]string{}, map[string]string{}
	for _, town := range b.gazetteer.Towns {
		want[countyCode+town.Code] = town.Name
	}
	for _, town := range industry.DefaultTowns {
		got[town.Code] = town.Name
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
