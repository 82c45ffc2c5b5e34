# Builds, runs and tests Holly. `make run` needs Rust and Node.js; .ci/setup installs the rest once.
SHELL := bash
PRETTIER := end2end/node_modules/.bin/prettier --log-level warn
STYLED := "style/*.css" "src/**/*.{css,js}" "end2end/*.mjs" "end2end/stories/*.mjs" ".ci/*.mjs"
.PHONY: run dev build release test hunt bench lint fmt deny cluster

run: build # serves on the address that it prints, with its data in ./data; Ctrl-C stops it
	@exec target/release/holly serve

dev: # serves a debug build and rebuilds when a file changes; its intermediate files stay in target/
	@.ci/setup build && source .ci/env && exec cargo leptos watch

build: # builds target/release/holly, one file with the site inside
	@.ci/setup build && .ci/shared .ci/build

release: build # writes dist/holly, to be copied to a server
	@install -D --strip target/release/holly dist/holly && ls -l dist/holly

test: # runs everything: lints, unit tests, browser tests, end-to-end stories
	@.ci/test

cluster: build # runs three servers with their own PostgreSQL and S3 server, behind a proxy; Ctrl-C ends all of it
	@.ci/setup test && exec .ci/services node end2end/cluster.mjs

hunt: # runs the tests that `make test` shortens at full length; takes hours
	@.ci/test hunt

bench: build # measures commit to frame, retention, idle streams, hostile input, start of the program
	@ulimit -n $$(ulimit -Hn) && HOLLY_EMBED=$(CURDIR)/target/embedded .ci/shared cargo bench --features ssr --bench "*"

lint: # checks formatting and line lengths, and runs clippy for server and browser
	@.ci/setup test && source .ci/env && cargo fmt --check
	@$(PRETTIER) --check $(STYLED)
	@node .ci/columns.mjs
	@.ci/shared cargo clippy --features ssr --all-targets -- -D warnings
	@.ci/shared cargo clippy --lib --features hydrate --target wasm32-unknown-unknown -- -D warnings

fmt: # formats Rust, CSS and JavaScript
	@.ci/setup test && source .ci/env && cargo fmt && $(PRETTIER) --write $(STYLED)

deny: # checks dependencies: licences, sources, versions; vulnerabilities too if HOLLY_ADVISORY_DB names a clone of RustSec's advisory-db
	@.ci/setup deny && .ci/deny
