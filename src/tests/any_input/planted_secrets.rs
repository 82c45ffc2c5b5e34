//! A secret of each kind, sent through each door, is in no column of any table.

use crate::{
    domain::{EntryDraft, EntryPatch, MediaFile, Metadata, Status, ids::UserId},
    server::{
        archive::{Archive, Tiers, holds},
        base::{
            masking::{MaskingStream, samples::SECRETS},
            new_id,
        },
        chat::{
            NewMessage, Upload, begin_turn, check_attachments, create_conversation,
            rename_conversation,
        },
        identity::{begin_session, create_key},
        store::{Store, files, messages},
        work_log::{Origin, create_work_log, update_work_log},
    },
    tests::support::{
        databases::Sqlite,
        every_table,
        people::{NOW, beginning, conversation, draft, person},
    },
};
use serde_json::json;

/// Where a text enters the database.
#[derive(Debug, Clone, Copy)]
enum Door {
    EntryTitle,
    EntryDetails,
    MetadataValue,
    MetadataName,
    NestedMetadata,
    Update,
    IdempotencyKey,
    ConversationTitle,
    Rename,
    Message,
    Answer,
    AttachmentName,
    FileOfATool,
    KeyName,
    UserAgent,
    HoldReason,
}

const DOORS: [Door; 16] = [
    Door::EntryTitle,
    Door::EntryDetails,
    Door::MetadataValue,
    Door::MetadataName,
    Door::NestedMetadata,
    Door::Update,
    Door::IdempotencyKey,
    Door::ConversationTitle,
    Door::Rename,
    Door::Message,
    Door::Answer,
    Door::AttachmentName,
    Door::FileOfATool,
    Door::KeyName,
    Door::UserAgent,
    Door::HoldReason,
];

/// Sends `text` through a door. Returns whether it was accepted: a name is on one line.
async fn plant(tiers: &Tiers, user: UserId, door: Door, text: &str) -> bool {
    let store = &tiers.store;
    let entry = |change: &dyn Fn(&mut EntryDraft)| {
        let mut new = draft(Status::Working, "An entry");
        change(&mut new);
        create_work_log(store, NOW, user, new, Origin::default())
    };
    match door {
        Door::EntryTitle => entry(&|new| new.title = text.to_owned()).await.is_ok(),
        Door::EntryDetails => entry(&|new| new.details = Some(text.to_owned()))
            .await
            .is_ok(),
        Door::MetadataValue => entry(&|new| new.metadata = Metadata::default().with("x", text))
            .await
            .is_ok(),
        Door::MetadataName => entry(&|new| new.metadata = Metadata::default().with(text, "x"))
            .await
            .is_ok(),
        Door::NestedMetadata => {
            let nested = json!([{ "a": [text] }, { text: 1 }]);
            entry(&|new| new.metadata = Metadata::default().with("x", nested.clone()))
                .await
                .is_ok()
        }
        Door::Update => {
            let entry = entry(&|_| ()).await.unwrap();
            let patch = EntryPatch {
                title: Some(text.to_owned()),
                details: Some(Some(text.to_owned())),
                metadata: Some(Metadata::default().with("y", text).0),
                ..EntryPatch::default()
            };
            update_work_log(store, NOW, user, entry.id, patch)
                .await
                .is_ok()
        }
        Door::IdempotencyKey => {
            let origin = || Origin {
                idempotency: Some((text.to_owned(), "hash".to_owned())),
                ..Origin::default()
            };
            let new = || draft(Status::Info, "An entry");
            let first = create_work_log(store, NOW, user, new(), origin()).await;
            let again = create_work_log(store, NOW, user, new(), origin()).await;
            assert_eq!(first.unwrap().id, again.unwrap().id);
            true
        }
        _ => plant_beside_entries(tiers, user, door, text).await,
    }
}

async fn plant_beside_entries(tiers: &Tiers, user: UserId, door: Door, text: &str) -> bool {
    let store = &tiers.store;
    let says = async |message: NewMessage| begin_turn(store, beginning(user), None, message).await;
    match door {
        Door::ConversationTitle => {
            let created = create_conversation(store, NOW, user, text).await;
            created.is_ok_and(|created| created.title.contains('*') || created.title.contains('['))
        }
        Door::Rename => {
            let id = conversation(store, user, "A conversation").await.id;
            let renamed = rename_conversation(store, user, id, text).await;
            renamed.is_ok()
        }
        Door::Message => says(text.into()).await.is_ok(),
        Door::Answer => {
            let (_, mut message) = says("Hello".into()).await.unwrap();
            let mut stream = MaskingStream::default();
            message.content = text
                .chars()
                .map(|c| stream.push(&c.to_string()))
                .collect::<String>()
                + &stream.finish();
            let mut tx = store.begin().await.unwrap();
            let written = messages::update(&mut tx, user, &mut message).await;
            tx.commit().await.unwrap();
            written.is_ok()
        }
        Door::AttachmentName => attach(store, user, text).await,
        Door::FileOfATool => {
            let record = files::FileRecord {
                id: new_id::file(NOW),
                conversation_id: conversation(store, user, "A conversation").await.id,
                media_type: "image/png".to_owned(),
                name: text.to_owned(),
                bytes: 1,
            };
            let mut tx = store.begin().await.unwrap();
            files::insert(&mut tx, NOW, user, &record).await.unwrap();
            tx.commit().await.is_ok()
        }
        Door::KeyName => create_key(store, NOW, user, text).await.is_ok(),
        Door::UserAgent => begin_session(store, NOW, user, text).await.is_ok(),
        Door::HoldReason => holds::place_hold(tiers, NOW, user, (user, None), text)
            .await
            .is_ok(),
        _ => unreachable!("{door:?} is about entries"),
    }
}

/// Sends a message with a file of this name and description.
async fn attach(store: &Store, user: UserId, text: &str) -> bool {
    let bytes = b"A text".to_vec();
    let name = text.to_owned();
    let checked = check_attachments(vec![Upload { name, bytes }]).unwrap();
    let attached = checked.into_iter().map(|file| MediaFile {
        id: new_id::file(NOW),
        media_type: file.media_type.to_owned(),
        name: file.name,
        description: text.to_owned(),
        bytes: 6,
    });
    let message = NewMessage {
        attachments: attached.collect(),
        ..NewMessage::from("See the file")
    };
    begin_turn(store, beginning(user), None, message)
        .await
        .is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planted_secret_is_in_no_column_of_any_table() {
    let database = Sqlite::create().await;
    let store: Store = database.store.clone();
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::open(&format!("file://{}", folder.path().display())).unwrap();
    let ada = person(&store, "ada").await;
    let tiers = Tiers { store, archive };
    for door in DOORS {
        let mut accepted = 0;
        for (sent, _) in SECRETS {
            // the end of a longer name is cut off
            for text in [sent.to_owned(), format!("{} {sent}", "a ".repeat(20))] {
                accepted += usize::from(plant(&tiers, ada, door, &text).await);
            }
        }
        assert!(accepted >= SECRETS.len(), "{door:?} accepted {accepted}");
    }
    for (table, rows) in every_table::dump(&tiers.store).await {
        for row in rows {
            for (sent, secret) in SECRETS {
                assert!(!row.contains(secret), "{sent} is in {table}: {row}");
            }
        }
    }
}
