//! What a deletion took away, told to the person who asked for it.

use serde::Serialize;
use std::str::FromStr;

/// What an erasure took away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeleteReceipt {
    /// Conversations.
    pub conversations: i64,
    /// Messages.
    pub messages: i64,
    /// Entries that were rows.
    pub rows: i64,
    /// Entries that lay in the archive.
    pub archived: i64,
    /// Files.
    pub files: i64,
    /// Objects of the archive deleted or rewritten.
    pub objects: i64,
    /// Objects that could not be reached; no reader sees them any more, and the next run deletes
    /// them.
    pub objects_pending: i64,
}

impl DeleteReceipt {
    /// Its figures as they stand in an address: only numbers, so that nobody can be told anything
    /// else by a link.
    pub fn code(&self) -> String {
        let figures = [
            self.conversations,
            self.messages,
            self.rows,
            self.archived,
            self.files,
            self.objects,
            self.objects_pending,
        ];
        figures.map(|figure| figure.to_string()).join("-")
    }

    /// What a person reads: `1 conversation, 6 messages, 12 entries (4 from the archive) and 2
    /// files are deleted.`
    pub fn words(&self) -> String {
        let entries = self.rows + self.archived;
        let mut parts: Vec<String> = [
            (self.conversations, "conversation"),
            (self.messages, "message"),
        ]
        .into_iter()
        .filter_map(counted)
        .collect();
        let from_archive = if self.archived > 0 {
            format!(" ({} from the archive)", self.archived)
        } else {
            String::new()
        };
        parts.extend(counted((entries, "entry")).map(|words| words + &from_archive));
        parts.extend(counted((self.files, "file")));
        let all = match parts.as_slice() {
            [] => "Nothing was there: nothing is left.".to_owned(),
            [one] => format!("Deleted for good, from every tier: {one}."),
            [first @ .., last] => format!(
                "Deleted for good, from every tier: {} and {last}.",
                first.join(", ")
            ),
        };
        let pending = counted((self.objects_pending, "object")).map(|objects| {
            format!(" {objects} of the archive could not be reached; nobody can read them any more, and the next run deletes them.")
        });
        all + &pending.unwrap_or_default()
    }
}

fn counted((count, word): (i64, &str)) -> Option<String> {
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
        let mut figures = code.splitn(7, '-').map(str::parse::<u32>);
        let mut next = || figures.next().unwrap_or_else(|| "".parse()).map(i64::from);
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
    fn a_receipt_is_told_in_a_sentence() {
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
            "Deleted for good, from every tier: 1 conversation, 6 messages, 12 entries (4 from the archive) and 1 file. \
             1 object of the archive could not be reached; nobody can read them any more, and the next run deletes them."
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
            "Nothing was there: nothing is left."
        );
    }

    #[test]
    fn only_figures_come_from_an_address() {
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
