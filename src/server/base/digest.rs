//! Random secrets, and the SHA-256 under which they are stored instead of the secret itself.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// `N` random bytes of the operating system in hexadecimal.
pub(crate) fn random_hex<const N: usize>() -> String {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system provides randomness");
    hex(&bytes)
}

/// SHA-256 of `text` in hexadecimal. Secrets of 256 random bits need no slow hash.
pub(crate) fn sha256_hex(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

/// Compares two texts in constant time.
pub(crate) fn constant_time_eq(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |text, byte| {
            text + &format!("{byte:02x}")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_stored_as_sha_256() {
        assert_eq!(
            sha256_hex("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(random_hex::<32>().len(), 64);
        assert_ne!(random_hex::<32>(), random_hex::<32>());
        assert!(constant_time_eq("a", "a") && !constant_time_eq("a", "b"));
    }
}
