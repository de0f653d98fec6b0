# What people type. `make help` lists it; .ci/run is what CI types.

GO       ?= go
GOLANGCI ?= $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
FUZZTIME ?= 3s
SCHEDULES ?= 5000
SEED     ?= 1

# Packages that do several things at once, and those of which only these tests do.
CONCURRENT = ./connector/... ./door/... ./git/... ./ledger/... ./scm/local/... ./source/...
AT_ONCE    = -run 'WritersOf|AtTheSameTime|RendersEnd|LargeRenders|RendersAhead|StoppedPlan|RenderAll|Schedules|TreesAtOnce|AppAtOnce|TwoAtOnce|DoNotLeak|SharedFiles|Contract/at_once' \
	./promote ./render ./render/helm ./render/kustomize ./scm/github ./scm/gitlab

.PHONY: help build test lint fmt race fuzz soak demo bench bench-render look golden docs schema e2e-connector act reproducible ci

help: ## say what can be made
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

build: ## the binary, stripped, as it is shipped
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o ferry ./cmd/ferry

test: ## every test that needs nothing but Go and git
	$(GO) test -timeout 30m ./...

lint: ## format and linters, vet among them
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "gofmt -w these:"; echo "$$unformatted"; exit 1; fi
	$(GOLANGCI) run ./...

fmt: ## format what lint complains about
	$(GOLANGCI) fmt ./...

race: ## the race detector, on packages that do several things at once (needs a C compiler)
	$(GO) test -race -short -timeout 30m $(CONCURRENT)
	$(GO) test -race -short -timeout 30m $(AT_ONCE)

fuzz: ## a few seconds of every fuzz target; FUZZTIME=1m for more
	.ci/fuzz $(FUZZTIME)

soak: ## thousands of seeded schedules of faults and people; SCHEDULES=5000 SEED=1 (FERRY_SEED=7 in make test replays one)
	FERRY_SEED=$(SEED) FERRY_SCHEDULES=$(SCHEDULES) $(GO) test -run TestSchedules -timeout 24h ./promote

demo: ## the way of a release, at a readable pace
	$(GO) run ./cmd/ferry demo

bench: ## speed and size beside the peers, with a pass/fail column
	$(GO) run ./bench

bench-render: ## rendering beside the command lines of Helm and kustomize; writes docs/benchmarks.md
	$(GO) run ./bench --rendering --write docs/benchmarks.md

look: ## reports as a forge shows them, photographed into bench/out/look (needs Chromium)
	$(GO) run ./bench/look

golden: ## rewrite golden files; read the difference before you commit it
	UPDATE=1 $(GO) test ./...

docs: ## rewrite the schemas and the pages that are made from the code
	UPDATE=1 $(GO) test ./environments ./release ./connector/config && UPDATE=1 $(GO) test ./report -run Current && UPDATE=1 $(GO) test ./cmd/ferry -run PagesCurrent

schema: docs ## the same: schemas are made with the pages

e2e-connector: ## the connector on a real API server: KUBECONFIG=... (CONTRIBUTING.md)
	@test -n "$(KUBECONFIG)" || { echo "give a kubeconfig: make e2e-connector KUBECONFIG=..."; exit 1; }
	KUBECONFIG="$(abspath $(KUBECONFIG))" FERRY_E2E_CONNECTOR=1 $(GO) test -count=1 -timeout 20m -p 1 -v -run '^Test(EndToEnd|ConnectorEndToEnd|ConnectorRights)$$' ./connector/cluster ./cmd/ferry

act: ## workflows run on this machine: the one that tries the action, those of the examples; all of them linted
	$(GO) run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12 -shellcheck=
	$(GO) run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12 -shellcheck= examples/*/*/.github/workflows/*.yaml templates/starter/ci/github.yaml
	.ci/act-examples
	$(GO) run github.com/nektos/act@v0.2.89 push -W .github/workflows/action.yaml -P ubuntu-latest=-self-hosted --matrix os:ubuntu-latest </dev/null

reproducible: ## build twice from two folders and compare; PLATFORMS='linux/amd64 darwin/arm64' for others
	.ci/reproducible $(PLATFORMS)

ci: ## what CI runs
	.ci/run
