//! What people do. Each deed changes the store and, as it must come out, the map.

use super::{Known, World};
use crate::{
    domain::{
        EntryDraft, EntryPatch, LogType, Metadata, Status,
        ids::{EntryId, UserId},
    },
    server::{
        archive::{erase, holds},
        base::error::Error,
        chat::delete_conversation_rows,
        work_log::{self, Origin, archived::update_entry, create_work_log},
    },
    tests::support::people::{conversation, draft, person},
};

/// Something a person does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tests::retention) enum Deed {
    Create,
    Update,
    KeepEntry,
    KeepPlace,
    Hold,
    EraseEntry,
    ErasePlace,
    EraseAccount,
}

impl Deed {
    /// Every deed.
    pub(in crate::tests::retention) const ALL: &[Self] = &[
        Self::Create,
        Self::Update,
        Self::KeepEntry,
        Self::KeepPlace,
        Self::Hold,
        Self::EraseEntry,
        Self::ErasePlace,
        Self::EraseAccount,
    ];
}

impl World {
    pub(in crate::tests::retention) async fn deed(&mut self, deed: Deed) {
        match deed {
            Deed::Create => self.create().await,
            Deed::Update => self.update().await,
            Deed::KeepEntry => self.keep_entry().await,
            Deed::KeepPlace => self.keep_place().await,
            Deed::Hold => self.hold().await,
            Deed::EraseEntry => self.erase_entry().await,
            Deed::ErasePlace => self.erase_place().await,
            Deed::EraseAccount => self.erase_account().await,
        }
    }

    /// Somebody does something while the archive lies. What cannot be read stays as it is; what is
    /// erased is.
    pub(super) async fn deed_among_lies(&mut self) {
        let deed = self.chance.one_of(Deed::ALL);
        self.archive_lies(true);
        self.deed(deed).await;
        self.archive_lies(false);
    }

    pub(in crate::tests::retention) async fn create_some(&mut self) {
        for _ in 0..=self.chance.below(4) {
            self.create().await;
        }
    }

    async fn create(&mut self) {
        let user = self.chance.one_of(&self.map.people);
        let place = self
            .map
            .places
            .iter()
            .filter(|(owner, _)| *owner == user)
            .map(|(_, id)| *id)
            .next_back();
        let made = EntryDraft {
            conversation_id: place.filter(|_| self.chance.below(4) > 0),
            log_type: self.chance.one_of(LogType::ALL),
            details: (self.chance.below(3) > 0)
                .then(|| "é\n\u{1F30A} ".repeat(self.chance.below(200) as usize)),
            metadata: Metadata::default()
                .with("inputTokens", self.chance.below(500))
                .with("x", self.chance.fraction()),
            duration_ms: (self.chance.below(2) == 0).then(|| self.chance.below(9_000) as i64),
            ..draft(
                self.chance
                    .one_of(&[Status::Success, Status::Error, Status::Info]),
                &format!("Entry {}", self.chance.bits()),
            )
        };
        let entry = create_work_log(&self.store, self.now, user, made, Origin::default())
            .await
            .unwrap();
        self.created += 1;
        self.learn(Known { entry, kept: false });
    }

    fn learn(&mut self, known: Known) {
        self.map.made.insert(known.entry.id, known.entry.clone());
        self.versions
            .entry(known.entry.id)
            .or_default()
            .push(known.clone());
        self.map.known.insert(known.entry.id, known);
    }

    fn any(&mut self) -> Option<(UserId, EntryId)> {
        let ids: Vec<_> = self
            .map
            .known
            .values()
            .map(|known| (known.entry.user_id, known.entry.id))
            .collect();
        (!ids.is_empty()).then(|| self.chance.one_of(&ids))
    }

    async fn patch(&mut self, patch: EntryPatch) {
        let Some((user, id)) = self.any() else { return };
        let held = self.is_held(user, self.map.known[&id].entry.conversation_id);
        match update_entry(&self.tiers, self.now, user, id, patch.clone()).await {
            Ok(entry) => {
                assert!(!held, "{id} is held and changed");
                let kept = patch.kept.unwrap_or(self.map.known[&id].kept);
                self.learn(Known { entry, kept });
            }
            Err(Error::Conflict(_)) => assert!(held),
            Err(Error::NotFound("entry")) => {
                assert!(self.may_be_gone(id), "{id} cannot be changed")
            }
            Err(Error::Archive(_)) if self.liar.is_lying() => {}
            Err(error) => panic!("{error}"),
        }
    }

