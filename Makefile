.DEFAULT_GOAL := help
GO ?= go

.PHONY: help
help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/zhicang
	@mkdir -p bin
	$(GO) build -o bin/zhicang .

.PHONY: demo
demo: build ## make a fictional county and show its hot issues
	./bin/zhicang demo --dir demo-data --no-serve

.PHONY: test
test: ## run all tests
	$(GO) test ./...

.PHONY: verify
verify: ## format, vet, staticcheck, lint of the SQL models, generated files
	@unformatted=$$($(GO) tool gofumpt -l .); if [ -n "$$unformatted" ]; then echo "not formatted by gofumpt:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) mod tidy -diff

.PHONY: bench
bench: ## run the benchmarks, each prints its figures
	$(GO) test -run '^$$' -bench . -benchtime 1x ./...
