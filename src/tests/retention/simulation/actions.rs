//! The users' actions. Each changes the store and the expected state.

use super::{ExpectedEntry, Simulation};
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

/// An action of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tests::retention) enum Action {
    Create,
    Update,
    KeepEntry,
    KeepConversation,
    Hold,
    EraseEntry,
    EraseConversation,
    EraseAccount,
}

impl Action {
    /// Every action.
    pub(in crate::tests::retention) const ALL: &[Self] = &[
        Self::Create,
        Self::Update,
        Self::KeepEntry,
        Self::KeepConversation,
        Self::Hold,
        Self::EraseEntry,
        Self::EraseConversation,
        Self::EraseAccount,
    ];
}

impl Simulation {
    pub(in crate::tests::retention) async fn perform(&mut self, action: Action) {
        match action {
            Action::Create => self.create_entry().await,
            Action::Update => self.update_entry().await,
            Action::KeepEntry => self.keep_entry().await,
            Action::KeepConversation => self.keep_conversation().await,
            Action::Hold => self.toggle_hold().await,
            Action::EraseEntry => self.erase_entry().await,
            Action::EraseConversation => self.erase_conversation().await,
            Action::EraseAccount => self.erase_account().await,
        }
    }

    /// A random action while the archive injects faults. Entries that cannot be read stay
    /// unchanged; erased ones are erased.
    pub(super) async fn act_with_faults(&mut self) {
        let action = self.rng.pick(Action::ALL);
        self.set_archive_faults(true);
        self.perform(action).await;
        self.set_archive_faults(false);
    }

    pub(in crate::tests::retention) async fn create_entries(&mut self) {
        for _ in 0..=self.rng.below(4) {
            self.create_entry().await;
        }
    }

    async fn create_entry(&mut self) {
        let user = self.rng.pick(&self.expected.users);
        let conversation_id = self
            .expected
            .conversations
            .iter()
            .filter(|(owner, _)| *owner == user)
            .map(|(_, id)| *id)
            .next_back();
        let new_entry = EntryDraft {
            conversation_id: conversation_id.filter(|_| self.rng.below(4) > 0),
            log_type: self.rng.pick(LogType::ALL),
            details: (self.rng.below(3) > 0)
                .then(|| "é\n\u{1F30A} ".repeat(self.rng.below(200) as usize)),
            metadata: Metadata::default()
                .with("inputTokens", self.rng.below(500))
                .with("x", self.rng.fraction()),
            duration_ms: (self.rng.below(2) == 0).then(|| self.rng.below(9_000) as i64),
            ..draft(
                self.rng
                    .pick(&[Status::Success, Status::Error, Status::Info]),
                &format!("Entry {}", self.rng.bits()),
            )
        };
        let entry = create_work_log(&self.store, self.now, user, new_entry, Origin::default())
            .await
            .unwrap();
        self.created_count += 1;
        self.record(ExpectedEntry { entry, kept: false });
    }

    fn record(&mut self, expected: ExpectedEntry) {
        self.expected
            .created
            .insert(expected.entry.id, expected.entry.clone());
        self.versions
            .entry(expected.entry.id)
            .or_default()
            .push(expected.clone());
        self.expected.entries.insert(expected.entry.id, expected);
    }

    fn random_entry(&mut self) -> Option<(UserId, EntryId)> {
        let ids: Vec<_> = self
            .expected
            .entries
            .values()
            .map(|expected| (expected.entry.user_id, expected.entry.id))
            .collect();
        (!ids.is_empty()).then(|| self.rng.pick(&ids))
    }

    async fn patch(&mut self, patch: EntryPatch) {
        let Some((user, id)) = self.random_entry() else {
            return;
        };
        let held = self.is_held(user, self.expected.entries[&id].entry.conversation_id);
        match update_entry(&self.tiers, self.now, user, id, patch.clone()).await {
            Ok(entry) => {
                assert!(!held, "{id} was changed although it is on hold");
                let kept = patch.kept.unwrap_or(self.expected.entries[&id].kept);
                self.record(ExpectedEntry { entry, kept });
            }
            Err(Error::Conflict(_)) => assert!(held),
            Err(Error::NotFound("entry")) => {
                assert!(self.may_be_gone(id), "{id} cannot be changed")
            }
            Err(Error::Archive(_)) if self.faulty_store.is_faulty() => {}
            Err(error) => panic!("{error}"),
        }
    }

