//! How the embedded dictionary was trained, from the test corpus only. A new version needs another
//! seed or corpus, another file and another line in `server::store::packing`; a dictionary in use
//! never changes.

use crate::{
    domain::{ENTRY_TITLE_MAX_CHARS, LogType},
    server::store::packing::{LongFields, pack},
    tests::support::corpus::{Corpus, Sample},
};

const TRAINING_SEED: u64 = 1;
const TRAINING_SAMPLES: usize = 6_000;
const MAX_DICTIONARY_BYTES: usize = 48 * 1024;

#[test]
fn packing_saves_two_thirds_of_entries_outside_the_training_set() {
    let (mut corpus, mut raw, mut packed) = (Corpus::seeded(4_711), 0, 0);
    for _ in 0..2_000 {
        let sample = corpus.sample();
        assert!(
            sample.log_type.parse::<LogType>().is_ok()
                && sample.title.chars().count() <= ENTRY_TITLE_MAX_CHARS
        );
        let long = LongFields {
            details: sample.details,
            metadata: sample.metadata.to_string(),
        };
        let plain = long.details.as_ref().map_or(0, String::len) + long.metadata.len();
        raw += plain;
        packed += pack(&long).unwrap().map_or(plain, |packed| packed.len());
    }
    assert!(packed * 3 <= raw, "{raw} bytes become {packed}");
}

#[test]
#[ignore = "writes a new dictionary: run with -- --ignored"]
fn trains_a_dictionary() {
    let mut corpus = Corpus::seeded(TRAINING_SEED);
    let plain = |sample: Sample| {
        let mut plain = sample
            .details
            .as_ref()
            .map_or(0, |details| details.len() as u32 + 1)
            .to_le_bytes()
            .to_vec();
        plain.extend(sample.details.unwrap_or_default().as_bytes());
        plain.extend(sample.metadata.to_string().as_bytes());
        plain
    };
    let samples: Vec<Vec<u8>> = (0..TRAINING_SAMPLES)
        .map(|_| plain(corpus.sample()))
        .collect();
    let dictionary = zstd::dict::from_samples(&samples, MAX_DICTIONARY_BYTES).unwrap();
    std::fs::write(
        std::env::temp_dir().join("holly-dictionary.zdict"),
        dictionary,
    )
    .unwrap();
}

#[test]
#[ignore = "writes a row packed by the current version, as a fixture for packing tests"]
fn packs_a_row_as_a_fixture() {
    let metadata =
        r#"{"errorClass":"rate_limit","model":"gemini-2.5-flash","provider":"gemini"}"#.to_owned();
    let long = LongFields {
        details: Some("Quota exceeded for requests per minute.".into()),
        metadata,
    };
    std::fs::write(
        std::env::temp_dir().join("holly-packed.bin"),
        pack(&long).unwrap().unwrap(),
    )
    .unwrap();
}
