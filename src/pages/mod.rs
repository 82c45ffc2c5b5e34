//! One page per file. Pages fetch with `api` and lay out `components`; they run on the server only.

mod audit;
mod chat;
mod confirm;
mod conversations;
mod date;
mod devices;
mod form_error;
mod gallery;
mod history;
mod holds;
mod join;
mod not_found;
mod people;
mod provider_button;
mod query_parameter;
mod refused;
mod settings;
mod sign_in;
mod stats;
mod welcome;
mod your_data;

pub use audit::AuditPage;
pub use chat::ChatPage;
pub use confirm::ConfirmPage;
pub use conversations::ConversationsPage;
pub use gallery::Gallery;
pub use history::HistoryPage;
pub use holds::HoldsPage;
pub use join::JoinPage;
pub use not_found::NotFound;
pub use people::PeoplePage;
pub use settings::SettingsPage;
pub use sign_in::SignInPage;
pub use stats::StatsPage;
pub use welcome::WelcomePage;
