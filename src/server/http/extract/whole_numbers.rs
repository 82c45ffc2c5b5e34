//! Finds whole numbers in JSON text that no 64-bit integer holds. The JSON parser would turn them
//! into floating-point numbers, which changes their digits.

use crate::domain::FieldError;

/// Most numbers that are reported.
const REPORTED_MAX: usize = 20;

/// Where the scanner is in an object or array.
enum Level {
    Object { key: String, in_key: bool },
    Array { index: usize },
}

/// The whole numbers outside -2^63 to 2^64-1, each with the path of its field. `json` must be valid
/// JSON.
pub fn out_of_range(json: &[u8]) -> Vec<FieldError> {
    let mut problems = Vec::new();
    let mut levels: Vec<Level> = Vec::new();
    let mut at = 0;
    while at < json.len() && problems.len() < REPORTED_MAX {
        let start = at;
        at += 1;
        match json[start] {
            b'{' => levels.push(Level::Object {
                key: String::new(),
                in_key: true,
            }),
            b'[' => levels.push(Level::Array { index: 0 }),
            b'}' | b']' => drop(levels.pop()),
            b',' => match levels.last_mut() {
                Some(Level::Object { in_key, .. }) => *in_key = true,
                Some(Level::Array { index }) => *index += 1,
                None => {}
            },
            b'"' => {
                at = string_end(json, at);
                if let Some(Level::Object { key, in_key }) = levels.last_mut()
                    && std::mem::take(in_key)
                {
                    *key = serde_json::from_slice(&json[start..at]).unwrap_or_default();
                }
            }
            b'-' | b'0'..=b'9' => {
                while json.get(at).is_some_and(|byte| is_number_part(*byte)) {
                    at += 1;
                }
                if !fits(&json[start..at]) {
                    problems.push(FieldError {
                        field: path(&levels),
                        reason: "must be from -2^63 to 2^64-1 if it is a whole number; send a \
                                 larger one as text"
                            .to_owned(),
                    });
                }
            }
            _ => {}
        }
    }
    problems
}

/// The index behind the string whose content begins at `at`.
fn string_end(json: &[u8], mut at: usize) -> usize {
    while at < json.len() {
        match json[at] {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    json.len()
}

const fn is_number_part(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')
}

/// Whether a number is written with a fraction or exponent, or fits 64 bits.
fn fits(number: &[u8]) -> bool {
    let Ok(number) = std::str::from_utf8(number) else {
        return true;
    };
    number.contains(['.', 'e', 'E'])
        || number.parse::<i64>().is_ok()
        || number.parse::<u64>().is_ok()
}

fn path(levels: &[Level]) -> String {
    let mut path = String::new();
    for level in levels {
        match level {
            Level::Object { key, .. } => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(key);
            }
            Level::Array { index } => path.push_str(&format!("[{index}]")),
        }
    }
    if path.is_empty() {
        "body".to_owned()
    } else {
        path
    }
}

#[cfg(test)]
mod tests {
    use super::out_of_range;
    use proptest::prelude::*;

    /// JSON text, and the paths of numbers below it that must be refused.
    #[derive(Debug, Clone)]
    struct Json(String, Vec<String>);

    fn any_json() -> impl Strategy<Value = Json> {
        let in_range = |number: &i128| (i64::MIN.into()..=u64::MAX.into()).contains(number);
        let near = prop_oneof![
            any::<i128>(),
            any::<i64>().prop_map(i128::from),
            (-3i128..3).prop_map(|n| i128::from(u64::MAX) + n),
            (-3i128..3).prop_map(|n| i128::from(i64::MIN) + n),
        ];
        let leaf = prop_oneof![
            near.prop_map(move |number| {
                let refused = if in_range(&number) {
                    vec![]
                } else {
                    vec![String::new()]
                };
                Json(number.to_string(), refused)
            }),
            "[ -~]{0,12}".prop_map(|text| Json(serde_json::Value::from(text).to_string(), vec![])),
            Just(Json(
                "[\"\\\\\",\"99999999999999999999\\\"\",1e30,1.5,null]".into(),
                vec![]
            )),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(|items| {
                    let below = items.iter().enumerate().flat_map(|(at, Json(_, paths))| {
                        paths.iter().map(move |path| format!("[{at}]{path}"))
                    });
                    let below = below.collect();
                    let texts: Vec<_> = items.into_iter().map(|item| item.0).collect();
                    Json(format!("[{}]", texts.join(" , ")), below)
                }),
                prop::collection::btree_map("[a-z\"\\\\{]{1,4}", inner, 0..4).prop_map(|fields| {
                    let below = fields.iter().flat_map(|(name, Json(_, paths))| {
                        paths.iter().map(move |path| format!(".{name}{path}"))
                    });
                    let below = below.collect();
                    let texts: Vec<_> = fields
                        .into_iter()
                        .map(|(name, value)| {
                            format!("{}: {}", serde_json::Value::from(name), value.0)
                        })
                        .collect();
                    Json(format!("{{{}}}", texts.join(",")), below)
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn numbers_beyond_64_bits_are_reported_with_their_path(
            Json(text, refused) in any_json()
        ) {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
            let found: Vec<_> = out_of_range(text.as_bytes())
                .into_iter()
                .map(|problem| problem.field)
                .collect();
            let refused: Vec<_> = refused
                .iter()
                .map(|path| if path.is_empty() { "body" } else { path.trim_start_matches('.') })
                .take(super::REPORTED_MAX)
                .collect();
            prop_assert_eq!(found, refused);
        }
    }
}
