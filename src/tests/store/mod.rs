//! The store: revisions without holes, wake-ups after COMMIT, snapshots, totals, and what the files
//! hold.

mod changes;
mod copy;
mod hours;
mod migrations;
mod revisions;
mod snapshots;
mod spreading;
mod sqlite;
mod stats;
mod taking_turns;
mod wakeups;
