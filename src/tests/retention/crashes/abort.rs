//! The process that crashes: this test program run once more, with the operation and the fail point
//! in a variable.

use super::cases::Operation;
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
            fail_points::{FailPoint, with_hook},
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

const TASK_VARIABLE: &str = "HOLLY_TEST_DIE";

/// What to do, on which database and archive, and at which fail point to abort.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Task {
    pub(super) database: String,
    pub(super) archive: String,
    pub(super) point: FailPoint,
    pub(super) work: Work,
}

/// The operation and the records it works on.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Work {
    pub(super) operation: Operation,
    pub(super) created_at: Timestamp,
    pub(super) user: UserId,
    pub(super) entry: EntryId,
    pub(super) conversation: ConversationId,
}

impl Work {
    /// The time of the operation.
    pub(super) fn now(&self) -> Timestamp {
        self.created_at.plus(
            DAY_MS
                * if let Operation::Run(days) = self.operation {
                    days
                } else {
                    32
                },
        )
    }

    /// Performs the operation. A record that is already gone is not an error.
    pub(super) async fn perform(&self, tiers: &Tiers) {
        let now = self.now();
        let result: Result<()> = match self.operation {
            Operation::Run(_) => run_once(tiers, trusted(now)).await.map(drop),
            Operation::Change => {
                archived::update_entry(tiers, now, self.user, self.entry, title_change())
                    .await
                    .map(drop)
            }
            Operation::EraseEntry => {
                work_log::delete_entry_keeping_files(tiers, now, self.user, self.entry)
                    .await
                    .map(drop)
            }
            Operation::EraseConversation => {
                match delete_conversation_rows(&tiers.store, now, self.user, self.conversation)
                    .await
                {
                    Ok(_) => erase::delete_marked_objects(tiers, now, self.user)
                        .await
                        .map(drop),
                    Err(error) => Err(error),
                }
            }
            Operation::EraseAccount => erase::erase_account(tiers, now, self.user).await.map(drop),
            Operation::Restore => restore::after_restore(tiers, now).await.map(drop),
        };
        assert!(
            matches!(result, Ok(()) | Err(Error::NotFound(_))),
            "{self:?}: {result:?}"
        );
    }
}

/// The change that [`Operation::Change`] makes.
pub(super) fn title_change() -> EntryPatch {
    EntryPatch {
        title: Some("changed".into()),
        ..EntryPatch::default()
    }
}

/// Runs the process and checks that it aborted. One that succeeds never reached the fail point.
pub(super) fn run_and_abort(task: &Task) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([
        "--exact",
        "tests::retention::crashes::abort::abort_at_a_fail_point",
        "--ignored",
        "--nocapture",
    ]);
    command
        .env(TASK_VARIABLE, serde_json::to_string(task).unwrap())
        .stdin(Stdio::null());
    let output = command.output().unwrap();
    assert!(
        !output.status.success(),
        "{:?} was not reached: {:?}",
        task.point,
        task.work.operation
    );
    assert_eq!(
        output.status.code(),
        None,
        "the process failed instead of aborting: {task:?}: {}",
        String::from_utf8_lossy(&output.stdout)
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "aborts; started by the other tests of this folder"]
async fn abort_at_a_fail_point() {
    let task: Task = serde_json::from_str(
        &std::env::var(TASK_VARIABLE)
            .expect("HOLLY_TEST_DIE is not set; the other tests of this folder start this one"),
    )
    .unwrap();
    let tiers = Tiers {
        store: Store::open(&task.database).await.unwrap(),
        archive: Archive::open(&task.archive).unwrap(),
    };
    let abort_point = task.point;
    let listener = Arc::new(move |point| {
        if point == abort_point {
            std::process::abort()
        } else {
            async {}.boxed()
        }
    });
    with_hook(listener, task.work.perform(&tiers)).await;
}
