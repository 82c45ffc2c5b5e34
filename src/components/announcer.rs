//! What is read aloud to someone who does not see the page: beginnings and ends, never ticks or
//! tokens.

use super::{alive::whenever, browser};
use crate::domain::{Item, MessageStatus, Role};
use std::collections::HashMap;
use uuid::Uuid;
use web_sys::Element;

/// Says what is new among `items` in the region below `root` that nobody sees.
pub(super) fn announce(root: &Element, items: impl Fn() -> Vec<Item> + 'static) {
    let Some(region) = browser::first::<Element>(root, ":scope > leptos-children > [role=status]")
    else {
        return;
    };
    let mut announcer = Announcer::default();
    whenever(move || {
        if let Some(news) = announcer.hear(&items()) {
            region.set_text_content(Some(&news));
        }
    });
}

/// Remembers how things stood, and says what has changed since.
#[derive(Debug, Default)]
pub(super) struct Announcer {
    words: HashMap<Uuid, &'static str>,
    listening: bool,
}

impl Announcer {
    /// What to say about these items; nothing the first time, when all of it is on the page
    /// already. Rows that stand before all that is known were brought in by whoever scrolled back,
    /// and are only counted.
    pub(super) fn hear(&mut self, items: &[Item]) -> Option<String> {
        let rows = rows(items);
        let mut is_earlier = rows.iter().any(|row| self.words.contains_key(&row.id));
        let (mut news, mut earlier) = (Vec::new(), 0);
        for Row { id, title, word } in rows {
            let before = self.words.insert(id, word);
            is_earlier &= before.is_none();
            if is_earlier {
                earlier += 1;
            } else if before != Some(word) && !word.is_empty() {
                news.push(
                    title.map_or_else(|| word.to_owned(), |title| format!("{title}: {word}")),
                );
            }
        }
        if earlier > 0 {
            news.insert(0, format!("Earlier rows: {earlier}"));
        }
        let listening = std::mem::replace(&mut self.listening, true);
        (listening && !news.is_empty()).then(|| news.join(". "))
    }
}

/// An entry or a message, and the word for how it stands.
struct Row<'a> {
    id: Uuid,
    title: Option<&'a str>,
    word: &'static str,
}

fn rows(items: &[Item]) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for item in items {
        match item {
            Item::Work(entries) => {
                rows.extend(entries.iter().map(|entry| Row {
                    id: entry.id.uuid(),
                    title: Some(&entry.title),
                    word: entry.word(),
                }));
            }
            Item::Message(message) => {
                let word = if message.role == Role::Assistant {
                    ending(message.status)
                } else {
                    ""
                };
                rows.push(Row {
                    id: message.id.uuid(),
                    title: None,
                    word,
                });
            }
        }
    }
    rows
}

const fn ending(status: MessageStatus) -> &'static str {
    match status {
        MessageStatus::Streaming | MessageStatus::Superseded => "",
        MessageStatus::Done => "Answer ready",
        MessageStatus::Stopped => "Answer stopped",
        MessageStatus::Interrupted => "Answer interrupted",
        MessageStatus::Failed => "No answer could be had",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        components::samples::entry,
        domain::{LogType, Status},
    };
    use std::sync::Arc;

    #[test]
    fn beginnings_and_ends_are_said_once_and_ticks_never() {
        let work = |status, progress: i64| {
            let mut entry = entry(1, LogType::ToolCall, status, "Music: cello");
            entry.metadata = entry.metadata.with("progress", progress);
            [Item::Work(vec![Arc::new(entry)])]
        };
        let mut announcer = Announcer::default();
        assert_eq!(announcer.hear(&[]), None);
        assert_eq!(
            announcer.hear(&work(Status::Working, 0)).as_deref(),
            Some("Music: cello: Working")
        );
        assert_eq!(announcer.hear(&work(Status::Working, 40)), None);
        assert_eq!(
            announcer.hear(&work(Status::Error, 40)).as_deref(),
            Some("Music: cello: Failed")
        );
        assert_eq!(announcer.hear(&work(Status::Error, 40)), None);
    }

    #[test]
    fn rows_that_were_brought_in_from_before_are_counted_and_what_is_new_is_said() {
        let work = |numbers: &[u32]| {
            let done = |n: &u32| {
                Arc::new(entry(
                    *n,
                    LogType::ToolCall,
                    Status::Success,
                    &format!("entry {n}"),
                ))
            };
            [Item::Work(numbers.iter().map(done).collect())]
        };
        let mut announcer = Announcer::default();
        assert_eq!(announcer.hear(&work(&[5])), None);
        assert_eq!(
            announcer.hear(&work(&[3, 4, 5])).as_deref(),
            Some("Earlier rows: 2")
        );
        assert_eq!(
            announcer.hear(&work(&[2, 3, 4, 5, 6])).as_deref(),
            Some("Earlier rows: 1. entry 6: Done")
        );
        assert_eq!(announcer.hear(&work(&[2, 3, 4, 5, 6])), None);
    }

    #[test]
    fn what_is_on_the_page_already_is_not_read_aloud() {
        let work = [Item::Work(vec![Arc::new(entry(
            1,
            LogType::ToolCall,
            Status::Success,
            "x",
        ))])];
        assert_eq!(Announcer::default().hear(&work), None);
    }
}
