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

/// HMAC-SHA-256 (RFC 2104) of `text` in hexadecimal.
pub(crate) fn hmac_sha256_hex(key: &[u8], text: &[u8]) -> String {
    let mut block = [0; 64];
    let hashed = Sha256::digest(key);
    let key = if key.len() > block.len() {
        &hashed[..]
    } else {
        key
    };
    block
        .iter_mut()
        .zip(key)
        .for_each(|(byte, key)| *byte = *key);
    let inner = Sha256::new()
        .chain_update(block.map(|byte| byte ^ 0x36))
        .chain_update(text)
        .finalize();
    let outer = Sha256::new()
        .chain_update(block.map(|byte| byte ^ 0x5c))
        .chain_update(inner)
        .finalize();
    hex(&outer)
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
    fn hmacs_are_those_of_rfc_4231() {
        for (key, text, expected) in [
            (
                b"Jefe".to_vec(),
                "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                vec![0xaa; 131],
                "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ] {
            assert_eq!(hmac_sha256_hex(&key, text.as_bytes()), expected);
        }
    }

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
