//! Limits how many connections are open, in all and by network address. A connection over a limit
//! is closed before anything is read from it.

use crate::server::base::{network::network_of, proxies::TrustedProxies};
use ipnet::IpNet;
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// How many connections may be open.
#[derive(Debug, Clone, Default)]
pub struct ConnectionLimits {
    /// In all; 0: no limit.
    pub in_all: usize,
    /// From one network address; 0: no limit.
    pub per_address: usize,
    /// Addresses from which only `in_all` counts.
    pub exempt: Vec<IpNet>,
}

impl ConnectionLimits {
    /// At most half of the open files, and `per_address` from an address that is neither this
    /// machine's nor a trusted proxy's.
    pub fn new(open_files: u64, per_address: usize, proxies: &TrustedProxies) -> Self {
        let loopback = [
            IpNet::new_assert(Ipv4Addr::LOCALHOST.into(), 8),
            IpNet::new_assert(Ipv6Addr::LOCALHOST.into(), 128),
        ];
        Self {
            in_all: usize::try_from(open_files / 2).unwrap_or(usize::MAX).max(1),
            per_address,
            exempt: [&loopback[..], proxies.networks()].concat(),
        }
    }
}

/// Counts open connections.
#[derive(Debug, Clone)]
pub struct ConnectionLimiter {
    limits: Arc<ConnectionLimits>,
    counts: Arc<Mutex<Counts>>,
}

#[derive(Debug, Default)]
struct Counts {
    open: usize,
    by_address: HashMap<IpAddr, usize>,
    refused: Refused,
}

/// Connections that were closed because of a limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Refused {
    /// Because of the limit of all connections.
    pub in_all: u64,
    /// Because of the limit of a network address.
    pub by_address: u64,
}

/// Permit of one open connection; dropping it releases it.
#[derive(Debug)]
pub struct ConnectionPermit {
    limiter: ConnectionLimiter,
    counted_for: Option<IpAddr>,
}

impl ConnectionLimiter {
    /// A limiter with no connections.
    pub fn new(limits: ConnectionLimits) -> Self {
        Self {
            limits: Arc::new(limits),
            counts: Arc::default(),
        }
    }

    /// A permit for one more connection from `address`, unless a limit is reached.
    pub fn acquire(&self, address: IpAddr) -> Option<ConnectionPermit> {
        let limits = &self.limits;
        let address = address.to_canonical();
        let is_exempt = limits.per_address == 0
            || (limits.exempt.iter()).any(|network| network.contains(&address));
        let counted_for = (!is_exempt).then(|| network_of(address));
        let mut counts = self.lock();
        let of_address = counted_for.and_then(|address| counts.by_address.get(&address));
        if of_address.is_some_and(|open| *open >= limits.per_address) {
            counts.refused.by_address += 1;
            return None;
        }
        if limits.in_all > 0 && counts.open >= limits.in_all {
            counts.refused.in_all += 1;
            return None;
        }
        counts.open += 1;
        if let Some(address) = counted_for {
            *counts.by_address.entry(address).or_default() += 1;
        }
        drop(counts);
        Some(ConnectionPermit {
            limiter: self.clone(),
            counted_for,
        })
    }

