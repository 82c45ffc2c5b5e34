//! Reading rows out of JSON by hand. Serde's derived readers are written out for every type and
//! weigh a third of the browser's program; these share one parser.

use crate::domain::time::Timestamp;
use serde_json::{Map, Value};
use std::str::FromStr;

/// The fields of a JSON object. Each reader gives `None` when a field is not what it must be.
#[derive(Clone, Copy)]
pub struct JsonFields<'a>(&'a Map<String, Value>);

impl<'a> JsonFields<'a> {
    /// The fields of an object.
    pub fn of(value: &'a Value) -> Option<Self> {
        value.as_object().map(Self)
    }

    /// The value under `name`, unless it is absent or null.
    pub fn value(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// Text.
    pub fn text(self, name: &str) -> Option<&'a str> {
        self.value(name)?.as_str()
    }

    /// Text of its own.
    pub fn string(self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    /// A whole number.
    pub fn number(self, name: &str) -> Option<i64> {
        self.value(name)?.as_i64()
    }

    /// Whether it is `true`.
    pub fn flag(self, name: &str) -> bool {
        self.value(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// Text that stands for something.
    pub fn parsed<T: FromStr>(self, name: &str) -> Option<T> {
        self.text(name)?.parse().ok()
    }

    /// A moment.
    pub fn time(self, name: &str) -> Option<Timestamp> {
        Timestamp::parse(self.text(name)?)
    }

    /// The items of a list; none when there is no list.
    pub fn items(self, name: &str) -> &'a [Value] {
        self.value(name)
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice)
    }
}

/// The JSON in a text.
pub fn parse(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

/// Lets serde read a type by its own `read`.
macro_rules! deserialize_by_read {
    ($name:ident) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = serde_json::Value::deserialize(deserializer)?;
                Self::read(&value).ok_or_else(|| {
                    serde::de::Error::custom(concat!("this does not read as ", stringify!($name)))
                })
            }
        }
    };
}

pub(crate) use deserialize_by_read;
