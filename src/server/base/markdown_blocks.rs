//! Finds the finished blocks of Markdown that is still growing, so that each is rendered once: a
//! paragraph, heading, fence, quote or formula, one item of a top-level list, one row of a table.
//! Every line is looked at once. What it takes for a block may differ from the parser's reading of
//! the whole text, which replaces it at the end.

use super::markdown;
use crate::domain::join_block;
use std::ops::Range;

/// Tables of more columns are one block.
const TABLE_MAX_COLUMNS: usize = 64;
/// Bytes of an incomplete line that tell whether it begins the next item of a list.
const MARKER_MAX_BYTES: usize = 16;

/// A finished block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FoundBlock {
    /// Its place in the text. The ranges of all blocks adjoin.
    pub(crate) range: Range<usize>,
    /// Of a row of a table: the number of columns.
    columns: Option<usize>,
}

#[derive(Debug, Clone, Copy, Default)]
enum OpenBlock {
    #[default]
    None,
    /// `header` is whether its only line may be the header of a table.
    Paragraph {
        header: bool,
    },
    Formula,
    Fence {
        mark: u8,
        length: usize,
    },
    Quote,
    Item {
        /// Column at which its content begins.
        indent: usize,
        after_blank: bool,
    },
    Table {
        columns: usize,
    },
}

/// Finds blocks in text that grows.
#[derive(Debug, Clone, Default)]
pub(crate) struct BlockFinder {
    open: OpenBlock,
    /// Where the open block begins.
    start: usize,
    /// Where the first incomplete line begins.
    line: usize,
    /// Up to here there is no end of a line behind `line`.
    searched: usize,
    found: Vec<FoundBlock>,
}

impl BlockFinder {
    /// The blocks that are finished by what was appended to `text`, the whole text so far.
    pub(crate) fn grow(&mut self, text: &str) -> Vec<FoundBlock> {
        while let Some(length) = text[self.searched..].find('\n') {
            let (begin, end) = (self.line, self.searched + length + 1);
            self.take_line(text, begin, end);
            (self.line, self.searched) = (end, end);
        }
        self.searched = text.len();
        self.look_ahead(&text[self.line..]);
        std::mem::take(&mut self.found)
    }

    /// An item ends as soon as the next one has begun.
    fn look_ahead(&mut self, line: &str) {
        let head = &line[..line.floor_char_boundary(MARKER_MAX_BYTES)];
        if let OpenBlock::Item { indent, .. } = self.open
            && leading_spaces(head) < indent
            && let Some((_, content)) = list_marker(head)
            && content.starts_with(|first: char| first.is_alphanumeric())
        {
            self.finish(self.line, None);
            self.open = OpenBlock::None;
        }
    }

    fn finish(&mut self, end: usize, columns: Option<usize>) {
        if end > self.start {
            let range = self.start..end;
            self.found.push(FoundBlock { range, columns });
            self.start = end;
        }
    }

    fn take_line(&mut self, text: &str, begin: usize, end: usize) {
        let line = text[begin..end].trim_end_matches(['\n', '\r']);
        let is_blank = line.trim().is_empty();
        match self.open {
            OpenBlock::None if is_blank => return,
            OpenBlock::None => return self.begin(line, end),
            OpenBlock::Fence { mark, length } => {
                if closes_fence(line, mark, length) {
                    self.close(end);
                }
                return;
            }
            OpenBlock::Item { indent, .. } if is_blank => {
                let after_blank = true;
                self.open = OpenBlock::Item {
                    indent,
                    after_blank,
                };
                return;
            }
            OpenBlock::Item {
                indent,
                after_blank,
            } => {
                let inside = leading_spaces(line) >= indent;
                if inside || (!after_blank && !interrupts_item(line)) {
                    let after_blank = false;
                    self.open = OpenBlock::Item {
                        indent,
                        after_blank,
                    };
                    return;
                }
            }
            OpenBlock::Table { .. } if is_blank => {
                self.open = OpenBlock::None;
                return;
            }
            OpenBlock::Table { columns } if !interrupts(line) => {
                return self.finish(end, Some(columns));
            }
            _ if is_blank => return self.close(end),
            OpenBlock::Formula => {
                if line.trim_end().ends_with("$$") {
                    self.close(end);
                }
                return;
            }
            OpenBlock::Quote if line.trim_start().starts_with('>') || !interrupts_item(line) => {
                return;
            }
            OpenBlock::Paragraph { header } => {
                let columns = header.then(|| table_columns(&text[self.start..begin], line));
                if let Some(columns) = columns.flatten() {
                    self.close(end);
                    self.open = OpenBlock::Table { columns };
                    return;
                }
                if is_underline(line) {
                    return self.close(end);
                }
                if !interrupts(line) {
                    self.open = OpenBlock::Paragraph { header: false };
                    return;
                }
            }
            OpenBlock::Table { .. } | OpenBlock::Quote => {}
        }
        self.finish(begin, None);
        self.open = OpenBlock::None;
        self.begin(line, end);
    }

    /// Finishes the open block with the line that ends here.
    fn close(&mut self, end: usize) {
        self.finish(end, None);
        self.open = OpenBlock::None;
    }

    /// Begins a block with a line that is not blank.
    fn begin(&mut self, line: &str, end: usize) {
        let content = line.trim_start_matches(' ');
        self.open = if leading_spaces(line) > 3 {
            OpenBlock::Paragraph { header: false }
        } else if is_heading(content) || is_rule(content) {
            return self.close(end);
        } else if let Some((mark, length)) = fence(content) {
            OpenBlock::Fence { mark, length }
        } else if content.starts_with('>') {
            OpenBlock::Quote
        } else if let Some(formula) = content.strip_prefix("$$") {
            if formula.trim_end().ends_with("$$") {
                return self.close(end);
            }
            OpenBlock::Formula
        } else if let Some((indent, _)) = list_marker(line) {
            let after_blank = false;
            OpenBlock::Item {
                indent,
                after_blank,
            }
        } else {
            OpenBlock::Paragraph {
                header: content.contains('|'),
            }
        };
    }
}

