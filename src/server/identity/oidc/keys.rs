//! The keys published by a provider (RFC 7517) and the verification of tokens. Allowed algorithms
//! follow from the key, never from the token: otherwise a token could select `none`, or a MAC with
//! the public key as its secret.

use super::claims::{Claims, TokenError};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation,
    errors::ErrorKind,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Maximum number of keys in a key set.
const KEYS_MAX: usize = 100;

/// A provider's keys.
#[derive(Default)]
pub struct KeySet(Vec<SigningKey>);

/// A key that verifies tokens.
pub struct SigningKey {
    id: Option<String>,
    decoding: DecodingKey,
    algorithms: Vec<Algorithm>,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

impl KeySet {
    /// Parses a key set; keys that cannot verify tokens are skipped. Errors: what is wrong with it.
    pub fn parse(document: &[u8]) -> Result<Self, String> {
        let document: Document =
            serde_json::from_slice(document).map_err(|_| "its keys cannot be read".to_owned())?;
        if document.keys.len() > KEYS_MAX {
            return Err(format!("it has more than {KEYS_MAX} keys"));
        }
        let keys: Vec<SigningKey> = document
            .keys
            .into_iter()
            .filter_map(|key| SigningKey::from_jwk(&serde_json::from_value(key).ok()?))
            .collect();
        if keys.is_empty() {
            Err("it has no key that signs tokens with RS, PS, ES or EdDSA".to_owned())
        } else {
            Ok(Self(keys))
        }
    }

    /// The key with this id; a token without an id must be signed with the only key.
    pub fn find(&self, id: Option<&str>) -> Option<&SigningKey> {
        match (id, self.0.as_slice()) {
            (None, [only]) => Some(only),
            (None, _) => None,
            (Some(_), keys) => keys.iter().find(|key| key.id.as_deref() == id),
        }
    }

    /// The algorithms of its keys, comma-separated.
    pub fn summary(&self) -> String {
        let algorithms = self
            .0
            .iter()
            .filter_map(|key| key.algorithms.first())
            .map(|algorithm| format!("{algorithm:?}"));
        algorithms
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
            .join(", ")
    }
}

impl SigningKey {
    fn from_jwk(jwk: &Jwk) -> Option<Self> {
        let for_signing = !matches!(jwk.common.public_key_use, Some(PublicKeyUse::Encryption));
        let verifies = jwk
            .common
            .key_operations
            .as_ref()
            .is_none_or(|operations| operations.contains(&KeyOperations::Verify));
        let required = jwk
            .common
            .key_algorithm
            .map(|algorithm| algorithm.to_string());
        let allowed = |algorithm: &Algorithm| {
            required
                .as_ref()
                .is_none_or(|required| *required == format!("{algorithm:?}"))
        };
        let algorithms: Vec<Algorithm> = family(&jwk.algorithm)
            .iter()
            .copied()
            .filter(allowed)
            .collect();
        let decoding = DecodingKey::from_jwk(jwk).ok()?;
        (for_signing && verifies && !algorithms.is_empty()).then(|| Self {
            id: jwk.common.key_id.clone(),
            decoding,
            algorithms,
        })
    }

    /// Verifies a token's signature and returns its claims.
    pub fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        let mut validation = Validation::new(self.algorithms[0]);
        validation.algorithms.clone_from(&self.algorithms);
        // Times and audience are checked in `claims`, with Holly's clock.
        (validation.validate_exp, validation.validate_aud) = (false, false);
        validation.required_spec_claims.clear();
        match jsonwebtoken::decode::<Map<String, Value>>(token, &self.decoding, &validation) {
            Ok(verified) => Claims::parse(verified.claims),
            Err(error) => Err(match error.kind() {
                ErrorKind::InvalidSignature => TokenError::Signature,
                ErrorKind::InvalidAlgorithm => TokenError::Algorithm,
                _ => TokenError::Unreadable,
            }),
        }
    }
}

/// The algorithms for keys of this type.
const fn family(key: &AlgorithmParameters) -> &'static [Algorithm] {
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    match key {
        AlgorithmParameters::RSA(_) => &[RS256, RS384, RS512, PS256, PS384, PS512],
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => &[ES256],
            EllipticCurve::P384 => &[ES384],
            _ => &[],
        },
        AlgorithmParameters::OctetKeyPair(_) => &[EdDSA],
        // Includes secrets shared with the provider (`oct`).
        _ => &[],
    }
}
