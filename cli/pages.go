package cli

import (
	"context"
	"time"

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
	files := &boardFiles{app: a, every: time.Second}
	boards, broken, err := files.load()
	if err != nil {
		return nil, err
	}
	g, err := a.graph(ctx, time.Time{}) // the boards have opened an engine to parse with
	if err != nil {
		return nil, err
	}
	pages, err := web.New(web.Options{
		Reader: r, Accounts: accounts, Boards: boards, Broken: broken, Follow: files.follow, Closed: closed, Catalog: a.catalog, Regions: a.regions, Graph: g,
		Region: a.cfg.Region, Location: a.cfg.location(), Secure: secure, Now: a.now, Log: a.logger(),
	})
	if err != nil {
		return nil, err
	}
	files.show = pages.SetBoards
	return pages, nil
}
