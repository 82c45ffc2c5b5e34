# How Holly is built, run and tested. `make run` needs Rust and Node.js; .ci/setup installs the rest once.
SHELL := bash
TOOLS := .ci/setup build && source .ci/env
EMBED := HOLLY_EMBED=$(CURDIR)/target/embedded
.PHONY: run dev build release test hunt bench lint deny cluster

run: build # serves on the address it prints, with its data in ./data; Ctrl-C stops it
	@exec target/release/holly serve

dev: # serves a debug build and builds again when a file changes
	@$(TOOLS) && exec cargo leptos watch

build: # target/release/holly, one file with the site inside
	@$(TOOLS) && cargo leptos build --release -P --frontend-only && .ci/embed && $(EMBED) cargo leptos build --release --server-only

release: build # dist/holly, to be copied to where it shall run
	@install -D --strip target/release/holly dist/holly && ls -l dist/holly

test: # everything: lints, unit tests, browser tests, stories
	@.ci/test

cluster: build # three processes on a PostgreSQL and an S3 server of their own, behind a proxy; Ctrl-C ends all of it
	@.ci/setup test && exec .ci/services node end2end/cluster.mjs

hunt: # the long run of the tiers against a plain map: a thousand seeds of four generations; HOLLY_SEED=n repeats one
	@.ci/setup test && HOLLY_HUNT=1000 .ci/services cargo test --features ssr --lib retention::model -- --nocapture

bench: build # how fast the parts are that must be fast, and what people, entries and streams cost
	@.ci/setup test && $(EMBED) .ci/services cargo bench --features ssr

lint:
	@cargo fmt --check && cargo clippy --features ssr --all-targets -- -D warnings
	@cargo clippy --lib --features hydrate --target wasm32-unknown-unknown -- -D warnings

deny: # what the program is made of: licences, sources, versions; known weaknesses where HOLLY_ADVISORY_DB names a clone of the list
	@.ci/setup deny && .ci/deny
