//! Conditions on what is asked for alone. SQLite chooses its way before it knows the values: with
//! `$2 is null or id < $2` no index would tell it where to begin.

/// Texts that rows are to match, and the SQL that says so.
pub(super) struct Conditions {
    /// ` and …` for each.
    pub(super) sql: String,
    /// What the SQL names, in its order.
    pub(super) values: Vec<String>,
    first: usize,
}

impl Conditions {
    /// None yet; the SQL names the first value `$first`.
    pub(super) const fn from(first: usize) -> Self {
        Self {
            sql: String::new(),
            values: Vec::new(),
            first,
        }
    }

    /// Adds a condition, in which `?` stands for the value, unless there is none.
    pub(super) fn and(mut self, condition: &str, value: Option<impl ToString>) -> Self {
        if let Some(value) = value {
            self.sql += &format!(
                " and {}",
                condition.replace('?', &format!("${}", self.next()))
            );
            self.values.push(value.to_string());
        }
        self
    }

    /// The number of the next value.
    pub(super) const fn next(&self) -> usize {
        self.first + self.values.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_asked_for_is_not_named() {
        let conditions = Conditions::from(2)
            .and("a = ?", Some(1))
            .and("b = ?", None::<i64>)
            .and("(c < ? or d like ?)", Some("text"));
        assert_eq!(
            (conditions.sql.as_str(), conditions.next()),
            (" and a = $2 and (c < $3 or d like $3)", 4)
        );
        assert_eq!(conditions.values, ["1", "text"]);
    }
}
