//! Crashes, backups and restores.

use super::{ARCHIVE_TIMEOUT, Expected, Simulation};
use crate::{
    domain::{ids::ConversationId, time::HOUR_MS},
    server::{
        archive::{Tiers, erasure_log::repair},
        retention::restore::after_restore,
        store::{Store, holds, meta, retention::lease, stats},
    },
    tests::support::{databases, people::conversation},
};

impl Simulation {
    /// Kills the process during a run. The next one starts with empty caches and clears the lease.
    pub(in crate::tests::retention) async fn crash_and_restart(&mut self) {
        self.run_and_crash().await;
        self.reopen().await;
        let mut tx = self.store.begin().await.unwrap();
        lease::revoke(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        self.now = self.now.plus(HOUR_MS / 5);
        self.forget_expired().await;
    }

    async fn reopen(&mut self) {
        // waits for a commit that is still in progress, as a new process would
        self.store.close().await;
        self.store = Store::open(&self.address).await.unwrap();
        self.tiers = Tiers {
            store: self.store.clone(),
            archive: super::archive(&self.faulty_store, ARCHIVE_TIMEOUT),
        };
    }

    pub(super) async fn back_up_or_restore(&mut self) {
        if self.backup.is_some() && self.rng.below(3) > 0 {
            self.restore_backup().await;
        } else {
            self.take_backup().await;
        }
    }

    /// Makes a backup.
    pub(in crate::tests::retention) async fn take_backup(&mut self) {
        self.backup = Some((self.copy_database().await, self.expected.clone()));
    }

    /// Restores the last backup.
    pub(in crate::tests::retention) async fn restore_backup(&mut self) {
        let (address, expected) = self.backup.take().expect("there is a backup");
        self.restore(address, expected).await;
    }

    /// Returns the copy's address.
    async fn copy_database(&mut self) -> String {
        if self.store.is_single_process() {
            let file = format!(
                "{}/backup-{}",
                self.backup_folder.path().display(),
                self.rng.bits()
            );
            self.store.backup(&file).await.unwrap();
            return format!("sqlite://{file}");
        }
        self.store.close().await;
        let copy = databases::copy(&self.address).await;
        self.database_copies.push(copy.clone());
        self.reopen().await;
        copy
    }

    /// Replaces the database by the backup. What was erased since then stays erased; everything
    /// else is as in the backup, or newer where the archive only has something newer.
    async fn restore(&mut self, backup: String, then: Expected) {
        repair(&self.tiers, self.now).await.unwrap();
        self.address = backup;
        self.reopen().await;
        self.store.begin_new_epoch().await.unwrap();
        self.reopen().await;
        after_restore(&self.tiers, self.now).await.unwrap();
        // as a server does when it starts
        let mut tx = self.store.begin().await.unwrap();
        meta::record_use(&mut tx, self.now).await.unwrap();
        tx.commit().await.unwrap();
        let days = [
            self.policy.hot_days,
            self.policy.warm_days,
            self.policy.cold_days,
        ];
        self.set_policy(days).await;
        self.update_expected(then).await;
    }

    async fn update_expected(&mut self, then: Expected) {
        self.expected.users.clone_from(&then.users);
        let listed = self.listed().await;
        self.expected.entries.clear();
        for entry in &listed {
            let was_erased = self.erased_entries.contains(&entry.id)
                || self.erased_users.contains(&entry.user_id)
                || entry
                    .conversation_id
                    .is_some_and(|id| self.erased_conversations.contains(&id));
            assert!(!was_erased, "{entry:?} was erased and is listed again");
            let version = self.versions[&entry.id]
                .iter()
                .rev()
                .find(|version| super::checks::is_same_entry(&version.entry, entry));
            let version = version.unwrap_or_else(|| {
                panic!(
                    "{entry:?} never had this state: {:?}",
                    self.versions[&entry.id]
                )
            });
            self.expected.entries.insert(entry.id, version.clone());
        }
        let is_erased = |id: &ConversationId| self.erased_conversations.contains(id);
        for (id, expected) in &then.entries {
            let may_be_missing = self.erased_entries.contains(id)
                || self.expired_entries.contains(id)
                || self.erased_users.contains(&expected.entry.user_id)
                || expected
                    .entry
                    .conversation_id
                    .as_ref()
                    .is_some_and(is_erased);
            assert!(
                may_be_missing || self.expected.entries.contains_key(id),
                "{expected:?} is lost after the restore; its versions: {:?}",
                self.versions[id]
            );
        }
        let active_holds = holds::with_names(&mut self.store.read().await.unwrap(), 100)
            .await
            .unwrap();
        self.expected.holds = then
            .holds
            .into_iter()
            .filter(|(id, ..)| active_holds.iter().any(|hold| hold.id == *id))
            .collect();
        assert_eq!(self.expected.holds.len(), active_holds.len());
        self.expected.kept_conversations = then
            .kept_conversations
            .into_iter()
            .filter(|id| !is_erased(id))
            .collect();
        self.expected.created = then.created;
        self.expected.conversations = then.conversations;
        for n in 0..self.expected.users.len() {
            if self.erased_users.contains(&self.expected.users[n]) {
                self.replace_user(n).await;
            }
        }
        for n in 0..self.expected.conversations.len() {
            let (user, conversation_id) = self.expected.conversations[n];
            if self.erased_conversations.contains(&conversation_id) {
                self.expected.conversations[n].1 =
                    conversation(&self.store, user, "A conversation after the restore")
                        .await
                        .id;
            }
        }
        let lines = stats::since(&mut self.store.read().await.unwrap(), 0)
            .await
            .unwrap();
        self.created_count = lines.iter().map(|line| line.entries).sum();
    }
}
