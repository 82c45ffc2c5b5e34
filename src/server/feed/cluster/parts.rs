//! Reads the text of answers that other processes write, for the streams of this one.

use super::Cluster;
use crate::{
    domain::ids::UserId,
    server::store::{Result, answer_parts},
};
use std::time::Duration;

/// Hints within this time are read together.
const READ_DELAY: Duration = Duration::from_millis(10);

impl Cluster {
    /// Reads new parts of answers when there are hints of them. Runs until dropped.
    pub async fn read_answers(self) {
        let outbox = self.store.wakeups().outbox();
        loop {
            for user in outbox.next_unread().await {
                if let Err(error) = self.read_parts(user).await {
                    tracing::warn!(
                        %error, "text of an answer could not be read; trying again"
                    );
                    tokio::time::sleep(self.intervals.polling).await;
                    outbox.read_parts(user);
                }
            }
            tokio::time::sleep(READ_DELAY).await;
        }
    }

    /// Reads the parts of a user's answers that are not known yet and wakes the user's streams.
    pub async fn read_parts(&self, user: UserId) -> Result<()> {
        let answers = &self.feed.answers;
        let mut connection = self.store.connection().await?;
        let growing = answer_parts::growing(&mut connection, user).await?;
        for (message, conversation) in &growing {
            let Some(known) = answers.remote_bytes(user, *message) else {
                continue;
            };
            let text = answer_parts::text_from(&mut connection, user, *message, known).await?;
            if answers
                .append_remote(user, *conversation, *message, known, &text)
                .await
            {
                self.store.wakeups().text(user);
            }
        }
        answers.retain_remote(user, &growing);
        Ok(())
    }
}
