# No target asks a question, needs a setting or an edit; `make help` lists them.
# Options: ONCE=1 ends after one pass, RESET=1 begins with fresh data (make run).
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
export PATH := $(HOME)/.cargo/bin:$(PATH)
TARGET := $(or $(CARGO_TARGET_DIR),target)

.PHONY: help deps run test test-kills lint deny bench bench-log bench-readers images test-kube openapi clean-data

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

deps: ## install what is missing on this machine
	@scripts/install-deps

run: deps ## start everything with a sample city (ONCE=1: one pass; RESET=1: fresh data)
	cargo run --locked -p datawarden -- run $(if $(ONCE),--once) $(if $(RESET),--reset)

test: deps ## run every test against real PostgreSQL, Kafka and Redis
	cargo test --workspace --locked --no-run
	$(TARGET)/debug/with-servers --throwaway -- cargo test --workspace --locked --no-fail-fast

test-kills: deps ## kill what writes the query log 200 times under load, twice (minutes)
	cargo build --locked --workspace --bin account --bin query-registry --bin with-servers
	cargo build --locked --workspace --examples
	$(TARGET)/debug/with-servers --throwaway -- cargo test --locked --workspace --test behaviour --test processes \
	    -- --ignored --nocapture two_hundred_kills

lint: ## format, clippy, documentation, crate boundaries, spelling
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --locked
	scripts/check-boundaries
	"$$(scripts/openapi-tools)/bin/typos"

deny: ## licences, bans and advisories of every dependency (CHECKS: some of them)
	command -v cargo-deny >/dev/null || cargo install cargo-deny --locked --debug
	cargo deny --locked check $(CHECKS)

bench: deps ## run the benchmarks
	cargo run --locked -p datawarden -- bench
	cargo build --locked --workspace --bins
	$(TARGET)/debug/with-servers --throwaway -- cargo test --locked --workspace --test processes -- --ignored --nocapture figures
	$(TARGET)/debug/with-servers --throwaway --postgres -- cargo test --locked --workspace --test behaviour -- --ignored --nocapture figures_of_a_page_found_among_millions

bench-log: deps ## measure the query log beside plain PostgreSQL and the bare disk
	cargo run --locked -p datawarden -- bench-log

bench-readers: deps ## find pages among a hundred million log entries (half an hour, 100 GB in TMPDIR)
	cargo test --locked --workspace --test behaviour -- --ignored --nocapture figures_of_a_page_found_among_a_hundred_millions

images: ## build the container images
	scripts/images

test-kube: ## try the chart on a real Kubernetes node
	scripts/test-kube

openapi: ## write the OpenAPI and event documents
	cargo run --locked -p datawarden -- openapi --write

clean-data: ## remove the data of `make run` and of interrupted tests
	@for lock in .data/*/lock $(TARGET)/with-servers/*/lock; do \
	    if [[ -e $$lock ]] && ! flock --nonblock "$$lock" true; then \
	        echo "still running: $${lock%/lock}" >&2; exit 1; \
	    fi; \
	done
	rm -rf .data $(TARGET)/with-servers
