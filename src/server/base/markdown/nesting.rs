//! Bounds the nesting of Markdown, so that rendering takes little stack, and time in proportion to
//! the text. What is nested deeper is shown without its containers.

use pulldown_cmark::{Event, Tag, TagEnd};
use std::borrow::Cow;

/// Maximum number of elements around a text, such as lists, quotes, emphasis and links.
pub(super) const MAX_DEPTH: usize = 32;
/// Maximum number of columns of a table: the parser adds empty cells to each row that has fewer.
const MAX_COLUMNS: usize = 64;
/// An invisible character before which nothing is a marker: what follows is text, also in code.
const NO_MARKER: char = '\u{200b}';

/// Makes text of the markers of lists and quotes after the first [`MAX_DEPTH`] in a line, and of
/// tables with more than [`MAX_COLUMNS`] columns. Only the source can be bounded in this way: for
/// each line, the parser visits all lists and quotes around it.
pub(super) fn bounded(markdown: &str) -> Cow<'_, str> {
    let mut bounded = String::new();
    let (mut copied, mut line_start) = (0, 0);
    for line in markdown.split_inclusive('\n') {
        if let Some(at) = excess(line) {
            bounded.push_str(&markdown[copied..line_start + at]);
            bounded.push(NO_MARKER);
            copied = line_start + at;
        }
        line_start += line.len();
    }
    if copied == 0 && bounded.is_empty() {
        return Cow::Borrowed(markdown);
    }
    bounded.push_str(&markdown[copied..]);
    Cow::Owned(bounded)
}

/// Where a line exceeds a bound.
fn excess(line: &str) -> Option<usize> {
    let bytes = line.as_bytes();
    let (mut at, mut depth) = (0, 0);
    loop {
        at += bytes[at..]
            .iter()
            .take_while(|byte| matches!(**byte, b' ' | b'\t'))
            .count();
        if is_thematic_break(&bytes[at..]) {
            return None;
        }
        let length = marker_length(&bytes[at..]);
        if length == 0 {
            return is_wide_table(&bytes[at..]).then_some(at);
        }
        if depth == MAX_DEPTH {
            return Some(at);
        }
        depth += 1;
        at += length;
    }
}

/// Whether the text is a line across the page, such as `- - -`. It is looked for once per marker,
/// but ends at the first other character.
fn is_thematic_break(text: &[u8]) -> bool {
    let Some(mark) = text.first().filter(|byte| b"-*_".contains(byte)) else {
        return false;
    };
    text.iter()
        .all(|byte| byte == mark || byte.is_ascii_whitespace())
}

/// The length of the marker of a list item or quote at the beginning of `text`, or 0.
fn marker_length(text: &[u8]) -> usize {
    const DIGITS_MAX: usize = 9;
    let ends = |at: usize| text.get(at).is_none_or(u8::is_ascii_whitespace);
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match text.get(digits) {
        Some(b'>') if digits == 0 => 1,
        Some(b'-' | b'+' | b'*') if digits == 0 && ends(1) => 1,
        Some(b'.' | b')') if (1..=DIGITS_MAX).contains(&digits) && ends(digits + 1) => digits + 1,
        _ => 0,
    }
}

/// Whether `text` is the second line of a table with too many columns.
fn is_wide_table(text: &[u8]) -> bool {
    text.iter()
        .all(|byte| matches!(byte, b'|' | b':' | b'-') || byte.is_ascii_whitespace())
        && text.iter().filter(|byte| **byte == b'|').count() > MAX_COLUMNS
}

/// Leaves out the elements that are nested too deeply, but not the text in them.
#[derive(Debug, Default)]
pub(super) struct Nesting {
    /// For each open element, whether it is shown.
    shown: Vec<bool>,
    /// How many of them are shown.
    depth: usize,
}

impl Nesting {
    /// The event to show in place of `event`.
    pub(super) fn bound<'e>(&mut self, event: Event<'e>) -> Option<Event<'e>> {
        match event {
            Event::Start(tag) => {
                let is_shown = match tag {
                    Tag::Item | Tag::TableHead | Tag::TableRow | Tag::TableCell => {
                        self.shown.last().copied().unwrap_or(true)
                    }
                    _ => self.depth < MAX_DEPTH,
                };
                self.shown.push(is_shown);
                self.depth += usize::from(is_shown);
                is_shown.then_some(Event::Start(tag))
            }
            Event::End(tag) => {
                let is_shown = self.shown.pop().unwrap_or(true);
                self.depth -= usize::from(is_shown);
                if is_shown {
                    return Some(Event::End(tag));
                }
                // what follows is not part of the last word
                is_block(tag).then_some(Event::SoftBreak)
            }
            other => Some(other),
        }
    }
}

fn is_block(tag: TagEnd) -> bool {
    !matches!(
        tag,
        TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image
    )
}

#[cfg(test)]
mod tests {
    use super::super::{OPTIONS, render};
    use super::*;
    use pulldown_cmark::Parser;

    /// A text that grows with `n`, of at least `n` bytes.
    type Bomb = fn(usize) -> String;

    fn repeat(part: &str, n: usize) -> String {
        part.repeat(n.div_ceil(part.len()))
    }

