//! Which entries of a finished turn fold into one summary line. Failures, warnings, running work
//! and entries the user expanded never fold.

use super::{LogType, WorkLogEntry, duration_words};
use crate::domain::ids::EntryId;
use std::{borrow::Borrow, collections::HashSet};

/// A run of consecutive entries.
#[derive(Debug, Clone, PartialEq)]
pub enum Segment<E> {
    /// Shown line by line.
    Standing(Vec<E>),
    /// Behind one summary line.
    Folded(Vec<E>),
}

/// Splits entries into folded and visible segments, in order. While the turn is `running` nothing
/// folds; a single entry stays visible, since its own line is the best summary.
pub fn fold<E: Borrow<WorkLogEntry>>(
    entries: Vec<E>,
    running: bool,
    opened: &HashSet<EntryId>,
) -> Vec<Segment<E>> {
    let visible: Vec<bool> = entries
        .iter()
        .map(Borrow::borrow)
        .map(|entry| running || entry.status.stands_out() || opened.contains(&entry.id))
        .collect();
    let mut segments: Vec<Segment<E>> = Vec::new();
    for (at, entry) in entries.into_iter().enumerate() {
        let alone = (at == 0 || visible[at - 1]) && visible.get(at + 1).is_none_or(|next| *next);
        match (segments.last_mut(), visible[at] || alone) {
            (Some(Segment::Standing(group)), true) | (Some(Segment::Folded(group)), false) => {
                group.push(entry)
            }
            (_, true) => segments.push(Segment::Standing(vec![entry])),
            (_, false) => segments.push(Segment::Folded(vec![entry])),
        }
    }
    segments
}

/// One summary line: `Image: a lighthouse at dusk · 2 model calls · 4.2 s`.
pub fn summary<E: Borrow<WorkLogEntry>>(entries: &[E]) -> String {
    const MAX_TITLES: usize = 2;
    /// Shorter durations would read `0.0 s`.
    const MIN_SHOWN_MS: i64 = 50;
    let is_model_call = |entry: &&WorkLogEntry| entry.log_type == LogType::AiResponse;
    let (models, others): (Vec<_>, Vec<_>) =
        entries.iter().map(Borrow::borrow).partition(is_model_call);
    let mut parts: Vec<String> = others
        .iter()
        .take(MAX_TITLES)
        .map(|entry| entry.title.clone())
        .collect();
    if others.len() > MAX_TITLES {
        parts.push(format!("{} more", others.len() - MAX_TITLES));
    }
    match models.len() {
        0 => {}
        1 => parts.push("1 model call".to_owned()),
        n => parts.push(format!("{n} model calls")),
    }
    let duration_ms = turn_duration_ms(entries);
    if duration_ms >= MIN_SHOWN_MS {
        parts.push(duration_words(duration_ms));
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
    fn an_entry_opened_by_the_user_stays_visible() {
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
            "a summary without a duration omits it"
        );
    }

    fn any_status() -> impl Strategy<Value = Status> {
        proptest::sample::select(Status::ALL)
    }

    proptest! {
        #[test]
        fn folding_keeps_all_entries_in_order_and_hides_no_failure(
            statuses in proptest::collection::vec(any_status(), 0..12),
            running: bool,
        ) {
            let entries: Vec<_> = (1u32..)
                .zip(&statuses)
                .map(|(n, status)| entry(n, LogType::ToolCall, *status, "x"))
                .collect();
            let segments = fold(entries.clone(), running, &HashSet::new());
            let mut seen = Vec::new();
            for segment in segments {
                let (Segment::Standing(group) | Segment::Folded(group)) = &segment;
                if matches!(segment, Segment::Folded(_)) {
                    let all_quiet = !group.iter().any(|e| e.status.stands_out());
                    prop_assert!(!running && group.len() > 1 && all_quiet);
                }
                seen.extend(group.iter().cloned());
            }
            prop_assert_eq!(seen, entries);
        }
    }
}
