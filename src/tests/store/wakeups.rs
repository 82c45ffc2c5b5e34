//! Readers are woken by commits only.

use crate::tests::support::{databases::on_both_databases, people::person};

on_both_databases! {
    async fn a_reader_is_woken_after_the_commit_and_not_before(store: Store) {
        let ada = person(&store, "ada").await;
        let mut woken = store.wakeups().subscribe(ada);
        let mut tx = store.begin().await.unwrap();
        let rev = tx.next_rev(ada).await.unwrap();
        assert!(!woken.has_changed().unwrap());
        tx.commit().await.unwrap();
        assert!(woken.has_changed().unwrap());
        assert_eq!(woken.borrow_and_update().rev, rev);
    }

    async fn an_uncommitted_transaction_wakes_no_reader_and_uses_no_revision(store: Store) {
        let ada = person(&store, "ada").await;
        let woken = store.wakeups().subscribe(ada);
        let mut tx = store.begin().await.unwrap();
        let dropped = tx.next_rev(ada).await.unwrap();
        drop(tx);
        assert!(!woken.has_changed().unwrap());
        let mut tx = store.begin().await.unwrap();
        assert_eq!(tx.next_rev(ada).await.unwrap(), dropped);
        drop(tx);
        assert!(!woken.has_changed().unwrap());
    }

    async fn a_commit_wakes_only_the_owners_readers(store: Store) {
        let (ada, bob) = (person(&store, "ada").await, person(&store, "bob").await);
        let (ada_woken, bob_woken) = (
            store.wakeups().subscribe(ada),
            store.wakeups().subscribe(bob),
        );
        let mut tx = store.begin().await.unwrap();
        tx.next_rev(ada).await.unwrap();
        tx.lock(bob).await.unwrap();
        tx.commit().await.unwrap();
        assert!(ada_woken.has_changed().unwrap());
        assert!(!bob_woken.has_changed().unwrap());
    }
}
