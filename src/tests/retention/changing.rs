//! An entry that lies in the archive is changed like any other, and what is refused leaves it where it lies.

use crate::{
    server::{
        archive::reading::find,
        error::Error,
        retention::{changing::update_anywhere, keeping::place_hold},
    },
    tests::support::{
        archives::{retention, run},
        databases::on_both_databases,
        people::{NOW, entry, person},
    },
    timestamp::DAY_MS,
    work_log::{EntryPatch, Status},
};

on_both_databases! {
    async fn a_change_that_is_refused_leaves_an_archived_entry_where_it_lies(store: Store) {
        let (retention, ada) = (retention(&store), person(&store, "ada").await);
        let made = entry(&store, ada, Status::Success, "old").await;
        let later = NOW.plus(31 * DAY_MS);
        run(&retention, later).await;
        let read = async || find(store.read().await.unwrap(), &retention.archive, ada, made.id).await.unwrap().unwrap();
        let archived = read().await;
        let again = EntryPatch { status: Some(Status::Working), ..EntryPatch::default() };
        let refused = update_anywhere(&retention, later, ada, made.id, again).await;
        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
        assert_eq!(read().await, archived);
        place_hold(&retention, later, ada, (ada, None), "case 17").await.unwrap();
        let held = read().await;
        let renamed = EntryPatch { title: Some("new".into()), ..EntryPatch::default() };
        let refused = update_anywhere(&retention, later, ada, made.id, renamed).await;
        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
        assert_eq!(read().await, held);
    }
}
