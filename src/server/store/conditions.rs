//! Builds a `where` clause from the filters that are set. SQLite plans before it knows the values,
//! so it would use no index for `$2 is null or id < $2`.

/// SQL conditions and the text values they bind.
pub(super) struct Conditions {
    /// ` and …` for each condition.
    pub(super) sql: String,
    /// The values to bind, in order.
    pub(super) values: Vec<String>,
    first: usize,
}

impl Conditions {
    /// Starts without conditions; the first value is bound as `$first`.
    pub(super) const fn new(first: usize) -> Self {
        Self {
            sql: String::new(),
            values: Vec::new(),
            first,
        }
    }

    /// Adds a condition if `value` is set; `?` is replaced by the value's placeholder.
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

    /// The number of the next placeholder.
    pub(super) const fn next(&self) -> usize {
        self.first + self.values.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_that_are_not_set_add_no_condition() {
        let conditions = Conditions::new(2)
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
