//! How a process ends and another begins on what it left, be it the database or a backup of it.

use super::{Map, PATIENCE, World};
use crate::{
    domain::{ids::ConversationId, time::HOUR_MS},
    server::{
        archive::{Tiers, erasure_log::mend},
        retention::restore::after_restore,
        store::{Store, holds, meta, retention::lease, stats},
    },
    tests::support::{databases, people::conversation},
};

impl World {
    /// The process is killed in the middle of a run; the next one has read nothing yet, and takes
    /// the lease from the dead.
    pub(in crate::tests::retention) async fn die_and_live_again(&mut self) {
        self.run_and_die().await;
        self.open_anew().await;
        let mut tx = self.store.begin().await.unwrap();
        lease::clear(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        self.now = self.now.plus(HOUR_MS / 5);
        self.forget_expired().await;
    }

    async fn open_anew(&mut self) {
        // a commit that was under way may still come to its end: the next writer waits for it, as a
        // new process would
        self.store.close().await;
        self.store = Store::open(&self.address).await.unwrap();
        self.tiers = Tiers {
            store: self.store.clone(),
            archive: super::archive(&self.liar, PATIENCE),
        };
    }

    pub(super) async fn back_up_or_restore(&mut self) {
        if self.backup.is_some() && self.chance.below(3) > 0 {
            self.go_back().await;
        } else {
            self.remember().await;
        }
    }

    /// Makes a backup.
    pub(in crate::tests::retention) async fn remember(&mut self) {
        self.backup = Some((self.back_up().await, self.map.clone()));
    }

    /// Restores the last backup.
    pub(in crate::tests::retention) async fn go_back(&mut self) {
        let (address, then) = self.backup.take().expect("there is a backup");
        self.restore(address, then).await;
    }

    /// Returns the backup's address.
    async fn back_up(&mut self) -> String {
        if self.store.is_single_process() {
            let file = format!(
                "{}/backup-{}",
                self.folder.path().display(),
                self.chance.bits()
            );
            self.store.backup(&file).await.unwrap();
            return format!("sqlite://{file}");
        }
        self.store.close().await;
        let copy = databases::copy(&self.address).await;
        self.copies.push(copy.clone());
        self.open_anew().await;
        copy
    }

    /// The backup takes the place of the database. What was erased since stays erased; everything
    /// else is as it was then, or newer where only something newer is left in the archive.
    async fn restore(&mut self, backup: String, then: Map) {
        mend(&self.tiers, self.now).await.unwrap();
        self.address = backup;
        self.open_anew().await;
        self.store.begin_new_epoch().await.unwrap();
        self.open_anew().await;
        after_restore(&self.tiers, self.now).await.unwrap();
        // as a server does that begins
        let mut tx = self.store.begin().await.unwrap();
        meta::note_use(&mut tx, self.now).await.unwrap();
        tx.commit().await.unwrap();
        let days = [
            self.policy.hot_days,
            self.policy.warm_days,
            self.policy.cold_days,
        ];
        self.declare(days).await;
        self.learn_what_is_there(then).await;
    }

    async fn learn_what_is_there(&mut self, then: Map) {
        self.map.people.clone_from(&then.people);
        let listed = self.listed().await;
        self.map.known.clear();
        for entry in &listed {
            let was_erased = self.erased.contains(&entry.id)
                || self.erased_people.contains(&entry.user_id)
                || entry
                    .conversation_id
                    .is_some_and(|place| self.erased_places.contains(&place));
            assert!(!was_erased, "{entry:?} was erased and is back");
            let was = self.versions[&entry.id]
                .iter()
                .rev()
                .find(|was| super::checks::alike(&was.entry, entry));
            let was = was.unwrap_or_else(|| {
                panic!("{entry:?} was never so: {:?}", self.versions[&entry.id])
            });
            self.map.known.insert(entry.id, was.clone());
        }
        let is_gone = |place: &ConversationId| self.erased_places.contains(place);
        for (id, known) in &then.known {
            let may_lack = self.erased.contains(id)
                || self.expired.contains(id)
                || self.erased_people.contains(&known.entry.user_id)
                || known.entry.conversation_id.as_ref().is_some_and(is_gone);
            assert!(
                may_lack || self.map.known.contains_key(id),
                "{known:?} is lost with the backup; it was {:?}",
                self.versions[id]
            );
        }
        let in_force = holds::with_names(&mut self.store.read().await.unwrap(), 100)
            .await
            .unwrap();
        self.map.holds = then
            .holds
            .into_iter()
            .filter(|(id, ..)| in_force.iter().any(|hold| hold.id == *id))
            .collect();
        assert_eq!(self.map.holds.len(), in_force.len());
        self.map.kept_places = then
            .kept_places
            .into_iter()
            .filter(|place| !is_gone(place))
            .collect();
        self.map.made = then.made;
        self.map.places = then.places;
        for n in 0..self.map.people.len() {
            if self.erased_people.contains(&self.map.people[n]) {
                self.somebody_else(n).await;
            }
        }
        for n in 0..self.map.places.len() {
            let (user, place) = self.map.places[n];
            if self.erased_places.contains(&place) {
                self.map.places[n].1 = conversation(&self.store, user, "A talk after the restore")
                    .await
                    .id;
            }
        }
        let lines = stats::since(&mut self.store.read().await.unwrap(), 0)
            .await
            .unwrap();
        self.created = lines.iter().map(|line| line.entries).sum();
    }
}
