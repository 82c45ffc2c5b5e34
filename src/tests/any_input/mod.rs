//! Whatever comes in: nothing makes the program stop, and what is accepted is within its bounds.
//! Cursors and query strings have such tests of their own beside them.

mod archive;
mod body;
mod frames;
