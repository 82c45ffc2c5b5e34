//! Files beside a message: how many and how large. The server checks them; the page checks first to
//! save the way.

/// Most files beside one message.
pub const ATTACHMENTS_MAX: usize = 4;
/// Largest picture, in bytes.
pub const PICTURE_MAX_BYTES: usize = 5 * 1024 * 1024;
/// Longest text file, in bytes of UTF-8.
pub const TEXT_FILE_MAX_BYTES: usize = 256 * 1024;
/// Longest name of a file, in characters; longer ones are cut.
pub const FILE_NAME_MAX_CHARS: usize = 100;
