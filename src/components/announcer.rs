//! What is read aloud to someone who does not see the page: beginnings and ends, never ticks or tokens.

use super::{alive::whenever, browser};
use crate::{
    chat::{Item, MessageStatus, Role},
    ids::{EntryId, MessageId},
};
use std::collections::HashMap;
use web_sys::Element;

/// Says what is new among `items` in the region below `root` that nobody sees.
pub(super) fn announce(root: &Element, items: impl Fn() -> Vec<Item> + 'static) {
    let Some(region) = browser::first::<Element>(root, ":scope > leptos-children > [role=status]") else { return };
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
    entries: HashMap<EntryId, &'static str>,
    messages: HashMap<MessageId, MessageStatus>,
    listening: bool,
}

impl Announcer {
    /// What to say about these items; nothing the first time, when all of it is on the page already. Rows that stand before all that is
    /// known were brought in by whoever scrolled back, and are only counted.
    pub(super) fn hear(&mut self, items: &[Item]) -> Option<String> {
        let (mut news, mut earlier) = (Vec::new(), 0);
        let mut is_earlier = items.iter().any(|item| self.knows(item));
        for item in items {
            match item {
                Item::Work(entries) => {
                    for entry in entries {
                        let before = self.entries.insert(entry.id, entry.word());
                        is_earlier &= before.is_none();
                        if is_earlier {
                            earlier += 1;
                        } else if before != Some(entry.word()) {
                            news.push(format!("{}: {}", entry.title, entry.word()));
                        }
                    }
                }
                Item::Message(message) => {
                    let before = self.messages.insert(message.id, message.status);
                    is_earlier &= before.is_none();
                    if is_earlier {
                        earlier += 1;
                    } else if before != Some(message.status) && message.role == Role::Assistant {
                        news.extend(ending(message.status).map(str::to_owned));
                    }
                }
            }
        }
        if earlier > 0 {
            news.insert(0, if earlier == 1 { "1 earlier row".to_owned() } else { format!("{earlier} earlier rows") });
        }
        let listening = std::mem::replace(&mut self.listening, true);
        (listening && !news.is_empty()).then(|| news.join(". "))
    }

    fn knows(&self, item: &Item) -> bool {
        match item {
            Item::Work(entries) => entries.iter().any(|entry| self.entries.contains_key(&entry.id)),
            Item::Message(message) => self.messages.contains_key(&message.id),
        }
    }
}

const fn ending(status: MessageStatus) -> Option<&'static str> {
    match status {
        MessageStatus::Streaming | MessageStatus::Superseded => None,
        MessageStatus::Done => Some("Answer ready"),
        MessageStatus::Stopped => Some("Answer stopped"),
        MessageStatus::Interrupted => Some("Answer interrupted"),
        MessageStatus::Failed => Some("No answer could be had"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        components::samples::entry,
        work_log::{LogType, Status},
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
        assert_eq!(announcer.hear(&work(Status::Working, 0)).as_deref(), Some("Music: cello: Working"));
        assert_eq!(announcer.hear(&work(Status::Working, 40)), None);
        assert_eq!(announcer.hear(&work(Status::Error, 40)).as_deref(), Some("Music: cello: Failed"));
        assert_eq!(announcer.hear(&work(Status::Error, 40)), None);
    }

    #[test]
    fn rows_that_were_brought_in_from_before_are_counted_and_what_is_new_is_said() {
        let work = |numbers: &[u32]| {
            let done = |n: &u32| Arc::new(entry(*n, LogType::ToolCall, Status::Success, &format!("entry {n}")));
            [Item::Work(numbers.iter().map(done).collect())]
        };
        let mut announcer = Announcer::default();
        assert_eq!(announcer.hear(&work(&[5])), None);
        assert_eq!(announcer.hear(&work(&[3, 4, 5])).as_deref(), Some("2 earlier rows"));
        assert_eq!(announcer.hear(&work(&[2, 3, 4, 5, 6])).as_deref(), Some("1 earlier row. entry 6: Done"));
        assert_eq!(announcer.hear(&work(&[2, 3, 4, 5, 6])), None);
    }

    #[test]
    fn what_is_on_the_page_already_is_not_read_aloud() {
        let work = [Item::Work(vec![Arc::new(entry(1, LogType::ToolCall, Status::Success, "x"))])];
        assert_eq!(Announcer::default().hear(&work), None);
    }
}
