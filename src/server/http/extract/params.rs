//! Reads query strings: every parameter is parsed and bounded, unknown ones are refused, and all
//! problems are reported at once.

use crate::{
    domain::FieldError,
    server::{base::error::Error, http::problem::Problem},
};
use axum::{
    extract::{FromRequestParts, Path, Query},
    http::{Uri, request::Parts},
};
use std::{collections::HashMap, fmt::Display, str::FromStr};

/// The parameters of a query string, taken one by one.
#[derive(Debug, Default)]
pub struct Params {
    remaining: HashMap<String, String>,
    problems: Vec<FieldError>,
}

impl Params {
    /// Parses the query string of a URI. Errors: it is not valid.
    pub fn parse(uri: &Uri) -> Result<Self, Problem> {
        let Query(remaining) =
            Query::try_from_uri(uri).map_err(|why| Problem::unreadable(why.body_text()))?;
        Ok(Self {
            remaining,
            problems: Vec::new(),
        })
    }

    /// The parameter as `T`; an empty one counts as absent.
    pub fn take<T: FromStr<Err: Display>>(&mut self, name: &str) -> Option<T> {
        let text = self
            .remaining
            .remove(name)
            .filter(|text| !text.is_empty())?;
        text.parse()
            .map_err(|why: T::Err| self.refuse(name, why.to_string()))
            .ok()
    }

    /// The parameter as a whole number from `min` to `max`.
    pub fn number(&mut self, name: &str, min: i64, max: i64) -> Option<i64> {
        let text = self.remaining.remove(name)?;
        let number = text
            .parse()
            .ok()
            .filter(|number| (min..=max).contains(number));
        if number.is_none() {
            self.refuse(name, format!("must be a whole number from {min} to {max}"));
        }
        number
    }

    /// The parameter as text of at most `max_chars` characters.
    pub fn text(&mut self, name: &str, max_chars: usize) -> Option<String> {
        let text = self
            .remaining
            .remove(name)
            .filter(|text| !text.trim().is_empty())?;
        if text.chars().count() > max_chars {
            self.refuse(name, format!("must be at most {max_chars} characters"));
        }
        Some(text)
    }

    /// Adds a problem with a parameter.
    pub fn refuse(&mut self, name: &str, reason: impl Into<String>) {
        self.problems.push(FieldError {
            field: name.to_owned(),
            reason: reason.into(),
        });
    }

    /// Refuses unknown parameters and reports every problem.
    pub fn finish(mut self) -> Result<(), Problem> {
        let mut unknown: Vec<_> = std::mem::take(&mut self.remaining).into_keys().collect();
        unknown.sort();
        for name in unknown {
            self.refuse(&name, "is not a parameter of this route");
        }
        if self.problems.is_empty() {
            Ok(())
        } else {
            Err(self.problems.into())
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::parse(&parts.uri)
    }
}

/// The id in the path; an invalid one is a 404.
pub struct PathId<T>(pub T);

impl<T: FromStr, S: Send + Sync> FromRequestParts<S> for PathId<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let nothing = || Problem::from(Error::NotFound("address"));
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| nothing())?;
        text.parse().map(Self).map_err(|_| nothing())
    }
}

/// The two ids in the path; invalid ones are a 404.
pub struct PathIds<T, U>(pub T, pub U);

impl<T: FromStr, U: FromStr, S: Send + Sync> FromRequestParts<S> for PathIds<T, U> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let nothing = || Problem::from(Error::NotFound("address"));
        let Path((outer, inner)) = Path::<(String, String)>::from_request_parts(parts, state)
            .await
            .map_err(|_| nothing())?;
        Ok(Self(
            outer.parse().map_err(|_| nothing())?,
            inner.parse().map_err(|_| nothing())?,
        ))
    }
}
