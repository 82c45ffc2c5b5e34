//! Replaces `${NAME}`, `${env:NAME}` and `${NAME:-default}` in `mcp.json` by environment variables.

/// Replaces variables and keeps their values, which are masked like other secrets.
pub(super) struct Variables<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    /// The values that were filled in.
    pub(super) values: Vec<String>,
}

impl<'a> Variables<'a> {
    pub(super) fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self {
            lookup,
            values: Vec::new(),
        }
    }

    /// Fills in `text`. Other text in braces, such as `${x%.*}`, stays as it is. Errors: what
    /// cannot be filled in, as a predicate after the name of the server.
    pub(super) fn fill_in(&mut self, text: &str) -> Result<String, String> {
        if let Some(name) = template(text) {
            return Err(format!("uses {{{{{name}}}}}, which Holly does not fill in"));
        }
        let (mut filled, mut rest) = (String::new(), text);
        while let Some(start) = rest.find("${") {
            let Some(length) = rest[start..].find('}') else {
                break;
            };
            filled.push_str(&rest[..start]);
            filled.push_str(&self.value(&rest[start..=start + length])?);
            rest = &rest[start + length + 1..];
        }
        Ok(filled + rest)
    }

    /// The value of `${…}`.
    fn value(&mut self, reference: &str) -> Result<String, String> {
        let inner = &reference[2..reference.len() - 1];
        let (name, default) = match inner.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inner, None),
        };
        let name = name.strip_prefix("env:").unwrap_or(name);
        if !is_name(name) {
            let other_source = inner.split_once(':').is_some_and(|(kind, _)| is_name(kind));
            return match other_source {
                true => Err(format!("uses {reference}, which Holly does not fill in")),
                false => Ok(reference.to_owned()),
            };
        }
        match (self.lookup)(name) {
            Some(value) => {
                self.values.push(value.clone());
                Ok(value)
            }
            None => default.map(str::to_owned).ok_or_else(|| {
                format!("needs the environment variable {name}, which is not set for Holly")
            }),
        }
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The name in a `{{NAME}}` that LibreChat fills in for each user.
fn template(text: &str) -> Option<&str> {
    let mut rest = text;
    while let Some((_, inner)) = rest.split_once("{{") {
        let (name, _) = inner.split_once("}}")?;
        if is_name(name) && !name.contains(|c: char| c.is_ascii_lowercase()) {
            return Some(name);
        }
        rest = inner;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_filled_in_or_named() {
        let lookup = |name: &str| (name == "TOKEN").then(|| "t-1".to_owned());
        for (text, expected) in [
            ("plain $TOKEN {x}", Ok("plain $TOKEN {x}")),
            ("Bearer ${TOKEN}", Ok("Bearer t-1")),
            ("${env:TOKEN}/${TOKEN}", Ok("t-1/t-1")),
            ("${GONE:-else}", Ok("else")),
            ("${TOKEN:-else}", Ok("t-1")),
            ("${x%.*} and ${", Ok("${x%.*} and ${")),
            ("{{.Names}}", Ok("{{.Names}}")),
            ("${GONE}", Err("variable GONE")),
            ("${env:GONE}", Err("variable GONE")),
            ("${input:api-key}", Err("${input:api-key}")),
            ("{{LIBRECHAT_USER_ID}}", Err("{{LIBRECHAT_USER_ID}}")),
        ] {
            match (Variables::new(&lookup).fill_in(text), expected) {
                (Ok(filled), Ok(expected)) => assert_eq!(filled, expected, "{text}"),
                (Err(reason), Err(part)) => assert!(reason.contains(part), "{text}: {reason}"),
                (filled, _) => panic!("{text}: {filled:?}"),
            }
        }
    }
}
