//! Why the database did not do what was asked.

/// Why the database did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused or could not be reached.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// The tables could not be brought up to date.
    #[error("migration: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// What was read is not what this program writes.
    #[error("stored {what} cannot be read: {why}")]
    Corrupt {
        /// The column.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The database or the data folder cannot be used as it is.
    #[error("{0}")]
    Unusable(String),
}

/// SQLite's codes (sqlite.org/rescode.html): busy, input or output failed, full. The last byte of a
/// longer code is one of these.
const SQLITE_PASSING: [u32; 3] = [5, 10, 13];
/// PostgreSQL's classes: connection lost, out of resources, operator's intervention, the system
/// failed.
const POSTGRES_PASSING: [&str; 4] = ["08", "53", "57", "58"];

impl StoreError {
    /// Whether the same request may well succeed later: the disk is full or failed, or the database
    /// is away or overloaded.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Database(
                sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed,
            ) => true,
            Self::Database(sqlx::Error::Database(error)) => {
                error.code().is_some_and(|code| is_passing(&code))
            }
            _ => false,
        }
    }
}

fn is_passing(code: &str) -> bool {
    // PostgreSQL's have five letters
    match code.parse::<u32>() {
        Ok(number) if code.len() < 5 => SQLITE_PASSING.contains(&(number & 0xff)),
        _ => POSTGRES_PASSING.iter().any(|class| code.starts_with(class)),
    }
}

#[cfg(test)]
mod tests {
    use super::is_passing;

    #[test]
    fn a_full_disk_passes_and_a_broken_rule_does_not() {
        for code in ["5", "10", "13", "778", "53100", "08006", "57P01"] {
            assert!(is_passing(code), "{code}");
        }
        for code in ["1", "19", "2067", "23505", "42P01", ""] {
            assert!(!is_passing(code), "{code}");
        }
    }
}
