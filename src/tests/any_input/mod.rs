//! Property tests of parsers: no input makes the program panic, and accepted input is within
//! bounds. Those of cursors and query strings are beside their parsers.

mod archive;
mod body;
mod frames;
mod planted_secrets;
