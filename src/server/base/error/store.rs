//! Errors of the database.

/// An error of the database or the data folder.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database is unreachable or refused a statement.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// A migration failed.
    #[error("migration: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A stored value is not valid.
    #[error("stored {what} cannot be read: {why}")]
    Corrupt {
        /// Column.
        what: &'static str,
        /// What is wrong.
        why: String,
    },
    /// The database or the data folder cannot be used; the text says why and what to do.
    #[error("{0}")]
    Unusable(String),
}

/// SQLite's codes of temporary errors (sqlite.org/rescode.html): busy, I/O error, full. The lowest
/// byte of an extended code is the primary one.
const SQLITE_TEMPORARY: [u32; 3] = [5, 10, 13];
/// PostgreSQL's classes of temporary errors: connection exception, insufficient resources, operator
/// intervention, system error.
const POSTGRES_TEMPORARY: [&str; 4] = ["08", "53", "57", "58"];

impl StoreError {
    /// Whether the same request may succeed later: the disk is full or failed, or the database is
    /// unreachable or overloaded.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Database(
                sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed,
            ) => true,
            Self::Database(sqlx::Error::Database(error)) => {
                error.code().is_some_and(|code| is_temporary(&code))
            }
            _ => false,
        }
    }
}

fn is_temporary(code: &str) -> bool {
    // codes of PostgreSQL have five characters
    match code.parse::<u32>() {
        Ok(number) if code.len() < 5 => SQLITE_TEMPORARY.contains(&(number & 0xff)),
        _ => POSTGRES_TEMPORARY
            .iter()
            .any(|class| code.starts_with(class)),
    }
}

#[cfg(test)]
mod tests {
    use super::is_temporary;

    #[test]
    fn a_full_disk_is_temporary_and_a_violated_constraint_is_not() {
        for code in ["5", "10", "13", "778", "53100", "08006", "57P01"] {
            assert!(is_temporary(code), "{code}");
        }
        for code in ["1", "19", "2067", "23505", "42P01", ""] {
            assert!(!is_temporary(code), "{code}");
        }
    }
}
