// Package lineage tells which tables a run made of which, in the words of
// OpenLineage (https://openlineage.io, spec 2-0-2), to a file or to a server
// such as Marquez. It names tables, never rows.
package lineage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"zhicang/jobs/post"
	"zhicang/secret"
)

// Config is the `lineage:` of the config. Both may be set; neither is off.
type Config struct {
	// File takes one event a line.
	File string `yaml:"file"`
	// URL takes each event by POST, as .../api/v1/lineage does.
	URL   string      `yaml:"url"`
	Token secret.Text `yaml:"token"` // sent as a bearer token; empty: none
	// Namespace tells this installation's jobs and tables apart. Default:
	// zhicang.
	Namespace string `yaml:"namespace"`
}

// Enabled reports whether events go anywhere.
func (c Config) Enabled() bool { return c.File != "" || c.URL != "" }

// A Step is one table or source of a run that was made, or failed.
type Step struct {
	Job     string   // such as load:portal, or the table's name
	Inputs  []string // tables, or source:<name>
	Output  string
	Started time.Time
	Seconds float64
	Rows    int64
	Err     string // "" when it was made
}

// A Run is a run and its steps.
type Run struct {
	ID       int64
	Started  time.Time
	Finished time.Time
	Failed   bool
	Steps    []Step
}

const (
	producer  = "https://github.com/zhicang"
	schemaURL = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
	facetURL  = "https://openlineage.io/spec/facets/"
	retries   = 2
)

// Event is an OpenLineage RunEvent.
type Event struct {
	Type      string    `json:"eventType"` // START, COMPLETE, FAIL
	Time      time.Time `json:"eventTime"`
	Run       runRef    `json:"run"`
	Job       jobRef    `json:"job"`
	Inputs    []dataset `json:"inputs"`
	Outputs   []dataset `json:"outputs"`
	Producer  string    `json:"producer"`
	SchemaURL string    `json:"schemaURL"`
}

type runRef struct {
	ID     string         `json:"runId"`
	Facets map[string]any `json:"facets,omitempty"`
}

type jobRef struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

type dataset struct {
	Namespace    string         `json:"namespace"`
	Name         string         `json:"name"`
	OutputFacets map[string]any `json:"outputFacets,omitempty"`
}

func facet(name, version string, fields map[string]any) map[string]any {
	fields["_producer"] = producer
	fields["_schemaURL"] = facetURL + version + "/" + name + ".json"
	return fields
}

// Events puts a run into events: its own beginning, each step's beginning and
// end, its own end.
func Events(namespace string, r Run) []Event {
	if namespace == "" {
		namespace = "zhicang"
	}
	id := func(job string) string {
		return uuid.NewSHA1(uuid.NameSpaceURL, fmt.Appendf(nil, "%s/%d/%s/%s", namespace, r.ID, r.Started.UTC().Format(time.RFC3339Nano), job)).String()
	}
	whole := jobRef{namespace, "run"}
	event := func(kind string, at time.Time, ref runRef, job jobRef) Event {
		return Event{Type: kind, Time: at.UTC(), Run: ref, Job: job, Inputs: []dataset{}, Outputs: []dataset{}, Producer: producer, SchemaURL: schemaURL}
	}
	events := []Event{event("START", r.Started, runRef{ID: id("run")}, whole)}
	for _, s := range r.Steps {
		parent := facet("ParentRunFacet", "1-1-0", map[string]any{"run": runRef{ID: id("run")}, "job": whole})
		job := jobRef{namespace, s.Job}
		begin := event("START", s.Started, runRef{ID: id(s.Job), Facets: map[string]any{"parent": parent}}, job)
		end := event("COMPLETE", s.Started.Add(time.Duration(s.Seconds*float64(time.Second))), runRef{ID: id(s.Job), Facets: map[string]any{"parent": parent}}, job)
		for _, in := range s.Inputs {
			begin.Inputs = append(begin.Inputs, dataset{Namespace: namespace, Name: in})
		}
		begin.Outputs = append(begin.Outputs, dataset{Namespace: namespace, Name: s.Output})
		end.Inputs = begin.Inputs
		out := dataset{Namespace: namespace, Name: s.Output}
		if s.Err != "" {
			end.Type = "FAIL"
			end.Run.Facets["errorMessage"] = facet("ErrorMessageRunFacet", "1-0-1", map[string]any{"message": s.Err, "programmingLanguage": "SQL"})
		} else {
			out.OutputFacets = map[string]any{"outputStatistics": facet("OutputStatisticsOutputDatasetFacet", "1-0-2", map[string]any{"rowCount": s.Rows})}
		}
		end.Outputs = append(end.Outputs, out)
		events = append(events, begin, end)
	}
	last := "COMPLETE"
	if r.Failed {
		last = "FAIL"
	}
	return append(events, event(last, r.Finished, runRef{ID: id("run")}, whole))
}

// Emit writes the events where the config says. dir is the config's folder.
func Emit(ctx context.Context, c Config, dir string, events []Event) error {
	var lines [][]byte
	for _, e := range events {
		line, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("lineage: %w", err)
		}
		lines = append(lines, line)
	}
	var errs []error
	if c.File != "" {
		errs = append(errs, appendTo(c.File, dir, lines))
	}
	if c.URL != "" {
		errs = append(errs, send(ctx, c, dir, lines))
	}
	return errors.Join(errs...)
}

func appendTo(file, dir string, lines [][]byte) error {
	if !filepath.IsAbs(file) {
		file = filepath.Join(dir, file)
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("lineage: %w", err)
	}
	_, err = f.Write(append(bytes.Join(lines, []byte("\n")), '\n'))
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("lineage: %w", err)
	}
	return nil
}

func send(ctx context.Context, c Config, dir string, lines [][]byte) error {
	token, err := c.Token.Read(dir)
	if err != nil {
		return fmt.Errorf("lineage: %w", err)
	}
	header := http.Header{}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	for _, line := range lines {
		if _, err := post.JSON(ctx, c.URL, header, line, retries); err != nil {
			return fmt.Errorf("lineage: %w", err)
		}
	}
	return nil
}
