//! Listing entries: filters select what they name, pages neither skip nor repeat.

use crate::{
    domain::{
        EntryDraft, LogType, Status, StorageStatus,
        ids::{ConversationId, UserId},
    },
    server::{
        base::error::Error,
        store::{Store, work_logs::EntryFilter},
        work_log::{conversation_logs, create_work_log, recent_logs},
    },
    tests::support::{
        archives::no_archive,
        databases::on_both_databases,
        people::{NOW, conversation, draft, entry, person},
    },
};

async fn titles(store: &Store, user: UserId, filter: EntryFilter) -> Vec<String> {
    let logs = recent_logs(
        &mut store.read().await.unwrap(),
        &no_archive(),
        user,
        (&filter, false),
        None,
        100,
    )
    .await
    .unwrap();
    logs.into_iter().map(|entry| entry.title).collect()
}

fn containing(text: &str) -> EntryFilter {
    EntryFilter {
        text: Some(text.to_owned()),
        ..EntryFilter::default()
    }
}

on_both_databases! {
    async fn each_filter_selects_matching_entries_newest_first(store: Store) {
        let ada = person(&store, "ada").await;
        let conversation = conversation(&store, ada, "Talk").await;
        let draft_of =
            |conversation_id: Option<ConversationId>, log_type, status, title| EntryDraft {
                conversation_id,
                log_type,
                ..draft(status, title)
            };
        for entry in [
            draft_of(
                Some(conversation.id),
                LogType::ToolCall,
                Status::Success,
                "one",
            ),
            draft_of(None, LogType::ToolCall, Status::Error, "two"),
            draft_of(
                Some(conversation.id),
                LogType::Error,
                Status::Error,
                "three",
            ),
        ] {
            create_work_log(&store, NOW, ada, entry, Default::default())
                .await
                .unwrap();
        }
        let all = EntryFilter::default;
        assert_eq!(titles(&store, ada, all()).await, ["three", "two", "one"]);
        assert_eq!(
            titles(
                &store,
                ada,
                EntryFilter {
                    conversation_id: Some(conversation.id),
                    ..all()
                }
            )
            .await,
            ["three", "one"]
        );
        assert_eq!(
            titles(
                &store,
                ada,
                EntryFilter {
                    log_type: Some(LogType::ToolCall),
                    ..all()
                }
            )
            .await,
            ["two", "one"]
        );
        assert_eq!(
            titles(
                &store,
                ada,
                EntryFilter {
                    status: Some(Status::Error),
                    ..all()
                }
            )
            .await,
            ["three", "two"]
        );
        assert_eq!(
            titles(
                &store,
                ada,
                EntryFilter {
                    storage_status: Some(StorageStatus::Hot),
                    ..all()
                }
            )
            .await
            .len(),
            3
        );
        assert_eq!(
            titles(
                &store,
                ada,
                EntryFilter {
                    storage_status: Some(StorageStatus::Cold),
                    ..all()
                }
            )
            .await
            .len(),
            0
        );
        let both = EntryFilter {
            status: Some(Status::Error),
            log_type: Some(LogType::ToolCall),
            ..containing("TW")
        };
        assert_eq!(titles(&store, ada, both).await, ["two"]);
        let listed = conversation_logs(
            &mut store.read().await.unwrap(),
            &no_archive(),
            ada,
            conversation.id,
            None,
            1,
        )
        .await
        .unwrap();
        assert_eq!(
            listed
                .iter()
                .map(|entry| entry.title.as_str())
                .collect::<Vec<_>>(),
            ["three"]
        );
    }

    async fn wildcards_in_a_search_are_literal(store: Store) {
        let ada = person(&store, "ada").await;
        for title in [
            "100% done",
            "100 done",
            "a_b",
            "axb",
            r"C:\temp",
            "C:/temp",
            "%_\\",
        ] {
            entry(&store, ada, Status::Info, title).await;
        }
        for (searched, found) in [
            ("100%", vec!["100% done"]),
            ("a_b", vec!["a_b"]),
            (r":\t", vec![r"C:\temp"]),
            (r"\", vec!["%_\\", r"C:\temp"]),
            ("%_\\", vec!["%_\\"]),
            ("%", vec!["%_\\", "100% done"]),
            ("' or 1=1 --", vec![]),
        ] {
            assert_eq!(
                titles(&store, ada, containing(searched)).await,
                found,
                "{searched}"
            );
        }
    }

    async fn a_search_matches_titles_and_details_ignoring_ascii_case(store: Store) {
        let ada = person(&store, "ada").await;
        let detailed = EntryDraft {
            details: Some("Painted in 3 PASSES".into()),
            ..draft(Status::Info, "Image")
        };
        create_work_log(&store, NOW, ada, detailed, Default::default())
            .await
            .unwrap();
        entry(&store, ada, Status::Info, "Éclair: a PASSage").await;
        assert_eq!(
            titles(&store, ada, containing("pass")).await,
            ["Éclair: a PASSage", "Image"]
        );
        assert_eq!(titles(&store, ada, containing("IMAGE")).await, ["Image"]);
        assert_eq!(
            titles(&store, ada, containing("Éclair")).await,
            ["Éclair: a PASSage"],
            "non-ASCII letters match only in the same case"
        );
    }

    async fn pages_neither_skip_nor_repeat_while_entries_are_written(store: Store) {
        let ada = person(&store, "ada").await;
        let mut expected = Vec::new();
        for n in 0..25 {
            expected.push(entry(&store, ada, Status::Info, &n.to_string()).await.id);
        }
        expected.reverse();
        let (mut seen, mut before) = (Vec::new(), None);
        loop {
            let page = recent_logs(
                &mut store.read().await.unwrap(),
                &no_archive(),
                ada,
                (&EntryFilter::default(), false),
                before,
                10,
            )
            .await
            .unwrap();
            let Some(last) = page.last() else { break };
            before = Some(last.id);
            seen.extend(page.into_iter().map(|entry| entry.id));
            entry(&store, ada, Status::Info, "meanwhile").await;
        }
        assert_eq!(seen, expected);
    }

    async fn a_missing_conversation_is_not_found(store: Store) {
        let ada = person(&store, "ada").await;
        let filter = EntryFilter {
            conversation_id: Some(ConversationId::from_uuid(uuid::Uuid::nil())),
            ..EntryFilter::default()
        };
        let answer = recent_logs(
            &mut store.read().await.unwrap(),
            &no_archive(),
            ada,
            (&filter, false),
            None,
            10,
        )
        .await;
        assert!(
            matches!(answer, Err(Error::NotFound("conversation"))),
            "{answer:?}"
        );
    }
}
