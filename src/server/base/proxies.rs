//! Trusted reverse proxies. Any client can send `X-Forwarded-For`; it is used only if the
//! connection comes from a trusted proxy, and only back to the first address that is not one.

use axum::http::HeaderMap;
use clap::Args;
use ipnet::IpNet;
use std::net::IpAddr;

/// Settings as given.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Proxies")]
pub struct ProxySettings {
    /// Proxies whose X-Forwarded-For header is trusted, separated by commas
    ///
    /// Addresses and networks such as 10.0.0.0/8. Limits by address use the client's address from
    /// the header.
    #[arg(long, env = "HOLLY_TRUSTED_PROXIES", default_value = "127.0.0.0/8,::1")]
    pub trusted_proxies: String,
}

/// The trusted proxies.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl ProxySettings {
    /// Validates the setting and adds its problems to `problems`.
    pub fn check(&self, problems: &mut Vec<String>) -> TrustedProxies {
        let mut trusted = Vec::new();
        for part in self
            .trusted_proxies
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            match part
                .parse()
                .or_else(|_| part.parse::<IpAddr>().map(IpNet::from))
            {
                Ok(net) => trusted.push(net),
                Err(_) => problems.push(format!(
                    "HOLLY_TRUSTED_PROXIES has {part:?}; it must be addresses and networks such as \
                     10.0.0.0/8, separated by commas"
                )),
            }
        }
        TrustedProxies(trusted)
    }
}

impl TrustedProxies {
    /// The client's address: that of the connection or, if that is a trusted proxy, the last
    /// address in `X-Forwarded-For` that is not one.
    pub fn client_address(&self, connection: IpAddr, headers: &HeaderMap) -> IpAddr {
        let forwarded = headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','));
        let forwarded: Vec<Option<IpAddr>> = forwarded
            .map(|address| address.trim().parse().ok())
            .collect();
        let mut client = connection.to_canonical();
        for address in forwarded.into_iter().rev() {
            match address {
                Some(address) if self.trusts(client) => client = address.to_canonical(),
                _ => break,
            }
        }
        client
    }

    /// Whether a forwarded address was ignored, because the connection is not a trusted proxy's.
    pub fn ignores_forwarded(&self, connection: IpAddr, headers: &HeaderMap) -> bool {
        headers.contains_key("x-forwarded-for") && !self.trusts(connection.to_canonical())
    }

    /// The addresses and networks.
    pub fn networks(&self) -> &[IpNet] {
        &self.0
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|net| net.contains(&address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusted(text: &str) -> Result<TrustedProxies, Vec<String>> {
        let mut problems = Vec::new();
        let trusted = ProxySettings {
            trusted_proxies: text.into(),
        }
        .check(&mut problems);
        if problems.is_empty() {
            Ok(trusted)
        } else {
            Err(problems)
        }
    }

    #[test]
    fn forwarded_addresses_are_used_only_from_trusted_proxies() {
        let proxies = trusted("127.0.0.0/8, ::1, 10.1.2.3").unwrap();
        for (connection, forwarded, client) in [
            ("127.0.0.1", &["203.0.113.9"][..], "203.0.113.9"),
            ("127.0.0.1", &[], "127.0.0.1"),
            ("127.0.0.1", &["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
            (
                "::1",
                &["198.51.100.1", "203.0.113.9, 10.1.2.3"],
                "203.0.113.9",
            ),
            ("::ffff:127.0.0.1", &["2001:db8::5"], "2001:db8::5"),
            ("192.0.2.7", &["203.0.113.9"], "192.0.2.7"),
            ("127.0.0.1", &["203.0.113.9, nonsense"], "127.0.0.1"),
            ("127.0.0.1", &["127.0.0.2, 127.0.0.3"], "127.0.0.2"),
        ] {
            let mut headers = HeaderMap::new();
            for value in forwarded {
                headers.append("x-forwarded-for", value.parse().unwrap());
            }
            assert_eq!(
                proxies
                    .client_address(connection.parse().unwrap(), &headers)
                    .to_string(),
                client,
                "{connection} {forwarded:?}"
            );
        }
    }

    #[test]
    fn invalid_addresses_are_refused_and_an_empty_list_is_allowed() {
        assert_eq!(trusted("localhost, 10.0.0.0/99").unwrap_err().len(), 2);
        assert_eq!(trusted("").unwrap(), TrustedProxies::default());
    }
}
