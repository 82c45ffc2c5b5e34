//! New entries are stored as requested, within bounds, in their conversation, with secrets masked.

use crate::{
    domain::{
        DETAILS_MAX_BYTES, ENTRY_TITLE_MAX_CHARS, EntryDraft, EntryPatch, LogType, Metadata,
        Status, StorageStatus,
        ids::{ConversationId, EntryId},
        time::DAY_MS,
    },
    server::{
        base::error::Error,
        store::{heads, work_logs},
        work_log::{
            Origin, create_work_log, log_error, log_info, log_success, log_working, update_work_log,
        },
    },
    tests::support::{
        databases::on_both_databases,
        people::{NOW, beginning, conversation, draft, entry, person},
    },
};
use serde_json::json;
use uuid::Uuid;

const SECRET: &str = "sk-proj-4f9Zq7LmT2xVb8NcR1yWd6KpJ3hGs5Ae0UiQoXtY";

on_both_databases! {
    async fn the_largest_allowed_entry_is_stored_unchanged(store: Store) {
        let ada = person(&store, "ada").await;
        let conversation = conversation(&store, ada, "Talk").await;
        let parent = entry(&store, ada, Status::Working, "Parent").await;
        let large = EntryDraft {
            conversation_id: Some(conversation.id),
            parent_id: Some(parent.id),
            details: Some("ß".repeat(DETAILS_MAX_BYTES / 2)),
            metadata: Metadata::default().with("a", "x".repeat(16_376)),
            duration_ms: Some(5),
            ..draft(Status::Success, &"🗼".repeat(ENTRY_TITLE_MAX_CHARS))
        };
        let created = create_work_log(&store, NOW, ada, large.clone(), Origin::default())
            .await
            .unwrap();
        let read = work_logs::find(&mut store.read().await.unwrap(), ada, created.id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(read, created);
        assert_eq!(
            (&read.title, &read.details, &read.metadata),
            (&large.title, &large.details, &large.metadata)
        );
        assert_eq!(
            (read.conversation_id, read.parent_id, read.turn_id),
            (Some(conversation.id), Some(parent.id), None)
        );
        assert_eq!(
            (read.timestamp, read.updated_at, read.duration_ms),
            (NOW, NOW, Some(5))
        );
        assert_eq!(
            (read.storage_status, read.archived_at),
            (StorageStatus::Hot, None)
        );
        assert_eq!(read.expires_at, Some(NOW.plus(90 * DAY_MS)));
        assert_eq!(read.rev, 3);
    }

    async fn a_missing_conversation_or_parent_is_not_found(store: Store) {
        let ada = person(&store, "ada").await;
        let nowhere = Uuid::from_u128(7);
        let in_nothing = EntryDraft {
            conversation_id: Some(ConversationId::from_uuid(nowhere)),
            ..draft(Status::Info, "x")
        };
        let under_nothing = EntryDraft {
            parent_id: Some(EntryId::from_uuid(nowhere)),
            ..draft(Status::Info, "x")
        };
        let answer = create_work_log(&store, NOW, ada, in_nothing, Origin::default()).await;
        assert!(
            matches!(answer, Err(Error::NotFound("conversation"))),
            "{answer:?}"
        );
        let answer = create_work_log(&store, NOW, ada, under_nothing, Origin::default()).await;
        assert!(
            matches!(answer, Err(Error::NotFound("parent entry"))),
            "{answer:?}"
        );
        assert_eq!(
            heads::find(&mut store.read().await.unwrap(), ada)
                .await
                .unwrap()
                .head,
            0
        );
    }

    async fn each_log_function_sets_its_status(store: Store) {
        let ada = person(&store, "ada").await;
        let any = || draft(Status::Warning, "x");
        let origin = Origin::default;
        assert_eq!(
            log_working(&store, NOW, ada, any(), origin())
                .await
                .unwrap()
                .status,
            Status::Working
        );
        assert_eq!(
            log_success(&store, NOW, ada, any(), origin())
                .await
                .unwrap()
                .status,
            Status::Success
        );
        assert_eq!(
            log_error(&store, NOW, ada, any(), origin())
                .await
                .unwrap()
                .status,
            Status::Error
        );
        assert_eq!(
            log_info(&store, NOW, ada, any(), origin())
                .await
                .unwrap()
                .log_type,
            LogType::Info
        );
    }

    async fn secrets_are_masked_before_they_are_stored(store: Store) {
        let ada = person(&store, "ada").await;
        let draft_with_secrets = EntryDraft {
            details: Some(format!("Authorization: Bearer {SECRET}")),
            metadata: Metadata(
                json!({"deep": {"error": format!("key {SECRET} is wrong")}})
                    .as_object()
                    .unwrap()
                    .clone(),
            ),
            ..draft(Status::Working, &format!("Asked with {SECRET}"))
        };
        let created = create_work_log(&store, NOW, ada, draft_with_secrets, Origin::default())
            .await
            .unwrap();
        let patch = EntryPatch {
            details: Some(Some(format!("again {SECRET}"))),
            ..EntryPatch::default()
        };
        let patched = update_work_log(&store, NOW, ada, created.id, patch)
            .await
            .unwrap();
        let read = work_logs::find(&mut store.read().await.unwrap(), ada, created.id)
            .await
            .unwrap()
            .unwrap();
        for seen in [created, patched, read] {
            assert!(
                !serde_json::to_string(&seen).unwrap().contains(SECRET),
                "{seen:?}"
            );
        }
    }

    async fn text_with_nul_is_stored_and_found_alike_on_both_databases(store: Store) {
        let ada = person(&store, "ada").await;
        let draft_with_nul = EntryDraft {
            details: Some("d\0e".into()),
            metadata: Metadata::default().with("n\0", "v\0"),
            ..draft(Status::Working, "a\0b")
        };
        let made = create_work_log(&store, NOW, ada, draft_with_nul.clone(), Origin::default())
            .await
            .unwrap();
        let patch = EntryPatch {
            title: Some("c\0d".into()),
            ..EntryPatch::default()
        };
        let made = update_work_log(&store, NOW, ada, made.id, patch)
            .await
            .unwrap();
        let expected_metadata = Metadata::default().with("n␀", "v␀");
        let fields = (made.title.as_str(), made.details.as_deref(), &made.metadata);
        assert_eq!(fields, ("c␀d", Some("d␀e"), &expected_metadata));
        for text in ["d\0E", "d␀e", "␀"] {
            let filter = work_logs::EntryFilter {
                text: Some(text.into()),
                ..Default::default()
            };
            let mut reader = store.read().await.unwrap();
            let found = work_logs::list(&mut reader, ada, &filter, None, 9)
                .await
                .unwrap();
            assert_eq!(found, std::slice::from_ref(&made), "{text}");
        }
        let filter = work_logs::EntryFilter {
            text: Some("d e".into()),
            ..Default::default()
        };
        assert_eq!(
            work_logs::list(&mut store.read().await.unwrap(), ada, &filter, None, 9)
                .await
                .unwrap(),
            []
        );
        let (_, message) = crate::server::chat::begin_turn(&store, beginning(ada), None, "Hel\0lo")
            .await
            .unwrap();
        assert_eq!(message.content, "Hel␀lo");
        let conversation = conversation(&store, ada, "A\0talk").await;
        assert_eq!(conversation.title, "A␀talk");
    }

    async fn the_nul_marker_of_earlier_versions_is_replaced(store: Store) {
        let ada = person(&store, "ada").await;
        let typed = EntryDraft {
            details: Some(r"six characters: \u0000".into()),
            ..draft(Status::Success, "a\u{fdd0}\u{fdd1}b")
        };
        let made = create_work_log(&store, NOW, ada, typed, Origin::default())
            .await
            .unwrap();
        assert_eq!(made.title, "a\u{fffd}\u{fdd1}b");
        assert_eq!(made.details.as_deref(), Some(r"six characters: \u0000"));
        let read = work_logs::find(&mut store.read().await.unwrap(), ada, made.id)
            .await
            .unwrap();
        assert_eq!(read, Some(made));
    }
}
