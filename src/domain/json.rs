//! Reads rows from JSON by hand: serde's derived deserialisers would take up a third of the WASM
//! module, while these readers share one parser.

use crate::domain::time::Timestamp;
use serde_json::{Map, Value};
use std::str::FromStr;

/// The fields of a JSON object. Each reader returns `None` if the field has another type.
#[derive(Clone, Copy)]
pub struct JsonFields<'a>(&'a Map<String, Value>);

impl<'a> JsonFields<'a> {
    /// The fields, if the value is an object.
    pub fn of(value: &'a Value) -> Option<Self> {
        value.as_object().map(Self)
    }

    /// The value of a field that is present and not null.
    pub fn value(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A string.
    pub fn text(self, name: &str) -> Option<&'a str> {
        self.value(name)?.as_str()
    }

    /// An owned string.
    pub fn string(self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    /// A whole number.
    pub fn number(self, name: &str) -> Option<i64> {
        self.value(name)?.as_i64()
    }

    /// A boolean; false if absent.
    pub fn flag(self, name: &str) -> bool {
        self.value(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// A string that parses as `T`.
    pub fn parsed<T: FromStr>(self, name: &str) -> Option<T> {
        self.text(name)?.parse().ok()
    }

    /// An RFC 3339 timestamp.
    pub fn time(self, name: &str) -> Option<Timestamp> {
        Timestamp::parse(self.text(name)?)
    }

    /// The items of an array; empty if there is none.
    pub fn items(self, name: &str) -> &'a [Value] {
        self.value(name)
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice)
    }
}

/// Parses JSON text.
pub fn parse(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

/// Implements `Deserialize` by the type's own `read`.
macro_rules! deserialize_by_read {
    ($name:ident) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = serde_json::Value::deserialize(deserializer)?;
                Self::read(&value).ok_or_else(|| {
                    serde::de::Error::custom(concat!("not a valid ", stringify!($name)))
                })
            }
        }
    };
}

pub(crate) use deserialize_by_read;
