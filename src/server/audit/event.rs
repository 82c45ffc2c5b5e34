//! An event before it is recorded.

use crate::{
    domain::{
        AuditAction, AuditEvent,
        ids::{AuditId, UserId},
        nul,
        time::Timestamp,
    },
    server::base::masking::mask,
};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Longest detail, in characters.
const DETAIL_MAX_CHARS: usize = 200;

/// What was done, by whom, to whom.
#[derive(Debug, Clone)]
pub struct Event {
    action: AuditAction,
    actor: Option<UserId>,
    subject: Option<UserId>,
    network: Option<String>,
    detail: Option<String>,
}

impl Event {
    /// An event of this action.
    pub const fn of(action: AuditAction) -> Self {
        Self {
            action,
            actor: None,
            subject: None,
            network: None,
            detail: None,
        }
    }

    /// A sign-in that failed, or was over a limit.
    pub const fn failed_sign_in(is_limited: bool) -> Self {
        Self::of(if is_limited {
            AuditAction::SignInLimited
        } else {
            AuditAction::SignInFailed
        })
    }

    /// Who did it.
    pub const fn by(mut self, actor: UserId) -> Self {
        self.actor = Some(actor);
        self
    }

    /// Who did it, unless that is said already.
    pub fn by_caller(mut self, caller: Option<UserId>) -> Self {
        self.actor = self.actor.or(caller);
        self
    }

    /// The user whom it concerns.
    pub const fn about(mut self, subject: UserId) -> Self {
        self.subject = Some(subject);
        self
    }

    /// The client's address.
    pub fn from_address(mut self, address: Option<IpAddr>) -> Self {
        self.network = address.map(coarse_network);
        self
    }

    /// The id of an API key, of which `key` is the text.
    pub fn about_key(self, key: &str) -> Self {
        let id = key.split('_').nth(1).unwrap_or_default();
        self.detail(format!("key {id}"))
    }

    /// More; texts of users go through [`Self::typed_detail`].
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        let mut detail: String = detail.into();
        nul::clean(&mut detail);
        self.detail = Some(detail.chars().take(DETAIL_MAX_CHARS).collect());
        self
    }

    /// More, with secrets masked.
    pub fn typed_detail(self, detail: &str) -> Self {
        self.detail(mask(detail).0)
    }

    pub(super) fn at(self, id: AuditId, at: Timestamp) -> AuditEvent {
        AuditEvent {
            id,
            at,
            action: self.action,
            outcome: self.action.outcome(),
            actor: self.actor,
            subject: self.subject,
            network: self.network,
            detail: self.detail,
        }
    }
}

/// The network of an address: /24 of IPv4, /48 of IPv6.
fn coarse_network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let network = Ipv4Addr::from_bits(address.to_bits() & (u32::MAX << 8));
            format!("{network}/24")
        }
        IpAddr::V6(address) => {
            let network = Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 80));
            format!("{network}/48")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::coarse_network;

    #[test]
    fn networks_by_table() {
        for (address, network) in [
            ("192.0.2.7", "192.0.2.0/24"),
            ("::ffff:192.0.2.7", "192.0.2.0/24"),
            ("255.255.255.255", "255.255.255.0/24"),
            ("127.0.0.1", "127.0.0.0/24"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
            ("2001:db8:1:ffff::1", "2001:db8:1::/48"),
            ("2001:db8:2::1", "2001:db8:2::/48"),
            ("::1", "::/48"),
        ] {
            assert_eq!(
                coarse_network(address.parse().unwrap()),
                network,
                "{address}"
            );
        }
    }
}
