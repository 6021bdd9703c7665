package cli

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// A browser is one tab of Chromium.
type browser struct {
	site *pagesSite
	ctx  context.Context
	out  string // where screenshots go
	said atomic.Pointer[[]string]
}

// openBrowser starts Chromium, and skips the test where there is none.
func openBrowser(t *testing.T, st *pagesSite) *browser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil && path == "" {
			path = found
		}
	}
	if path == "" {
		t.Skip("there is no Chromium here (Debian: apt-get install chromium)")
	}
	b := &browser{site: st, out: os.Getenv("ZHICANG_SCREENSHOTS")}
	if b.out == "" {
		b.out = filepath.Join("testdata", "screenshots")
	}
	if err := os.MkdirAll(b.out, 0o755); err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-background-networking", true))
	alloc, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancelTab := chromedp.NewContext(alloc)
	t.Cleanup(cancelTab)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	b.ctx = ctx
	b.listen()
	return b
}

// listen keeps what the page complains of: scripts that fail, and what the
// security policy forbids.
func (b *browser) listen() {
	messages := chromedp.Console(b.ctx)
	b.said.Store(new([]string))
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			if m.Type == "error" && m.Source != "network" || m.IsException() {
				list := append(append([]string{}, *b.said.Load()...), m.String())
				b.said.Store(&list)
			}
		}
	}()
}

func (b *browser) complaints(t *testing.T) {
	for _, m := range *b.said.Load() {
		t.Errorf("the browser complains: %s", m)
	}
}

// wait bounds one step in the browser.
const wait = 30 * time.Second

func (b *browser) do(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, wait)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// ask evaluates an expression in the page.
func ask[T any](t *testing.T, b *browser, expression string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, wait)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return value
}

func (b *browser) open(t *testing.T, path string) {
	t.Helper()
	b.do(t, chromedp.Navigate(b.site.URL+path))
}

// loaded waits until every panel has shown what it has.
func (b *browser) loaded(t *testing.T) {
	t.Helper()
	b.do(t, chromedp.WaitReady(chromedp.CSS("body[data-loaded=true]")))
}

// sizes are those at which every page must look well.
var sizes = [][2]int64{{1440, 900}, {1920, 1080}, {390, 844}}

// shoot keeps the page as it looks at a size.
func (b *browser) shoot(t *testing.T, name string, size [2]int64) {
	t.Helper()
	b.do(t, chromedp.EmulateViewport(size[0], size[1]))
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(b.out, fmt.Sprintf("%s-%dx%d.png", name, size[0], size[1]))
	if err := os.WriteFile(file, png, 0o644); err != nil {
		t.Fatal(err)
	}
}

func (b *browser) signIn(t *testing.T, password string) {
	t.Helper()
	b.do(t, chromedp.SetValue(chromedp.ID("name"), "renda"), chromedp.SetValue(chromedp.ID("password"), password), chromedp.Submit(chromedp.CSS("form.sheet")))
}
