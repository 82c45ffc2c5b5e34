//! Conversations, turns and files.

mod conversations;
mod files;
mod locks;
mod turns;
