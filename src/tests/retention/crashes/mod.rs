//! A process that dies at each named place of each move, and another that goes on after it (T1):
//! what the tiers hold together is what was there, nothing is there twice, and in the end nothing
//! is left that nobody names.

mod abort;
mod cases;
mod scene;

use crate::{
    server::base::fail_points::FailPoint,
    tests::support::{
        databases::{Postgres, Sqlite},
        hunt,
    },
};
use cases::CASES;
use scene::Scene;

async fn every_place(database: &str, archive: &str) {
    some_places(database, archive, 0, 1).await;
}

/// Every place in a hunt; else from `first` on one of so many.
async fn some_places(database: &str, archive: &str, first: usize, of: usize) {
    let mut scene = Scene::open(database, archive).await;
    let places = CASES
        .iter()
        .flat_map(|case| case.points.iter().map(move |point| (case, *point)));
    for (at, (case, point)) in places.enumerate() {
        if hunt::is_long() || at % of == first {
            scene.dies_and_goes_on(case, point).await;
        }
    }
    scene.close().await;
}

fn bucket(name: &str) -> String {
    assert!(
        std::env::var("AWS_ENDPOINT_URL").is_ok(),
        "AWS_ENDPOINT_URL is not set; run `make test`"
    );
    format!("s3://holly/{name}")
}

#[test]
fn every_place_has_its_case() {
    let tried: std::collections::BTreeSet<_> =
        CASES.iter().flat_map(|case| case.points).copied().collect();
    assert_eq!(
        tried.len(),
        FailPoint::ALL.len(),
        "of all places only {tried:?}"
    );
}

#[test]
fn others_can_write_at_a_place_unless_it_lies_in_a_transaction() {
    assert!(!FailPoint::Moved.is_in_transaction());
    assert!(FailPoint::MoveWritten.is_in_transaction());
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_with_a_folder() {
    let (database, folder) = (Sqlite::create().await, tempfile::tempdir().unwrap());
    every_place(
        &database.address(),
        &format!("file://{}", folder.path().display()),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_with_s3() {
    let database = Sqlite::create().await;
    some_places(&database.address(), &bucket("crashes-sqlite"), 0, 6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_with_a_folder() {
    let (database, folder) = (Postgres::create().await, tempfile::tempdir().unwrap());
    some_places(
        &database.address(),
        &format!("file://{}", folder.path().display()),
        2,
        3,
    )
    .await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_with_s3() {
    let database = Postgres::create().await;
    some_places(&database.address(), &bucket("crashes-postgres"), 1, 6).await;
    database.drop().await;
}
