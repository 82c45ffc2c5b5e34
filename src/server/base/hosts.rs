//! The host names that the server answers to. A page of another site whose name resolves to this
//! machine (DNS rebinding) sends its own name.

use axum::http::uri::Authority;
use clap::Args;
use reqwest::Url;
use std::net::IpAddr;

/// Settings as given.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Server")]
pub struct HostSettings {
    /// Host names that requests may be for, separated by commas, with or without a port
    ///
    /// The host of HOLLY_PUBLIC_URL, IP addresses and localhost are always allowed. Requests for
    /// other hosts are answered with 421.
    #[arg(long, env = "HOLLY_ALLOWED_HOSTS", default_value = "")]
    pub allowed_hosts: String,
}

/// The allowed host names in lower case, each with a port if only that one is allowed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AllowedHosts(Vec<(String, Option<u16>)>);

impl HostSettings {
    /// Validates the setting, adds its problems to `problems`, and allows the public URL's host.
    pub fn check(&self, public_url: Option<&str>, problems: &mut Vec<String>) -> AllowedHosts {
        let mut allowed = Vec::new();
        let parts = self.allowed_hosts.split(',').map(str::trim);
        for part in parts.filter(|part| !part.is_empty()) {
            match host_and_port(part) {
                Some(host) => allowed.push(host),
                None => problems.push(format!(
                    "HOLLY_ALLOWED_HOSTS has {part:?}; it must be host names such as \
                     holly.example.org, with or without a port, separated by commas"
                )),
            }
        }
        let public = public_url.and_then(|url| Url::parse(url).ok());
        let public = public.as_ref().and_then(Url::host_str);
        allowed.extend(public.map(|host| (host.to_lowercase(), None)));
        AllowedHosts(allowed)
    }
}

impl AllowedHosts {
    /// Whether a request may be for this host: the value of its `Host` header.
    pub fn allows(&self, host: &str) -> bool {
        let Some((name, port)) = host_and_port(host) else {
            return false;
        };
        let is_address = name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
        is_address
            || name == "localhost"
            || self.0.iter().any(|(allowed, allowed_port)| {
                *allowed == name && (allowed_port.is_none() || *allowed_port == port)
            })
    }
}

/// Whether an IP address or name means this machine.
pub fn is_loopback_host(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// The name in lower case, without the dot at its end, and the port. `None` if it is neither a name
/// nor an address.
fn host_and_port(host: &str) -> Option<(String, Option<u16>)> {
    let authority: Authority = host.parse().ok()?;
    let name = authority.host().trim_end_matches('.').to_lowercase();
    let is_plain = name
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || "-._[]:".contains(letter));
    let has_port = match authority.port() {
        Some(port) => port.as_str().parse::<u16>().is_ok(),
        None => !host.ends_with(':') && authority.as_str().len() == authority.host().len(),
    };
    (is_plain && has_port && !name.is_empty() && !host.contains('@'))
        .then(|| (name, authority.port_u16()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(hosts: &str) -> Result<AllowedHosts, Vec<String>> {
        let mut problems = Vec::new();
        let settings = HostSettings {
            allowed_hosts: hosts.into(),
        };
        let allowed = settings.check(Some("https://holly.example.org"), &mut problems);
        problems.is_empty().then_some(allowed).ok_or(problems)
    }

    #[test]
    fn hosts_by_table() {
        let allowed = checked(
            "holly.lan, other.lan:8080 ,BÜCHER.lan"
                .replace('Ü', "ue")
                .as_str(),
        );
        let allowed = allowed.unwrap();
        for (host, is_allowed) in [
            ("holly.example.org", true),
            ("holly.example.org:443", true),
            ("HOLLY.example.org.", true),
            ("holly.lan:3000", true),
            ("other.lan:8080", true),
            ("other.lan:8081", false),
            ("other.lan", false),
            ("buecher.lan", true),
            ("localhost", true),
            ("LOCALHOST:3000", true),
            ("127.0.0.1:3000", true),
            ("192.168.1.2", true),
            ("[::1]:3000", true),
            ("[fd00::1]", true),
            ("evil.example", false),
            ("evil.localhost", false),
            ("localhost.evil.example", false),
            ("holly.example.org.evil.example", false),
            ("evil.example/holly.lan", false),
            ("evil@holly.lan", false),
            ("holly.lan@evil.example", false),
            ("2130706433", false),
            ("0x7f000001", false),
            ("127.1", false),
            ("", false),
            (":3000", false),
        ] {
            assert_eq!(allowed.allows(host), is_allowed, "{host}");
        }
    }

    #[test]
    fn invalid_host_names_are_refused() {
        for hosts in [
            "*",
            "*.example.org",
            "https://a.lan",
            "a b",
            "a/b",
            "a@b",
            "a:x",
            "a:",
        ] {
            assert_eq!(checked(hosts).unwrap_err().len(), 1, "{hosts}");
        }
        assert_eq!(checked("a/b,c/d").unwrap_err().len(), 2);
        assert!(checked(" , ").is_ok());
    }
}
