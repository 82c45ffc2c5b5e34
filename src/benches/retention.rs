//! `make bench`: how small the tiers are and how fast an object is read. The corpus is `tests/support/corpus.rs` with another seed
//! than the dictionary was trained on; raw is title, details and metadata as they were written, for cold the whole JSON line.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod entries;

use entries::corpus::{Corpus, Sample};
use holly::{
    api::Account,
    ids::{ConversationId, EntryId, UserId},
    server::{
        archive::{
            Archive,
            object::{Group, encode},
            reading,
        },
        chat::create_conversation,
        packing::{Long, pack, unpack},
        retention::{Policy, Retention, Run, run_once},
        store::{
            Store, users,
            work_logs::{EntryFilter, StoredEntry},
        },
    },
    timestamp::{DAY_MS, Timestamp},
};
use std::time::{Duration, Instant};

const SEED: u64 = 4_711;
const SAMPLES: usize = 5_000;
const READS: usize = 200;

fn main() {
    println!("corpus: seed {SEED}, {SAMPLES} entries");
    warm();
    for entries in [16, 64, 500] {
        cold(entries);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be made");
    runtime.block_on(cold_read(500));
}

fn samples(count: usize) -> impl Iterator<Item = Sample> {
    let mut corpus = Corpus::seeded(SEED);
    (0..count).map(move |_| corpus.sample())
}

fn warm() {
    let (mut raw, mut packed_bytes, mut packing, mut unpacking) =
        (0, 0, Duration::ZERO, Duration::ZERO);
    for sample in samples(SAMPLES) {
        let long = Long {
            details: sample.details,
            metadata: sample.metadata.to_string(),
        };
        raw += long.details.as_ref().map_or(0, String::len) + long.metadata.len();
        let began = Instant::now();
        let packed = pack(&long).expect("it can be packed");
        packing += began.elapsed();
        let began = Instant::now();
        unpack(&packed).expect("it can be unpacked");
        unpacking += began.elapsed();
        packed_bytes += packed.len();
    }
    let each = |time: Duration| time.as_secs_f64() * 1e6 / SAMPLES as f64;
    println!(
        "warm: {raw} bytes of details and metadata become {packed_bytes}, 1/{:.2}; packing and checking {:.1} us, unpacking {:.1} us a row",
        raw as f64 / packed_bytes as f64,
        each(packing),
        each(unpacking)
    );
}

fn day_of(count: usize) -> (Group, Vec<StoredEntry>) {
    let at = Timestamp::from_millis(1_795_512_600_000);
    let id = |n: usize| {
        uuid::Uuid::from_u128(
            0x0199_0000_0000_7000_8000_0000_0000_0000
                + ((n as u128) << 16)
                + (n as u128 * 7_919) % 65_536,
        )
    };
    let (user_id, conversation_id) = (
        UserId::from_uuid(id(1)),
        Some(ConversationId::from_uuid(id(2))),
    );
    let entry = |(n, sample): (usize, Sample)| {
        let entry = entries::entry(
            EntryId::from_uuid(id(100 + n)),
            user_id,
            conversation_id,
            at.plus(n as i64 * 61_007),
            sample,
        );
        StoredEntry {
            rev: 1_000 + n as i64,
            ..entry
        }
    };
    (
        Group {
            user_id,
            conversation_id,
            day: at.day(),
        },
        samples(count).enumerate().map(entry).collect(),
    )
}

fn cold(count: usize) {
    let (group, entries) = day_of(count);
    let raw: usize = entries
        .iter()
        .map(|entry| serde_json::to_string(entry).map_or(0, |line| line.len() + 1))
        .sum();
    let began = Instant::now();
    let encoded = encode(group, &entries).expect("it can be encoded");
    let took = began.elapsed();
    println!(
        "cold: an object of {count} entries, {raw} bytes of JSON, becomes {}, 1/{:.2}, in {:.1} ms",
        encoded.bytes.len(),
        raw as f64 / encoded.bytes.len() as f64,
        took.as_secs_f64() * 1e3
    );
}

/// A conversation's day as the list reads it: manifest, object, merging. From the folder each time: a new archive has read nothing.
async fn cold_read(count: usize) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = Store::open(&format!("sqlite://{}/holly.db", folder.path().display()))
        .await
        .expect("a database can be made");
    let url = format!("file://{}/archive", folder.path().display());
    let archive = || Archive::open(&url).expect("a folder can be opened");
    let (user, conversation) = written(&store, count).await;
    let now = Timestamp::from_millis(1_795_512_600_000).plus(32 * DAY_MS);
    let report = run_once(
        &Retention {
            store: store.clone(),
            archive: archive(),
        },
        Run::at(Policy::default(), now),
    )
    .await;
    assert_eq!(report.expect("the run goes on").moved_to_cold, count as i64);
    let filter = EntryFilter {
        conversation_id: Some(conversation),
        ..EntryFilter::default()
    };
    let mut times = Vec::new();
    for _ in 0..READS {
        let (fresh, began) = (archive(), Instant::now());
        let mut reader = store.read().await.expect("the database answers");
        let read = reading::list(
            &mut reader,
            &fresh,
            user,
            (&filter, false),
            None,
            count as i64,
        )
        .await
        .expect("it can be read");
        times.push(began.elapsed());
        assert_eq!(read.len(), count);
    }
    times.sort();
    let at = |percent: usize| times[(READS * percent / 100).min(READS - 1)].as_secs_f64() * 1e3;
    println!(
        "cold read of a conversation's day, {count} entries, from a folder, {READS} times: p50 {:.1} ms, p99 {:.1} ms",
        at(50),
        at(99)
    );
}

/// Writes the entries as rows of one conversation.
async fn written(store: &Store, count: usize) -> (UserId, ConversationId) {
    let (Group { user_id, .. }, entries) = day_of(count);
    let account = Account {
        id: user_id,
        email: "ada@example.org".to_owned(),
        is_admin: false,
    };
    let mut tx = store.begin().await.expect("a transaction begins");
    users::insert(&mut tx, entries[0].timestamp, &account, "no password")
        .await
        .expect("an account can be made");
    tx.commit().await.expect("it is lasting");
    let talk = create_conversation(store, entries[0].timestamp, user_id, "Talk")
        .await
        .expect("a conversation can be made")
        .id;
    let mut tx = store.begin().await.expect("a transaction begins");
    for entry in entries {
        entries::write(
            &mut tx,
            StoredEntry {
                conversation_id: Some(talk),
                ..entry
            },
        )
        .await;
    }
    tx.commit().await.expect("it is lasting");
    (user_id, talk)
}
