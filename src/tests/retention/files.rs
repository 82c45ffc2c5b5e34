//! Files are deleted with the entry whose work created them, in any tier; a message's attachments
//! stay.

use crate::{
    domain::{
        EntryDraft, MediaFile, Metadata, Status, WorkLogEntry,
        ids::{ConversationId, FileId, UserId},
        time::{DAY_MS, HOUR_MS, Timestamp},
    },
    server::{
        base::new_id,
        chat::{NewMessage, begin_turn},
        store::{
            Store,
            files::{self, FileRecord},
        },
        work_log::{self, Origin, create_work_log},
    },
    tests::support::{
        archives::{run, tiers},
        databases::on_both_databases,
        people::{NOW, beginning, conversation, draft, person},
    },
};
use serde_json::json;

fn picture() -> MediaFile {
    let id = new_id::file(NOW);
    MediaFile {
        id,
        media_type: "image/png".into(),
        name: "a tree.png".into(),
        description: "A tree".into(),
        bytes: 5,
    }
}

/// Creates an entry with a stored file.
async fn create_with_file(
    store: &Store,
    at: Timestamp,
    user: UserId,
    conversation_id: ConversationId,
) -> (WorkLogEntry, FileId) {
    let created = picture();
    let record = FileRecord {
        id: created.id,
        conversation_id,
        media_type: created.media_type.clone(),
        name: created.name.clone(),
        bytes: 5,
    };
    let mut tx = store.begin().await.unwrap();
    files::insert(&mut tx, at, user, &record).await.unwrap();
    tx.commit().await.unwrap();
    let id = created.id;
    (
        create_referring_to(store, at, user, conversation_id, &created).await,
        id,
    )
}

/// Creates an entry that refers to a file.
async fn create_referring_to(
    store: &Store,
    at: Timestamp,
    user: UserId,
    conversation_id: ConversationId,
    file: &MediaFile,
) -> WorkLogEntry {
    let metadata = Metadata::default().with("files", json!([file]));
    let new_entry = EntryDraft {
        conversation_id: Some(conversation_id),
        metadata,
        ..draft(Status::Success, "Image: a tree")
    };
    create_work_log(store, at, user, new_entry, Origin::default())
        .await
        .unwrap()
}

/// Which of these files still exist, and which are marked for deletion.
async fn file_states(store: &Store, user: UserId, ids: &[FileId]) -> (Vec<bool>, Vec<bool>) {
    let mut reader = store.read().await.unwrap();
    let marked = files::marked_for_delete(&mut reader, 9).await.unwrap();
    let known = files::known(&mut reader, user, ids).await.unwrap();
    (
        ids.iter().map(|id| known.contains(id)).collect(),
        ids.iter().map(|id| marked.contains(&(user, *id))).collect(),
    )
}

on_both_databases! {
    async fn an_erased_entry_takes_its_file_along(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let conversation = conversation(&store, ada, "Trees").await;
        for age in [1, 10, 45] {
            let at = NOW.plus(age * DAY_MS);
            let ((erased, file), (_, other)) = (
                create_with_file(&store, NOW, ada, conversation.id).await,
                create_with_file(&store, NOW, ada, conversation.id).await,
            );
            run(&tiers, at).await;
            let receipt = work_log::delete_entry_keeping_files(&tiers, at, ada, erased.id)
                .await
                .unwrap();
            assert_eq!(receipt.files, 1, "at {age} days");
            assert_eq!(
                file_states(&store, ada, &[file, other]).await,
                (vec![false, true], vec![true, false]),
                "at {age} days"
            );
        }
    }

    async fn an_expired_entry_takes_its_file_along(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let conversations = [
            conversation(&store, ada, "A row").await.id,
            conversation(&store, ada, "An object").await.id,
        ];
        let (_, of_row) = create_with_file(&store, NOW, ada, conversations[0]).await;
        run(&tiers, NOW.plus(91 * DAY_MS)).await;
        assert_eq!(
            file_states(&store, ada, &[of_row]).await,
            (vec![false], vec![true]),
            "a row"
        );
        let later = NOW.plus(100 * DAY_MS);
        let ((_, first), (_, second)) = (
            create_with_file(&store, later, ada, conversations[1]).await,
            create_with_file(&store, later.plus(6 * HOUR_MS), ada, conversations[1]).await,
        );
        assert_eq!(
            run(&tiers, later.plus(31 * DAY_MS)).await.objects_written,
            1
        );
        run(&tiers, later.plus(90 * DAY_MS)).await;
        assert_eq!(
            file_states(&store, ada, &[first, second]).await,
            (vec![false, true], vec![true, false]),
            "the first entry of an object"
        );
        run(&tiers, later.plus(91 * DAY_MS)).await;
        assert_eq!(
            file_states(&store, ada, &[second]).await,
            (vec![false], vec![true]),
            "the last entry of an object"
        );
    }

    async fn an_attachment_survives_an_erased_entry_that_refers_to_it(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let attachment = picture();
        let message = NewMessage {
            attachments: vec![attachment.clone()],
            ..NewMessage::from("Look")
        };
        let (turn, _) = begin_turn(&store, beginning(ada), None, message)
            .await
            .unwrap();
        let entry = create_referring_to(&store, NOW, ada, turn.conversation_id, &attachment).await;
        assert_eq!(
            work_log::delete_entry_keeping_files(&tiers, NOW, ada, entry.id)
                .await
                .unwrap()
                .files,
            0
        );
        assert_eq!(
            file_states(&store, ada, &[attachment.id]).await,
            (vec![true], vec![false])
        );
    }
}
