//! The list of a conversation: days, what was said and what was done, in the order in which it
//! happened.

use super::{Can, Html, Row, gap, message, work_group};
use crate::{
    components::Opened,
    domain::{Gap, Item, MessageStatus, Role, day_heading, ids::TurnId, time::Timestamp},
    live::Answers,
};
use uuid::Uuid;

/// How a reader sees a list.
#[derive(Debug, Clone, Copy)]
pub struct Sight<'a> {
    /// Texts of answers that are being written, ahead of what is stored.
    pub answers: &'a Answers,
    /// The turn that is running.
    pub running: Option<TurnId>,
    /// What stands open.
    pub opened: &'a Opened,
    /// What belongs into the list and could not be read, oldest first.
    pub gaps: &'a [Gap],
    /// Server time at which the page was made.
    pub now: Timestamp,
}

/// The rows of the list. A row that changes keeps its key.
pub fn rows(items: &[Item], sight: Sight<'_>) -> Vec<Row> {
    let mut rows = Vec::with_capacity(items.len() + 1);
    let mut html = Html::default();
    let (mut today, mut gaps) = (None, sight.gaps);
    let last = Last::of(items, sight.running.is_none());
    for (at, item) in items.iter().enumerate() {
        let (time, id) = match item {
            Item::Message(said) => (said.created_at, said.id.uuid()),
            Item::Work(entries) => match entries.first() {
                Some(first) => (first.timestamp, first.id.uuid()),
                None => continue,
            },
        };
        rows.extend(gap_row(&mut gaps, Some(id)));
        if today.replace(time.day()) != Some(time.day()) {
            html.element("h2", "day", &day_heading(time, sight.now));
            rows.push(Row {
                key: format!("day {}", time.day()),
                html: html.take(),
            });
        }
        match item {
            Item::Message(said) => {
                message(&mut html, said, sight.answers.get(&said.id), last.can(at));
            }
            Item::Work(entries) => {
                let running = sight.running.is_some()
                    && entries
                        .first()
                        .is_some_and(|entry| entry.turn_id == sight.running);
                html.raw("<div class=\"stretch\">");
                work_group(&mut html, entries, running, sight.opened, sight.now);
                html.raw("</div>");
            }
        }
        rows.push(Row {
            key: id.to_string(),
            html: html.take(),
        });
    }
    rows.extend(gap_row(&mut gaps, None));
    rows
}

/// What is missing before the row `before`, told once; the rest of `gaps` is left.
fn gap_row(gaps: &mut &[Gap], before: Option<Uuid>) -> Option<Row> {
    let count = gaps
        .iter()
        .take_while(|gap| before.is_none_or(|before| gap.from.uuid() < before))
        .count();
    let (missing, rest) = gaps.split_at(count);
    *gaps = rest;
    let missing = missing.iter().copied().reduce(Gap::joined)?;
    let mut html = Html::default();
    gap(&mut html, &missing);
    Some(Row {
        key: format!("gap {}", missing.from),
        html: html.take(),
    })
}

/// What was asked and answered last, while nothing runs: only about that something can be done.
struct Last {
    asked: Option<usize>,
    answered: Option<usize>,
}

impl Last {
    fn of(items: &[Item], idle: bool) -> Self {
        let said = |item: &Item, role: Role| matches!(item, Item::Message(said) if said.role == role && said.status != MessageStatus::Superseded);
        let asked = items
            .iter()
            .rposition(|item| said(item, Role::User))
            .filter(|_| idle);
        let answered = items
            .iter()
            .rposition(|item| said(item, Role::Assistant))
            .filter(|at| asked < Some(*at) && idle);
        Self { asked, answered }
    }

    fn can(&self, at: usize) -> Can {
        Can {
            answer_again: self.answered.or(self.asked) == Some(at),
            write_anew: self.asked == Some(at),
        }
    }
}
