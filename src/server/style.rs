//! The style sheet: the files of `style/` in their order, one text, in the program itself. Its address carries a hash of
//! its content, so that browsers may keep it for ever.

use super::auth::sha256_hex;
use std::sync::LazyLock;

const FILES: &[&str] = &[
    include_str!("../../style/tokens.css"),
    include_str!("../../style/base.css"),
    include_str!("../../style/controls.css"),
    include_str!("../../style/frame.css"),
    include_str!("../../style/side.css"),
    include_str!("../../style/connection.css"),
    include_str!("../../style/timeline.css"),
    include_str!("../../style/message.css"),
    include_str!("../../style/media.css"),
    include_str!("../../style/entry.css"),
    include_str!("../../style/entry-details.css"),
    include_str!("../../style/approval.css"),
    include_str!("../../style/composer.css"),
    include_str!("../../style/page.css"),
    include_str!("../../style/people.css"),
    include_str!("../../style/stats.css"),
    include_str!("../../style/gallery.css"),
    include_str!("../../style/print.css"),
];

/// The whole sheet.
pub static SHEET: LazyLock<String> = LazyLock::new(|| FILES.concat());

/// Where the sheet is served.
pub static ADDRESS: LazyLock<String> = LazyLock::new(|| format!("/style/{}.css", &sha256_hex(&SHEET)[..16]));

#[cfg(test)]
mod tests {
    #[test]
    fn every_file_of_the_folder_is_in_the_sheet() {
        let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/style")).unwrap();
        assert_eq!(files.count(), super::FILES.len());
    }
}
