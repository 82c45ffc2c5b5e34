//! Conversations: titles, order, and reading one page by page.

use crate::{
    domain::{Change, EntryDraft, Status, title_from_message},
    server::{
        base::error::Error,
        chat::{
            BeginTurn, PagePart, TurnOutcome, begin_turn, create_conversation, end_turn,
            find_conversation, list_conversations, page, rename_conversation,
        },
        work_log::create_work_log,
    },
    tests::support::{
        archives::no_archive,
        databases::on_both_databases,
        people::{NOW, beginning, conversation, draft, person},
    },
};
use std::collections::HashMap;

on_both_databases! {
    async fn conversations_are_listed_by_last_use(store: Store) {
        let ada = person(&store, "ada").await;
        let old = conversation(&store, ada, "Old").await;
        let new = create_conversation(&store, NOW.plus(5), ada, " New ")
            .await
            .unwrap();
        let titles = async || {
            let listed = list_conversations(&mut store.read().await.unwrap(), ada, None, 9)
                .await
                .unwrap();
            listed
                .into_iter()
                .map(|conversation| conversation.title)
                .collect::<Vec<_>>()
        };
        assert_eq!(titles().await, ["New", "Old"]);
        let begin = BeginTurn {
            now: NOW.plus(9),
            ..beginning(ada)
        };
        begin_turn(&store, begin, Some(old.id), "Hello")
            .await
            .unwrap();
        assert_eq!(titles().await, ["Old", "New"]);
        rename_conversation(&store, ada, new.id, "Newer")
            .await
            .unwrap();
        assert_eq!(
            titles().await,
            ["Old", "Newer"],
            "renaming does not count as use"
        );
    }

    async fn a_title_is_bounded_and_defaults_to_the_first_message(store: Store) {
        let ada = person(&store, "ada").await;
        for title in ["", "  ", &"x".repeat(101)] {
            assert!(
                matches!(
                    create_conversation(&store, NOW, ada, title).await,
                    Err(Error::Refused(_))
                ),
                "{title}"
            );
        }
        let unnamed = conversation(&store, ada, &title_from_message("")).await;
        let named = conversation(&store, ada, "Named").await;
        for (conversation, title) in [(unnamed, "Paint me a tree"), (named, "Named")] {
            let (turn, _) = begin_turn(
                &store,
                beginning(ada),
                Some(conversation.id),
                "# Paint **me** a tree",
            )
            .await
            .unwrap();
            end_turn(&store, NOW, turn, TurnOutcome::Finished, &HashMap::new())
                .await
                .unwrap();
            let found = find_conversation(&mut store.read().await.unwrap(), ada, conversation.id)
                .await
                .unwrap();
            assert_eq!((found.title.as_str(), found.running_turn_id), (title, None));
        }
    }

    async fn a_long_conversation_is_read_page_by_page_from_its_end(store: Store) {
        let ada = person(&store, "ada").await;
        let (turn, question) = begin_turn(&store, beginning(ada), None, "Hello")
            .await
            .unwrap();
        let mut expected = vec![question.id.uuid()];
        for n in 0..250 {
            let step = EntryDraft {
                conversation_id: Some(turn.conversation_id),
                ..draft(Status::Info, "Step")
            };
            expected.push(
                create_work_log(&store, NOW.plus(n), ada, step, Default::default())
                    .await
                    .unwrap()
                    .id
                    .uuid(),
            );
        }
        let id = |row: &Change| match row {
            Change::Entry(entry) => entry.id.uuid(),
            Change::Message(message) => message.id.uuid(),
            other => panic!("{other:?}"),
        };
        let mut reader = store.read().await.unwrap();
        let newest = page(
            &mut reader,
            &no_archive(),
            ada,
            turn.conversation_id,
            PagePart::End,
        )
        .await
        .unwrap();
        let older = page(
            &mut reader,
            &no_archive(),
            ada,
            turn.conversation_id,
            PagePart::Before(newest.span.from.unwrap()),
        )
        .await
        .unwrap();
        assert_eq!(
            (newest.rows.len(), older.rows.len(), older.span.from),
            (200, 51, None)
        );
        assert_eq!(
            older
                .rows
                .iter()
                .chain(&newest.rows)
                .map(id)
                .collect::<Vec<_>>(),
            expected
        );
        for (part, range, from, to) in [
            (PagePart::Before(expected[30]), 0..30, None, Some(30)),
            (PagePart::From(expected[20]), 20..220, Some(20), Some(220)),
            (PagePart::From(expected[200]), 200..251, Some(200), None),
            (
                PagePart::Around(expected[120]),
                20..220,
                Some(20),
                Some(220),
            ),
            (PagePart::Around(expected[10]), 0..110, None, Some(110)),
            (PagePart::Around(expected[240]), 140..251, Some(140), None),
        ] {
            let page = page(&mut reader, &no_archive(), ada, turn.conversation_id, part)
                .await
                .unwrap();
            assert_eq!(
                page.rows.iter().map(id).collect::<Vec<_>>(),
                expected[range],
                "{part:?}"
            );
            assert_eq!(
                (page.span.from, page.span.to),
                (
                    from.map(|at: usize| expected[at]),
                    to.map(|at: usize| expected[at])
                ),
                "{part:?}"
            );
        }
    }
}
