//! The tiers against a plain map: after each of many random operations they hold together what the
//! map holds, no entry twice, and the totals equal a recount. The object store lies, runs are
//! stopped in the middle, policies change, backups come back; each of four generations ends with a
//! crash, and the next goes on with what it left. `HOLLY_SEED` runs one seed; `make hunt` runs a
//! thousand, with longer generations, and each deed at each place.

use super::world::{Deed, World};
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

/// Seeds of one test, and operations of each generation.
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

async fn hold_against_the_map(
    address: &str,
    objects: Arc<dyn ObjectStore>,
    seed: u64,
    operations: usize,
) {
    println!("HOLLY_SEED={seed}");
    let mut world = World::begin(address, objects, seed).await;
    for _ in 0..GENERATIONS {
        for _ in 0..operations {
            world.step().await;
            world.check().await;
        }
        world.die_and_live_again().await;
        world.check().await;
    }
    world.settle_everything().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_with_objects_in_memory() {
    let (seeds, operations) = plan(1, 20, 500);
    for seed in seeds {
        let database = Sqlite::create().await;
        hold_against_the_map(
            &database.address(),
            Arc::new(InMemory::new()),
            seed,
            operations,
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_with_objects_in_a_folder() {
    let (seeds, operations) = plan(1_001, 10, 250);
    for seed in seeds {
        let (database, folder) = (Sqlite::create().await, tempfile::tempdir().unwrap());
        hold_against_the_map(&database.address(), in_folder(&folder), seed, operations).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_with_objects_in_a_folder() {
    let (seeds, operations) = plan(2_001, 5, 230);
    for seed in seeds {
        let (database, folder) = (Postgres::create().await, tempfile::tempdir().unwrap());
        database.store.close().await;
        hold_against_the_map(&database.address(), in_folder(&folder), seed, operations).await;
        database.drop().await;
    }
}

/// With every other seed on PostgreSQL.
#[tokio::test(flavor = "multi_thread")]
async fn on_both_with_objects_in_s3() {
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
            hold_against_the_map(&database.address(), Arc::new(objects), seed, operations).await;
            database.drop().await;
        } else {
            let database = Sqlite::create().await;
            hold_against_the_map(&database.address(), Arc::new(objects), seed, operations).await;
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

/// Whatever people do at whichever place of a run: what they keep stays, what they erase goes and
/// does not come back with a backup of before (T8), what they change is not lost.
#[tokio::test(flavor = "multi_thread")]
async fn at_each_place_of_a_run_each_deed_comes_out_as_the_map_says() {
    let database = Sqlite::create().await;
    let mut world = World::begin(&database.address(), Arc::new(InMemory::new()), 5_001).await;
    // of what is made in a turn, some is archived two turns later, and some is a row still when it
    // expires
    world.declare([10, 47, 49]).await;
    let places = FailPoint::ALL
        .iter()
        .filter(|place| !place.is_in_transaction());
    for (at, place) in places.enumerate() {
        let mut deeds = [
            Deed::Update,
            Deed::EraseEntry,
            Deed::KeepEntry,
            Deed::ErasePlace,
            Deed::Hold,
            Deed::EraseAccount,
        ];
        // an ordinary run tries another one at each place
        let all = deeds.len();
        deeds.rotate_left(at % all);
        let count = if hunt::is_long() { all } else { 1 };
        for deed in &deeds[..count] {
            let erases = matches!(
                deed,
                Deed::EraseEntry | Deed::ErasePlace | Deed::EraseAccount
            );
            let mut passed = false;
            for _ in 0..if NOT_IN_RUNS.contains(place) { 2 } else { 60 } {
                world.create_some().await;
                world.wait(2);
                world.create_some().await;
                // what is erased takes unfinished objects with it, so changes come last
                for before in [
                    Deed::EraseEntry,
                    Deed::KeepPlace,
                    Deed::Hold,
                    Deed::Update,
                    Deed::Update,
                ] {
                    world.deed(before).await;
                }
                world.wait(22);
                if erases {
                    world.remember().await;
                }
                passed = world.run_with(*deed, *place).await;
                world.check().await;
                if passed {
                    if erases {
                        world.go_back().await;
                        world.check().await;
                    }
                    break;
                }
            }
            // what a restored backup does not know is swept one day
            let either = *place == FailPoint::OrphanDoomed;
            assert!(
                either || passed != NOT_IN_RUNS.contains(place),
                "{deed:?} at {place:?}: {passed}"
            );
        }
    }
    world.settle_everything().await;
    world.end().await;
}

/// Places that runs do not pass, or only after a crash.
const NOT_IN_RUNS: &[FailPoint] = &[
    FailPoint::TakenOut,
    FailPoint::AccountErased,
    FailPoint::PurgePlanned,
    FailPoint::MissingDoomed,
    FailPoint::Adopted,
    FailPoint::ErasedAgain,
    FailPoint::OrphanDoomed,
];
