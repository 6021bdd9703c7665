package cli

import (
	"context"
	"time"

	"zhicang/serve/account"
	"zhicang/serve/reader"
	"zhicang/serve/web"
)

// pages prepares the built-in pages over what r reads. secure says that
// browsers reach them under TLS.
func (a *app) pages(ctx context.Context, r *reader.Reader, accounts *account.Book, secure bool) (*web.Server, error) {
	boards, _, err := a.boards(ctx)
	if err != nil {
		return nil, err
	}
	g, err := a.graph(ctx, time.Time{}) // the boards have opened an engine to parse with
	if err != nil {
		return nil, err
	}
	return web.New(web.Options{
		Reader: r, Accounts: accounts, Boards: boards, Catalog: a.catalog, Regions: a.regions, Graph: g,
		Region: a.cfg.Region, Location: a.cfg.location(), Secure: secure, Now: a.now, Log: a.logger(),
	})
}
