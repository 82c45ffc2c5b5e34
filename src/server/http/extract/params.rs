//! Reading query strings: every parameter parsed and bounded, what is not known refused, all
//! problems at once.

use crate::{
    domain::FieldError,
    server::{base::error::Error, http::problem::Problem},
};
use axum::{
    extract::{FromRequestParts, Path, Query},
    http::{Uri, request::Parts},
};
use std::{collections::HashMap, fmt::Display, str::FromStr};

/// The parameters of a query string, taken out one by one.
#[derive(Debug, Default)]
pub struct Params {
    left: HashMap<String, String>,
    problems: Vec<FieldError>,
}

impl Params {
    /// Those of an address. Errors: they are not a query string.
    pub fn of(uri: &Uri) -> Result<Self, Problem> {
        let Query(left) =
            Query::try_from_uri(uri).map_err(|why| Problem::unreadable(why.body_text()))?;
        Ok(Self {
            left,
            problems: Vec::new(),
        })
    }

    /// The parameter as `T`; an empty one counts as absent.
    pub fn take<T: FromStr<Err: Display>>(&mut self, name: &str) -> Option<T> {
        let text = self.left.remove(name).filter(|text| !text.is_empty())?;
        text.parse()
            .map_err(|why: T::Err| self.refuse(name, why.to_string()))
            .ok()
    }

    /// The parameter as a whole number from `least` to `most`.
    pub fn number(&mut self, name: &str, least: i64, most: i64) -> Option<i64> {
        let text = self.left.remove(name)?;
        let number = text
            .parse()
            .ok()
            .filter(|number| (least..=most).contains(number));
        if number.is_none() {
            self.refuse(
                name,
                format!("must be a whole number from {least} to {most}"),
            );
        }
        number
    }

    /// The parameter as text of at most `most` characters.
    pub fn text(&mut self, name: &str, most: usize) -> Option<String> {
        let text = self
            .left
            .remove(name)
            .filter(|text| !text.trim().is_empty())?;
        if text.chars().count() > most {
            self.refuse(name, format!("must be at most {most} characters"));
        }
        Some(text)
    }

    /// Notes a problem with a parameter.
    pub fn refuse(&mut self, name: &str, reason: impl Into<String>) {
        self.problems.push(FieldError {
            field: name.to_owned(),
            reason: reason.into(),
        });
    }

    /// Refuses what is left over and reports every problem.
    pub fn finish(mut self) -> Result<(), Problem> {
        let mut unknown: Vec<_> = std::mem::take(&mut self.left).into_keys().collect();
        unknown.sort();
        for name in unknown {
            self.refuse(&name, "is not a parameter of this address");
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
        Self::of(&parts.uri)
    }
}

/// The id in the path; what is not an id names nothing, so it is a 404.
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

/// The two ids in the path, of a thing and of a thing in it.
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
