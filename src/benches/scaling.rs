//! What a person and an entry cost on PostgreSQL: bytes, statements, connections, processor time; and what a million people
//! would need by these figures. docs/scaling.md explains them. The texts are those of `tests/support/corpus.rs`.
//!
//! `.ci/services cargo bench --features ssr --bench scaling`; HOLLY_BENCH_PEOPLE and HOLLY_BENCH_ENTRIES (a person) change its size.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[path = "../tests/support/corpus.rs"]
mod corpus;
#[path = "scaling/million.rs"]
mod million;
#[path = "scaling/observed.rs"]
mod observed;

use corpus::Corpus;
use futures::{StreamExt, TryStreamExt, stream};
use holly::{
    api::Account,
    ids::{ConversationId, UserId},
    server::{
        archive::Archive,
        auth,
        chat::{BeginTurn, Ending, begin_turn, end_turn},
        new_id,
        retention::{Policy, Retention, Run, run_once},
        store::{Store, changes, heads, users, work_logs::EntryFilter},
        work_log::{Origin, create_work_log, finish_work_log, recent_logs},
    },
    timestamp::{DAY_MS, Timestamp},
    work_log::{EntryDraft, EntryPatch, Metadata, Status, WorkLogEntry},
};
use million::Measured;
use observed::Observer;
use std::collections::HashMap;

type Failure = Box<dyn std::error::Error>;

const NOW: Timestamp = Timestamp::from_millis(1_795_512_600_000);
/// Work at the same time: more than there are connections.
const AT_ONCE: usize = 24;
/// Times that each question is asked.
const ASKED: usize = 50;

fn number(name: &str, otherwise: usize) -> usize {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(otherwise)
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let Ok(cluster) = std::env::var("HOLLY_TEST_POSTGRES") else {
        println!(
            "scaling: no PostgreSQL; run it as `.ci/services cargo bench --features ssr --bench scaling`"
        );
        return Ok(());
    };
    let (people, entries) = (
        number("HOLLY_BENCH_PEOPLE", 300),
        number("HOLLY_BENCH_ENTRIES", 60),
    );
    println!(
        "{people} people, {entries} entries each, a turn of two messages for every six entries\n"
    );
    let observer = Observer::open(&cluster).await?;
    let folder = tempfile::tempdir()?;
    let archive = Archive::open(&format!("file://{}", folder.path().display()))?;
    let retention = Retention {
        store: Store::open(&observer.address).await?,
        archive,
    };
    let store = &retention.store;
    let mut measured = Measured::default();

    let accounts = add_people(store, people).await?;
    observer
        .sizes(
            "people: bytes each",
            people,
            &["users", "sessions", "api_keys"],
            &mut measured.person,
        )
        .await?;
    let (began, spent) = (std::time::Instant::now(), observer.processor_ms().await?);
    let conversations = converse(store, &accounts, entries).await?;
    let (took, now_spent) = (began.elapsed(), observer.processor_ms().await?);
    let written = people * entries;
    measured.holly_ms = (now_spent.0 - spent.0) as f64 / written as f64;
    measured.postgres_ms = (now_spent.1 - spent.1) as f64 / written as f64;
    println!(
        "written: {:.0} entries a second (fsync is off in .ci/services); processor time an entry: {:.2} ms of Holly, {:.2} ms of PostgreSQL",
        written as f64 / took.as_secs_f64(),
        measured.holly_ms,
        measured.postgres_ms
    );
    println!(
        "connections under load: {} of one process, and one more to LISTEN\n",
        observer.connections().await?
    );
    ask(&observer, store, &accounts, &conversations, &mut measured).await?;
    observer
        .sizes(
            "where their feeds stand: bytes each",
            people,
            &["heads"],
            &mut measured.person,
        )
        .await?;
    let talk = ["conversations", "messages", "turns"];
    observer
        .sizes(
            "turns: bytes each",
            people * entries.div_ceil(6),
            &talk,
            &mut measured.turn,
        )
        .await?;
    age(&observer, &retention, written, &mut measured).await?;
    measured.tell();
    retention.store.close().await;
    observer.close().await
}

async fn add_people(store: &Store, count: usize) -> Result<Vec<(UserId, String)>, Failure> {
    let add = |n: usize| async move {
        let account = Account {
            id: new_id::user(NOW),
            email: format!("reader{n}@example.org"),
            is_admin: false,
        };
        let mut tx = store.begin().await?;
        users::insert(&mut tx, NOW, &account, &"x".repeat(97)).await?;
        tx.commit().await?;
        let token = auth::begin_session(
            store,
            NOW,
            account.id,
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        )
        .await?;
        auth::create_key(store, NOW, account.id, "a script").await?;
        Ok::<_, Failure>((account.id, token))
    };
    stream::iter((0..count).map(add))
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}

