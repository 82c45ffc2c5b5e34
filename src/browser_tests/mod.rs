//! Tests that need a browser: hooks with real events, timers, locks and channels, against a fake
//! server.

mod page;
mod patch;
mod tabs;
mod timestamps;
mod work_log_stream;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
