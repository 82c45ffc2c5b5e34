//! The conversation's verbs.

mod conversations;
mod turns;
