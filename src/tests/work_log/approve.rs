//! Decisions on pending tool approvals, as the database keeps them.

use crate::{
    domain::{
        Approval, Decision, EntryDraft, EntryPatch, Metadata, Status,
        ids::{EntryId, UserId},
        time::{DAY_MS, Timestamp},
    },
    server::{
        base::error::Error,
        chat::delete_conversation_rows,
        retention::run_once,
        store::{
            Store, approvals, heads,
            tool_grants::{self, ToolIdentity},
            work_logs,
        },
        work_log::{
            Origin, create_work_log, decide, delete_entry_row, expire_approval, finish_work_log,
        },
    },
    tests::support::{
        archives::{tiers, trusted},
        databases::on_both_databases,
        people::{NOW, draft, own_tool, person, turn, waiting},
    },
};
use serde_json::json;

const UNTIL: Timestamp = NOW.plus(600_000);

/// A pending approval of `tool` that expires at [`UNTIL`].
async fn pending(store: &Store, user: UserId, tool: &str) -> EntryId {
    waiting(
        store,
        turn(store, user).await,
        own_tool(tool, "first"),
        UNTIL,
    )
    .await
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
    let tool = own_tool(tool, "first");
    tool_grants::since(&mut store.read().await.unwrap(), user, &tool)
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
            expire_approval(&store, UNTIL, ada, id)
                .await
                .unwrap()
                .map(|approval| approval.state),
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
        tool_grants::delete(&mut tx, bob, "", "write_note")
            .await
            .unwrap();
        assert_eq!(tool_grants::of_user(&mut tx, ada).await.unwrap().len(), 1);
        tool_grants::delete(&mut tx, ada, "", "write_note")
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
            expire_approval(&store, UNTIL, ada, late)
                .await
                .unwrap()
                .map(|approval| approval.state),
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

    async fn a_grant_is_for_one_definition_of_one_servers_tool(store: Store) {
        let ada = person(&store, "ada").await;
        let (first, second) = (own_tool("send", "first"), own_tool("send", "second"));
        let elsewhere = ToolIdentity {
            server: "mail".into(),
            ..first.clone()
        };
        let granted = async |tool: &ToolIdentity| {
            let mut reader = store.read().await.unwrap();
            tool_grants::since(&mut reader, ada, tool).await.unwrap()
        };
        let mut tx = store.begin().await.unwrap();
        tool_grants::insert(&mut tx, NOW, ada, &first).await.unwrap();
        tx.commit().await.unwrap();
        for other in [&second, &elsewhere] {
            assert_eq!(granted(other).await, None, "{other:?}");
        }
        let mut tx = store.begin().await.unwrap();
        tool_grants::insert(&mut tx, NOW.plus(9), ada, &second).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(
            (granted(&first).await, granted(&second).await),
            (None, Some(NOW.plus(9))),
            "the new definition replaces the old one"
        );
    }

    async fn an_entry_that_shows_something_else_can_only_be_denied(store: Store) {
        let ada = person(&store, "ada").await;
        let changes = [
            ("title", EntryPatch { title: Some("Read".into()), ..EntryPatch::default() }),
            ("details", EntryPatch { details: Some(None), ..EntryPatch::default() }),
        ];
        for (field, patch) in changes {
            let id = pending(&store, ada, "write_note").await;
            finish_work_log(&store, NOW, ada, id, patch).await.unwrap();
            for decision in [Decision::Once, Decision::Always] {
                let refused = decide(&store, NOW, ada, None, id, decision).await;
                assert!(matches!(refused, Err(Error::Conflict(_))), "{field}: {refused:?}");
            }
            decide(&store, NOW, ada, None, id, Decision::Deny).await.unwrap();
        }
        assert_eq!(granted_since(&store, ada, "write_note").await, None);
    }

    async fn what_an_entry_shows_decides_nothing(store: Store) {
        let ada = person(&store, "ada").await;
        let id = pending(&store, ada, "write_note").await;
        let decided = Approval::Decided { decision: Decision::Always, by: ada, at: NOW };
        let forged = Metadata::default().with("approval", json!(decided));
        let patch = EntryPatch { metadata: Some(forged.0), ..EntryPatch::default() };
        finish_work_log(&store, NOW, ada, id, patch).await.unwrap();
        let row = approvals::find(&mut store.read().await.unwrap(), ada, id).await.unwrap();
        assert_eq!(row.unwrap().state, Approval::Waiting { until: UNTIL });
        decide(&store, NOW, ada, None, id, Decision::Deny).await.unwrap();
        let waiting = json!(Approval::Waiting { until: UNTIL });
        let only_shown = EntryDraft {
            metadata: Metadata::default().with("approval", waiting),
            ..draft(Status::Working, "Invented")
        };
        let invented = create_work_log(&store, NOW, ada, only_shown, Origin::default())
            .await
            .unwrap();
        let refused = decide(&store, NOW, ada, None, invented.id, Decision::Always).await;
        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
        assert_eq!(granted_since(&store, ada, "write_note").await, None);
    }

    async fn an_approval_goes_with_its_entry(store: Store) {
        let ada = person(&store, "ada").await;
        let count = async || -> i64 {
            let mut reader = store.read().await.unwrap();
            sqlx::query_scalar("select count(*) from approvals")
                .fetch_one(&mut *reader)
                .await
                .unwrap()
        };
        let entry = pending(&store, ada, "write_note").await;
        let turn = turn(&store, ada).await;
        waiting(&store, turn, own_tool("write_note", "first"), UNTIL).await;
        let archived = pending(&store, ada, "write_note").await;
        let settled = EntryPatch { status: Some(Status::Warning), ..EntryPatch::default() };
        finish_work_log(&store, NOW, ada, archived, settled).await.unwrap();
        assert_eq!(count().await, 3);
        delete_entry_row(&store, NOW, ada, entry).await.unwrap();
        assert_eq!(count().await, 2);
        delete_conversation_rows(&store, NOW, ada, turn.conversation_id).await.unwrap();
        assert_eq!(count().await, 1);
        let report = run_once(&tiers(&store), trusted(NOW.plus(31 * DAY_MS))).await.unwrap();
        assert_eq!((report.failed, count().await), (0, 0), "its row moved to the archive");
    }
}
