//! Reads server-sent events as servers really send them: any line end, a missing blank line, JSON
//! without a field name, bytes that are not UTF-8. Pure: bytes in, events out.

/// Maximum size of one event, in bytes.
pub const EVENT_MAX_BYTES: usize = 1_024 * 1_024;

/// A received event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SseEvent {
    /// The value of its `event` field; empty if it has none.
    pub name: String,
    /// Its `data` lines, joined by line feeds.
    pub data: String,
}

/// An event is longer than [`EVENT_MAX_BYTES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventTooLong;

/// Splits a byte stream into events.
#[derive(Debug, Default)]
pub struct SseReader {
    line: Vec<u8>,
    event: SseEvent,
    /// Number of `data` lines of `event`.
    data_lines: usize,
    /// The current line is a comment, which is not kept.
    in_comment: bool,
    /// The last byte was a carriage return; a line feed after it belongs to the same line end.
    after_cr: bool,
    /// The first line, which may begin with a byte order mark, has been read.
    begun: bool,
}

impl SseReader {
    /// Reads more bytes and appends the events that are complete to `events`.
    pub fn feed(&mut self, bytes: &[u8], events: &mut Vec<SseEvent>) -> Result<(), EventTooLong> {
        for &byte in bytes {
            let after_cr = std::mem::take(&mut self.after_cr);
            match byte {
                b'\n' if after_cr => {}
                b'\n' | b'\r' => {
                    self.after_cr = byte == b'\r';
                    self.end_line(events);
                }
                _ if self.in_comment => {}
                b':' if self.line.is_empty() => self.in_comment = true,
                _ if self.line.len() + self.event.data.len() >= EVENT_MAX_BYTES => {
                    return Err(EventTooLong);
                }
                _ => self.line.push(byte),
            }
        }
        Ok(())
    }

    /// Reads what is left when the connection has been closed.
    pub fn finish(&mut self, events: &mut Vec<SseEvent>) {
        if !self.line.is_empty() {
            self.end_line(events);
        }
        self.dispatch(events);
    }

    fn end_line(&mut self, events: &mut Vec<SseEvent>) {
        if std::mem::take(&mut self.in_comment) {
            return;
        }
        let bytes = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&bytes);
        let is_first = !std::mem::replace(&mut self.begun, true);
        let line = match line.strip_prefix('\u{feff}') {
            Some(rest) if is_first => rest,
            _ => &line,
        };
        match line.split_once(':').unwrap_or((line, "")) {
            _ if line.is_empty() => self.dispatch(events),
            _ if line.starts_with(['{', '[']) => {
                self.dispatch(events);
                self.add_data(line);
                self.dispatch(events);
            }
            ("data", value) => {
                if self.data_lines == 1 && is_whole_json(&self.event.data) {
                    self.dispatch(events);
                }
                self.add_data(value.strip_prefix(' ').unwrap_or(value));
            }
            ("event", value) => value.trim().clone_into(&mut self.event.name),
            _ => {}
        }
    }

    fn add_data(&mut self, text: &str) {
        if self.data_lines > 0 {
            self.event.data.push('\n');
        }
        self.event.data.push_str(text);
        self.data_lines += 1;
    }

    fn dispatch(&mut self, events: &mut Vec<SseEvent>) {
        let event = std::mem::take(&mut self.event);
        if std::mem::take(&mut self.data_lines) > 0 {
            events.push(event);
        }
    }
}

/// Whether a line is an event by itself, though no blank line follows it.
fn is_whole_json(text: &str) -> bool {
    text.starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `name=data` of each event, read from bytes that arrive `size` at a time.
    fn read(bytes: &[u8], size: usize) -> Vec<String> {
        let mut reader = SseReader::default();
        let mut events = Vec::new();
        for part in bytes.chunks(size) {
            reader.feed(part, &mut events).unwrap();
        }
        reader.finish(&mut events);
        let line = |event: SseEvent| format!("{}={}", event.name, event.data);
        events.into_iter().map(line).collect()
    }

    #[test]
    fn events_are_read_in_every_form() {
        let rows: [(&[u8], &[&str]); 12] = [
            (b"data: a\n\ndata:b\n\n", &["=a", "=b"]),
            (b"data: a\r\n\r\ndata: b\r\n\r\n", &["=a", "=b"]),
            (b"data: a\r\rdata: b\r\r", &["=a", "=b"]),
            (b"event: x\ndata: a\nid: 7\nretry: no\n\n", &["x=a"]),
            (b"data: a\ndata: b\n\n", &["=a\nb"]),
            (b": note\n\n:\n\ndata: a\n\n", &["=a"]),
            (b"\xef\xbb\xbfdata: a\n\n", &["=a"]),
            (b"data: a", &["=a"]),
            (b"data: {\"a\":1}\ndata: {}\n", &["={\"a\":1}", "={}"]),
            (b"{\"a\":1}\n[2]\n", &["={\"a\":1}", "=[2]"]),
            (b"data: \xff\n\n", &["=\u{fffd}"]),
            (b"event: x\n\nodd\n\ndata\n\n", &["="]),
        ];
        for (bytes, expected) in rows {
            for size in [1, 2, 3, 1_000] {
                let text = String::from_utf8_lossy(bytes);
                assert_eq!(read(bytes, size), expected, "{text:?} by {size}");
            }
        }
    }

    #[test]
    fn an_event_has_a_bound_and_a_comment_takes_no_memory() {
        let mut events = Vec::new();
        let mut reader = SseReader::default();
        let comment = vec![b':'; 2 * EVENT_MAX_BYTES];
        assert_eq!(reader.feed(&comment, &mut events), Ok(()));
        assert!(reader.line.is_empty());
        let line = vec![b'd'; EVENT_MAX_BYTES + 1];
        assert_eq!(
            SseReader::default().feed(&line, &mut events),
            Err(EventTooLong)
        );
        let lines = "data: 12345678\n".repeat(EVENT_MAX_BYTES / 8);
        assert_eq!(
            SseReader::default().feed(lines.as_bytes(), &mut events),
            Err(EventTooLong)
        );
    }
}
