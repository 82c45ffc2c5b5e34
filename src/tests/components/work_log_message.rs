use super::{html, text};
use crate::{
    components::{ViewState, WorkLogMessage, samples},
    domain::{KeptBy, LogType, Metadata, Status, StorageStatus, WorkLogEntry, time::Timestamp},
};
use leptos::prelude::*;
use std::sync::Arc;

fn row(entry: WorkLogEntry) -> String {
    html(|| view! { <WorkLogMessage entry=Arc::new(entry) reader=ViewState::new(samples::NOW)/> })
}

fn tool(status: Status, title: &str) -> WorkLogEntry {
    samples::entry(7, LogType::ToolCall, status, title)
}

#[test]
fn every_status_has_an_icon_and_a_label() {
    for status in Status::ALL {
        let row = row(tool(*status, "Image: a tree"));
        assert!(row.contains(&format!("data-status=\"{status}\"")), "{row}");
        assert!(row.contains(&format!("/icons.svg#{status}")), "{row}");
        assert!(text(&row).contains(status.word()), "{row}");
    }
}

#[test]
fn the_label_is_visible_only_for_statuses_that_stand_out() {
    for status in Status::ALL {
        let row = row(tool(*status, "Image: a tree"));
        assert_eq!(
            row.contains("class=\"word\""),
            status.stands_out(),
            "{status}"
        );
    }
}

#[test]
fn the_summary_line_names_subject_tokens_and_duration() {
    let metadata = Metadata::default()
        .with("modelName", "Gemini")
        .with("inputTokens", 812)
        .with("outputTokens", 164);
    let entry = WorkLogEntry {
        metadata,
        ..tool(Status::Success, "Gemini planned the answer")
    };
    let row = row(entry);
    assert!(row.contains("<b>Gemini</b>"), "{row}");
    assert!(
        text(&row).contains("planned the answer Done 812 → 164 tokens 0.9 s"),
        "{}",
        text(&row)
    );
}

#[test]
fn the_elapsed_time_of_running_work_is_hidden_from_screen_readers() {
    let entry = WorkLogEntry {
        timestamp: samples::NOW.plus(-12_000),
        ..tool(Status::Working, "Music: a cello")
    };
    let row = row(WorkLogEntry {
        metadata: Metadata::default().with("progress", 60),
        ..entry
    });
    assert!(
        row.contains("aria-hidden=\"true\" class=\"elapsed\">12 s<"),
        "{row}"
    );
    assert!(text(&row).contains("60 %"), "{row}");
}

#[test]
fn an_entry_is_closed_until_opened_and_can_be_linked_to() {
    let entry = tool(Status::Success, "Image: a tree");
    let id = entry.id;
    let closed = row(entry.clone());
    assert!(
        closed.starts_with(&format!("<details id=\"entry-{id}\"")),
        "{closed}"
    );
    assert!(!closed.contains(" open"), "{closed}");
    assert!(
        closed.contains(&format!("/c/{}#entry-{id}", samples::conversation_id())),
        "{closed}"
    );
    let opened = html(|| {
        let reader = ViewState::new(samples::NOW);
        reader.toggled(id, true);
        view! { <WorkLogMessage entry=Arc::new(entry) reader/> }
    });
    assert!(opened.contains(" open"), "{opened}");
}

#[test]
fn an_entry_shows_its_expiry_and_offers_to_keep_or_release_it() {
    let until = |expires_at, kept_by| {
        text(&row(WorkLogEntry {
            expires_at,
            kept_by,
            ..tool(Status::Success, "x")
        }))
    };
    let expiring = until(Some(Timestamp::from_millis(1_803_288_600_000)), None);
    assert!(
        expiring.contains(" Keep ") && expiring.ends_with("Kept until 22 Feb 2027"),
        "{expiring}"
    );
    for (kept_by, offered, words) in [
        (KeptBy::Entry, "Let expire", "Kept until you let it expire"),
        (KeptBy::Conversation, "Keep", "Kept with its conversation"),
        (KeptBy::Hold, "Keep", "On hold: an admin keeps it"),
    ] {
        let kept = until(None, Some(kept_by));
        assert!(
            kept.contains(&format!(" {offered} ")) && kept.ends_with(words),
            "{kept}"
        );
    }
}

#[test]
fn archived_entries_say_that_they_come_from_the_archive() {
    for (tier, archived) in [
        (StorageStatus::Hot, false),
        (StorageStatus::Warm, false),
        (StorageStatus::Cold, true),
        (StorageStatus::Archived, true),
    ] {
        let row = row(WorkLogEntry {
            storage_status: tier,
            ..tool(Status::Success, "x")
        });
        assert_eq!(text(&row).contains("from the archive"), archived, "{tier}");
    }
}

#[test]
fn long_text_is_clamped_and_short_text_is_not() {
    let with = |details: String| {
        row(WorkLogEntry {
            details: Some(details),
            ..tool(Status::Success, "x")
        })
    };
    assert!(!with("one line".into()).contains("Show all"));
    assert!(with("line\n".repeat(30)).contains("Show all"));
    assert!(with("x".repeat(2_000)).contains("Show all"));
}

#[test]
fn markup_in_titles_and_details_is_escaped() {
    let entry = WorkLogEntry {
        details: Some("<script>alert(1)</script>".into()),
        ..tool(Status::Success, "<img src=x>: \u{202e}exe")
    };
    let row = row(entry);
    assert!(!row.contains("<script>") && !row.contains("<img"), "{row}");
    assert!(row.contains("[U+202E]"), "{row}");
}

#[test]
fn a_pending_approval_shows_its_arguments_and_a_plain_form() {
    let row = row(WorkLogEntry {
        details: Some("to: <ada>\u{202e}\n".into()),
        ..samples::waiting(7)
    });
    let form = row
        .split("<form class=\"approval\" method=\"post\" data-live action=\"/fn/approvals/decide\"")
        .nth(1)
        .unwrap_or_default();
    assert!(
        text(&row).contains("Waiting for you") && form.contains("<code>mail_send</code>"),
        "{row}"
    );
    assert!(
        form.contains("to: &lt;ada&gt;") && !form.contains('\u{202e}'),
        "{form}"
    );
    for (value, words) in [
        ("once", "Allow once"),
        ("always", "Always allow"),
        ("deny", "Deny"),
    ] {
        assert!(
            form.contains(&format!("name=\"decision\" value=\"{value}\"")),
            "{form}"
        );
        assert!(
            form.contains(&format!(
                "aria-label=\"{words}: Mail: The lighthouse\">{words}</button>"
            )),
            "{form}"
        );
    }
    assert!(!self::row(tool(Status::Working, "Mail: x")).contains("approval"));
}
