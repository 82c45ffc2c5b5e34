use super::*;
use proptest::prelude::*;

fn blocks(markdown: &str) -> Vec<&str> {
    let found = BlockFinder::default().grow(markdown);
    found
        .iter()
        .map(|block| &markdown[block.range.clone()])
        .collect()
}

/// The HTML of the blocks, one behind the other, and of the rest of the text.
fn html_in_blocks(markdown: &str) -> String {
    let mut html = render_finished(markdown);
    join_block(
        &mut html,
        &markdown::render(&markdown[finished_bytes(markdown)..]),
    );
    html
}

#[test]
fn a_block_is_finished_as_soon_as_its_end_is_known() {
    for (markdown, finished) in [
        ("", vec![]),
        ("one", vec![]),
        ("one\ntwo\n", vec![]),
        ("one\n\n", vec!["one\n\n"]),
        ("one\n\ntwo", vec!["one\n\n"]),
        ("# A heading", vec![]),
        ("# A heading\n", vec!["# A heading\n"]),
        ("Title\n===\n", vec!["Title\n===\n"]),
        ("one\n# two\n", vec!["one\n", "# two\n"]),
        ("one\n---\n***\n", vec!["one\n---\n", "***\n"]),
        ("```\na\n\n- b", vec![]),
        (
            "one\n```rs\na\n\nb\n```\nc",
            vec!["one\n", "```rs\na\n\nb\n```\n"],
        ),
        ("````\n```\n````\n", vec!["````\n```\n````\n"]),
        ("> one\ntwo\n\n", vec!["> one\ntwo\n\n"]),
        ("$$\na + b\n$$\nc", vec!["$$\na + b\n$$\n"]),
        ("$$ a $$\n", vec!["$$ a $$\n"]),
        ("- one\n- ", vec![]),
        ("- one\n- t", vec!["- one\n"]),
        ("- one\n- **t**", vec![]),
        ("- one\n- **t**\n", vec!["- one\n"]),
        (
            "- one\n  - inner\n\n  more\n- t",
            vec!["- one\n  - inner\n\n  more\n"],
        ),
        (
            "1. one\n2. two\n\nthree\n\n",
            vec!["1. one\n", "2. two\n\n", "three\n\n"],
        ),
        ("one\n2. no item\n\n", vec!["one\n2. no item\n\n"]),
        ("|a|b|\n", vec![]),
        ("|a|b|\n|-|-|\n", vec!["|a|b|\n|-|-|\n"]),
        ("|a|b|\n|-|-|\n|1|2|\n|3", vec!["|a|b|\n|-|-|\n", "|1|2|\n"]),
        (
            "a | b\n--|--\n\\| | 2\n\nend\n\n",
            vec!["a | b\n--|--\n", "\\| | 2\n", "\nend\n\n"],
        ),
        ("|a|b|\n|-|\n\n", vec!["|a|b|\n|-|\n\n"]),
    ] {
        assert_eq!(blocks(markdown), finished, "{markdown:?}");
    }
}

#[test]
fn blocks_joined_are_the_whole() {
    for markdown in [
        "# Title\n\nSome **strong** words.\nMore.\n\n> quoted\n> still\n\n---\n\nEnd.\n\n",
        "Before:\n\n1. one\n2. two\n   - deep\n     - deeper\n3. three\n\nAfter\n\n- a\n- b\n",
        "| a | b |\n|:--|--:|\n| 1 | *2* |\n| 3 | `4` |\n\nand\n\n```rust\nfn f() {}\n\n```\nrest",
        "- [x] done\n- [ ] open\n\n<b>raw</b>\n\n    code\n\nend",
    ] {
        assert_eq!(
            html_in_blocks(markdown),
            markdown::render(markdown),
            "{markdown}"
        );
    }
}

#[test]
fn a_long_open_block_and_deep_nesting_are_found_in_linear_time() {
    let mut finder = BlockFinder::default();
    let (mut text, mut searched) = (String::new(), 0);
    for _ in 0..20_000 {
        text.push_str("word ");
        searched += text.len() - finder.searched;
        assert_eq!(finder.grow(&text), []);
    }
    assert_eq!(searched, text.len());
    let deep = "> ".repeat(2_000) + "x\n\n" + &"- ".repeat(2_000) + "x\n";
    assert_eq!(blocks(&deep).len(), 1);
}

proptest! {
    #[test]
    fn blocks_do_not_depend_on_how_the_text_arrives(
        text in "([#>|`$ \\-*0-9a.é]{0,4}|\n){0,40}",
        cuts in prop::collection::vec(0..80usize, 0..8),
    ) {
        let (mut finder, mut found) = (BlockFinder::default(), Vec::new());
        let mut cuts: Vec<usize> =
            cuts.iter().map(|cut| text.floor_char_boundary(*cut)).collect();
        cuts.sort_unstable();
        cuts.push(text.len());
        for cut in cuts {
            found.extend(finder.grow(&text[..cut]));
        }
        prop_assert_eq!(&found, &BlockFinder::default().grow(&text));
        let mut end = 0;
        for block in found {
            prop_assert_eq!(block.range.start, end);
            end = block.range.end;
            block.render(&text[block.range.clone()]);
        }
    }
}
