# How Holly is built, run and tested. `make run` needs Rust and Node.js; .ci/setup installs the rest once.
SHELL := bash
PRETTIER := end2end/node_modules/.bin/prettier --log-level warn
STYLED := "style/*.css" "src/**/*.{css,js}" "end2end/*.mjs" "end2end/stories/*.mjs" ".ci/*.mjs"
.PHONY: run dev build release test hunt bench lint fmt deny cluster

run: build # serves on the address it prints, with its data in ./data; Ctrl-C stops it
	@exec target/release/holly serve

dev: # serves a debug build and builds again when a file changes; its intermediate files stay in target/
	@.ci/setup build && source .ci/env && exec cargo leptos watch

build: # target/release/holly, one file with the site inside
	@.ci/setup build && .ci/shared .ci/build

release: build # dist/holly, to be copied to where it is to run
	@install -D --strip target/release/holly dist/holly && ls -l dist/holly

test: # everything: lints, unit tests, browser tests, stories
	@.ci/test

cluster: build # three processes on a PostgreSQL and an S3 server of their own, behind a proxy; Ctrl-C ends all of it
	@.ci/setup test && exec .ci/services node end2end/cluster.mjs

hunt: # all that `make test` shortens, at full length; takes hours
	@.ci/test hunt

bench: build # commit to frame, retention and writes beside it, idle streams, start of the program
	@ulimit -n $$(ulimit -Hn) && HOLLY_EMBED=$(CURDIR)/target/embedded .ci/shared cargo bench --features ssr --bench "*"

lint: # formatting, columns, and what the compiler and clippy find, on both sides
	@.ci/setup test && source .ci/env && cargo fmt --check
	@$(PRETTIER) --check $(STYLED)
	@node .ci/columns.mjs
	@.ci/shared cargo clippy --features ssr --all-targets -- -D warnings
	@.ci/shared cargo clippy --lib --features hydrate --target wasm32-unknown-unknown -- -D warnings

fmt: # the same formatting, written
	@.ci/setup test && source .ci/env && cargo fmt && $(PRETTIER) --write $(STYLED)

deny: # what the program is made of: licences, sources, versions; known weaknesses where HOLLY_ADVISORY_DB names a clone of the list
	@.ci/setup deny && .ci/deny
