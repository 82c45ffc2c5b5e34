//! What pages are made of. Components take data and return view; islands (`ChatRoom`'s parts, `ConversationList`,
//! `ThemeSwitch`, `WorkLogFeed`'s view) also live in the browser and say so by `data-hydrated` on their root.
//! May use `live`, `api` and the domain.

mod announcer;
mod browser;
mod chat_message;
mod chat_room;
mod clock;
mod composer;
mod composer_text;
mod connection_status;
mod conversation_list;
mod conversation_view;
mod day_divider;
mod delete_dialog;
mod entry_details;
mod entry_facts;
mod entry_foot;
mod follow;
mod hydrated;
mod icon;
mod media_figure;
mod permalink;
mod reader;
mod retry_button;
pub mod samples;
mod side;
mod stay_at_end;
mod talk_link;
mod theme_switch;
mod time;
mod timeline;
mod visible_text;
mod welcome;
mod work_group;
mod work_log_feed;
mod work_log_message;

pub use chat_message::ChatMessage;
pub use chat_room::ChatRoom;
pub use composer::Composer;
pub use connection_status::ConnectionStatus;
pub use conversation_list::{ConversationGroups, ConversationList};
pub use conversation_view::ConversationView;
pub use day_divider::DayDivider;
pub use icon::{Icon, StatusIcon};
pub use media_figure::MediaFigure;
pub use reader::Reader;
pub use side::Side;
pub use theme_switch::ThemeSwitch;
pub use time::{Elapsed, RelativeTime};
pub use timeline::{Timeline, TimelineSource};
pub use visible_text::{visible_line, visible_text};
pub use welcome::Welcome;
pub use work_group::WorkGroup;
pub use work_log_feed::{FeedView, WorkLogFeed};
pub use work_log_message::WorkLogMessage;
