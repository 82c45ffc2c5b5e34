//! Files go with the entry whose work made them, in whichever tier that goes; what a message
//! brought stays.

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

/// An entry whose work made a file that is stored.
async fn making(
    store: &Store,
    at: Timestamp,
    user: UserId,
    place: ConversationId,
) -> (WorkLogEntry, FileId) {
    let made = picture();
    let record = FileRecord {
        id: made.id,
        conversation_id: place,
        media_type: made.media_type.clone(),
        name: made.name.clone(),
        bytes: 5,
    };
    let mut tx = store.begin().await.unwrap();
    files::insert(&mut tx, at, user, &record).await.unwrap();
    tx.commit().await.unwrap();
    let id = made.id;
    (naming(store, at, user, place, &made).await, id)
}

/// An entry that names a file.
async fn naming(
    store: &Store,
    at: Timestamp,
    user: UserId,
    place: ConversationId,
    file: &MediaFile,
) -> WorkLogEntry {
    let metadata = Metadata::default().with("files", json!([file]));
    let made = EntryDraft {
        conversation_id: Some(place),
        metadata,
        ..draft(Status::Success, "Image: a tree")
    };
    create_work_log(store, at, user, made, Origin::default())
        .await
        .unwrap()
}

/// Which of these files are there still, and which are doomed.
async fn fates(store: &Store, user: UserId, ids: &[FileId]) -> (Vec<bool>, Vec<bool>) {
    let mut reader = store.read().await.unwrap();
    let doomed = files::marked_for_delete(&mut reader, 9).await.unwrap();
    let known = files::known(&mut reader, user, ids).await.unwrap();
    (
        ids.iter().map(|id| known.contains(id)).collect(),
        ids.iter().map(|id| doomed.contains(&(user, *id))).collect(),
    )
}

on_both_databases! {
    async fn a_file_goes_with_the_entry_that_somebody_deletes(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let talk = conversation(&store, ada, "Trees").await;
        for age in [1, 10, 45] {
            let at = NOW.plus(age * DAY_MS);
            let ((gone, file), (_, other)) = (making(&store, NOW, ada, talk.id).await, making(&store, NOW, ada, talk.id).await);
            run(&tiers, at).await;
            let receipt = work_log::erase_entry(&tiers, at, ada, gone.id).await.unwrap();
            assert_eq!(receipt.files, 1, "at {age} days");
            assert_eq!(fates(&store, ada, &[file, other]).await, (vec![false, true], vec![true, false]), "at {age} days");
        }
    }

    async fn a_file_goes_with_the_entry_that_expires(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let talks = [conversation(&store, ada, "A row").await.id, conversation(&store, ada, "An object").await.id];
        let (_, of_row) = making(&store, NOW, ada, talks[0]).await;
        run(&tiers, NOW.plus(91 * DAY_MS)).await;
        assert_eq!(fates(&store, ada, &[of_row]).await, (vec![false], vec![true]), "a row");
        let later = NOW.plus(100 * DAY_MS);
        let ((_, first), (_, second)) = (making(&store, later, ada, talks[1]).await, making(&store, later.plus(6 * HOUR_MS), ada, talks[1]).await);
        assert_eq!(run(&tiers, later.plus(31 * DAY_MS)).await.objects_written, 1);
        run(&tiers, later.plus(90 * DAY_MS)).await;
        assert_eq!(fates(&store, ada, &[first, second]).await, (vec![false, true], vec![true, false]), "the first of an object");
        run(&tiers, later.plus(91 * DAY_MS)).await;
        assert_eq!(fates(&store, ada, &[second]).await, (vec![false], vec![true]), "the rest of an object");
    }

    async fn what_a_message_brought_does_not_go_with_an_entry_that_names_it(store: Store) {
        let (tiers, ada) = (tiers(&store), person(&store, "ada").await);
        let brought = picture();
        let asking = NewMessage { attachments: vec![brought.clone()], ..NewMessage::from("Look") };
        let (turn, _) = begin_turn(&store, beginning(ada), None, asking).await.unwrap();
        let naming = naming(&store, NOW, ada, turn.conversation_id, &brought).await;
        assert_eq!(work_log::erase_entry(&tiers, NOW, ada, naming.id).await.unwrap().files, 0);
        assert_eq!(fates(&store, ada, &[brought.id]).await, (vec![true], vec![false]));
    }
}
