//! The conversation's verbs.

mod conversations;
mod files;
mod locks;
mod turns;
