//! Where entries belong that could not be read.

use super::Html;
use crate::domain::Gap;

/// A plain sentence, and a way to try again: the same page once more.
pub fn gap(html: &mut Html, gap: &Gap) {
    html.raw("<p class=\"gap\">")
        .icon("warning")
        .element("span", "", &gap.words());
    html.raw(" <a href=\"\">Try again</a></p>");
}
