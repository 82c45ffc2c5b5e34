//! Counts the tokens of an answer against the user's daily limit: an estimate when the model is
//! called, the provider's numbers at the end. A failed count is logged and never ends the turn.

use super::{
    AssistantDeps, budget,
    model::{ModelRequest, Usage},
    turn_log::TurnLog,
};
use crate::{domain::ids::UserId, server::store::turns::TurnRef};

/// The tokens counted for one model call.
pub(super) struct Cost<'a> {
    deps: &'a AssistantDeps,
    user: UserId,
    estimated: i64,
}

impl<'a> Cost<'a> {
    /// Counts the estimated input tokens.
    pub(super) async fn start(
        deps: &'a AssistantDeps,
        turn: TurnRef,
        request: &ModelRequest,
    ) -> Self {
        let estimated = i64::try_from(budget::estimate(request)).unwrap_or(0);
        let cost = Self {
            deps,
            user: turn.user_id,
            estimated,
        };
        cost.count(estimated).await;
        cost
    }

    /// Replaces the estimate by the provider's numbers, or adds `written`, an estimate of the
    /// output tokens, if the provider sent none. Logs when that uses up the user's tokens for the
    /// day.
    pub(super) async fn settle(self, turn_log: &TurnLog<'_>, usage: Option<Usage>, written: usize) {
        let (now, tokens) = (self.deps.clock.now(), &self.deps.limits.tokens);
        let estimated = self.estimated + i64::try_from(written).unwrap_or(0);
        let total = usage.map_or(estimated, |usage| {
            usage
                .input_tokens
                .saturating_add(usage.output_tokens)
                .clamp(0, 1 << 40)
        });
        let sum = self.count(total - self.estimated).await;
        if tokens.exhausted_by(total, sum) {
            turn_log
                .daily_tokens_exhausted(&tokens.exhausted_message(now), tokens.per_day)
                .await;
        }
    }

    /// Takes back the estimate of a failed call, unless part of its answer is visible.
    pub(super) async fn refund_unless(self, visible: bool) {
        if !visible {
            self.count(-self.estimated).await;
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
