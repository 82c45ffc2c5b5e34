//! Counting what an answer costs its person: an estimate when the model is asked, the provider's
//! figures when it is done. Like the log, the count never breaks the work: where it cannot be
//! written, that is said in the server's log.

use super::{
    AssistantDeps, budget,
    model::{ModelRequest, Usage},
    turn_log::TurnLog,
};
use crate::{domain::ids::UserId, server::store::turns::TurnRef};

/// What was counted for one asking of one model.
pub(super) struct Cost<'a> {
    deps: &'a AssistantDeps,
    user: UserId,
    counted: i64,
}

impl<'a> Cost<'a> {
    /// Counts what the model will read, about.
    pub(super) async fn ask(
        deps: &'a AssistantDeps,
        turn: TurnRef,
        request: &ModelRequest,
    ) -> Self {
        let counted = i64::try_from(budget::estimate(request)).unwrap_or(0);
        let cost = Self {
            deps,
            user: turn.user_id,
            counted,
        };
        cost.count(counted).await;
        cost
    }

    /// Puts the real figures in place of the estimate, or adds what `text` is worth where the
    /// provider gave none. When they use up the person's day, the log says so.
    pub(super) async fn answered(self, turn_log: &TurnLog<'_>, usage: Option<Usage>, text: &str) {
        let (now, tokens) = (self.deps.clock.now(), &self.deps.limits.tokens);
        let guessed = self.counted + i64::try_from(budget::tokens(text)).unwrap_or(0);
        let real = usage.map_or(guessed, |usage| {
            usage
                .input_tokens
                .saturating_add(usage.output_tokens)
                .clamp(0, 1 << 40)
        });
        let sum = self.count(real - self.counted).await;
        if tokens.used_up_by(real, sum) {
            turn_log
                .tokens_used_up(&tokens.used_up(now), tokens.a_day)
                .await;
        }
    }

    /// A model that failed cost nothing, unless it had begun to answer.
    pub(super) async fn failed(self, had_begun: bool) {
        if !had_begun {
            self.count(-self.counted).await;
        }
    }

    async fn count(&self, tokens: i64) -> i64 {
        let AssistantDeps {
            store,
            clock,
            limits,
            ..
        } = self.deps;
        limits
            .tokens
            .count(store, clock.now(), self.user, tokens)
            .await
            .unwrap_or_else(|error| {
                tracing::error!(user = %self.user, %error, "tokens could not be counted");
                0
            })
    }
}