    const BOMBS: [(&str, Bomb); 34] = [
        ("lists", |n| repeat("- ", n) + "x"),
        ("other lists", |n| repeat("+ * ", n) + "x"),
        ("ordered lists", |n| repeat("1. ", n) + "x"),
        ("quotes", |n| repeat("> ", n) + "x"),
        ("quotes without spaces", |n| repeat(">", n) + "x"),
        ("lists in quotes", |n| repeat("> - 1) ", n) + "x"),
        ("lists, then empty lines", |n| {
            repeat("- ", n / 2) + "x" + &"\n".repeat(n / 2)
        }),
        ("quotes, then lines", |n| {
            repeat("> ", n / 2) + "x" + &"\nx".repeat(n / 4)
        }),
        ("thematic break", |n| repeat("- ", n)),
        ("stars", |n| repeat("*", n)),
        ("stars and letters", |n| repeat("*a ", n)),
        ("emphasis", |n| {
            repeat("*a **b ", n / 2) + &repeat("b** a*", n / 2)
        }),
        ("emphasis that closes only", |n| repeat("a** b* ", n)),
        ("underscores", |n| repeat("_a __b", n)),
        ("strikethrough", |n| repeat("~~a ~b ", n)),
        ("opening brackets", |n| repeat("[", n)),
        ("brackets", |n| repeat("[", n / 2) + &repeat("]", n / 2)),
        ("links without an end", |n| repeat("[a](", n)),
        ("links in links", |n| {
            repeat("[a", n / 2) + &repeat("](b)", n / 2)
        }),
        ("images in images", |n| {
            repeat("![a", n / 2) + &repeat("](b)", n / 2)
        }),
        ("parentheses", |n| "[a](".to_owned() + &repeat("(", n)),
        ("angle brackets", |n| repeat("<", n)),
        ("comments", |n| repeat("<!-- ", n)),
        ("declarations", |n| repeat("a <![CDATA[ <? <!A ", n)),
        ("tags", |n| repeat("<a b='", n)),
        ("backticks", |n| repeat("`", n)),
        ("runs of backticks", |n| {
            let runs = (1..).map(|run| "`".repeat(run) + "a");
            let mut text = String::new();
            runs.take_while(|run| {
                text.push_str(run);
                text.len() < n
            })
            .for_each(drop);
            text
        }),
        ("fences", |n| repeat("```\n~~~\n", n)),
        ("pipes", |n| {
            "a\n".to_owned() + &repeat("|", n) + "\n" + &repeat("|-", n)
        }),
        ("table rows", |n| {
            "|a|b|\n|-|-|\n".to_owned() + &repeat("|\n", n)
        }),
        ("wide table", |n| {
            let (head, rule) = (repeat("|a", n / 4), repeat("|-", n / 4));
            format!("{head}|\n{rule}|\n{}", repeat("|\n", n / 2))
        }),
        ("link definitions", |n| {
            repeat("[a]: /b\n", n / 2) + &repeat("[a] ", n / 2)
        }),
        ("entities and escapes", |n| repeat("&amp;\\*&#0;&", n)),
        ("headings", |n| repeat("# a\nb\n===\n", n)),
    ];

    #[test]
    fn twice_the_text_makes_twice_the_events_and_twice_the_output() {
        for (name, bomb) in BOMBS {
            for n in [1_000, 6_000, 50_000] {
                let [once, twice] = [n, 2 * n].map(|n| {
                    let text = bomb(n);
                    let events = Parser::new_ext(&bounded(&text), OPTIONS).count();
                    [events, render(&text).len()]
                });
                for (once, twice) in once.into_iter().zip(twice) {
                    // a few events and bytes do not depend on the size
                    let most = once * 22 / 10 + 200;
                    assert!(twice <= most, "{name} of {n}: {once}, then {twice}");
                }
            }
        }
    }

    /// The depth of the deepest element.
    fn depth(html: &str) -> usize {
        let mut depths = vec![0_usize];
        for tag in html.split('<').skip(1) {
            let last = depths[depths.len() - 1];
            let is_empty = tag.starts_with("br") || tag.starts_with("hr");
            match tag.starts_with('/') {
                true => depths.push(last - 1),
                false => depths.push(last + usize::from(!is_empty)),
            }
        }
        depths.into_iter().max().unwrap_or(0)
    }

    #[test]
    fn no_element_is_nested_deeper_than_the_bound() {
        let mut deepest = 0;
        for (name, bomb) in BOMBS {
            let html = render(&bomb(4_000));
            deepest = deepest.max(depth(&html));
            // a kept list or table has its items or cells
            assert!(depth(&html) <= MAX_DEPTH + 4, "{name}: {html}");
        }
        assert!(deepest >= MAX_DEPTH);
    }

    #[test]
    fn text_that_is_nested_too_deeply_is_still_shown() {
        for text in [
            "- ".repeat(100) + "the end",
            "> ".repeat(100) + "the end",
            "1. ".repeat(100) + "the end",
            (0..60)
                .map(|n| "  ".repeat(n) + "- item\n")
                .collect::<String>()
                + &"  ".repeat(60)
                + "the end",
            "*a **b ".repeat(40) + "the end" + &" b** a*".repeat(40),
        ] {
            assert!(render(&text).contains("the end"), "{text}");
        }
    }

    #[test]
    fn texts_within_the_bounds_are_unchanged() {
        let table = |columns: usize| {
            let row = |cell: &str| format!("|{}\n", cell.repeat(columns));
            row("a|") + &row("-|") + &row("1|")
        };
        for text in [
            "- a\n  - b\n    > c\n\n1. d\n".to_owned(),
            "- ".repeat(MAX_DEPTH) + "x",
            "- ".repeat(1_000),
            table(MAX_COLUMNS - 1),
        ] {
            assert!(matches!(bounded(&text), Cow::Borrowed(_)), "{text}");
        }
        assert!(render(&table(MAX_COLUMNS - 1)).contains("<table>"));
        assert!(!render(&table(MAX_COLUMNS + 1)).contains("<table>"));
    }
}
