//! The store: revisions without holes, wake-ups after COMMIT, snapshots, totals, and what the files
//! hold.

mod changes;
mod copy;
mod hours;
mod migrations;
mod revision_order;
mod revisions;
mod scaling_recipes;
mod snapshots;
mod sqlite;
mod stats;
mod wakeups;