    async fn update_entry(&mut self) {
        let details = (self.rng.below(2) == 0).then(|| Some(format!("changed at {}", self.now)));
        let status = Some(
            self.rng
                .pick(&[Status::Success, Status::Warning, Status::Error]),
        );
        self.patch(EntryPatch {
            details,
            status,
            ..EntryPatch::default()
        })
        .await;
    }

    async fn keep_entry(&mut self) {
        let kept = Some(self.rng.below(3) > 0);
        // the title is unique, so that a restored version shows whether it was kept
        let title = Some(format!("Kept {kept:?} {}", self.rng.bits()));
        self.patch(EntryPatch {
            kept,
            title,
            ..EntryPatch::default()
        })
        .await;
    }

    async fn keep_conversation(&mut self) {
        let (user, conversation_id) = self.rng.pick(&self.expected.conversations);
        let kept = self.expected.kept_conversations.insert(conversation_id)
            || !self.expected.kept_conversations.remove(&conversation_id);
        holds::keep_conversation(&self.tiers, self.now, user, conversation_id, kept)
            .await
            .unwrap();
    }

    async fn toggle_hold(&mut self) {
        if let Some((id, ..)) = self.expected.holds.pop() {
            return holds::release_hold(&self.tiers, self.now, &id)
                .await
                .unwrap();
        }
        let (user, conversation_id) = self.rng.pick(&self.expected.conversations);
        let conversation_id = (self.rng.below(2) == 0).then_some(conversation_id);
        let id = holds::place_hold(
            &self.tiers,
            self.now,
            user,
            (user, conversation_id),
            "a test",
        )
        .await
        .unwrap();
        self.expected.holds.push((id, user, conversation_id));
    }

    async fn erase_entry(&mut self) {
        let Some((user, id)) = self.random_entry() else {
            return;
        };
        let held = self.is_held(user, self.expected.entries[&id].entry.conversation_id);
        match work_log::delete_entry_keeping_files(&self.tiers, self.now, user, id).await {
            Ok(_) => {
                assert!(self.expected.entries.remove(&id).is_some() && !held);
                self.erased_entries.insert(id);
            }
            Err(Error::Conflict(_)) => assert!(held),
            Err(Error::NotFound("entry")) => assert!(self.may_be_gone(id), "{id} cannot be erased"),
            Err(Error::Archive(_)) if self.faulty_store.is_faulty() => {}
            Err(error) => panic!("{error}"),
        }
    }

    async fn erase_conversation(&mut self) {
        let (user, conversation_id) = self.expected.conversations[0];
        match delete_conversation_rows(&self.store, self.now, user, conversation_id).await {
            Ok(_) => drop(
                erase::delete_marked_objects(&self.tiers, self.now, user)
                    .await
                    .unwrap(),
            ),
            Err(Error::Conflict(_)) => return assert!(self.is_held(user, Some(conversation_id))),
            Err(error) => panic!("{error}"),
        }
        self.erased_conversations.insert(conversation_id);
        self.expected
            .entries
            .retain(|_, expected| expected.entry.conversation_id != Some(conversation_id));
        self.expected.kept_conversations.remove(&conversation_id);
        // later actions use a new conversation in its conversation_id
        self.expected.conversations[0] = (
            user,
            conversation(&self.store, user, "Another conversation")
                .await
                .id,
        );
        self.expected.conversations.rotate_left(1);
    }

    async fn erase_account(&mut self) {
        let n = self.rng.below(self.expected.users.len() as u64) as usize;
        let user = self.expected.users[n];
        let held = self
            .expected
            .holds
            .iter()
            .any(|(_, owner, _)| *owner == user);
        match erase::erase_account(&self.tiers, self.now, user).await {
            Ok(_) => assert!(!held),
            Err(Error::Conflict(_)) => return assert!(held),
            Err(error) => panic!("{error}"),
        }
        self.erased_users.insert(user);
        self.expected
            .entries
            .retain(|_, expected| expected.entry.user_id != user);
        self.replace_user(n).await;
    }

    /// Replaces an erased user, and their conversations, by new ones.
    pub(super) async fn replace_user(&mut self, n: usize) {
        let erased = self.expected.users[n];
        let user = person(&self.store, &format!("person-{}", self.rng.bits())).await;
        self.expected.users[n] = user;
        for pair in self
            .expected
            .conversations
            .iter_mut()
            .filter(|(owner, _)| *owner == erased)
        {
            self.erased_conversations.insert(pair.1);
            self.expected.kept_conversations.remove(&pair.1);
            *pair = (
                user,
                conversation(&self.store, user, "Conversation").await.id,
            );
        }
    }
}
