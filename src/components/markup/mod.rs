//! What changes while one looks at it, as HTML text: rows of work, messages, the list of
//! conversations, the connection. The server puts the text into the page; in the browser `patch`
//! brings the page from one text to the next. Pure, and made alike on both sides, so a page that
//! has been patched is the page that a reload gives.

mod approval;
mod composer;
mod connection;
mod entry;
mod entry_details;
mod gap;
mod html;
mod media;
mod message;
mod talks;
mod timeline;
mod work_group;

pub(super) use approval::approval;
pub(super) use composer::{attached, composer_button};
pub(super) use connection::connection;
pub(super) use entry::{as_text, entry};
pub(super) use gap::gap;
pub(super) use html::Html;
pub(super) use media::media;
pub use message::Can;
pub(super) use message::message;
pub(super) use talks::talks;
pub(super) use timeline::{Sight, rows};
pub(super) use work_group::work_group;

/// One row of a list: what it is, and how it looks now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// Stays the same while the row changes.
    pub(crate) key: String,
    /// One element.
    pub(crate) html: String,
}
