//! The audit log: who did what. People are named by id.

use super::{
    ids::{AuditId, UserId},
    time::Timestamp,
    vocabulary::vocabulary,
};
use serde::{Deserialize, Serialize};

vocabulary! {
    /// What was done.
    AuditAction {
        /// A sign-in succeeded.
        SignedIn = "signed_in",
        /// A sign-in failed.
        SignInFailed = "sign_in_failed",
        /// A sign-in was over a limit.
        SignInLimited = "sign_in_limited",
        /// A session ended by its user.
        SignedOut = "signed_out",
        /// An API key was created.
        KeyCreated = "key_created",
        /// An API key was revoked.
        KeyRevoked = "key_revoked",
        /// A standing permission of a tool was revoked.
        GrantRevoked = "grant_revoked",
        /// Somebody was invited.
        UserInvited = "user_invited",
        /// An invitation was withdrawn.
        InvitationWithdrawn = "invitation_withdrawn",
        /// An account was created.
        Joined = "joined",
        /// A user became an admin.
        AdminGiven = "admin_given",
        /// A user is no longer an admin.
        AdminRemoved = "admin_removed",
        /// A user was disabled.
        UserDisabled = "user_disabled",
        /// A user was enabled again.
        UserEnabled = "user_enabled",
        /// A password was changed.
        PasswordChanged = "password_changed",
        /// A hold was placed.
        HoldPlaced = "hold_placed",
        /// A hold was released.
        HoldReleased = "hold_released",
        /// A user's data was exported.
        Exported = "exported",
        /// An account was erased.
        AccountErased = "account_erased",
        /// Somebody ran retention.
        RetentionRun = "retention_run",
    }
}

vocabulary! {
    /// How it ended.
    AuditOutcome {
        /// It was done.
        Done = "done",
        /// It was refused.
        Refused = "refused",
    }
}

impl AuditAction {
    /// How this action ends: what was refused has actions of its own.
    pub const fn outcome(self) -> AuditOutcome {
        if self.is_failed_sign_in() {
            AuditOutcome::Refused
        } else {
            AuditOutcome::Done
        }
    }

    /// Whether anybody can cause it without an account.
    pub const fn is_failed_sign_in(self) -> bool {
        matches!(self, Self::SignInFailed | Self::SignInLimited)
    }
}

/// An event of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEvent {
    /// Its id; ids sort by time.
    pub id: AuditId,
    /// When it was.
    pub at: Timestamp,
    /// What was done.
    pub action: AuditAction,
    /// How it ended.
    pub outcome: AuditOutcome,
    /// Who did it; `None` for the command line, a scheduler, and who is not signed in.
    pub actor: Option<UserId>,
    /// The user whom it concerns.
    pub subject: Option<UserId>,
    /// The client's network: the first 24 bits of an IPv4 address, 48 of an IPv6 address.
    pub network: Option<String>,
    /// More, such as the id of a key.
    pub detail: Option<String>,
}

/// A part of the audit log, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditPageData {
    /// The events.
    pub events: Vec<AuditEvent>,
    /// The event before which the next part begins, if there is one.
    pub next: Option<AuditId>,
}
