//! The life of a turn in the database: one at a time, held by a lease, ended once, no entry left
//! open.

use crate::{
    domain::{
        AnswerFacts, CONTENT_MAX_BYTES, EntryDraft, EntryPatch, MediaFile, Message, MessageStatus,
        Role, Status, WorkLogEntry,
        ids::{EntryId, MessageId},
        time::Timestamp,
    },
    server::{
        base::{error::Error, new_id},
        chat::{
            NewMessage, TurnOutcome, begin_turn, end_turn, find_conversation, history,
            request_stop, retry_turn, sweep_turns,
        },
        store::{
            Store, files, messages,
            turns::{self, TurnRef},
            work_logs,
        },
        work_log::{Origin, create_work_log, finish_work_log, sweep_leases},
    },
    tests::support::{
        databases::on_both_databases,
        people::{NOW, beginning, draft, person, turn},
    },
};
use std::collections::HashMap;

/// A streaming answer of `turn`.
async fn answer(store: &Store, turn: TurnRef) -> Message {
    let mut message = Message {
        id: new_id::message(NOW),
        conversation_id: turn.conversation_id,
        turn_id: Some(turn.id),
        role: Role::Assistant,
        content: "Once".to_owned(),
        html: None,
        html_bytes: 0,
        attachments: Vec::new(),
        status: MessageStatus::Streaming,
        facts: AnswerFacts::default(),
        created_at: NOW,
        updated_at: NOW,
        rev: 0,
    };
    let mut tx = store.begin().await.unwrap();
    messages::insert(&mut tx, turn.user_id, &mut message)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    message
}

/// A `working` entry of `turn`.
async fn step(store: &Store, turn: TurnRef) -> EntryId {
    let made = EntryDraft {
        conversation_id: Some(turn.conversation_id),
        ..draft(Status::Working, "Step")
    };
    let origin = Origin {
        turn_id: Some(turn.id),
        ..Origin::default()
    };
    create_work_log(store, NOW, turn.user_id, made, origin)
        .await
        .unwrap()
        .id
}

async fn find_entry(store: &Store, turn: TurnRef, id: EntryId) -> WorkLogEntry {
    work_logs::find(&mut store.read().await.unwrap(), turn.user_id, id)
        .await
        .unwrap()
        .unwrap()
}

async fn last_message(store: &Store, turn: TurnRef) -> Message {
    let messages = history(
        &mut store.read().await.unwrap(),
        turn.user_id,
        turn.conversation_id,
        9,
    )
    .await
    .unwrap();
    messages.into_iter().next_back().unwrap()
}

async fn renew(store: &Store, turn: TurnRef, until: Timestamp) -> bool {
    let mut tx = store.begin().await.unwrap();
    let alive = turns::renew(&mut tx, turn, until).await.unwrap();
    tx.commit().await.unwrap();
    alive
}

async fn write(store: &Store, turn: TurnRef, message: &mut Message) -> bool {
    let mut tx = store.begin().await.unwrap();
    let written = messages::update(&mut tx, turn.user_id, message)
        .await
        .unwrap();
    if written {
        tx.commit().await.unwrap();
    }
    written
}

async fn is_running(store: &Store, turn: TurnRef) -> bool {
    let conversation = find_conversation(
        &mut store.read().await.unwrap(),
        turn.user_id,
        turn.conversation_id,
    )
    .await
    .unwrap();
    conversation.running_turn_id == Some(turn.id)
}

fn file(name: &str) -> MediaFile {
    MediaFile {
        id: new_id::file(NOW),
        media_type: "image/png".into(),
        name: name.into(),
        description: name.into(),
        bytes: 7,
    }
}

