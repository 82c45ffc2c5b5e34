//! What models call the tools of servers: `server_tool`, in the letters that every provider takes,
//! the same at every start, because people's grants go by it.

use crate::server::base::digest::sha256_hex;

/// Longest name that providers take, in characters.
const NAME_MAX_CHARS: usize = 64;
/// How much of a hash tells two names apart that would look the same, in characters.
const MARK_CHARS: usize = 6;

/// The name under which `tool` of `server` is offered: 1 to 64 letters, digits, dashes and
/// underscores. Where the tool's own name had to be changed for that, a mark of it stands at the
/// end.
pub(super) fn offered(server: &str, tool: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') {
            c
        } else {
            '_'
        }
    };
    let whole: String = format!("{server}_{tool}").chars().map(plain).collect();
    let unchanged = whole.len() <= NAME_MAX_CHARS && whole.ends_with(tool) && !tool.is_empty();
    if unchanged {
        return whole;
    }
    let kept: String = whole
        .chars()
        .take(NAME_MAX_CHARS - MARK_CHARS - 1)
        .collect();
    format!("{kept}_{}", &sha256_hex(tool)[..MARK_CHARS])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_plain_name_stands_behind_the_server_s() {
        assert_eq!(offered("mail", "send-mail"), "mail_send-mail");
    }

    #[test]
    fn names_that_must_be_changed_stay_apart() {
        assert_ne!(offered("mail", "send mail"), offered("mail", "send.mail"));
        assert_ne!(
            offered("mail", &"x".repeat(99)),
            offered("mail", &"x".repeat(98))
        );
    }

    proptest! {
        #[test]
        fn every_name_is_one_that_providers_take(server in "[a-z-]{1,24}", tool in ".{0,90}") {
            let name = offered(&server, &tool);
            prop_assert!((1..=64).contains(&name.len()), "{name}");
            prop_assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')), "{name}");
        }
    }
}
