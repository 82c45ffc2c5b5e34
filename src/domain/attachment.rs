//! Limits on attached files. The server enforces them; the page checks first to save the upload.

/// Maximum number of files per message.
pub const ATTACHMENTS_MAX: usize = 4;
/// Maximum picture size in bytes.
pub const PICTURE_MAX_BYTES: usize = 5 * 1024 * 1024;
/// Maximum text file size in bytes of UTF-8.
pub const TEXT_FILE_MAX_BYTES: usize = 256 * 1024;
/// Maximum file name length in characters; longer names are cut.
pub const FILE_NAME_MAX_CHARS: usize = 100;
