//! Randomized test of the tiers against a plain map: after every operation the tiers together hold
//! exactly the map's entries, each once, and the totals equal a recount. The object store injects
//! faults, runs are stopped midway, policies change and backups are restored; each of four
//! generations ends with a crash. `HOLLY_SEED` runs one seed; `make hunt` runs a thousand seeds
//! with longer generations, and every action at every fail point.

use super::simulation::{Action, Simulation};
use crate::{
    server::base::fail_points::FailPoint,
    tests::support::{
        databases::{Postgres, Sqlite},
        hunt,
    },
};
use object_store::{
    ObjectStore, aws::AmazonS3Builder, local::LocalFileSystem, memory::InMemory,
    prefix::PrefixStore,
};
use std::sync::Arc;
use tempfile::TempDir;

const GENERATIONS: usize = 4;

/// The seeds of one test, and the number of operations per generation.
fn plan(first: u64, seeds: u32, long: u32) -> (std::ops::Range<u64>, usize) {
    let seed = std::env::var("HOLLY_SEED")
        .ok()
        .and_then(|seed| seed.parse::<u64>().ok());
    let seeds = seed.map_or_else(
        || first..first + u64::from(hunt::cases(seeds, long)),
        |seed| seed..seed + 1,
    );
    (seeds, if hunt::is_long() { 30 } else { 6 })
}

async fn compare_with_map(
    address: &str,
    objects: Arc<dyn ObjectStore>,
    seed: u64,
    operations: usize,
) {
    println!("HOLLY_SEED={seed}");
    let mut simulation = Simulation::new(address, objects, seed).await;
    for _ in 0..GENERATIONS {
        for _ in 0..operations {
            simulation.step().await;
            simulation.check().await;
        }
        simulation.crash_and_restart().await;
        simulation.check().await;
    }
    simulation.settle().await;
    simulation.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tiers_match_the_map_on_sqlite_with_objects_in_memory() {
    let (seeds, operations) = plan(1, 20, 500);
    for seed in seeds {
        let database = Sqlite::create().await;
        compare_with_map(
            &database.address(),
            Arc::new(InMemory::new()),
            seed,
            operations,
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tiers_match_the_map_on_sqlite_with_objects_in_a_folder() {
    let (seeds, operations) = plan(1_001, 10, 250);
    for seed in seeds {
        let (database, folder) = (Sqlite::create().await, tempfile::tempdir().unwrap());
        compare_with_map(&database.address(), in_folder(&folder), seed, operations).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tiers_match_the_map_on_postgres_with_objects_in_a_folder() {
    let (seeds, operations) = plan(2_001, 5, 230);
    for seed in seeds {
        let (database, folder) = (Postgres::create().await, tempfile::tempdir().unwrap());
        database.store.close().await;
        compare_with_map(&database.address(), in_folder(&folder), seed, operations).await;
        database.drop().await;
    }
}

/// Even seeds run on PostgreSQL, odd ones on SQLite.
#[tokio::test(flavor = "multi_thread")]
async fn tiers_match_the_map_on_both_databases_with_objects_in_s3() {
    let (seeds, operations) = plan(3_001, 2, 20);
    for seed in seeds {
        let options = object_store::ClientOptions::new().with_allow_http(true);
        let bucket = AmazonS3Builder::from_env()
            .with_bucket_name("holly")
            .with_client_options(options)
            .build();
        let objects = PrefixStore::new(
            bucket.expect("AWS_ENDPOINT_URL is set by .ci/services"),
            format!("model-{seed}"),
        );
        if seed % 2 == 0 {
            let database = Postgres::create().await;
            database.store.close().await;
            compare_with_map(&database.address(), Arc::new(objects), seed, operations).await;
            database.drop().await;
        } else {
            let database = Sqlite::create().await;
            compare_with_map(&database.address(), Arc::new(objects), seed, operations).await;
        }
    }
}

fn in_folder(folder: &TempDir) -> Arc<dyn ObjectStore> {
    Arc::new(
        LocalFileSystem::new_with_prefix(folder.path())
            .unwrap()
            .with_automatic_cleanup(true),
    )
}

/// User actions during a run: kept entries stay, erased ones stay erased even after an older
/// backup is restored (T8), and changes are not lost.
#[tokio::test(flavor = "multi_thread")]
async fn actions_at_any_fail_point_of_a_run_match_the_map() {
    let database = Sqlite::create().await;
    let mut simulation =
        Simulation::new(&database.address(), Arc::new(InMemory::new()), 5_001).await;
    // some entries of a round are archived two rounds later, others expire as rows
    simulation.set_policy([10, 47, 49]).await;
    let points = FailPoint::ALL
        .iter()
        .filter(|point| !point.is_in_transaction());
    for (at, point) in points.enumerate() {
        let mut actions = [
            Action::Update,
            Action::EraseEntry,
            Action::KeepEntry,
            Action::EraseConversation,
            Action::Hold,
            Action::EraseAccount,
        ];
        // outside `make hunt`, each fail point gets one action, and neighbours different ones
        let all = actions.len();
        actions.rotate_left(at % all);
        let count = if hunt::is_long() { all } else { 1 };
        for action in &actions[..count] {
            let erases = matches!(
                action,
                Action::EraseEntry | Action::EraseConversation | Action::EraseAccount
            );
            let mut passed = false;
            for _ in 0..if NOT_IN_RUNS.contains(point) { 2 } else { 60 } {
                simulation.create_entries().await;
                simulation.advance_days(2);
                simulation.create_entries().await;
                // erasing also deletes unfinished objects, so changes come last
                for before in [
                    Action::EraseEntry,
                    Action::KeepConversation,
                    Action::Hold,
                    Action::Update,
                    Action::Update,
                ] {
                    simulation.perform(before).await;
                }
                simulation.advance_days(22);
                if erases {
                    simulation.take_backup().await;
                }
                passed = simulation.run_with_action(*action, *point).await;
                simulation.check().await;
                if passed {
                    if erases {
                        simulation.restore_backup().await;
                        simulation.check().await;
                    }
                    break;
                }
            }
            // orphans that a restored backup does not know may be swept in a later run
            let optional = *point == FailPoint::OrphanMarked;
            assert!(
                optional || passed != NOT_IN_RUNS.contains(point),
                "{action:?} at {point:?}: {passed}"
            );
        }
    }
    simulation.settle().await;
    simulation.close().await;
}

/// Fail points that runs do not reach, or only after a crash.
const NOT_IN_RUNS: &[FailPoint] = &[
    FailPoint::TakenOut,
    FailPoint::AccountErased,
    FailPoint::PurgePlanned,
    FailPoint::MissingMarked,
    FailPoint::Adopted,
    FailPoint::ErasedAgain,
    FailPoint::OrphanMarked,
];