    async fn update(&mut self) {
        let details = (self.chance.below(2) == 0).then(|| Some(format!("changed at {}", self.now)));
        let status = Some(
            self.chance
                .one_of(&[Status::Success, Status::Warning, Status::Error]),
        );
        self.patch(EntryPatch {
            details,
            status,
            ..EntryPatch::default()
        })
        .await;
    }

    async fn keep_entry(&mut self) {
        let kept = Some(self.chance.below(3) > 0);
        // no two versions of an entry look alike, so that a restored one says whether it was kept
        let title = Some(format!("Kept {kept:?} {}", self.chance.bits()));
        self.patch(EntryPatch {
            kept,
            title,
            ..EntryPatch::default()
        })
        .await;
    }

    async fn keep_place(&mut self) {
        let (user, place) = self.chance.one_of(&self.map.places);
        let kept = self.map.kept_places.insert(place) || !self.map.kept_places.remove(&place);
        holds::keep_conversation(&self.tiers, self.now, user, place, kept)
            .await
            .unwrap();
    }

    async fn hold(&mut self) {
        if let Some((id, ..)) = self.map.holds.pop() {
            return holds::release_hold(&self.tiers, self.now, &id)
                .await
                .unwrap();
        }
        let (user, place) = self.chance.one_of(&self.map.places);
        let place = (self.chance.below(2) == 0).then_some(place);
        let id = holds::place_hold(&self.tiers, self.now, user, (user, place), "a test")
            .await
            .unwrap();
        self.map.holds.push((id, user, place));
    }

    async fn erase_entry(&mut self) {
        let Some((user, id)) = self.any() else { return };
        let held = self.is_held(user, self.map.known[&id].entry.conversation_id);
        match work_log::erase_entry(&self.tiers, self.now, user, id).await {
            Ok(_) => {
                assert!(self.map.known.remove(&id).is_some() && !held);
                self.erased.insert(id);
            }
            Err(Error::Conflict(_)) => assert!(held),
            Err(Error::NotFound("entry")) => assert!(self.may_be_gone(id), "{id} cannot be erased"),
            Err(Error::Archive(_)) if self.liar.is_lying() => {}
            Err(error) => panic!("{error}"),
        }
    }

    async fn erase_place(&mut self) {
        let (user, place) = self.map.places[0];
        match delete_conversation_rows(&self.store, self.now, user, place).await {
            Ok(_) => drop(
                erase::delete_marked_objects(&self.tiers, self.now, user)
                    .await
                    .unwrap(),
            ),
            Err(Error::Conflict(_)) => return assert!(self.is_held(user, Some(place))),
            Err(error) => panic!("{error}"),
        }
        self.erased_places.insert(place);
        self.map
            .known
            .retain(|_, known| known.entry.conversation_id != Some(place));
        self.map.kept_places.remove(&place);
        // from here on it is another one that things happen in
        self.map.places[0] = (
            user,
            conversation(&self.store, user, "Another talk").await.id,
        );
        self.map.places.rotate_left(1);
    }

    async fn erase_account(&mut self) {
        let n = self.chance.below(self.map.people.len() as u64) as usize;
        let user = self.map.people[n];
        let held = self.map.holds.iter().any(|(_, owner, _)| *owner == user);
        match erase::erase_account(&self.tiers, self.now, user).await {
            Ok(_) => assert!(!held),
            Err(Error::Conflict(_)) => return assert!(held),
            Err(error) => panic!("{error}"),
        }
        self.erased_people.insert(user);
        self.map
            .known
            .retain(|_, known| known.entry.user_id != user);
        self.somebody_else(n).await;
    }

    /// Takes the place of a person who is gone, and has conversations in place of theirs.
    pub(super) async fn somebody_else(&mut self, n: usize) {
        let gone = self.map.people[n];
        let user = person(&self.store, &format!("person-{}", self.chance.bits())).await;
        self.map.people[n] = user;
        for place in self
            .map
            .places
            .iter_mut()
            .filter(|(owner, _)| *owner == gone)
        {
            self.erased_places.insert(place.1);
            self.map.kept_places.remove(&place.1);
            *place = (user, conversation(&self.store, user, "Talk").await.id);
        }
    }
}
