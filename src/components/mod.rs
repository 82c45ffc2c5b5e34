//! What pages are made of. Components take data and return view, on the server. Islands
//! (`ConversationView`, `Composer`, `ConversationList`, `FeedView`, `ThemeChoice`) keep what the
//! server rendered as it should be: they follow the feed, make the same `markup` again, `patch`
//! what differs, and say by `data-hydrated` that they live. May use `live`, `api`, the domain.

mod alive;
mod announcer;
mod bar_chart;
mod browser;
mod chat_message;
mod chat_room;
mod composer;
mod composer_files;
mod composer_foot;
mod composer_text;
mod connection_status;
mod conversation_header;
mod conversation_list;
mod conversation_room;
mod conversation_view;
mod copying;
mod earlier;
mod follow;
mod icon;
mod live_forms;
mod markup;
mod media_figure;
mod missing;
mod opened;
mod patch;
mod permalink;
mod reader;
mod receipt_note;
pub mod samples;
mod side;
mod stay_at_end;
mod talk_dialogs;
mod talk_menu;
mod theme_switch;
mod ticking;
mod timeline;
mod trouble;
mod visible_text;
mod welcome;
mod work_group;
mod work_log_feed;
mod work_log_message;

pub use markup::Can;
#[cfg(all(test, target_arch = "wasm32"))]
pub(crate) use {markup::Row, patch::Rows};

pub use bar_chart::BarChart;
pub use chat_message::ChatMessage;
pub use chat_room::ChatRoom;
pub use composer::Composer;
pub use composer_foot::ComposerFoot;
pub use connection_status::ConnectionStatus;
pub use conversation_list::{ConversationGroups, ConversationList, LiveConversations};
pub use conversation_view::ConversationView;
pub use icon::{Icon, StatusIcon};
pub use media_figure::MediaFigure;
pub use missing::Missing;
pub use opened::Opened;
pub use reader::ViewState;
pub use receipt_note::ReceiptNote;
pub use side::Side;
pub use talk_dialogs::TalkDialogs;
pub use talk_menu::TalkActions;
pub use theme_switch::ThemeSwitch;
pub use timeline::Timeline;
pub use trouble::Trouble;
pub use visible_text::{visible_line, visible_text};
pub use welcome::Welcome;
pub use work_group::WorkGroup;
pub use work_log_feed::{FeedView, WorkLogFeed};
pub use work_log_message::WorkLogMessage;
