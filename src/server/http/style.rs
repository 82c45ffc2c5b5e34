//! The style sheets: the files of `style/` in their order, in the program itself. What the chat
//! does not show has a sheet of its own. Their addresses carry a hash of their content, so that
//! browsers may keep them for ever.

use crate::server::base::digest::sha256_hex;
use std::sync::LazyLock;

const CHAT_FILES: &[&str] = &[
    include_str!("../../../style/tokens.css"),
    include_str!("../../../style/base.css"),
    include_str!("../../../style/controls.css"),
    include_str!("../../../style/frame.css"),
    include_str!("../../../style/side.css"),
    include_str!("../../../style/connection.css"),
    include_str!("../../../style/timeline.css"),
    include_str!("../../../style/message.css"),
    include_str!("../../../style/media.css"),
    include_str!("../../../style/entry.css"),
    include_str!("../../../style/entry-details.css"),
    include_str!("../../../style/approval.css"),
    include_str!("../../../style/composer.css"),
    include_str!("../../../style/page.css"),
    include_str!("../../../style/print.css"),
];

const PAGES_FILES: &[&str] = &[
    include_str!("../../../style/forms.css"),
    include_str!("../../../style/panels.css"),
    include_str!("../../../style/people.css"),
    include_str!("../../../style/stats.css"),
    include_str!("../../../style/gallery.css"),
];

/// A sheet and where it is served.
#[derive(Debug)]
pub struct Sheet {
    /// Its rules.
    pub text: String,
    /// Its path.
    pub address: String,
}

/// What every page needs.
pub static CHAT: LazyLock<Sheet> = LazyLock::new(|| Sheet::of(CHAT_FILES));

/// What pages need beside it that are not the chat.
pub static PAGES: LazyLock<Sheet> = LazyLock::new(|| Sheet::of(PAGES_FILES));

impl Sheet {
    fn of(files: &[&str]) -> Self {
        let text: String = files.iter().map(|file| lean(file)).collect();
        let address = format!("/style/{}.css", &sha256_hex(&text)[..16]);
        Self { text, address }
    }
}

/// Without comments, indentation and empty lines, which browsers pass over.
fn lean(css: &str) -> String {
    let mut parts = css.split("/*");
    let first = parts.next().unwrap_or_default();
    let rest = parts.map(|part| part.split_once("*/").map_or("", |(_, after)| after));
    let bare: String = std::iter::once(first).chain(rest).collect();
    bare.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(|line| format!("{line}\n"))
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_what_browsers_pass_over_is_left_out() {
        let css = "/* Why. */\n.a {\n  color: red; /* one\n  or two */ margin: 0 1px;\n}\n\n.b > .c { content: \"→  \"; }\n";
        assert_eq!(
            super::lean(css),
            ".a {\ncolor: red;  margin: 0 1px;\n}\n.b > .c { content: \"→  \"; }\n"
        );
    }

    #[test]
    fn every_file_of_the_folder_is_in_a_sheet() {
        let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/style")).unwrap();
        assert_eq!(
            files.count(),
            super::CHAT_FILES.len() + super::PAGES_FILES.len()
        );
    }
}
