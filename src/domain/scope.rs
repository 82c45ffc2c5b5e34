//! What a credential may do over HTTP.

use super::{UnknownWord, vocabulary};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::{fmt, str::FromStr};

vocabulary! {
    /// What an API key may be allowed to do.
    Scope {
        /// Create entries; change and delete those that came from outside.
        LogWrite = "log:write",
        /// Read entries.
        LogRead = "log:read",
        /// Read and write conversations; keep and delete entries of the assistant's work.
        Chat = "chat",
        /// Decide pending approvals.
        Approve = "approve",
        /// What only admins may do, while the key's owner is one.
        Admin = "admin",
    }
}

impl Scope {
    /// What it allows, for users.
    pub const fn description(self) -> &'static str {
        match self {
            Self::LogWrite => "create entries; change and delete those of programs",
            Self::LogRead => "read and export entries",
            Self::Chat => "read and write conversations",
            Self::Approve => "allow or deny tools that ask first",
            Self::Admin => "statistics and cleanup, while you are an admin",
        }
    }
}

/// A set of scopes, written as words separated by commas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u8);

impl Scopes {
    /// Every scope.
    pub const ALL: Self = Self::of(Scope::ALL);
    /// The scopes of a new key for which none are chosen.
    pub const DEFAULT: Self = Self::of(&[Scope::LogWrite, Scope::LogRead]);
    /// The scopes of a key made before there were scopes.
    pub const BEFORE_SCOPES: Self = Self::ALL.without(Scope::Approve);

    /// A set of these scopes.
    pub const fn of(scopes: &[Scope]) -> Self {
        let (mut set, mut n) = (0, 0);
        while n < scopes.len() {
            set |= 1 << scopes[n] as u8;
            n += 1;
        }
        Self(set)
    }

    /// Whether the scope is in the set.
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & (1 << scope as u8) != 0
    }

    /// The set without this scope.
    #[must_use]
    pub const fn without(self, scope: Scope) -> Self {
        Self(self.0 & !(1 << scope as u8))
    }

    /// The scopes, in order of definition.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL
            .iter()
            .copied()
            .filter(move |scope| self.contains(*scope))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<T: IntoIterator<Item = Scope>>(scopes: T) -> Self {
        scopes
            .into_iter()
            .fold(Self::default(), |set, scope| Self(set.0 | 1 << scope as u8))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.iter().map(Scope::as_str).collect();
        f.write_str(&words.join(","))
    }
}

impl FromStr for Scopes {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        text.split(',').map(|word| word.trim().parse()).collect()
    }
}

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() {
            return Ok(Self::default());
        }
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_read_and_written_as_words() {
        for (text, words) in [
            ("log:write", Some("log:write")),
            ("log:read, log:write", Some("log:write,log:read")),
            ("chat,chat", Some("chat")),
            (
                "admin,approve,chat,log:read,log:write",
                Some("log:write,log:read,chat,approve,admin"),
            ),
            ("", None),
            ("log:read,", None),
            ("Chat", None),
            ("everything", None),
        ] {
            let read = text.parse::<Scopes>();
            assert_eq!(
                read.ok().map(|set| set.to_string()).as_deref(),
                words,
                "{text}"
            );
        }
        assert_eq!(
            Scopes::BEFORE_SCOPES.to_string(),
            "log:write,log:read,chat,admin"
        );
        let set = Scopes::of(&[Scope::Chat]);
        assert!(set.contains(Scope::Chat) && !set.contains(Scope::LogRead));
        let json = serde_json::to_string(&set).unwrap();
        assert_eq!(json, "\"chat\"");
        assert_eq!(serde_json::from_str::<Scopes>(&json).unwrap(), set);
    }
}
