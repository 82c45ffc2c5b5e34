//! What limits by address count together.

use std::net::{IpAddr, Ipv6Addr};

/// The address or, of an IPv6 address, its /64: one machine has as many addresses of a /64 as it
/// likes.
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::network_of;

    #[test]
    fn networks_by_table() {
        for (address, network) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("2001:db8:1:2:ffff::1", "2001:db8:1:2::"),
            ("2001:db8:1:3::1", "2001:db8:1:3::"),
        ] {
            let found = network_of(address.parse().unwrap());
            assert_eq!(found.to_string(), network, "{address}");
        }
    }
}
