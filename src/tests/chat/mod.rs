//! Conversations, turns and files.

mod conversations;
mod files;
mod growing;
mod locks;
mod rendered_markdown;
mod turns;
