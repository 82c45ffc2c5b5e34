//! Proxies in front: whose word counts about who is asking. Anybody can write `X-Forwarded-For`; it
//! is read only when the connection comes from a proxy that is trusted, and only back to the first
//! address that is not.

use axum::http::HeaderMap;
use clap::Args;
use ipnet::IpNet;
use std::net::IpAddr;

/// Settings as they are given.
#[derive(Debug, Clone, Args)]
pub struct ProxySettings {
    /// Addresses and networks, such as 10.0.0.0/8, of proxies whose X-Forwarded-For is believed;
    /// limits count by the address in it.
    #[arg(long, env = "HOLLY_TRUSTED_PROXIES", default_value = "127.0.0.0/8,::1")]
    pub trusted_proxies: String,
}

/// The proxies that are trusted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl ProxySettings {
    /// Checks the setting and adds its problems to those of the others.
    pub fn check(&self, problems: &mut Vec<String>) -> TrustedProxies {
        let mut trusted = Vec::new();
        for word in self
            .trusted_proxies
            .split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty())
        {
            match word.parse().or_else(|_| word.parse::<IpAddr>().map(IpNet::from)) {
                Ok(net) => trusted.push(net),
                Err(_) => problems.push(format!("HOLLY_TRUSTED_PROXIES has {word:?}; it takes addresses and networks such as 10.0.0.0/8")),
            }
        }
        TrustedProxies(trusted)
    }
}

impl TrustedProxies {
    /// Who asks: the address of the connection or, where that is a trusted proxy, the last one it
    /// names that is none itself.
    pub fn asker(&self, connection: IpAddr, headers: &HeaderMap) -> IpAddr {
        let named = headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','));
        let named: Vec<Option<IpAddr>> = named.map(|address| address.trim().parse().ok()).collect();
        let mut asker = connection.to_canonical();
        for address in named.into_iter().rev() {
            match address {
                Some(address) if self.trusts(asker) => asker = address.to_canonical(),
                _ => break,
            }
        }
        asker
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
    fn only_a_trusted_proxy_is_believed_and_only_back_to_the_first_that_is_not() {
        let proxies = trusted("127.0.0.0/8, ::1, 10.1.2.3").unwrap();
        for (connection, forwarded, asker) in [
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
                    .asker(connection.parse().unwrap(), &headers)
                    .to_string(),
                asker,
                "{connection} {forwarded:?}"
            );
        }
    }

    #[test]
    fn nonsense_is_refused_and_nobody_may_be_trusted() {
        assert_eq!(trusted("localhost, 10.0.0.0/99").unwrap_err().len(), 2);
        assert_eq!(trusted("").unwrap(), TrustedProxies::default());
    }
}
