//! The style sheets: the files of `style/`, concatenated and embedded in the program. Pages other
//! than the chat have a second sheet. Paths contain a hash of the content, so browsers may cache
//! the sheets forever.

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

/// A style sheet and its path.
#[derive(Debug)]
pub struct Sheet {
    /// CSS.
    pub text: String,
    /// URL path.
    pub address: String,
}

/// The sheet of every page.
pub static CHAT: LazyLock<Sheet> = LazyLock::new(|| Sheet::new(CHAT_FILES));

/// The additional sheet of pages other than the chat.
pub static PAGES: LazyLock<Sheet> = LazyLock::new(|| Sheet::new(PAGES_FILES));

impl Sheet {
    fn new(files: &[&str]) -> Self {
        let text: String = files.iter().map(|file| minify(file)).collect();
        let address = format!("/style/{}.css", &sha256_hex(&text)[..16]);
        Self { text, address }
    }
}

/// Removes comments, indentation and empty lines.
fn minify(css: &str) -> String {
    let mut parts = css.split("/*");
    let first = parts.next().unwrap_or_default();
    let rest = parts.map(|part| part.split_once("*/").map_or("", |(_, after)| after));
    let without_comments: String = std::iter::once(first).chain(rest).collect();
    without_comments
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(|line| format!("{line}\n"))
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn comments_indentation_and_empty_lines_are_removed() {
        let css = "/* Why. */\n.a {\n  color: red; /* one\n  or two */ margin: 0 1px;\n}\n\n\
                   .b > .c { content: \"→  \"; }\n";
        assert_eq!(
            super::minify(css),
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
