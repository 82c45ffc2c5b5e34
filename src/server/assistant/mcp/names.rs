//! Names of MCP tools for models: `server_tool`, in the characters accepted by every provider. They
//! are the same at every start, because standing approvals are stored by name.

use crate::server::base::digest::sha256_hex;

/// Maximum length of a tool name accepted by providers, in characters.
const NAME_MAX_CHARS: usize = 64;
/// Length of the hash that distinguishes names which would be equal otherwise, in characters.
const HASH_CHARS: usize = 6;

/// The name of `tool` of `server` for models: 1 to 64 letters, digits, dashes and underscores. If
/// the tool's own name had to be changed, a part of its hash is appended.
pub(super) fn model_name(server: &str, tool: &str) -> String {
    let replace = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') {
            c
        } else {
            '_'
        }
    };
    let name: String = format!("{server}_{tool}").chars().map(replace).collect();
    let unchanged = name.len() <= NAME_MAX_CHARS && name.ends_with(tool) && !tool.is_empty();
    if unchanged {
        return name;
    }
    let prefix: String = name.chars().take(NAME_MAX_CHARS - HASH_CHARS - 1).collect();
    format!("{prefix}_{}", &sha256_hex(tool)[..HASH_CHARS])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_valid_name_follows_the_server_name() {
        assert_eq!(model_name("mail", "send-mail"), "mail_send-mail");
    }

    #[test]
    fn changed_names_stay_distinct() {
        assert_ne!(
            model_name("mail", "send mail"),
            model_name("mail", "send.mail")
        );
        assert_ne!(
            model_name("mail", &"x".repeat(99)),
            model_name("mail", &"x".repeat(98))
        );
    }

    proptest! {
        #[test]
        fn every_name_is_accepted_by_providers(server in "[a-z-]{1,24}", tool in ".{0,90}") {
            let name = model_name(&server, &tool);
            prop_assert!((1..=64).contains(&name.len()), "{name}");
            let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            prop_assert!(name.chars().all(is_allowed), "{name}");
        }
    }
}
