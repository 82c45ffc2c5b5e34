//! Kills a process at each fail point of each operation and lets another continue (T1): the tiers
//! together still hold every entry once, and in the end no unlisted object remains.

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

async fn crash_at_every_point(database: &str, archive: &str) {
    crash_at_some_points(database, archive, 0, 1).await;
}

/// All fail points in `make hunt`, otherwise every `step`-th beginning with `first`.
async fn crash_at_some_points(database: &str, archive: &str, first: usize, step: usize) {
    let mut scene = Scene::open(database, archive).await;
    let points = CASES
        .iter()
        .flat_map(|case| case.points.iter().map(move |point| (case, *point)));
    for (at, (case, point)) in points.enumerate() {
        if hunt::is_long() || at % step == first {
            scene.crash_and_recover(case, point).await;
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
fn every_fail_point_has_a_case() {
    let covered: std::collections::BTreeSet<_> =
        CASES.iter().flat_map(|case| case.points).copied().collect();
    assert_eq!(
        covered.len(),
        FailPoint::ALL.len(),
        "only these fail points have a case: {covered:?}"
    );
}

#[test]
fn only_fail_points_within_a_transaction_say_so() {
    assert!(!FailPoint::Moved.is_in_transaction());
    assert!(FailPoint::MoveWritten.is_in_transaction());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_any_fail_point_loses_nothing_on_sqlite_with_a_folder() {
    let (database, folder) = (Sqlite::create().await, tempfile::tempdir().unwrap());
    crash_at_every_point(
        &database.address(),
        &format!("file://{}", folder.path().display()),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_any_fail_point_loses_nothing_on_sqlite_with_s3() {
    let database = Sqlite::create().await;
    crash_at_some_points(&database.address(), &bucket("crashes-sqlite"), 0, 6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_any_fail_point_loses_nothing_on_postgres_with_a_folder() {
    let (database, folder) = (Postgres::create().await, tempfile::tempdir().unwrap());
    crash_at_some_points(
        &database.address(),
        &format!("file://{}", folder.path().display()),
        2,
        3,
    )
    .await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_any_fail_point_loses_nothing_on_postgres_with_s3() {
    let database = Postgres::create().await;
    crash_at_some_points(&database.address(), &bucket("crashes-postgres"), 1, 6).await;
    database.drop().await;
}
