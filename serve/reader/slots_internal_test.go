package reader

import (
	"context"
	"testing"
)

// Each door has its own places: a full one does not keep the other waiting.
func TestEachDoorHasItsPlaces(t *testing.T) {
	s := newSlots(1)
	pages, postgres := door{"analyst", false}, door{"analyst", true}
	release, err := s.acquire(t.Context(), pages, 1)
	if err != nil {
		t.Fatal(err)
	}
	other, err := s.acquire(t.Context(), postgres, 1)
	if err != nil {
		t.Fatal(err)
	}
	other()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.acquire(gone, pages, 1); err == nil {
		t.Error("a second place where there is one")
	}
	release()
	if _, err := s.acquire(t.Context(), pages, 1); err != nil {
		t.Error(err)
	}
}
