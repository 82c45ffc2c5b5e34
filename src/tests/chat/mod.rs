//! The conversation's verbs.

mod conversations;
mod locks;
mod turns;
