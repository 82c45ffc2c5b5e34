# How Holly is built, run and tested. `make run` needs Rust and Node.js; .ci/setup installs the rest once.
SHELL := bash
TOOLS := .ci/setup build && source .ci/env
.PHONY: run dev build test hunt bench lint

run: build # serves on the address it prints, with its data in ./data; Ctrl-C stops it
	@exec target/release/holly serve

dev: # serves a debug build and builds again when a file changes
	@$(TOOLS) && exec cargo leptos watch

build: # the release binary and the site it serves, under target/
	@$(TOOLS) && cargo leptos build --release -P

test: # everything: lints, unit tests, browser tests, stories
	@.ci/test

hunt: # the long run of the tiers against a plain map: a thousand seeds of four generations; HOLLY_SEED=n repeats one
	@$(TOOLS) && HOLLY_HUNT=1000 .ci/services cargo test --features ssr --lib retention::model -- --nocapture

bench: # how fast the parts are that must be fast
	@cargo bench --features ssr

lint:
	@cargo fmt --check && cargo clippy --features ssr --all-targets -- -D warnings
	@cargo clippy --lib --features hydrate --target wasm32-unknown-unknown -- -D warnings
