//! What of a finished turn folds away, and the line that says what it was.
//! Failures, warnings, running work and whatever the reader opened by hand never fold.

use super::{LogType, WorkLogEntry, duration_words};
use crate::domain::ids::EntryId;
use std::{borrow::Borrow, collections::HashSet};

/// A stretch of consecutive entries.
#[derive(Debug, Clone, PartialEq)]
pub enum Segment<E> {
    /// Shown line by line.
    Standing(Vec<E>),
    /// Behind one summary line.
    Folded(Vec<E>),
}

/// Cuts the entries of a stretch into what folds and what stands, in order. While the turn is
/// `running` nothing folds; a single entry is its own best summary and stands.
pub fn fold<E: Borrow<WorkLogEntry>>(
    entries: Vec<E>,
    running: bool,
    opened: &HashSet<EntryId>,
) -> Vec<Segment<E>> {
    let stands: Vec<bool> = entries
        .iter()
        .map(Borrow::borrow)
        .map(|entry| running || entry.status.stands_out() || opened.contains(&entry.id))
        .collect();
    let mut segments: Vec<Segment<E>> = Vec::new();
    for (at, entry) in entries.into_iter().enumerate() {
        let alone = (at == 0 || stands[at - 1]) && stands.get(at + 1).is_none_or(|next| *next);
        match (segments.last_mut(), stands[at] || alone) {
            (Some(Segment::Standing(group)), true) | (Some(Segment::Folded(group)), false) => {
                group.push(entry)
            }
            (_, true) => segments.push(Segment::Standing(vec![entry])),
            (_, false) => segments.push(Segment::Folded(vec![entry])),
        }
    }
    segments
}

/// One line that keeps identity: `Image: a lighthouse at dusk · 2 model calls · 4.2 s`.
pub fn summary<E: Borrow<WorkLogEntry>>(entries: &[E]) -> String {
    const NAMED: usize = 2;
    /// Less would read `0.0 s`.
    const SHOWN_MS: i64 = 50;
    let of_models = |entry: &&WorkLogEntry| entry.log_type == LogType::AiResponse;
    let (models, others): (Vec<_>, Vec<_>) =
        entries.iter().map(Borrow::borrow).partition(of_models);
    let mut parts: Vec<String> = others
        .iter()
        .take(NAMED)
        .map(|entry| entry.title.clone())
        .collect();
    if others.len() > NAMED {
        parts.push(format!("{} more", others.len() - NAMED));
    }
    match models.len() {
        0 => {}
        1 => parts.push("1 model call".to_owned()),
        n => parts.push(format!("{n} model calls")),
    }
    let took = turn_duration_ms(entries);
    if took >= SHOWN_MS {
        parts.push(duration_words(took));
    }
    parts.join(" · ")
}

/// Milliseconds from the first entry's start to the last one's end.
pub fn turn_duration_ms<E: Borrow<WorkLogEntry>>(entries: &[E]) -> i64 {
    let ends = entries
        .iter()
        .map(Borrow::borrow)
        .map(|entry| entry.timestamp.plus(entry.duration_ms.unwrap_or(0)));
    let starts = entries.iter().map(|entry| entry.borrow().timestamp);
    ends.max()
        .zip(starts.min())
        .map_or(0, |(end, start)| end.since(start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Status, entry::tests::entry};
    use proptest::prelude::*;

    fn turn() -> Vec<WorkLogEntry> {
        vec![
            entry(1, LogType::AiResponse, Status::Success, "Demo planned"),
            entry(2, LogType::ToolCall, Status::Success, "Image: a tree"),
            entry(3, LogType::ToolCall, Status::Error, "Music failed"),
            entry(4, LogType::AiResponse, Status::Success, "Demo answered"),
        ]
    }

    #[test]
    fn a_finished_turn_folds_around_its_failure() {
        let segments = fold(turn(), false, &HashSet::new());
        let [Segment::Folded(folded), Segment::Standing(standing)] = &segments[..] else {
            panic!("{segments:?}")
        };
        assert_eq!(summary(folded), "Image: a tree · 1 model call · 1.9 s");
        assert_eq!(
            standing
                .iter()
                .map(|e| e.title.as_str())
                .collect::<Vec<_>>(),
            ["Music failed", "Demo answered"]
        );
    }

    #[test]
    fn nothing_folds_while_the_turn_runs() {
        assert_eq!(
            fold(turn(), true, &HashSet::new()),
            [Segment::Standing(turn())]
        );
    }

    #[test]
    fn what_was_opened_by_hand_stays_in_sight() {
        let opened = HashSet::from([turn()[1].id]);
        assert_eq!(fold(turn(), false, &opened), [Segment::Standing(turn())]);
    }

    #[test]
    fn many_tools_are_counted_after_the_first_two() {
        let tools: Vec<_> = (1..=4)
            .map(|n| {
                entry(
                    n,
                    LogType::ToolCall,
                    Status::Success,
                    &format!("Image: {n}"),
                )
            })
            .collect();
        assert_eq!(summary(&tools), "Image: 1 · Image: 2 · 2 more · 3.9 s");
        let note = WorkLogEntry {
            duration_ms: None,
            ..entry(1, LogType::Info, Status::Info, "Lamp oil")
        };
        assert_eq!(
            summary(&[note]),
            "Lamp oil",
            "what took no time does not say how long it took"
        );
    }

    fn any_status() -> impl Strategy<Value = Status> {
        proptest::sample::select(Status::ALL)
    }

    proptest! {
        #[test]
        fn folding_loses_nothing_keeps_the_order_and_hides_no_trouble(statuses in proptest::collection::vec(any_status(), 0..12), running: bool) {
            let entries: Vec<_> = (1u32..).zip(&statuses).map(|(n, status)| entry(n, LogType::ToolCall, *status, "x")).collect();
            let segments = fold(entries.clone(), running, &HashSet::new());
            let mut seen = Vec::new();
            for segment in segments {
                let (Segment::Standing(group) | Segment::Folded(group)) = &segment;
                if matches!(segment, Segment::Folded(_)) {
                    prop_assert!(!running && group.len() > 1 && !group.iter().any(|e| e.status.stands_out()));
                }
                seen.extend(group.iter().cloned());
            }
            prop_assert_eq!(seen, entries);
        }
    }
}
