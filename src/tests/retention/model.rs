//! The store against a plain map: after each of many random operations the tiers together hold what the map holds, no entry
//! twice, and the totals equal a recount. Crashes are runs that are dropped in the middle; the object store lies.
//! `HOLLY_SEED` runs one seed, `HOLLY_HUNT` so many more of them (`make hunt`).

use super::world::World;
use crate::tests::support::databases::{Postgres, Sqlite};
use object_store::{ObjectStore, local::LocalFileSystem, memory::InMemory};
use std::sync::Arc;

/// Seeds and operations that each test run has time for.
const SEEDS: u64 = 6;
const OPERATIONS: usize = 120;

fn seeds(first: u64) -> Vec<u64> {
    let number = |name| std::env::var(name).ok().and_then(|text: String| text.parse::<u64>().ok());
    match (number("HOLLY_SEED"), number("HOLLY_HUNT")) {
        (Some(seed), _) => vec![seed],
        (None, Some(many)) => (first..first + many).collect(),
        (None, None) => (first..first + SEEDS).collect(),
    }
}

async fn hold_against_the_map(store: &crate::server::store::Store, objects: Arc<dyn ObjectStore>, seed: u64) {
    println!("HOLLY_SEED={seed}");
    let mut world = World::begin(store, objects, seed).await;
    for _ in 0..OPERATIONS {
        world.step().await;
        world.check().await;
    }
    world.settle_everything().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_with_objects_in_memory() {
    for seed in seeds(1) {
        let database = Sqlite::create().await;
        hold_against_the_map(&database.store, Arc::new(InMemory::new()), seed).await;
        database.store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_with_objects_in_a_folder() {
    for seed in seeds(1_001) {
        let database = Sqlite::create().await;
        let folder = tempfile::tempdir().unwrap();
        let objects = LocalFileSystem::new_with_prefix(folder.path()).unwrap();
        hold_against_the_map(&database.store, Arc::new(objects), seed).await;
        database.store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_with_objects_in_memory() {
    for seed in seeds(2_001) {
        let database = Postgres::create().await;
        hold_against_the_map(&database.store, Arc::new(InMemory::new()), seed).await;
        database.drop().await;
    }
}
