//! The process that dies: this test program once more, told by a variable what to do and where to
//! die.

use super::cases::Act;
use crate::{
    domain::{
        EntryPatch,
        ids::{ConversationId, EntryId, UserId},
        time::{DAY_MS, Timestamp},
    },
    server::{
        archive::{Archive, Tiers, erase},
        base::{
            error::{Error, Result},
            fail_points::{FailPoint, heard_by},
        },
        chat::delete_conversation_rows,
        retention::{restore, run_once},
        store::Store,
        work_log::{self, archived},
    },
    tests::support::archives::trusted,
};
use futures::FutureExt;
use serde::{Deserialize, Serialize};
use std::{
    process::{Command, Stdio},
    sync::Arc,
};

const ORDER: &str = "HOLLY_TEST_DIE";

/// What to do, on what, and where to die.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) database: String,
    pub(super) archive: String,
    pub(super) point: FailPoint,
    pub(super) work: Work,
}

/// What to do, on what.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Work {
    pub(super) act: Act,
    pub(super) made: Timestamp,
    pub(super) user: UserId,
    pub(super) entry: EntryId,
    pub(super) conversation: ConversationId,
}

impl Work {
    /// When it is done.
    pub(super) fn now(&self) -> Timestamp {
        self.made.plus(
            DAY_MS
                * if let Act::Run(days) = self.act {
                    days
                } else {
                    32
                },
        )
    }

    /// Does it. What is gone already was done before.
    pub(super) async fn carry_out(&self, tiers: &Tiers) {
        let now = self.now();
        let done: Result<()> = match self.act {
            Act::Run(_) => run_once(tiers, trusted(now)).await.map(drop),
            Act::Change => archived::update_entry(tiers, now, self.user, self.entry, changed())
                .await
                .map(drop),
            Act::EraseEntry => work_log::erase_entry(tiers, now, self.user, self.entry)
                .await
                .map(drop),
            Act::EraseConversation => {
                match delete_conversation_rows(&tiers.store, now, self.user, self.conversation)
                    .await
                {
                    Ok(_) => erase::delete_marked_objects(tiers, now, self.user)
                        .await
                        .map(drop),
                    Err(error) => Err(error),
                }
            }
            Act::EraseAccount => erase::erase_account(tiers, now, self.user).await.map(drop),
            Act::Restore => restore::after_restore(tiers, now).await.map(drop),
        };
        assert!(
            matches!(done, Ok(()) | Err(Error::NotFound(_))),
            "{self:?}: {done:?}"
        );
    }
}

/// How an entry is changed.
pub(super) fn changed() -> EntryPatch {
    EntryPatch {
        title: Some("changed".into()),
        ..EntryPatch::default()
    }
}

/// Starts the process and waits until it has died. One that comes to its end never passed the
/// place.
pub(super) fn dies(order: &Order) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([
        "--exact",
        "tests::retention::crashes::abort::the_process_that_dies",
        "--ignored",
        "--nocapture",
    ]);
    command
        .env(ORDER, serde_json::to_string(order).unwrap())
        .stdin(Stdio::null());
    let output = command.output().unwrap();
    assert!(
        !output.status.success(),
        "{:?} was never passed: {:?}",
        order.point,
        order.work.act
    );
    assert_eq!(
        output.status.code(),
        None,
        "it failed instead of dying: {order:?}: {}",
        String::from_utf8_lossy(&output.stdout)
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "dies; the tests of this folder start it"]
async fn the_process_that_dies() {
    let order: Order = serde_json::from_str(
        &std::env::var(ORDER).expect("only the tests of this folder start it"),
    )
    .unwrap();
    let tiers = Tiers {
        store: Store::open(&order.database).await.unwrap(),
        archive: Archive::open(&order.archive).unwrap(),
    };
    let here = order.point;
    let listener = Arc::new(move |point| {
        if point == here {
            std::process::abort()
        } else {
            async {}.boxed()
        }
    });
    heard_by(listener, order.work.carry_out(&tiers)).await;
}
