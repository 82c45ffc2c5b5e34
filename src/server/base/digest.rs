//! Random secrets and how they are kept: never themselves, only their SHA-256.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// `N` bytes of the system's randomness in hexadecimal.
pub(crate) fn random_hex<const N: usize>() -> String {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives randomness");
    hex(&bytes)
}

/// SHA-256 of `text` in hexadecimal. A fast hash is right for secrets of 256 random bits.
pub(crate) fn sha256_hex(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

/// Whether two texts are the same, in a time that does not tell where they differ.
pub(crate) fn constant_time_eq(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
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
    fn secrets_are_kept_as_sha_256() {
        assert_eq!(
            sha256_hex("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(random_hex::<32>().len(), 64);
        assert_ne!(random_hex::<32>(), random_hex::<32>());
        assert!(constant_time_eq("a", "a") && !constant_time_eq("a", "b"));
    }
}
