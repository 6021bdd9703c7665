package congress

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"zhicang/models"
	"zhicang/models/region"
	"zhicang/transform"
	"zhicang/transform/dim"
	"zhicang/transform/lexicon"
	"zhicang/transform/topics"
)

// issueVersion changes when the clustering would come out otherwise.
const issueVersion = 2

// issueStep finds the issues of a month. It sees the issues of the months
// before, so that one that goes on keeps its id.
func issueStep(cfg Config) transform.Step {
	return transform.Step{
		Table: "dwd.congress_issue",
		Version: func() string {
			return digest(issueVersion, topics.Version(), topics.DefaultParams(), cfg.Lexicon.Matters, cfg.Lexicon.Words, cfg.Regions.Regions(), cfg.Region)
		},
		Inputs: map[string]string{
			"opinion": `SELECT o.opinion_id, o.first_batch_id, o.person_key, o.day, l.region_code, l.category, coalesce(o.title, '') AS title, o.body, w.words
				FROM dwd.congress_opinion AS o
				JOIN dwd.congress_opinion_word AS w ON w.opinion_id = o.opinion_id
				JOIN dwd.congress_opinion_label AS l ON l.opinion_id = o.opinion_id
				ORDER BY o.opinion_id`,
			"before": `SELECT issue_id, profile, month FROM dwd.congress_issue ORDER BY month, issue_id`,
		},
		Build: func(ctx context.Context, b *transform.Build) error { return buildIssues(ctx, b, cfg) },
	}
}

func buildIssues(ctx context.Context, b *transform.Build, cfg Config) error {
	params, err := issueParams(cfg, b.Month)
	if err != nil {
		return err
	}
	month, err := time.Parse(time.DateOnly, b.Month.FirstDay())
	if err != nil {
		return err
	}
	docs, err := readDocs(ctx, b, cfg)
	if err != nil {
		return err
	}
	before, err := readProfiles(ctx, b)
	if err != nil {
		return err
	}
	res, err := topics.Build(ctx, docs, before, issueLexicon(cfg, month), params)
	if err != nil {
		return err
	}
	return emitIssues(ctx, b, month, res)
}

// issueParams are the thresholds in force in a month.
func issueParams(cfg Config, m models.Month) (topics.Params, error) {
	p := topics.DefaultParams()
	for name, field := range map[string]*float64{
		"place_merge": &p.PlaceMerge, "people_merge": &p.PeopleMerge, "region_merge": &p.RegionMerge,
		"attach": &p.Attach, "attach_words": &p.AttachWords, "alias": &p.Alias, "continue": &p.Continue,
	} {
		v, err := cfg.parameter("congress.issue."+name, m)
		if err != nil {
			return p, err
		}
		*field = v
	}
	return p, p.Validate()
}

// issueLexicon is what the clustering knows beforehand of places, people and
// matters.
func issueLexicon(cfg Config, month time.Time) topics.Lexicon {
	lex := topics.Lexicon{Matters: cfg.Lexicon.Matters, Regions: dim.RegionNames(cfg.Regions, month)}
	for _, w := range cfg.Lexicon.Words {
		switch w.Kind {
		case lexicon.KindPlace:
			lex.Places = append(lex.Places, w.Text)
		case lexicon.KindPeople:
			lex.People = append(lex.People, w.Text)
		}
	}
	// A site's own towns and villages are places by name.
	for _, r := range cfg.Regions.Regions() {
		if r.Level >= region.Town && r.InForce(month) {
			lex.Places = append(lex.Places, r.Name)
		}
	}
	slices.Sort(lex.Places)
	lex.Places = slices.Compact(lex.Places)
	return lex
}

func readDocs(ctx context.Context, b *transform.Build, cfg Config) ([]topics.Doc, error) {
	var docs []topics.Doc
	within := map[string][]string{}
	err := each(ctx, b, "opinion", func(r *sql.Rows) error {
		var d topics.Doc
		var words texts
		if err := r.Scan(&d.ID, &d.FirstSeen, &d.Person, &d.Day, &d.Region, &d.Category, &d.Title, &d.Body, &words); err != nil {
			return err
		}
		d.Words = words
		if _, ok := within[d.Region]; !ok {
			within[d.Region] = dim.Within(cfg.Regions, cfg.Region, d.Region)
		}
		d.Within = within[d.Region]
		docs = append(docs, d)
		return nil
	})
	return docs, err
}

// readProfiles returns the newest profile of every issue of the months before.
func readProfiles(ctx context.Context, b *transform.Build) ([]topics.Profile, error) {
	newest := map[string]topics.Profile{}
	err := each(ctx, b, "before", func(r *sql.Rows) error {
		var id, text string
		var month time.Time
		if err := r.Scan(&id, &text, &month); err != nil {
			return err
		}
		var p topics.Profile
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			return fmt.Errorf("profile of issue %s: %w", id, err)
		}
		newest[id] = p
		return nil
	})
	list := make([]topics.Profile, 0, len(newest))
	for _, p := range newest {
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b topics.Profile) int { return cmp.Compare(a.ID, b.ID) })
	return list, err
}

func emitIssues(ctx context.Context, b *transform.Build, month time.Time, res topics.Result) error {
	members := map[string][]topics.Member{}
	for _, m := range res.Members {
		members[m.IssueID] = append(members[m.IssueID], m)
	}
	profiles := map[string]topics.Profile{}
	for _, p := range res.Profiles {
		profiles[p.ID] = p
	}
	for _, is := range res.Issues {
		p := profiles[is.ID]
		profile, err := json.Marshal(p)
		if err != nil {
			return err
		}
		var ids, groups []string
		var similarities []float64
		centre := ""
		for _, m := range members[is.ID] {
			ids = append(ids, m.OpinionID)
			groups = append(groups, m.Group)
			similarities = append(similarities, m.Similarity)
			if m.IsMedoid {
				centre = m.OpinionID
			}
		}
		local := localColumns(is.Local)
		if err := b.Emit(ctx, month, is.ID, p.FirstDay, is.PlaceOrPeople, is.Title, is.Description, is.Category, is.Matter,
			is.Risk, is.Seasonal, ids, similarities, groups, centre, local.regions, local.firstDays, local.places, local.titles, local.descriptions, local.categories, local.responses, string(profile)); err != nil {
			return err
		}
	}
	return nil
}

// locals are what the regions know of an issue, a list a column.
type locals struct {
	regions, firstDays, places, titles, descriptions, categories, responses []string
}

func localColumns(list []topics.Local) (c locals) {
	for _, l := range list {
		response := "未诉先办"
		switch {
		case l.Risk:
			response = "预警"
		case l.Seasonal:
			response = "预案"
		}
		c.regions = append(c.regions, l.Region)
		c.firstDays = append(c.firstDays, l.FirstDay.Format(time.DateOnly))
		c.places = append(c.places, l.PlaceOrPeople)
		c.titles = append(c.titles, l.Title)
		c.descriptions = append(c.descriptions, l.Description)
		c.categories = append(c.categories, l.Category)
		c.responses = append(c.responses, response)
	}
	return c
}
