//! Files attached to a message. The media type is detected from the content, not from the name.

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

/// A file as uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// The file name sent by the client.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// A valid attachment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The name on one line, without folders.
    pub name: String,
    /// The media type detected from the content.
    pub media_type: &'static str,
    /// The content; secrets in text files are masked.
    pub bytes: Vec<u8>,
}

/// The media type of text files.
pub const TEXT: &str = "text/plain; charset=utf-8";

/// Checks every file. Errors: `Refused` with one field `attachment` per rejected file, which names
/// the file; all problems are reported at once.
pub fn check_attachments(uploads: Vec<Upload>) -> Result<Vec<Attachment>> {
    let field_error = |reason: String| FieldError {
        field: "attachment".to_owned(),
        reason,
    };
    if uploads.len() > ATTACHMENTS_MAX {
        return Err(Error::Refused(vec![field_error(format!(
            "must be at most {ATTACHMENTS_MAX} files, not {}",
            uploads.len()
        ))]));
    }
    let (mut accepted, mut problems) = (Vec::new(), Vec::new());
    for Upload { name, bytes } in uploads {
        let name = sanitized_name(&name);
        match check_content(bytes) {
            Ok((media_type, bytes)) => accepted.push(Attachment {
                name,
                media_type,
                bytes,
            }),
            Err(reason) => problems.push(field_error(format!("“{name}” {reason}"))),
        }
    }
    if problems.is_empty() {
        Ok(accepted)
    } else {
        Err(Error::Refused(problems))
    }
}

fn check_content(bytes: Vec<u8>) -> std::result::Result<(&'static str, Vec<u8>), String> {
    let check_size = |max: usize, kind: &str| match bytes.len() {
        n if n > max => Err(format!(
            "is too large: {kind} may be at most {max} bytes, not {n}"
        )),
        _ => Ok(()),
    };
    if bytes.is_empty() {
        return Err("is empty".to_owned());
    }
    if let Some(picture) = media_type::image(&bytes) {
        check_size(PICTURE_MAX_BYTES, "a picture")?;
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
    check_size(TEXT_FILE_MAX_BYTES, "a text file")?;
    Ok((TEXT, mask(text).0.into_bytes()))
}

/// Whether a control character is one that text files do not contain.
fn is_binary(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}' | '\u{1b}' | '\u{85}')
}

fn sanitized_name(name: &str) -> String {
    let name = mask(name).0;
    let file_name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let line: String = file_name
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
    fn the_media_type_does_not_depend_on_the_name() {
        let accepted = check_attachments(vec![
            file("a/b\\notes.png", b"# Notes\n"),
            file("\u{7}", b"\x89PNG\r\n\x1a\n"),
        ])
        .unwrap();
        let types: Vec<_> = accepted
            .iter()
            .map(|file| (file.name.as_str(), file.media_type))
            .collect();
        assert_eq!(types, [("notes.png", TEXT), ("file", "image/png")]);
    }

    #[test]
    fn each_rejected_file_is_named() {
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
        let reasons: Vec<_> = problems
            .iter()
            .map(|problem| problem.reason.as_str())
            .collect();
        for (reason, part) in reasons.iter().zip([
            "“empty.txt” is empty",
            "“a.pdf” is neither",
            "“big.gif” is too large",
            "“long.txt” is too large",
        ]) {
            assert!(reason.starts_with(part), "{reason}");
        }
        assert_eq!(reasons.len(), 4);
        let Err(Error::Refused(problems)) = check_attachments(vec![file("x", b"x"); 5]) else {
            panic!("five files are too many")
        };
        assert_eq!(problems.len(), 1);
    }

    #[test]
    fn secrets_in_a_text_are_masked() {
        let accepted = check_attachments(vec![file(
            "key.txt",
            b"key: sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD",
        )])
        .unwrap();
        assert!(!String::from_utf8_lossy(&accepted[0].bytes).contains("abcdefghijkl"));
    }
}
