//! Adds to running totals, several lines per statement to save round trips.

use super::{Result, Tx, placeholders};
use crate::domain::{Metadata, ids::UserId};
use std::collections::BTreeMap;

/// Lines per statement.
const BATCH_SIZE: usize = 25;

/// A number from an entry's metadata, clamped so that sums cannot overflow.
pub(super) fn metadata_number(metadata: &Metadata, name: &str) -> i64 {
    metadata.number(name).unwrap_or(0).clamp(0, 1 << 40)
}

/// A table of running totals: `user_id` and `key` form the primary key, `sums` are the columns to
/// add to.
#[derive(Debug)]
pub(super) struct Totals {
    pub(super) table: &'static str,
    pub(super) key: &'static [&'static str],
    pub(super) sums: &'static [&'static str],
}

/// One column of a line's key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SumPart {
    Number(i64),
    Text(String),
}

impl From<i64> for SumPart {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for SumPart {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// Amounts to add to one user's lines.
#[derive(Debug)]
pub(super) struct Sums {
    totals: &'static Totals,
    lines: BTreeMap<Vec<SumPart>, Vec<i64>>,
}

impl Sums {
    pub(super) const fn new(totals: &'static Totals) -> Self {
        Self {
            totals,
            lines: BTreeMap::new(),
        }
    }

    /// Adds `sign` times `values` to a line.
    pub(super) fn add(&mut self, line: Vec<SumPart>, values: &[i64], sign: i64) {
        let sums = self
            .lines
            .entry(line)
            .or_insert_with(|| vec![0; values.len()]);
        sums.iter_mut()
            .zip(values)
            .for_each(|(sum, value)| *sum += sign * value);
    }

    /// Writes the lines that change. Returns whether the first sum of a line became 0.
    pub(super) async fn write(self, tx: &mut Tx<'_>, user: UserId) -> Result<bool> {
        let mut emptied = false;
        let changed: Vec<_> = self
            .lines
            .into_iter()
            .filter(|(_, sums)| sums.iter().any(|sum| *sum != 0))
            .collect();
        for lines in changed.chunks(BATCH_SIZE) {
            let sql = sqlx::AssertSqlSafe(self.totals.upsert(lines.len()));
            let mut query = sqlx::query_scalar::<_, i64>(sql).bind(user.to_string());
            for (key, sums) in lines {
                for part in key {
                    query = match part {
                        SumPart::Number(number) => query.bind(*number),
                        SumPart::Text(text) => query.bind(text.as_str()),
                    };
                }
                query = sums.iter().fold(query, |query, sum| query.bind(*sum));
            }
            emptied |= query.fetch_all(&mut **tx).await?.contains(&0);
        }
        Ok(emptied)
    }
}

impl Totals {
    fn upsert(&self, lines: usize) -> String {
        let Self { table, key, sums } = self;
        let lines = placeholders(2, lines, key.len() + sums.len(), "$1, ");
        let added = sums
            .iter()
            .map(|sum| format!("{sum} = {table}.{sum} + excluded.{sum}"))
            .collect::<Vec<_>>()
            .join(", ");
        let (key, first, sums) = (key.join(", "), sums[0], sums.join(", "));
        format!(
            "insert into {table} (user_id, {key}, {sums}) values {lines} on conflict (user_id, \
             {key}) do update set {added} returning {first}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_statement_takes_many_lines() {
        let totals = Totals {
            table: "t",
            key: &["a"],
            sums: &["x", "y"],
        };
        assert_eq!(
            totals.upsert(2),
            "insert into t (user_id, a, x, y) values ($1, $2, $3, $4), ($1, $5, $6, $7) on \
             conflict (user_id, a) do update \
             set x = t.x + excluded.x, y = t.y + excluded.y returning x"
        );
    }
}
