//! Files that a person attaches to a message: what they are is read from their content, not from
//! their name.

use crate::{
    domain::{
        ATTACHMENTS_MAX, FILE_NAME_MAX_CHARS, FieldError, PICTURE_MAX_BYTES, TEXT_FILE_MAX_BYTES,
    },
    server::base::{
        error::{Error, Result},
        masking::mask,
        media_type,
    },
};

/// A file as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// What its owner calls it.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// A file that may stand beside a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its name on one line, without folders.
    pub name: String,
    /// Its media type, by its content.
    pub media_type: &'static str,
    /// Its content; secrets in a text are masked.
    pub bytes: Vec<u8>,
}

/// The media type of text files.
pub const TEXT: &str = "text/plain; charset=utf-8";

/// Checks every file. Errors: `Refused` with a field `attachment` for each that cannot be taken,
/// naming it, all at once.
pub fn check_attachments(uploads: Vec<Upload>) -> Result<Vec<Attachment>> {
    let refused = |reason: String| FieldError {
        field: "attachment".to_owned(),
        reason,
    };
    if uploads.len() > ATTACHMENTS_MAX {
        return Err(Error::Refused(vec![refused(format!(
            "must be at most {ATTACHMENTS_MAX} files, not {}",
            uploads.len()
        ))]));
    }
    let (mut taken, mut problems) = (Vec::new(), Vec::new());
    for Upload { name, bytes } in uploads {
        let name = plain_name(&name);
        match checked(bytes) {
            Ok((media_type, bytes)) => taken.push(Attachment {
                name,
                media_type,
                bytes,
            }),
            Err(why) => problems.push(refused(format!("“{name}” {why}"))),
        }
    }
    if problems.is_empty() {
        Ok(taken)
    } else {
        Err(Error::Refused(problems))
    }
}

fn checked(bytes: Vec<u8>) -> std::result::Result<(&'static str, Vec<u8>), String> {
    let fits = |most: usize, what: &str| match bytes.len() {
        n if n > most => Err(format!(
            "is too large: {what} may be at most {most} bytes, not {n}"
        )),
        _ => Ok(()),
    };
    if bytes.is_empty() {
        return Err("is empty".to_owned());
    }
    if let Some(picture) = media_type::image(&bytes) {
        fits(PICTURE_MAX_BYTES, "a picture")?;
        return Ok((picture.media_type, bytes));
    }
    let text = std::str::from_utf8(&bytes)
        .ok()
        .filter(|text| !text.chars().any(is_binary));
    let Some(text) = text else {
        return Err(
            "is neither a picture (PNG, JPEG, GIF, WebP) nor plain text in UTF-8".to_owned(),
        );
    };
    fits(TEXT_FILE_MAX_BYTES, "a text file")?;
    Ok((TEXT, mask(text).0.into_bytes()))
}

/// Control characters that no text file has.
fn is_binary(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}' | '\u{1b}' | '\u{85}')
}

fn plain_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let line: String = last
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let name: String = line.trim().chars().take(FILE_NAME_MAX_CHARS).collect();
    if name.is_empty() {
        "file".to_owned()
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, bytes: &[u8]) -> Upload {
        Upload {
            name: name.to_owned(),
            bytes: bytes.to_vec(),
        }
    }

    #[test]
    fn what_a_file_is_does_not_hang_on_its_name() {
        let taken = check_attachments(vec![
            file("a/b\\notes.png", b"# Notes\n"),
            file("\u{7}", b"\x89PNG\r\n\x1a\n"),
        ])
        .unwrap();
        let read: Vec<_> = taken
            .iter()
            .map(|file| (file.name.as_str(), file.media_type))
            .collect();
        assert_eq!(read, [("notes.png", TEXT), ("file", "image/png")]);
    }

    #[test]
    fn each_file_that_cannot_be_taken_is_named() {
        let large = [b"GIF89a".as_slice(), &vec![0; PICTURE_MAX_BYTES]].concat();
        let uploads = vec![
            file("empty.txt", b""),
            file("a.pdf", b"%PDF-1.7\0"),
            file("big.gif", &large),
            file("long.txt", &[b'x'; TEXT_FILE_MAX_BYTES + 1]),
        ];
        let Err(Error::Refused(problems)) = check_attachments(uploads) else {
            panic!("all four are refused")
        };
        let said: Vec<_> = problems
            .iter()
            .map(|problem| problem.reason.as_str())
            .collect();
        for (reason, part) in said.iter().zip([
            "“empty.txt” is empty",
            "“a.pdf” is neither",
            "“big.gif” is too large",
            "“long.txt” is too large",
        ]) {
            assert!(reason.starts_with(part), "{reason}");
        }
        assert_eq!(said.len(), 4);
        assert!(
            matches!(check_attachments(vec![file("x", b"x"); 5]), Err(Error::Refused(problems)) if problems.len() == 1)
        );
    }

    #[test]
    fn secrets_in_a_text_are_masked() {
        let taken = check_attachments(vec![file(
            "key.txt",
            b"key: sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD",
        )])
        .unwrap();
        assert!(!String::from_utf8_lossy(&taken[0].bytes).contains("abcdefghijkl"));
    }
}
