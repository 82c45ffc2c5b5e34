//! SVG text, shape by shape. Prompts get in as escaped text only; nothing refers to anything outside the file.

use std::fmt::{Display, Write};

/// A drawing that grows.
#[derive(Debug, Default)]
pub struct Svg(String);

impl Svg {
    /// Adds markup as it is. Only for text written in this program, or escaped.
    pub fn raw(&mut self, markup: impl Display) {
        write!(self.0, "{markup}").expect("writing to a string cannot fail");
    }

    /// A closed shape from path data.
    pub fn path(&mut self, data: &str, fill: impl Display) {
        self.raw(format_args!("<path d=\"{data}\" fill=\"{fill}\"/>"));
    }

    /// An open line of round strokes from path data.
    pub fn stroke(&mut self, data: &str, colour: impl Display, width: f64) {
        self.raw(format_args!(
            "<path d=\"{data}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width:.1}\" stroke-linecap=\"round\" stroke-linejoin=\"round\"/>"
        ));
    }

    /// A disc.
    pub fn circle(&mut self, (x, y): (f64, f64), radius: f64, fill: impl Display) {
        self.raw(format_args!(
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\" fill=\"{fill}\"/>"
        ));
    }

    /// An ellipse with horizontal and vertical radius.
    pub fn ellipse(&mut self, (x, y): (f64, f64), (rx, ry): (f64, f64), fill: impl Display) {
        self.raw(format_args!(
            "<ellipse cx=\"{x:.1}\" cy=\"{y:.1}\" rx=\"{rx:.1}\" ry=\"{ry:.1}\" fill=\"{fill}\"/>"
        ));
    }

    /// A box with rounded corners, from its upper left corner.
    pub fn rect(
        &mut self,
        (x, y): (f64, f64),
        (width, height): (f64, f64),
        radius: f64,
        fill: impl Display,
    ) {
        self.raw(format_args!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"{radius:.1}\" fill=\"{fill}\"/>"
        ));
    }

    /// What `draw` draws, with the attributes of a group.
    pub fn group(&mut self, attributes: impl Display, draw: impl FnOnce(&mut Self)) {
        self.raw(format_args!("<g {attributes}>"));
        draw(self);
        self.raw("</g>");
    }

    /// The whole file, with a title for those who cannot see it.
    pub fn finish(self, title: &str, (width, height): (f64, f64)) -> String {
        let title = escape(title);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\">\n\
             <title>{title}</title>\n{}\n</svg>\n",
            self.0
        )
    }
}

/// Text as it may stand in XML.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(
            escape("<script>\"a\" & 'b'</script>"),
            "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/script&gt;"
        );
    }
}
