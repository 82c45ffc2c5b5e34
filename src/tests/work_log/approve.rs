//! Decisions on pending tool approvals, as the database keeps them.

use crate::{
    domain::{
        Approval, Decision, EntryDraft, EntryPatch, Metadata, Status,
        ids::{EntryId, UserId},
        time::Timestamp,
    },
    server::{
        base::error::Error,
        store::{Store, heads, tool_grants, work_logs},
        work_log::{Origin, create_work_log, decide, expire_approval, finish_work_log},
    },
    tests::support::{
        databases::on_both_databases,
        people::{NOW, draft, person},
    },
};
use serde_json::json;

const UNTIL: Timestamp = NOW.plus(600_000);

/// A pending approval of `tool` that expires at [`UNTIL`].
async fn pending(store: &Store, user: UserId, tool: &str) -> EntryId {
    let metadata = Metadata::default()
        .with("tool", tool)
        .with("approval", json!(Approval::Waiting { until: UNTIL }));
    let draft = EntryDraft {
        metadata,
        ..draft(Status::Working, "Note: buy oil")
    };
    create_work_log(store, NOW, user, draft, Origin::default())
        .await
        .unwrap()
        .id
}

async fn approval(store: &Store, user: UserId, id: EntryId) -> Option<Approval> {
    work_logs::find(&mut store.read().await.unwrap(), user, id)
        .await
        .unwrap()
        .unwrap()
        .metadata
        .approval()
}

async fn granted_since(store: &Store, user: UserId, tool: &str) -> Option<Timestamp> {
    tool_grants::since(&mut store.read().await.unwrap(), user, tool)
        .await
        .unwrap()
}

on_both_databases! {
    async fn the_first_decision_counts_and_reaches_readers(store: Store) {
        let ada = person(&store, "ada").await;
        let id = pending(&store, ada, "write_note").await;
        let entry = decide(&store, NOW.plus(5), ada, None, id, Decision::Once)
            .await
            .unwrap();
        let decided = Some(Approval::Decided {
            decision: Decision::Once,
            by: ada,
            at: NOW.plus(5),
        });
        assert_eq!(
            (
                entry.status,
                entry.metadata.approval(),
                approval(&store, ada, id).await
            ),
            (Status::Working, decided, decided)
        );
        let head = heads::find(&mut store.read().await.unwrap(), ada)
            .await
            .unwrap()
            .head;
        assert_eq!(entry.rev, head, "the row has its own revision");
        assert_eq!(
            decide(&store, NOW.plus(9), ada, None, id, Decision::Once)
                .await
                .unwrap()
                .rev,
            head
        );
        for other in [Decision::Deny, Decision::Always] {
            assert!(matches!(
                decide(&store, NOW, ada, None, id, other).await,
                Err(Error::Conflict(_))
            ));
        }
        assert_eq!(
            expire_approval(&store, UNTIL, ada, id).await.unwrap(),
            decided,
            "a decision is not undone by expiry"
        );
        assert_eq!(granted_since(&store, ada, "write_note").await, None);
    }

    async fn always_allow_applies_to_one_user_and_tool_until_revoked(store: Store) {
        let (ada, bob) = (person(&store, "ada").await, person(&store, "bob").await);
        for minute in [1, 2] {
            let id = pending(&store, ada, "write_note").await;
            decide(&store, NOW.plus(minute), ada, None, id, Decision::Always)
                .await
                .unwrap();
        }
        assert_eq!(
            granted_since(&store, ada, "write_note").await,
            Some(NOW.plus(1)),
            "since the first grant"
        );
        assert_eq!(
            (
                granted_since(&store, bob, "write_note").await,
                granted_since(&store, ada, "write").await
            ),
            (None, None)
        );
        let mut tx = store.begin().await.unwrap();
        tool_grants::delete(&mut tx, bob, "write_note")
            .await
            .unwrap();
        assert_eq!(tool_grants::of_user(&mut tx, ada).await.unwrap().len(), 1);
        tool_grants::delete(&mut tx, ada, "write_note")
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(granted_since(&store, ada, "write_note").await, None);
    }

    async fn an_expired_or_finished_approval_cannot_be_decided(store: Store) {
        let ada = person(&store, "ada").await;
        let (late, ended) = (
            pending(&store, ada, "write_note").await,
            pending(&store, ada, "write_note").await,
        );
        assert!(matches!(
            decide(&store, UNTIL, ada, None, late, Decision::Once).await,
            Err(Error::Conflict(_))
        ));
        assert_eq!(
            expire_approval(&store, UNTIL, ada, late).await.unwrap(),
            Some(Approval::Lapsed { at: UNTIL })
        );
        assert!(matches!(
            decide(&store, NOW, ada, None, late, Decision::Once).await,
            Err(Error::Conflict(_))
        ));
        let settled = EntryPatch {
            status: Some(Status::Warning),
            ..EntryPatch::default()
        };
        finish_work_log(&store, NOW, ada, ended, settled)
            .await
            .unwrap();
        assert!(matches!(
            decide(&store, NOW, ada, None, ended, Decision::Always).await,
            Err(Error::Conflict(_))
        ));
        assert_eq!(
            (
                expire_approval(&store, UNTIL, ada, ended).await.unwrap(),
                granted_since(&store, ada, "write_note").await
            ),
            (None, None)
        );
    }
}