on_both_databases! {
    async fn attachments_are_stored_and_deleted_with_the_conversation(store: Store) {
        let ada = person(&store, "ada").await;
        let attached = vec![file("a tree.png"), file("\u{6728}.png")];
        let (turn, message) = begin_turn(
            &store,
            beginning(ada),
            None,
            NewMessage {
                attachments: attached.clone(),
                ..NewMessage::from("Look")
            },
        )
        .await
        .unwrap();
        assert_eq!(message.attachments, attached);
        let read = history(
            &mut store.read().await.unwrap(),
            ada,
            turn.conversation_id,
            9,
        )
        .await
        .unwrap();
        assert_eq!(read, [message]);
        let deleted =
            crate::server::chat::delete_conversation_rows(&store, NOW, ada, turn.conversation_id)
                .await
                .unwrap();
        assert_eq!(deleted.receipt.files, 2);
        let pending_delete: Vec<_> = files::marked_for_delete(&mut store.read().await.unwrap(), 9)
            .await
            .unwrap()
            .into_iter()
            .map(|(_, id)| id)
            .collect();
        assert_eq!(
            pending_delete,
            attached.iter().map(|file| file.id).collect::<Vec<_>>()
        );
    }

    async fn a_conversation_has_one_turn_at_a_time(store: Store) {
        let ada = person(&store, "ada").await;
        let first = turn(&store, ada).await;
        assert!(is_running(&store, first).await);
        let second = begin_turn(&store, beginning(ada), Some(first.conversation_id), "And?").await;
        assert!(matches!(second, Err(Error::Conflict(_))), "{second:?}");
        assert!(matches!(
            retry_turn(&store, beginning(ada), first.conversation_id).await,
            Err(Error::Conflict(_))
        ));
        assert!(
            end_turn(&store, NOW, first, TurnOutcome::Finished, &HashMap::new())
                .await
                .unwrap()
        );
        let again = retry_turn(&store, beginning(ada), first.conversation_id)
            .await
            .unwrap();
        assert!(is_running(&store, again).await);
        assert!(
            !end_turn(&store, NOW, first, TurnOutcome::Finished, &HashMap::new())
                .await
                .unwrap(),
            "the turn has already ended"
        );
        assert!(
            is_running(&store, again).await,
            "ending the first turn again does not end the second"
        );
    }

    async fn one_of_eight_concurrent_messages_starts_a_turn(store: Store) {
        let ada = person(&store, "ada").await;
        let first = turn(&store, ada).await;
        end_turn(&store, NOW, first, TurnOutcome::Finished, &HashMap::new())
            .await
            .unwrap();
        let mut senders = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let store = store.clone();
            senders.spawn(async move {
                begin_turn(&store, beginning(ada), Some(first.conversation_id), "And?")
                    .await
                    .is_ok()
            });
        }
        assert_eq!(
            senders
                .join_all()
                .await
                .into_iter()
                .filter(|begun| *begun)
                .count(),
            1
        );
        let stored = history(
            &mut store.read().await.unwrap(),
            ada,
            first.conversation_id,
            99,
        )
        .await
        .unwrap();
        assert_eq!(stored.len(), 2, "refused messages are not stored");
    }

    async fn empty_and_oversized_messages_are_refused(store: Store) {
        let ada = person(&store, "ada").await;
        for content in ["", " \n", &"x".repeat(CONTENT_MAX_BYTES + 1)] {
            assert!(matches!(
                begin_turn(&store, beginning(ada), None, content).await,
                Err(Error::Refused(_))
            ));
        }
        let listed =
            crate::server::chat::list_conversations(&mut store.read().await.unwrap(), ada, None, 9)
                .await
                .unwrap();
        assert_eq!(listed, []);
        begin_turn(
            &store,
            beginning(ada),
            None,
            "x".repeat(CONTENT_MAX_BYTES).as_str(),
        )
        .await
        .unwrap();
    }

    async fn a_renewed_turn_is_not_swept(store: Store) {
        let ada = person(&store, "ada").await;
        let turn = turn(&store, ada).await;
        let step = step(&store, turn).await;
        assert!(renew(&store, turn, NOW.plus(2_000_000)).await);
        assert_eq!(sweep_turns(&store, NOW.plus(1_999_999)).await.unwrap(), 0);
        assert_eq!(
            sweep_leases(&store, NOW.plus(1_999_999))
                .await
                .unwrap()
                .settled,
            0
        );
        assert_eq!(find_entry(&store, turn, step).await.status, Status::Working);
    }

    async fn an_expired_turn_is_settled_with_its_open_entries_and_answer(store: Store) {
        let ada = person(&store, "ada").await;
        let turn = turn(&store, ada).await;
        let (step, _) = (step(&store, turn).await, answer(&store, turn).await);
        assert!(
            !end_turn(
                &store,
                NOW.plus(60_000),
                turn,
                TurnOutcome::Lapsed,
                &HashMap::new()
            )
            .await
            .unwrap(),
            "its worker is alive"
        );
        assert_eq!(sweep_turns(&store, NOW.plus(60_001)).await.unwrap(), 1);
        let settled = find_entry(&store, turn, step).await;
        assert_eq!(
            (settled.status, settled.metadata.flag("interrupted")),
            (Status::Warning, true)
        );
        let message = last_message(&store, turn).await;
        assert_eq!(
            (message.content.as_str(), message.status),
            ("Once", MessageStatus::Interrupted)
        );
        assert!(!is_running(&store, turn).await);
        assert!(
            !renew(&store, turn, NOW.plus(999_999)).await,
            "its worker must stop"
        );
        assert_eq!(sweep_turns(&store, NOW.plus(99_000_000)).await.unwrap(), 0);
    }

    async fn a_stopped_turn_keeps_the_last_streamed_text(store: Store) {
        let ada = person(&store, "ada").await;
        let turn = turn(&store, ada).await;
        let (step, message) = (step(&store, turn).await, answer(&store, turn).await);
        assert_eq!(
            request_stop(&store, NOW, ada, turn.conversation_id)
                .await
                .unwrap(),
            Some(turn.id)
        );
        assert!(
            !renew(&store, turn, NOW.plus(90_000)).await,
            "its worker learns of the stop in any process"
        );
        let texts = HashMap::from([
            (message.id, "Once upon a time".to_owned()),
            (MessageId::from_uuid(uuid::Uuid::nil()), "x".to_owned()),
        ]);
        assert!(
            end_turn(&store, NOW.plus(700), turn, TurnOutcome::Stopped, &texts)
                .await
                .unwrap()
        );
        let stored = last_message(&store, turn).await;
        assert_eq!(
            (stored.content.as_str(), stored.status),
            ("Once upon a time", MessageStatus::Stopped)
        );
        let settled = find_entry(&store, turn, step).await;
        assert_eq!(
            (settled.word(), settled.duration_ms),
            ("Stopped", Some(700))
        );
        assert_eq!(
            request_stop(&store, NOW, ada, turn.conversation_id)
                .await
                .unwrap(),
            None,
            "no turn is running"
        );
    }

    async fn a_late_worker_cannot_change_a_settled_turn(store: Store) {
        let ada = person(&store, "ada").await;
        let turn = turn(&store, ada).await;
        let (step, mut message) = (step(&store, turn).await, answer(&store, turn).await);
        sweep_turns(&store, NOW.plus(60_001)).await.unwrap();
        let (entry, stored) = (
            find_entry(&store, turn, step).await,
            last_message(&store, turn).await,
        );

        let patch = EntryPatch {
            status: Some(Status::Success),
            ..EntryPatch::default()
        };
        let result = finish_work_log(&store, NOW.plus(70_000), ada, step, patch).await;
        assert!(matches!(result, Err(Error::Conflict(_))), "{result:?}");
        for status in [MessageStatus::Streaming, MessageStatus::Done] {
            message.status = status;
            message.content.push_str(" more");
            assert!(!write(&store, turn, &mut message).await, "{status}");
        }
        assert!(
            !end_turn(
                &store,
                NOW.plus(70_000),
                turn,
                TurnOutcome::Finished,
                &HashMap::new()
            )
            .await
            .unwrap()
        );
        assert_eq!(
            (
                find_entry(&store, turn, step).await,
                last_message(&store, turn).await
            ),
            (entry, stored)
        );
    }

    async fn a_streaming_message_can_grow_and_finish(store: Store) {
        let ada = person(&store, "ada").await;
        let turn = turn(&store, ada).await;
        let mut message = answer(&store, turn).await;
        message.content.push_str(" more");
        assert!(write(&store, turn, &mut message).await);
        message.status = MessageStatus::Done;
        assert!(write(&store, turn, &mut message).await);
        assert_eq!(last_message(&store, turn).await.status, MessageStatus::Done);
        crate::server::chat::delete_conversation_rows(&store, NOW, ada, turn.conversation_id)
            .await
            .unwrap();
        assert!(
            !write(&store, turn, &mut message).await,
            "the message is deleted"
        );
    }

    async fn expire_all_settles_turns_of_a_dead_process_at_once(store: Store) {
        let ada = person(&store, "ada").await;
        let turn = turn(&store, ada).await;
        let (of_turn, by_program) = (
            step(&store, turn).await,
            draft(Status::Working, "A program's"),
        );
        let by_program = create_work_log(&store, NOW, ada, by_program, Origin::default())
            .await
            .unwrap();
        let mut tx = store.begin().await.unwrap();
        turns::expire_all(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(sweep_turns(&store, NOW).await.unwrap(), 1);
        assert_eq!(sweep_leases(&store, NOW).await.unwrap().settled, 0);
        assert_eq!(
            find_entry(&store, turn, of_turn).await.status,
            Status::Warning
        );
        assert_eq!(
            find_entry(&store, turn, by_program.id).await.status,
            Status::Working,
            "its writer may still be alive"
        );
    }
}
