//! The store: gapless revisions, wake-ups after COMMIT, snapshots, totals, migrations, and what the
//! database files contain.

mod changes;
mod copy;
mod hours;
mod migrations;
mod old_approvals;
mod revision_order;
mod revisions;
mod scaling_recipes;
mod snapshots;
mod sqlite;
mod statistics_names;
mod stats;
mod tls;
mod wakeups;