    /// What was refused since the last call; `None` for nothing.
    pub fn take_refused(&self) -> Option<Refused> {
        let refused = std::mem::take(&mut self.lock().refused);
        (refused != Refused::default()).then_some(refused)
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let mut counts = self.limiter.lock();
        counts.open -= 1;
        let Some(address) = self.counted_for else {
            return;
        };
        if let Some(open) = counts.by_address.get_mut(&address) {
            *open -= 1;
            if *open == 0 {
                counts.by_address.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A step: a connection from an address is let in or not, or the oldest from it ends.
    enum Step {
        In(&'static str),
        No(&'static str),
        Ends(&'static str),
    }
    use Step::{Ends, In, No};

    fn limits(in_all: usize, per_address: usize) -> ConnectionLimits {
        ConnectionLimits {
            in_all,
            ..ConnectionLimits::new(9, per_address, &TrustedProxies::default())
        }
    }

    #[test]
    fn connections_are_limited_in_all_and_by_address() {
        let (a, b, c) = ("192.0.2.1", "192.0.2.2", "192.0.2.3");
        for (case, limits, steps) in [
            (
                "by address",
                limits(0, 2),
                vec![In(a), In(a), No(a), In(b), In(b), No(b)],
            ),
            (
                "released",
                limits(0, 1),
                vec![In(a), No(a), Ends(a), In(a), No(a)],
            ),
            (
                "in all",
                limits(2, 9),
                vec![In(a), In(b), No(c), Ends(a), In(c), No(a)],
            ),
            (
                "a refused one is not counted",
                limits(2, 1),
                vec![In(a), No(a), In(b), No(c)],
            ),
            (
                "no limit by address",
                limits(3, 0),
                vec![In(a), In(a), In(a), No(a)],
            ),
            ("no limit", limits(0, 0), vec![In(a), In(a), In(a)]),
            (
                "this machine",
                limits(5, 1),
                vec![
                    In("127.0.0.1"),
                    In("127.0.0.1"),
                    In("127.9.9.9"),
                    In("::1"),
                    In("::ffff:127.0.0.1"),
                    No("127.0.0.1"),
                ],
            ),
            (
                "IPv4 in IPv6",
                limits(0, 1),
                vec![In(a), No("::ffff:192.0.2.1"), In("::ffff:192.0.2.2"), No(b)],
            ),
            (
                "an IPv6 network",
                limits(0, 1),
                vec![
                    In("2001:db8::1"),
                    No("2001:db8::ffff:2"),
                    In("2001:db8:0:1::1"),
                ],
            ),
            (
                "counts loopback where it is not exempt",
                ConnectionLimits {
                    exempt: Vec::new(),
                    ..limits(0, 1)
                },
                vec![In("127.0.0.1"), No("127.0.0.1"), In("::1"), No("::1")],
            ),
            (
                "a trusted proxy",
                ConnectionLimits {
                    exempt: vec!["10.0.0.0/8".parse().unwrap()],
                    ..limits(0, 1)
                },
                vec![
                    In("10.1.2.3"),
                    In("10.1.2.3"),
                    In("11.1.2.3"),
                    No("11.1.2.3"),
                ],
            ),
        ] {
            let limiter = ConnectionLimiter::new(limits);
            let mut open: Vec<(&str, ConnectionPermit)> = Vec::new();
            for (n, step) in steps.into_iter().enumerate() {
                match step {
                    In(address) => {
                        let permit = limiter.acquire(address.parse().unwrap());
                        open.push((address, permit.unwrap_or_else(|| panic!("{case}, {n}"))));
                    }
                    No(address) => {
                        let permit = limiter.acquire(address.parse().unwrap());
                        assert!(permit.is_none(), "{case}, {n}");
                    }
                    Ends(address) => {
                        let first = open.iter().position(|(from, _)| *from == address);
                        open.remove(first.unwrap());
                    }
                }
            }
            drop(open);
            let counts = limiter.lock();
            assert_eq!((counts.open, counts.by_address.len()), (0, 0), "{case}");
        }
    }

    #[test]
    fn refused_connections_are_counted_until_they_are_taken() {
        let limiter = ConnectionLimiter::new(limits(2, 1));
        let [a, b, c] = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(|text| text.parse().unwrap());
        assert_eq!(limiter.take_refused(), None);
        let _open = [limiter.acquire(a), limiter.acquire(b)];
        assert!(
            [a, a, c]
                .iter()
                .all(|address| limiter.acquire(*address).is_none())
        );
        let refused = Refused {
            in_all: 1,
            by_address: 2,
        };
        assert_eq!(limiter.take_refused(), Some(refused));
        assert_eq!(limiter.take_refused(), None);
    }

    #[test]
    fn all_connections_take_half_of_the_open_files() {
        for (open_files, in_all) in [(0, 1), (1, 1), (1_024, 512), (u64::MAX, usize::MAX / 2)] {
            let limits = ConnectionLimits::new(open_files, 256, &TrustedProxies::default());
            assert_eq!(limits.in_all, in_all, "{open_files}");
        }
    }
}
