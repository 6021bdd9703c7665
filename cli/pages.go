package cli

import (
	"context"
	"time"

	"zhicang/dashboards"
	"zhicang/serve/account"
	"zhicang/serve/reader"
	"zhicang/serve/web"
)

// pages prepares the built-in pages over what r reads. secure says that
// browsers reach them under TLS; closed, where it is given, why there is nothing
// but that to see. A board that can't be shown says why and leaves the others
// alone.
func (a *app) pages(ctx context.Context, r *reader.Reader, accounts *account.Book, secure bool, closed func() (title, hint string)) (*web.Server, error) {
	if err := a.inherit(ctx); err != nil {
		return nil, err
	}
	boards, broken, err := dashboards.LoadEach(a.boardFS(), a.catalog)
	if err != nil {
		return nil, err
	}
	for _, b := range broken {
		printError(a.err, b.Err)
	}
	g, err := a.graph(ctx, time.Time{}) // the boards have opened an engine to parse with
	if err != nil {
		return nil, err
	}
	return web.New(web.Options{
		Reader: r, Accounts: accounts, Boards: boards, Broken: broken, Closed: closed, Catalog: a.catalog, Regions: a.regions, Graph: g,
		Region: a.cfg.Region, Location: a.cfg.location(), Secure: secure, Now: a.now, Log: a.logger(),
	})
}
