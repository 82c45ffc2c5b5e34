//! Conversations, turns and files.

mod conversations;
mod files;
mod locks;
mod rendered_markdown;
mod turns;
