//! What tests share: a running server, people who use it, and a reader of streams.

mod answer;
mod models;
mod person;
mod sse;
mod test_app;

pub(super) use answer::{Answer, within};
pub(super) use models::ToldModel;
pub(super) use person::{Person, address_of};
pub(super) use sse::{Event, Parser, Sse};
pub(super) use test_app::TestApp;
