//! Signing keys, generated in each test run.

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use serde_json::{Value, json};
use std::sync::LazyLock;

/// Generating one is slow, so the tests of a process share it.
static RSA: LazyLock<EncodingKey> = LazyLock::new(|| {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let pkcs8: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    // PKCS #8 puts a header of 26 bytes before the RSAPrivateKey.
    EncodingKey::from_rsa_der(&pkcs8.as_ref()[26..])
});

/// A private key with its id.
#[derive(Clone)]
pub(in crate::tests) struct SigningKey {
    pub(in crate::tests) id: String,
    algorithm: Algorithm,
    key: EncodingKey,
}

impl SigningKey {
    /// An RSA key, for RS256.
    pub(in crate::tests) fn rsa(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            algorithm: Algorithm::RS256,
            key: RSA.clone(),
        }
    }

    /// A new key on P-256, for ES256.
    pub(in crate::tests) fn ec(id: &str) -> Self {
        let document =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
                .unwrap();
        Self {
            id: id.to_owned(),
            algorithm: Algorithm::ES256,
            key: EncodingKey::from_ec_der(document.as_ref()),
        }
    }

    /// The public key as a JWK.
    pub(in crate::tests) fn published(&self) -> Value {
        let mut jwk =
            serde_json::to_value(Jwk::from_encoding_key(&self.key, self.algorithm).unwrap())
                .unwrap();
        jwk["kid"] = json!(self.id);
        jwk["use"] = json!("sig");
        jwk
    }

    /// A token with these claims.
    pub(in crate::tests) fn signs(&self, claims: &Value) -> String {
        self.signs_under(
            Header {
                kid: Some(self.id.clone()),
                ..Header::new(self.algorithm)
            },
            claims,
        )
    }

    /// A token with this header, whose algorithm must fit the key.
    pub(in crate::tests) fn signs_under(&self, header: Header, claims: &Value) -> String {
        jsonwebtoken::encode(&header, claims, &self.key).unwrap()
    }
}