impl FoundBlock {
    /// Renders the text of the block as safe HTML.
    pub(crate) fn render(&self, block: &str) -> String {
        let Some(columns) = self.columns else {
            return markdown::render(block);
        };
        let (header, line) = (" |".repeat(columns), "-|".repeat(columns));
        let html = markdown::render(&format!("|{header}\n|{line}\n{}", block.trim_start()));
        match (html.find("<thead>"), html.find("</thead>")) {
            (Some(from), Some(to)) => html[..from].to_owned() + &html[to + "</thead>".len()..],
            _ => html,
        }
    }
}

/// The HTML of the finished blocks of a growing text.
pub(crate) fn render_finished(text: &str) -> String {
    let mut html = String::new();
    for block in BlockFinder::default().grow(text) {
        join_block(&mut html, &block.render(&text[block.range.clone()]));
    }
    html
}

/// How many bytes of a growing text its finished blocks are.
pub(crate) fn finished_bytes(text: &str) -> usize {
    let found = BlockFinder::default().grow(text);
    found.last().map_or(0, |block| block.range.end)
}

fn leading_spaces(line: &str) -> usize {
    match line.trim_start_matches(' ') {
        rest if rest.starts_with('\t') => 4,
        rest => line.len() - rest.len(),
    }
}

/// Whether a line begins a block that ends a paragraph before it.
fn interrupts(line: &str) -> bool {
    let content = line.trim_start_matches(' ');
    let begins_item = |(_, text): (usize, &str)| {
        let numbered = content.starts_with(|first: char| first.is_ascii_digit());
        !text.is_empty() && (!numbered || content.starts_with("1.") || content.starts_with("1)"))
    };
    leading_spaces(line) <= 3
        && (is_heading(content)
            || is_rule(content)
            || fence(content).is_some()
            || content.starts_with('>')
            || content.starts_with("$$")
            || list_marker(line).is_some_and(begins_item))
}

/// Whether a line ends an item or a quote before it: behind those every marker begins an item.
fn interrupts_item(line: &str) -> bool {
    interrupts(line) || list_marker(line).is_some()
}

fn is_heading(content: &str) -> bool {
    let rest = content.trim_start_matches('#');
    (1..=6).contains(&(content.len() - rest.len()))
        && (rest.is_empty() || rest.starts_with([' ', '\t']))
}

fn is_rule(content: &str) -> bool {
    let mark = content.chars().next().unwrap_or(' ');
    "-*_".contains(mark)
        && content
            .chars()
            .all(|one| one == mark || one == ' ' || one == '\t')
        && content.chars().filter(|one| *one == mark).count() >= 3
}

/// Whether a line makes the paragraph before it a heading.
fn is_underline(line: &str) -> bool {
    let content = line.trim();
    leading_spaces(line) <= 3
        && (content.bytes().all(|byte| byte == b'=') || content.bytes().all(|byte| byte == b'-'))
}

fn fence(content: &str) -> Option<(u8, usize)> {
    let mark = *content
        .as_bytes()
        .first()
        .filter(|mark| b"`~".contains(mark))?;
    let length = content.bytes().take_while(|byte| *byte == mark).count();
    let is_fence = length >= 3 && !(mark == b'`' && content[length..].contains('`'));
    is_fence.then_some((mark, length))
}

fn closes_fence(line: &str, mark: u8, length: usize) -> bool {
    let content = line.trim();
    leading_spaces(line) <= 3 && content.len() >= length && content.bytes().all(|byte| byte == mark)
}

/// The column at which the content of an item begins, and the text behind the marker.
fn list_marker(line: &str) -> Option<(usize, &str)> {
    let content = line.trim_start_matches(' ');
    let digits = content.bytes().take_while(u8::is_ascii_digit).count();
    let marker = match content.as_bytes().get(digits)? {
        b'-' | b'*' | b'+' if digits == 0 => 1,
        b'.' | b')' if (1..=9).contains(&digits) => digits + 1,
        _ => return None,
    };
    let behind = &content[marker..];
    let text = behind.trim_start_matches([' ', '\t']);
    let spaces = behind.len() - text.len();
    let is_marker = leading_spaces(line) <= 3 && (behind.is_empty() || spaces > 0);
    let inner = if text.is_empty() || spaces > 4 {
        1
    } else {
        spaces
    };
    is_marker.then(|| (line.len() - content.len() + marker + inner, text.trim_end()))
}

/// The number of columns if `line` is the delimiter row of a table below the line `header`.
fn table_columns(header: &str, line: &str) -> Option<usize> {
    let delimiter = line.trim();
    let is_delimiter = delimiter.contains('-')
        && delimiter.contains('|')
        && delimiter.bytes().all(|byte| b"|-: \t".contains(&byte));
    let columns = cells(delimiter);
    (is_delimiter && columns <= TABLE_MAX_COLUMNS && cells(header.trim()) == columns)
        .then_some(columns)
}

/// The number of cells of a row of a table.
fn cells(row: &str) -> usize {
    let row = row.strip_prefix('|').unwrap_or(row);
    let (mut bars, mut escaped, mut at_end) = (0, false, false);
    for one in row.chars() {
        at_end = one == '|' && !escaped;
        bars += usize::from(at_end);
        escaped = one == '\\' && !escaped;
    }
    bars + usize::from(!at_end)
}

#[cfg(test)]
mod tests;
