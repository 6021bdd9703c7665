.DEFAULT_GOAL := help
GO ?= go

.PHONY: help
help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: assets
assets: ## fetch the charting library of the pages (npm), to be embedded
	@./serve/web/assets/fetch

.PHONY: build
build: assets ## build bin/zhicang
	@mkdir -p bin
	$(GO) build -o bin/zhicang .

.PHONY: demo
demo: build ## make a fictional county, show its hot issues, open its boards; ARGS=--no-serve ends before that
	./bin/zhicang demo --dir demo-data $(ARGS)

.PHONY: test
test: assets ## run all tests
	$(GO) test -timeout 30m ./...

.PHONY: chaos
chaos: ## disturb 200 runs (kill -9, cut API, cut database, full disk, …) and see that the next run mends it
	ZHICANG_CHAOS_TRIALS=200 $(GO) test ./cli -run TestChaos -count=1 -v -timeout 120m

.PHONY: verify
verify: ## format, vet, staticcheck, lint of the SQL models, generated files
	@unformatted=$$($(GO) tool gofumpt -l .); if [ -n "$$unformatted" ]; then echo "not formatted by gofumpt:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) mod tidy -diff

.PHONY: bench
bench: ## run the benchmarks, each prints its figures
	$(GO) test -run '^$$' -bench . -benchtime 1x ./...
