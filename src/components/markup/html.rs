//! HTML that is being written. Only [`Html::raw`] takes markup; everything else is escaped.

/// A growing HTML text.
#[derive(Debug, Default)]
pub struct Html(String);

impl Html {
    /// Adds markup.
    pub fn raw(&mut self, markup: &str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Adds text, of an element or of a quoted attribute.
    pub fn text(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                c => self.0.push(c),
            }
        }
        self
    }

    /// Adds an element without attributes but perhaps a class, with a text.
    pub fn element(&mut self, name: &str, class: &str, text: &str) -> &mut Self {
        self.raw("<").raw(name);
        if !class.is_empty() {
            self.attribute("class", class);
        }
        self.raw(">").text(text).raw("</").raw(name).raw(">")
    }

    /// Adds an attribute to the tag that is open.
    pub fn attribute(&mut self, name: &str, value: &str) -> &mut Self {
        self.raw(" ").raw(name).raw("=\"").text(value).raw("\"")
    }

    /// Adds a field of a form that nobody sees.
    pub fn hidden(&mut self, name: &str, value: &str) -> &mut Self {
        self.raw("<input type=\"hidden\"")
            .attribute("name", name)
            .attribute("value", value)
            .raw(">")
    }

    /// Adds a symbol of the sprite.
    pub fn icon(&mut self, name: &str) -> &mut Self {
        self.raw("<svg class=\"icon\" aria-hidden=\"true\"><use href=\"/icons.svg#")
            .raw(name)
            .raw("\"></use></svg>")
    }

    /// Adds the place where a form says why it was refused.
    pub fn trouble(&mut self) -> &mut Self {
        self.raw("<p class=\"trouble\" role=\"alert\" hidden></p>")
    }

    /// The text, leaving nothing behind.
    pub fn take(&mut self) -> String {
        std::mem::take(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Html;

    #[test]
    fn only_markup_is_markup() {
        let mut html = Html::default();
        html.raw("<p")
            .attribute("title", "\"><script>")
            .raw(">")
            .text("<b> & \"co\"")
            .raw("</p>");
        assert_eq!(
            html.take(),
            "<p title=\"&quot;&gt;&lt;script&gt;\">&lt;b&gt; &amp; &quot;co&quot;</p>"
        );
    }
}
