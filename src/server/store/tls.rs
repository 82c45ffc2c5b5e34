//! Errors of encrypted connections to PostgreSQL: what is wrong, and which parameter of the address
//! changes it.

use reqwest::Url;
use std::error::Error;

const MODES: [&str; 6] = [
    "disable",
    "allow",
    "prefer",
    "require",
    "verify-ca",
    "verify-full",
];

/// Checks `sslmode` and `sslrootcert` of an address, which the driver reports without the value or
/// the path.
pub(super) fn check(url: &str) -> Result<(), String> {
    let Ok(url) = Url::parse(url) else {
        return Ok(());
    };
    for (name, value) in url.query_pairs() {
        match name.as_ref() {
            "sslmode" | "ssl-mode" if !MODES.contains(&value.to_lowercase().as_str()) => {
                return Err(format!(
                    "{name} is {value:?}; it must be one of {}",
                    MODES.join(", ")
                ));
            }
            "sslrootcert" | "ssl-root-cert" | "ssl-ca"
                if !value.trim().starts_with("-----BEGIN") =>
            {
                std::fs::File::open(value.as_ref()).map_err(|why| {
                    format!(
                        "{name} {value}: cannot be read: {why}; it must be a file with the \
                         authority's certificate (PEM) that Holly may read"
                    )
                })?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// The cause of a failed handshake.
pub(super) fn reason(error: &(dyn Error + 'static)) -> String {
    format!("no encrypted connection (TLS): {error}")
}

/// What to do about an error of [`reason`], or about a server that refuses connections without
/// TLS. `None` for other errors.
pub(super) fn advice(why: &str) -> Option<&'static str> {
    let has = |part: &str| why.contains(part);
    if has("no encryption") || has("SSL off") {
        return Some(
            "the server may accept only encrypted connections: add sslmode=require to the \
             address, or sslmode=verify-full to verify the server too, and check that it \
             accepts this user",
        );
    }
    // some servers report an untrusted authority in the handshake, as an error of the connection
    if has("UnknownIssuer") {
        return Some(
            "the certificate is of an authority that is not trusted: set sslrootcert=PATH to the \
             authority's certificate",
        );
    }
    if has("not valid for name") || has("NotValidForName") {
        return Some(
            "use the host name of the certificate in the address, or sslmode=verify-ca, which \
             does not compare the name",
        );
    }
    if has("does not support TLS") {
        return Some(
            "turn TLS on at the server, or use sslmode=prefer, which is not encrypted then",
        );
    }
    has("TLS")
        .then_some("check sslmode and sslrootcert in the address, and the server's certificate")
}
