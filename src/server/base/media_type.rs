//! Detects the media type of a file from its first bytes, not from its name or a declared type. The
//! crate `infer` is not used: it takes text that begins with BM or MZ for a picture or a program,
//! and does not distinguish types that browsers can show.

/// A type that Holly can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DetectedMedia {
    /// IANA media type.
    pub media_type: &'static str,
    /// The usual extension.
    pub extension: &'static str,
}

/// The first bytes of a file (`?` matches any byte), its media type and extension.
type Signature = (&'static [u8], &'static str, &'static str);

const PICTURES: &[Signature] = &[
    (b"\x89PNG\r\n\x1a\n", "image/png", "png"),
    (b"\xff\xd8\xff", "image/jpeg", "jpg"),
    (b"GIF87a", "image/gif", "gif"),
    (b"GIF89a", "image/gif", "gif"),
    (b"RIFF????WEBP", "image/webp", "webp"),
];
const SOUNDS: &[Signature] = &[
    (b"RIFF????WAVE", "audio/wav", "wav"),
    (b"ID3", "audio/mpeg", "mp3"),
    (b"\xff\xfb", "audio/mpeg", "mp3"),
    (b"\xff\xf3", "audio/mpeg", "mp3"),
    (b"\xff\xf2", "audio/mpeg", "mp3"),
    (b"OggS", "audio/ogg", "ogg"),
    (b"fLaC", "audio/flac", "flac"),
    (b"????ftypM4A", "audio/mp4", "m4a"),
];
const FILMS: &[Signature] = &[
    (b"????ftyp", "video/mp4", "mp4"),
    (b"\x1a\x45\xdf\xa3", "video/webm", "webm"),
];

fn find(signatures: &[Signature], bytes: &[u8]) -> Option<DetectedMedia> {
    let begins = |start: &[u8]| {
        bytes.len() >= start.len()
            && start
                .iter()
                .zip(bytes)
                .all(|(wanted, byte)| *wanted == b'?' || wanted == byte)
    };
    let (_, media_type, extension) = signatures.iter().find(|(start, ..)| begins(start))?;
    Some(DetectedMedia {
        media_type,
        extension,
    })
}

/// Detects a picture that every browser shows and models accept: PNG, JPEG, GIF or WebP.
pub fn image(bytes: &[u8]) -> Option<DetectedMedia> {
    find(PICTURES, bytes)
}

/// Detects a film that browsers play: MP4 or WebM.
pub fn video(bytes: &[u8]) -> Option<DetectedMedia> {
    find(FILMS, bytes).filter(|_| find(SOUNDS, bytes).is_none())
}

/// Detects a picture, or sound that browsers play: WAV, MP3, Ogg, FLAC or AAC in MP4.
pub fn media(bytes: &[u8]) -> Option<DetectedMedia> {
    image(bytes).or_else(|| find(SOUNDS, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn films_are_distinguished_from_sound_in_the_same_container() {
        for (bytes, media_type) in [
            (&b"....ftypisom"[..], Some("video/mp4")),
            (b"\x1a\x45\xdf\xa3", Some("video/webm")),
            (b"....ftypM4A ", None),
            (b"....mdatisom", None),
        ] {
            assert_eq!(
                video(bytes).map(|sniffed| sniffed.media_type),
                media_type,
                "{bytes:?}"
            );
        }
    }

    #[test]
    fn types_by_their_first_bytes() {
        for (bytes, media_type) in [
            (&b"\x89PNG\r\n\x1a\n...."[..], Some("image/png")),
            (b"\xff\xd8\xff\xe0", Some("image/jpeg")),
            (b"GIF87a..", Some("image/gif")),
            (b"GIF89a..", Some("image/gif")),
            (b"GIF8", None),
            (b"RIFF....WEBPVP8 ", Some("image/webp")),
            (b"RIFF....AVI LIST", None),
            (b"RIFF....WEB", None),
            (b"RIFF....WAVEfmt ", Some("audio/wav")),
            (b"ID3\x04", Some("audio/mpeg")),
            (b"\xff\xfb\x90", Some("audio/mpeg")),
            (b"\xff\xf3\x90", Some("audio/mpeg")),
            (b"\xff\xf2\x90", Some("audio/mpeg")),
            (b"OggS", Some("audio/ogg")),
            (b"fLaC", Some("audio/flac")),
            (b"....ftypM4A ", Some("audio/mp4")),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
            (b"<html>", None),
            (b"BMW and MG are makers of cars", None),
            (b"MZ is another", None),
            (b"", None),
        ] {
            assert_eq!(
                media(bytes).map(|sniffed| sniffed.media_type),
                media_type,
                "{bytes:?}"
            );
        }
    }
}
