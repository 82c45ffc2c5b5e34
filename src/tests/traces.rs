//! The traces of docs/architecture.md name functions that exist.

use std::{fs, path::Path};

#[test]
fn every_function_of_a_trace_is_in_its_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/architecture.md")).unwrap();
    let text = page.split_whitespace().collect::<Vec<_>>().join(" ");
    // code is every second part between backticks
    let parts: Vec<&str> = text.split('`').collect();
    let mut found = 0;
    for at in (1..parts.len().saturating_sub(2)).step_by(2) {
        let (name, between, file) = (parts[at], parts[at + 1], parts[at + 2]);
        if !between.ends_with(" (") || !file.starts_with("src/") {
            continue;
        }
        let source = fs::read_to_string(root.join(file))
            .unwrap_or_else(|error| panic!("docs/architecture.md names {file}: {error}"));
        let is_there = [format!("fn {name}("), format!("fn {name}<")]
            .iter()
            .any(|start| source.contains(start));
        assert!(is_there, "docs/architecture.md: {file} has no fn {name}");
        found += 1;
    }
    assert!(found > 60, "only {found} functions were found");
}
