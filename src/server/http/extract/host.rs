//! The host that a request is for.

use axum::http::{HeaderMap, Uri, header};

/// The value of the request's only `Host` header or, with HTTP/2, its authority.
pub fn request_host<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok(),
        (None, _) => uri.authority().map(|authority| authority.as_str()),
        (Some(_), Some(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_by_table() {
        for (hosts, uri, host) in [
            (&["a.lan:3000"][..], "/", Some("a.lan:3000")),
            (&["a.lan"], "http://b.lan/", Some("a.lan")),
            (&[], "http://b.lan:80/", Some("b.lan:80")),
            (&[], "/", None),
            (&["a.lan", "b.lan"], "/", None),
        ] {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(header::HOST, host.parse().unwrap());
            }
            assert_eq!(
                request_host(&headers, &uri.parse().unwrap()),
                host,
                "{hosts:?} {uri}"
            );
        }
    }
}