/// Everybody's turns: a message, an entry each for what was done, begun and settled, and the end.
async fn converse(
    store: &Store,
    accounts: &[(UserId, String)],
    entries: usize,
) -> Result<Vec<ConversationId>, Failure> {
    let talk = |(n, user): (usize, UserId)| async move {
        let (mut corpus, mut conversation) = (Corpus::seeded(n as u64 + 1), None);
        for first in (0..entries).step_by(6) {
            let now = NOW.plus(first as i64 * 60_000);
            let begin = BeginTurn {
                now,
                user,
                worker: "a benchmark",
                lease_until: now.plus(60_000),
                bounds: Default::default(),
            };
            let (turn, _) = begin_turn(
                store,
                begin,
                conversation,
                "Paint me a lighthouse at dusk, with boats coming home",
            )
            .await?;
            conversation = Some(turn.conversation_id);
            for _ in first..entries.min(first + 6) {
                work(store, now, user, turn.conversation_id, &mut corpus).await?;
            }
            end_turn(
                store,
                now.plus(20_000),
                turn,
                Ending::Finished,
                &HashMap::new(),
            )
            .await?;
        }
        Ok::<_, Failure>(conversation)
    };
    let users = accounts.iter().map(|(user, _)| *user).enumerate();
    let talked: Vec<_> = stream::iter(users.map(talk))
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(talked.into_iter().flatten().collect())
}

/// An entry that works, and then has worked.
async fn work(
    store: &Store,
    now: Timestamp,
    user: UserId,
    place: ConversationId,
    corpus: &mut Corpus,
) -> Result<WorkLogEntry, Failure> {
    let sample = corpus.sample();
    let (log_type, metadata) = (
        sample.log_type.parse()?,
        sample.metadata.as_object().cloned(),
    );
    let draft = EntryDraft::clipped(log_type, &sample.title, None, Metadata::default());
    let draft = EntryDraft {
        status: Status::Working,
        conversation_id: Some(place),
        ..draft
    };
    let entry = create_work_log(store, now, user, draft, Origin::default()).await?;
    let patch = EntryPatch {
        status: Some(Status::Success),
        details: sample.details.map(Some),
        metadata,
        duration_ms: Some(1_234),
        ..EntryPatch::default()
    };
    Ok(finish_work_log(store, now.plus(1_234), user, entry.id, patch).await?)
}

/// How many statements the usual questions take, BEGIN and COMMIT among them.
async fn ask(
    observer: &Observer,
    store: &Store,
    accounts: &[(UserId, String)],
    conversations: &[ConversationId],
    measured: &mut Measured,
) -> Result<(), Failure> {
    println!("statements, BEGIN and COMMIT counted, the mean of {ASKED}");
    let (user, token) = &accounts[0];
    let (user, mut corpus) = (*user, Corpus::seeded(7));
    let place = first_place(store, user)
        .await?
        .or(conversations.first().copied())
        .ok_or("nobody has a conversation")?;
    measured.entry_statements = observer
        .statements("an entry, begun and settled", ASKED, async || {
            work(store, NOW, user, place, &mut corpus).await.map(drop)
        })
        .await?;
    observer
        .statements("who asks, by cookie", ASKED, async || {
            let who = auth::check_session(store, NOW, token)
                .await?
                .ok_or("the session is there")?;
            users::by_id(&mut *store.read().await?, who).await?;
            Ok(())
        })
        .await?;
    observer
        .statements("a page of 50 entries", ASKED, async || {
            let filter = EntryFilter::default();
            let archive = Archive::over(
                std::sync::Arc::new(object_store::memory::InMemory::new()),
                "",
                std::time::Duration::from_secs(1),
            );
            recent_logs(
                &mut store.read().await?,
                &archive,
                user,
                (&filter, false),
                None,
                50,
            )
            .await?;
            Ok(())
        })
        .await?;
    measured.wake_statements = observer
        .statements(
            "a change read for all readers of a person",
            ASKED,
            async || {
                let head = heads::of(&mut *store.look().await?, user).await?.head;
                changes::after(&mut *store.look().await?, user, head - 1).await?;
                Ok(())
            },
        )
        .await?
        - 1.0;
    println!(
        "(of these, one finds the newest revision for the benchmark itself and is taken off in the model)\n"
    );
    Ok(())
}

async fn first_place(store: &Store, user: UserId) -> Result<Option<ConversationId>, Failure> {
    let listed =
        holly::server::chat::list_conversations(&mut store.read().await?, user, None, 1).await?;
    Ok(listed.first().map(|conversation| conversation.id))
}

/// Entries as they age: written, packed, in the archive.
async fn age(
    observer: &Observer,
    retention: &Retention,
    entries: usize,
    measured: &mut Measured,
) -> Result<(), Failure> {
    let totals = [
        "work_log_stats",
        "work_log_durations",
        "work_log_hours",
        "archive_objects",
        "archive_holes",
    ];
    observer
        .sizes(
            "hot entries: bytes each",
            entries,
            &["work_logs"],
            &mut measured.hot,
        )
        .await?;
    for (days, what) in [
        (8, "warm entries: bytes each"),
        (32, "cold entries: bytes each left in the database"),
    ] {
        let run = Run {
            trust_clock: true,
            ..Run::at(Policy::default(), NOW.plus(days * DAY_MS))
        };
        let mut more = true;
        while more {
            more = run_once(&retention.clone(), run).await?.more;
        }
        let into = if days == 8 {
            &mut measured.warm
        } else {
            &mut measured.cold
        };
        let tables: &[&str] = if days == 8 { &["work_logs"] } else { &totals };
        observer.sizes(what, entries, tables, into).await?;
    }
    let objects: (i64, i64) =
        sqlx::query_as("select count(*), cast(coalesce(sum(stored_bytes), 0) as bigint) from archive_objects where state = 'active'")
            .fetch_one(&mut *retention.store.look().await?)
            .await?;
    measured.archived = objects.1 as f64 / entries as f64;
    println!(
        "in the archive: {} objects, {:.0} bytes an entry\n",
        objects.0, measured.archived
    );
    Ok(())
}
