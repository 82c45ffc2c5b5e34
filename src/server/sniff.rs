//! What a file is, by its first bytes and not by its name or by what somebody says of it.

/// A type that Holly shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sniffed {
    /// IANA media type.
    pub media_type: &'static str,
    /// The usual extension.
    pub extension: &'static str,
}

const fn sniffed(media_type: &'static str, extension: &'static str) -> Option<Sniffed> {
    Some(Sniffed {
        media_type,
        extension,
    })
}

/// A picture that every browser shows and models take: PNG, JPEG, GIF or WebP.
pub fn picture(bytes: &[u8]) -> Option<Sniffed> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => sniffed("image/png", "png"),
        [0xff, 0xd8, 0xff, ..] => sniffed("image/jpeg", "jpg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => sniffed("image/gif", "gif"),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => sniffed("image/webp", "webp"),
        _ => None,
    }
}

/// A film that browsers play: MP4 or WebM.
pub fn film(bytes: &[u8]) -> Option<Sniffed> {
    match bytes {
        [_, _, _, _, b'f', b't', b'y', b'p', b'M', b'4', b'A', ..] => None,
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => sniffed("video/mp4", "mp4"),
        [0x1a, 0x45, 0xdf, 0xa3, ..] => sniffed("video/webm", "webm"),
        _ => None,
    }
}

/// A picture, or sound that browsers play: WAV, MP3, Ogg, FLAC or AAC in MP4.
pub fn media(bytes: &[u8]) -> Option<Sniffed> {
    picture(bytes).or(match bytes {
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'A',
            b'V',
            b'E',
            ..,
        ] => sniffed("audio/wav", "wav"),
        [b'I', b'D', b'3', ..] | [0xff, 0xfb | 0xf3 | 0xf2, ..] => sniffed("audio/mpeg", "mp3"),
        [b'O', b'g', b'g', b'S', ..] => sniffed("audio/ogg", "ogg"),
        [b'f', b'L', b'a', b'C', ..] => sniffed("audio/flac", "flac"),
        [_, _, _, _, b'f', b't', b'y', b'p', b'M', b'4', b'A', ..] => sniffed("audio/mp4", "m4a"),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn films_are_told_from_sound_in_the_same_box() {
        for (bytes, media_type) in [
            (&b"....ftypisom"[..], Some("video/mp4")),
            (b"\x1a\x45\xdf\xa3", Some("video/webm")),
            (b"....ftypM4A ", None),
        ] {
            assert_eq!(
                film(bytes).map(|sniffed| sniffed.media_type),
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
            (b"GIF89a..", Some("image/gif")),
            (b"RIFF....WEBPVP8 ", Some("image/webp")),
            (b"RIFF....WAVEfmt ", Some("audio/wav")),
            (b"ID3\x04", Some("audio/mpeg")),
            (b"OggS", Some("audio/ogg")),
            (b"....ftypM4A ", Some("audio/mp4")),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
            (b"<html>", None),
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
