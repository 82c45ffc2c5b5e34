//! Reads the fields of a server in `mcp.json`. Values of a wrong type are problems; fields that
//! nothing has read are named at the end.

use super::variables::Variables;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Fields that Holly knows.
const KNOWN: [&str; 19] = [
    "type",
    "transport",
    "transportType",
    "command",
    "args",
    "env",
    "cwd",
    "url",
    "serverUrl",
    "httpUrl",
    "headers",
    "trust",
    "trustHints",
    "ask",
    "people",
    "timeout",
    "timeoutSeconds",
    "disabled",
    "enabled",
];
/// Maximum number of unused fields that are named.
const NAMED_MAX: usize = 20;

/// The fields of a server, and what is wrong with them.
pub(super) struct Fields<'a> {
    map: &'a Map<String, Value>,
    problems: Vec<String>,
}

impl<'a> Fields<'a> {
    pub(super) const fn new(map: &'a Map<String, Value>) -> Self {
        Self {
            map,
            problems: Vec::new(),
        }
    }

    /// Adds a reason why the server cannot be used.
    pub(super) fn problem(&mut self, problem: String) {
        self.problems.push(problem);
    }

    pub(super) fn is_null(&self, name: &str) -> bool {
        self.map.get(name).is_some_and(Value::is_null)
    }

    pub(super) fn has_problems(&self) -> bool {
        !self.problems.is_empty()
    }

    /// The problems, and a note about fields that Holly does not use. An unused field whose name
    /// differs from a known one in case and punctuation only is a problem.
    pub(super) fn finish(mut self) -> (Vec<String>, Vec<String>) {
        let mut unused = BTreeSet::new();
        for name in self.map.keys() {
            let meant = KNOWN.iter().find(|known| folded(known) == folded(name));
            match meant {
                Some(known) if known == name => {}
                Some(known) => self.problem(format!("has the field {name:?}; write it {known:?}")),
                None => _ = unused.insert(format!("{name:?}")),
            }
        }
        let more = unused.len().saturating_sub(NAMED_MAX);
        let mut named: Vec<String> = unused.into_iter().take(NAMED_MAX).collect();
        if more > 0 {
            named.push(format!("{more} more"));
        }
        let note = format!("Holly does not use its fields {}", named.join(", "));
        let notes = (!named.is_empty()).then_some(note).into_iter().collect();
        (self.problems, notes)
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    /// Reads a field with `read`; a value that `read` does not take is a problem.
    fn read<T>(
        &mut self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Option<T> {
        let value = read(self.get(name)?);
        if value.is_none() {
            self.problem(format!("has a field {name:?} that is not {expected}"));
        }
        value
    }

    pub(super) fn switch(&mut self, name: &str) -> Option<bool> {
        self.read(name, "true or false", Value::as_bool)
    }

    pub(super) fn number(&mut self, name: &str) -> Option<u64> {
        self.read(name, "a whole number", |value| {
            let rounded = |number: f64| (number >= 0.0).then_some(number as u64);
            value.as_u64().or_else(|| value.as_f64().and_then(rounded))
        })
    }

    /// The first of these fields that is there.
    pub(super) fn text(&mut self, names: &[&str]) -> Option<String> {
        let name = names.iter().find(|name| self.get(name).is_some())?;
        self.read(name, "a text", scalar)
    }

    pub(super) fn texts(&mut self, name: &str) -> Option<Vec<String>> {
        self.read(name, "a list of texts", |value| {
            value.as_array()?.iter().map(scalar).collect()
        })
    }

    pub(super) fn switches(&mut self, name: &str) -> HashMap<String, bool> {
        let switches = self.read(name, "an object of true or false", |value| {
            let pairs = value.as_object()?.iter();
            pairs
                .map(|(name, value)| Some((name.clone(), value.as_bool()?)))
                .collect()
        });
        switches.unwrap_or_default()
    }

    /// As [`Self::text`], with variables filled in.
    pub(super) fn filled(
        &mut self,
        names: &[&str],
        variables: &mut Variables<'_>,
    ) -> Option<String> {
        let text = self.text(names)?;
        self.fill_in(&text, variables)
    }

    /// The texts in a list, with variables filled in.
    pub(super) fn filled_texts(
        &mut self,
        name: &str,
        variables: &mut Variables<'_>,
    ) -> Vec<String> {
        let texts = self.texts(name).unwrap_or_default();
        texts
            .iter()
            .filter_map(|text| self.fill_in(text, variables))
            .collect()
    }

    /// The texts in an object, with variables filled in; `null` is left out.
    pub(super) fn filled_map(
        &mut self,
        name: &str,
        variables: &mut Variables<'_>,
    ) -> BTreeMap<String, String> {
        let texts: Option<Vec<(String, String)>> = self.read(name, "an object of texts", |value| {
            let pairs = value.as_object()?.iter();
            pairs
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| Some((name.clone(), scalar(value)?)))
                .collect()
        });
        texts
            .unwrap_or_default()
            .into_iter()
            .filter_map(|(name, text)| Some((name, self.fill_in(&text, variables)?)))
            .collect()
    }

    fn fill_in(&mut self, text: &str, variables: &mut Variables<'_>) -> Option<String> {
        variables
            .fill_in(text)
            .map_err(|problem| self.problem(problem))
            .ok()
    }
}

/// A text, or a number or switch as one.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

/// A name without case and punctuation.
fn folded(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}
