//! Counts of what a deletion removed, shown to the user who requested it.

use serde::Serialize;
use std::str::FromStr;

/// Counts of what a deletion removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeleteReceipt {
    /// Conversations.
    pub conversations: i64,
    /// Messages.
    pub messages: i64,
    /// Entries in the database.
    pub rows: i64,
    /// Entries in the archive.
    pub archived: i64,
    /// Files.
    pub files: i64,
    /// Archive objects that were deleted or rewritten.
    pub objects: i64,
    /// Objects that were unreachable; they are no longer readable and the next run deletes them.
    pub objects_pending: i64,
}

impl DeleteReceipt {
    /// The counts as a URL parameter: only numbers, so that a forged link cannot show other text.
    pub fn code(&self) -> String {
        let counts = [
            self.conversations,
            self.messages,
            self.rows,
            self.archived,
            self.files,
            self.objects,
            self.objects_pending,
        ];
        counts.map(|count| count.to_string()).join("-")
    }

    /// The sentence shown to the user, such as
    /// `Deleted for good, from every tier: 6 messages and 12 entries (4 from the archive).`
    pub fn words(&self) -> String {
        let entries = self.rows + self.archived;
        let mut parts: Vec<String> = [
            (self.conversations, "conversation"),
            (self.messages, "message"),
        ]
        .into_iter()
        .filter_map(count_words)
        .collect();
        let from_archive = if self.archived > 0 {
            format!(" ({} from the archive)", self.archived)
        } else {
            String::new()
        };
        parts.extend(count_words((entries, "entry")).map(|words| words + &from_archive));
        parts.extend(count_words((self.files, "file")));
        let all = match parts.as_slice() {
            [] => "There was nothing to delete.".to_owned(),
            [one] => format!("Deleted for good, from every tier: {one}."),
            [first @ .., last] => format!(
                "Deleted for good, from every tier: {} and {last}.",
                first.join(", ")
            ),
        };
        let pending = count_words((self.objects_pending, "object")).map(|objects| {
            format!(
                " {objects} of the archive could not be reached; they can no longer be read, \
                 and the next run deletes them."
            )
        });
        all + &pending.unwrap_or_default()
    }
}

fn count_words((count, word): (i64, &str)) -> Option<String> {
    let word = match (count, word) {
        (1, word) => word.to_owned(),
        (_, "entry") => "entries".to_owned(),
        (_, word) => format!("{word}s"),
    };
    (count > 0).then(|| format!("{count} {word}"))
}

impl FromStr for DeleteReceipt {
    type Err = std::num::ParseIntError;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        let mut counts = code.splitn(7, '-').map(str::parse::<u32>);
        let mut next = || counts.next().unwrap_or_else(|| "".parse()).map(i64::from);
        let (conversations, messages, rows, archived) = (next()?, next()?, next()?, next()?);
        Ok(Self {
            conversations,
            messages,
            rows,
            archived,
            files: next()?,
            objects: next()?,
            objects_pending: next()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_has_a_sentence() {
        let all = DeleteReceipt {
            conversations: 1,
            messages: 6,
            rows: 8,
            archived: 4,
            files: 1,
            objects: 2,
            objects_pending: 1,
        };
        assert_eq!(
            all.words(),
            "Deleted for good, from every tier: 1 conversation, 6 messages, \
             12 entries (4 from the archive) and 1 file. \
             1 object of the archive could not be reached; they can no longer be read, \
             and the next run deletes them."
        );
        assert_eq!(
            DeleteReceipt {
                rows: 1,
                ..DeleteReceipt::default()
            }
            .words(),
            "Deleted for good, from every tier: 1 entry."
        );
        assert_eq!(
            DeleteReceipt::default().words(),
            "There was nothing to delete."
        );
    }

    #[test]
    fn a_receipt_code_contains_only_numbers() {
        let receipt = DeleteReceipt {
            messages: 6,
            rows: 8,
            ..DeleteReceipt::default()
        };
        assert_eq!(receipt.code().parse(), Ok(receipt));
        for code in [
            "",
            "1",
            "1-2-3-4-5-6",
            "1-2-3-4-5-6-7-8",
            "1-2-3-4-5-6-x",
            "1-2-3-4-5-6--7",
        ] {
            assert!(code.parse::<DeleteReceipt>().is_err(), "{code}");
        }
    }
}
