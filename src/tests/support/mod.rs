//! Test support: fresh databases, a running server and its clients, an event stream reader, test
//! models and providers, and seeded random numbers.

pub mod archives;
pub mod corpus;
pub mod databases;
pub mod every_table;
pub mod faulty_store;
pub mod folders;
pub mod hunt;
pub mod last_release;
pub mod people;
pub mod random;

mod answer;
pub(super) mod mcp;
mod models;
mod nginx;
mod person;
pub(super) mod provider;
mod recording_model;
mod sse;
mod test_app;

pub(super) use answer::{Answer, within};
pub(super) use models::{CallingModel, ScriptedModel, ToldModel};
pub(super) use nginx::Nginx;
pub(super) use person::{Person, address_of};
pub(super) use recording_model::RecordingModel;
pub(super) use sse::{Event, Parser, Sse};
pub(super) use test_app::{TestApp, test_config};
