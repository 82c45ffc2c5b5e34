//! Every setting that documents and examples name exists in `holly serve --help` or in a command.

use crate::server::state::config::Settings;
use clap::{Args, Command};
use std::{collections::BTreeSet, fs, path::Path};

/// Variables of other programs in examples, and those used only in builds and tests.
const FOREIGN_VARIABLES: &[&str] = &[
    "AWS_",
    "POSTGRES_",
    "S3_",
    "MINIO_",
    "HOLLY_EMBED",
    "HOLLY_ADVISORY_DB",
    "HOLLY_BENCH_",
    "HOLLY_SEED",
    "HOLLY_HUNT",
    "HOLLY_TEST_",
];

/// Words such as `HOLLY_ADDR` or `DATABASE_URL`.
fn variables(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'));
    words
        .filter(|word| {
            ["HOLLY_", "DATABASE_"]
                .iter()
                .any(|start| word.starts_with(start) && !word.ends_with('_'))
        })
        .collect()
}

fn documents() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = [root.join("docs"), root.join("docs/deploy")];
    let listed = folders
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path());
    let read = |path: std::path::PathBuf| {
        Some((path.display().to_string(), fs::read_to_string(&path).ok()?))
    };
    listed
        .chain([root.join("README.md")])
        .filter_map(read)
        .collect()
}

/// The sources of the commands, for settings that only a command has.
fn commands() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let listed = fs::read_dir(root.join("commands"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    listed
        .chain([root.join("main.rs")])
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

#[test]
fn every_setting_named_in_a_document_exists() {
    let command = Settings::augment_args(Command::new("holly"));
    let known: BTreeSet<&str> = command
        .get_arguments()
        .filter_map(|argument| argument.get_env()?.to_str())
        .collect();
    let (commands, mut found) = (commands(), 0);
    for (path, text) in documents() {
        for name in variables(&text).into_iter().filter(|name| {
            !FOREIGN_VARIABLES
                .iter()
                .any(|other| name.starts_with(other))
        }) {
            let is_known = known.contains(name) || commands.contains(&format!("env = \"{name}\""));
            assert!(is_known, "{path} names {name}, which is no setting");
            found += 1;
        }
    }
    assert!(
        found > 20,
        "only {found} settings were found in the documents"
    );
}

/// Sources are named as `src/…` between backticks.
#[test]
fn every_source_named_in_a_document_exists() {
    let (root, mut found) = (Path::new(env!("CARGO_MANIFEST_DIR")), 0);
    for (document, text) in documents() {
        let quoted = text.split('`').skip(1).step_by(2);
        for path in quoted.filter(|path| path.starts_with("src/")) {
            assert!(root.join(path).exists(), "{document} names {path}");
            found += 1;
        }
    }
    assert!(found > 100, "only {found} sources were found");
}
