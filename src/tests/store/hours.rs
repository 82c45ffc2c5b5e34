//! Hourly totals count every created entry for two days, whatever happens to it later. In an older
//! database the migration computes them from the rows.

use crate::{
    domain::{
        EntryDraft, EntryPatch, LogType, Metadata, Status, WorkLogEntry,
        ids::{EntryId, UserId},
        time::{DAY_MS, HOUR_MS},
    },
    server::{
        archive::{Tiers, erase},
        base::clock::Clock,
        chat::delete_conversation_rows,
        retention::{Policy, Run, run_once},
        store::{
            durations,
            hours::{self, HourLine},
        },
        work_log::{self, Origin, archived::update_entry, create_work_log},
    },
    tests::support::{
        archives::tiers,
        databases::on_both_databases,
        people::{NOW, conversation, draft, person},
    },
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The migrations that compute the totals from existing rows: SQLite, PostgreSQL.
const MIGRATIONS: [&str; 2] = [
    include_str!("../../../migrations/sqlite/0009_hours.sql"),
    include_str!("../../../migrations/postgres/0009_hours.sql"),
];

on_both_databases! {
    async fn hourly_totals_count_created_entries_whatever_happens_to_them(store: Store) {
        let (ada, bob) = (person(&store, "ada").await, person(&store, "bob").await);
        let conversation_id = conversation(&store, ada, "Conversation").await.id;
        let mut created = CreatedEntries::new(tiers(&store));
        let answer_metadata = metadata(
            json!({
                "modelName": "m", "inputTokens": 5, "outputTokens": 7,
                "fallback": true, "timeToFirstTokenMs": 40,
            }),
        );
        let first = created
            .create(
                0,
                ada,
                EntryDraft {
                    log_type: LogType::AiResponse,
                    ..draft(Status::Working, "asked")
                },
            )
            .await;
        let erased = created
            .create(0, ada, draft(Status::Info, "erased as a row"))
            .await;
        created
            .create(
                1,
                ada,
                EntryDraft {
                    conversation_id: Some(conversation_id),
                    metadata: answer_metadata.clone(),
                    ..draft(Status::Error, "talked")
                },
            )
            .await;
        let lost = created
            .create(
                1,
                ada,
                EntryDraft {
                    metadata: answer_metadata.clone(),
                    ..draft(Status::Success, "erased in the archive")
                },
            )
            .await;
        created
            .create(
                2,
                bob,
                EntryDraft {
                    duration_ms: Some(9),
                    metadata: metadata(json!({"tool": "paint"})),
                    ..draft(Status::Error, "x")
                },
            )
            .await;
        created.check_totals("created").await;
        let settled = EntryPatch {
            status: Some(Status::Success),
            duration_ms: Some(2_000),
            metadata: Some(answer_metadata.0),
            ..EntryPatch::default()
        };
        created.change(ada, first, settled).await;
        created.check_totals("settled").await;
        work_log::delete_entry_keeping_files(&created.tiers, NOW, ada, erased)
            .await
            .unwrap();
        created.check_totals("erased").await;
        created.age(8).await;
        created.check_totals("packed").await;
        created.age(31).await;
        created
            .change(
                ada,
                first,
                EntryPatch {
                    title: Some("changed".into()),
                    duration_ms: Some(90_000),
                    ..EntryPatch::default()
                },
            )
            .await;
        created
            .check_totals("archived, and brought back by a change")
            .await;
        work_log::delete_entry_keeping_files(&created.tiers, NOW, ada, lost)
            .await
            .unwrap();
        delete_conversation_rows(&store, NOW, ada, conversation_id)
            .await
            .unwrap();
        created.check_totals("erased in the archive").await;
        created.age(91).await;
        erase::erase_account(&created.tiers, NOW, bob)
            .await
            .unwrap();
        created.check_totals("expired, and an account erased").await;
    }

    async fn a_run_deletes_hourly_totals_older_than_two_days(store: Store) {
        let ada = person(&store, "ada").await;
        let mut created = CreatedEntries::new(tiers(&store));
        for hour in 0..2 {
            created.create(hour, ada, draft(Status::Info, "x")).await;
        }
        for (hours_later, lines) in [(48, 2), (50, 1), (51, 0)] {
            run_once(
                &created.tiers,
                Run::at(Policy::default(), NOW.plus(hours_later * HOUR_MS)),
            )
            .await
            .unwrap();
            assert_eq!(
                hours::since(&mut store.read().await.unwrap(), 0)
                    .await
                    .unwrap()
                    .len(),
                lines,
                "after {hours_later} hours"
            );
        }
    }

    async fn the_migration_computes_hourly_totals_from_existing_rows(store: Store) {
        let (ada, now) = (person(&store, "ada").await, Clock::system().now());
        let texts = ["\"inputTokens\":99}", "null \u{0} and }"];
        for (hours_ago, read) in [
            (0, json!(7)),
            (0, json!(-3)),
            (1, json!(5.5)),
            (30, json!("many")),
            (47, Value::Null),
            (60, json!(1)),
        ] {
            for text in texts {
                let metadata =
                    metadata(json!({"inputTokens": read, "outputTokens": 1_000, "said": text}));
                let new_entry = EntryDraft {
                    metadata,
                    ..draft(Status::Success, text)
                };
                create_work_log(
                    &store,
                    now.plus(-hours_ago * HOUR_MS),
                    ada,
                    new_entry,
                    Origin::default(),
                )
                .await
                .unwrap();
            }
        }
        // as earlier versions stored NUL
        let mut tx = store.begin().await.unwrap();
        let sql = r"update work_logs set metadata = replace(metadata, '␀', '\u0000')";
        assert_eq!(
            sqlx::query(sql)
                .execute(&mut *tx)
                .await
                .unwrap()
                .rows_affected(),
            12
        );
        tx.commit().await.unwrap();
        let since = now.hour() - 48;
        let reported = hours::since(&mut store.read().await.unwrap(), since)
            .await
            .unwrap();
        assert_eq!(
            reported
                .iter()
                .map(|line| (line.entries, line.input_tokens, line.output_tokens))
                .collect::<Vec<_>>(),
            [(2, 0, 2_000), (2, 0, 2_000), (2, 0, 2_000), (4, 14, 4_000),]
        );
        let migration = MIGRATIONS[usize::from(!store.is_single_process())];
        let insert = &migration[migration.find("insert into work_log_hours").unwrap()..];
        let mut tx = store.begin().await.unwrap();
        for sql in [
            "delete from work_log_hours",
            &insert[..insert.find(';').unwrap()],
        ] {
            sqlx::query(sqlx::AssertSqlSafe(sql))
                .execute(&mut *tx)
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();
        assert_eq!(
            hours::since(&mut store.read().await.unwrap(), 0)
                .await
                .unwrap(),
            reported
        );
    }
}

fn metadata(value: Value) -> Metadata {
    serde_json::from_value(value).unwrap()
}

/// Every entry created, in its last state.
struct CreatedEntries {
    tiers: Tiers,
    entries: BTreeMap<EntryId, WorkLogEntry>,
}

impl CreatedEntries {
    fn new(tiers: Tiers) -> Self {
        Self {
            tiers,
            entries: BTreeMap::new(),
        }
    }

    async fn create(&mut self, hour: i64, user: UserId, draft: EntryDraft) -> EntryId {
        let entry = create_work_log(
            &self.tiers.store,
            NOW.plus(hour * HOUR_MS),
            user,
            draft,
            Origin::default(),
        )
        .await
        .unwrap();
        let id = entry.id;
        self.entries.insert(id, entry);
        id
    }

    async fn change(&mut self, user: UserId, id: EntryId, patch: EntryPatch) {
        let entry = update_entry(&self.tiers, NOW, user, id, patch)
            .await
            .unwrap();
        self.entries.insert(id, entry);
    }

    /// Runs retention as if entries were this many days old, without moving the clock.
    async fn age(&self, days: i64) {
        let run = Run {
            now: NOW.plus(days * DAY_MS),
            trust_clock: true,
            ..Run::at(Policy::default(), NOW.plus(2 * HOUR_MS))
        };
        let report = run_once(&self.tiers, run).await.unwrap();
        assert!(report.did_something() && report.failed == 0, "{report:?}");
    }

    async fn check_totals(&self, when: &str) {
        let mut expected: BTreeMap<(i64, String, String), [i64; 3]> = BTreeMap::new();
        for entry in self.entries.values() {
            let tokens = |name| entry.metadata.number(name).unwrap_or(0);
            let line = (
                entry.timestamp.hour(),
                entry.log_type.to_string(),
                entry.status.to_string(),
            );
            let sums = expected.entry(line).or_default();
            *sums = [
                sums[0] + 1,
                sums[1] + tokens("inputTokens"),
                sums[2] + tokens("outputTokens"),
            ];
        }
        let mut reader = self.tiers.store.read().await.unwrap();
        let line = |line: HourLine| {
            (
                (line.hour, line.log_type, line.status),
                [line.entries, line.input_tokens, line.output_tokens],
            )
        };
        let reported: BTreeMap<_, _> = hours::since(&mut reader, 0)
            .await
            .unwrap()
            .into_iter()
            .map(line)
            .collect();
        assert_eq!(reported, expected, "{when}");
        let (by_hour, by_day) = (
            hours::durations(&mut reader, 0).await.unwrap(),
            durations::since(&mut reader, 0).await.unwrap(),
        );
        assert_eq!(by_hour, by_day, "{when}: durations");
        let answers = hours::answers(&mut reader, 0).await.unwrap();
        let day = durations::answers(&mut reader, 0).await.unwrap();
        let sums = |lines: &[durations::AnswersLine]| {
            lines
                .iter()
                .map(|line| [line.answers, line.fallbacks])
                .collect::<Vec<_>>()
        };
        assert_eq!(sums(&answers), sums(&day), "{when}: answers");
    }
}
