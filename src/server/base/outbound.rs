//! Fetches URLs that come from a model or a result, and never from private networks: each name is
//! resolved here and each redirect is checked, so neither a redirect nor a name with a private
//! address gets through (OWASP, SSRF).

mod public_address;

use futures::StreamExt;
use public_address::is_public;
use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect,
};
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

/// Timeout of a whole fetch.
const TIMEOUT: Duration = Duration::from_secs(120);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_REDIRECTS: usize = 3;

/// Fetches files from URLs; cheap to clone.
#[derive(Clone)]
pub struct Outbound {
    client: reqwest::Client,
    allowed: Allowed,
}

/// Hosts that may have a private address, in lower case.
type Allowed = Arc<[String]>;

/// Why a fetch failed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum FetchError {
    /// The URL is not http(s), contains a user or password, or is in a private network.
    #[error("the address {0} may not be fetched")]
    Forbidden(String),
    /// The file is larger than allowed.
    #[error("the file is larger than {0} bytes")]
    TooLarge(usize),
    /// The request failed.
    #[error("the file could not be fetched: {0}")]
    Failed(String),
}

impl Outbound {
    /// A client that fetches from public addresses and from these hosts. Errors: TLS cannot be set
    /// up.
    pub fn new(hosts: &[String]) -> Result<Self, reqwest::Error> {
        let allowed: Allowed = hosts.iter().map(|host| host.to_lowercase()).collect();
        let checked = allowed.clone();
        let redirects = redirect::Policy::custom(move |attempt| match attempt.previous().len() {
            redirects if redirects > MAX_REDIRECTS => attempt.error("too many redirects"),
            _ if may_fetch(attempt.url(), &checked) => attempt.follow(),
            _ => attempt.error(FORBIDDEN_TARGET),
        });
        let client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(redirects)
            .dns_resolver(Resolver {
                allowed: allowed.clone(),
            })
            .no_proxy()
            .build()?;
        Ok(Self { client, allowed })
    }

    /// The bytes at `url`, at most `max_bytes`.
    pub async fn fetch(&self, url: &str, max_bytes: usize) -> Result<Vec<u8>, FetchError> {
        let forbidden = || FetchError::Forbidden(url.chars().take(200).collect());
        let parsed = Url::parse(url)
            .ok()
            .filter(|parsed| may_fetch(parsed, &self.allowed))
            .ok_or_else(forbidden)?;
        let failed = |why: reqwest::Error| FetchError::Failed(reason(&why));
        let response = self
            .client
            .get(parsed)
            .send()
            .await
            .and_then(reqwest::Response::error_for_status)
            .map_err(failed)?;
        if response
            .content_length()
            .is_some_and(|length| length > max_bytes as u64)
        {
            return Err(FetchError::TooLarge(max_bytes));
        }
        let mut bytes = Vec::new();
        let mut body = response.bytes_stream();
        while let Some(chunk) = body.next().await {
            bytes.extend_from_slice(&chunk.map_err(failed)?);
            if bytes.len() > max_bytes {
                return Err(FetchError::TooLarge(max_bytes));
            }
        }
        Ok(bytes)
    }
}

/// Whether a URL may be requested; the addresses of a name are checked when it is resolved.
fn may_fetch(url: &Url, allowed: &[String]) -> bool {
    let is_plain = matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none();
    let Some(host) = url.host_str().filter(|_| is_plain) else {
        return false;
    };
    let literal = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>();
    allowed.iter().any(|allowed| allowed == host) || literal.map_or(true, is_public)
}

/// The innermost reason, without the URL: it may contain a signature.
pub(crate) fn reason(error: &reqwest::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    error.status().map_or_else(
        || innermost.to_string(),
        |status| format!("the server answered {status}"),
    )
}

const FORBIDDEN_TARGET: &str = "it leads to an address that may not be fetched";

struct Resolver {
    allowed: Allowed,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allowed = self.allowed.iter().any(|allowed| allowed == name.as_str());
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let addresses: Vec<SocketAddr> = found
                .filter(|address| allowed || is_public(address.ip()))
                .collect();
            if addresses.is_empty() {
                return Err(FORBIDDEN_TARGET.into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn private_addresses_are_refused() {
        let outbound = Outbound::new(&[]).unwrap();
        for url in [
            "http://127.0.0.1/",
            "http://[::1]/",
            "http://169.254.169.254/latest/meta-data",
            "http://10.0.0.1/",
            "http://0/",
            "http://2130706433/",
            "http://[::ffff:127.0.0.1]/",
            "file:///etc/passwd",
            "ftp://example.org/",
            "http://user:pass@example.org/",
            "nonsense",
        ] {
            assert!(
                matches!(outbound.fetch(url, 10).await, Err(FetchError::Forbidden(_))),
                "{url}"
            );
        }
        let by_name = outbound.fetch("http://localhost:9/", 10).await.unwrap_err();
        assert_eq!(
            by_name,
            FetchError::Failed("it leads to an address that may not be fetched".into())
        );
    }
}
