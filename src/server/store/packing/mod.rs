//! How a warm row keeps its long fields: details and metadata as one zstd frame, with a dictionary
//! that was trained on fixtures (`tests/support/corpus.rs`, never on anybody's rows) and is part of
//! the program. A packed field begins with the version of its dictionary; a version in use never
//! changes, so old rows stay readable for ever. Fields that would hardly get smaller stay plain.

use std::{cell::RefCell, io};
use zstd::bulk::{Compressor, Decompressor};

/// The dictionaries, version 1 first.
const DICTIONARIES: &[&[u8]] = &[include_bytes!("dictionary-1.zdict")];
/// The version that new rows are packed with.
const CURRENT: u8 = 1;
const LEVEL: i32 = 12;
/// The version of the dictionary, and the length of the plain text.
const HEAD: usize = 1 + 4;
/// Longer than any row's fields: a claim beyond it is damage, not data.
const PLAIN_MAX: usize = 1 << 20;

thread_local! {
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSORS: RefCell<Vec<Option<Decompressor<'static>>>> = const { RefCell::new(Vec::new()) };
}

/// The long fields of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Long {
    /// The details, if any.
    pub details: Option<String>,
    /// The metadata's JSON text.
    pub metadata: String,
}

impl Long {
    /// What they take in a row that is not packed, in bytes.
    fn size(&self) -> usize {
        self.details.as_deref().map_or(0, str::len) + self.metadata.len()
    }
}

/// Packs a row's long fields and unpacks them again to see that they come back. `None` where that
/// saves less than a quarter of what they take. Errors: zstd failed, or they did not come back.
pub fn pack(long: &Long) -> io::Result<Option<Vec<u8>>> {
    let packed = frame(long)?;
    if packed.len() * 4 > long.size() * 3 {
        return Ok(None);
    }
    if unpack(&packed)? != *long {
        return Err(io::Error::other(
            "a packed row does not unpack to what it was",
        ));
    }
    Ok(Some(packed))
}

fn frame(long: &Long) -> io::Result<Vec<u8>> {
    let plain = plain(long);
    let frame = COMPRESSOR.with_borrow_mut(|slot| {
        let compressor = match slot {
            Some(compressor) => compressor,
            None => slot.insert(Compressor::with_dictionary(LEVEL, dictionary(CURRENT)?)?),
        };
        compressor.compress(&plain)
    })?;
    let mut packed = Vec::with_capacity(HEAD + frame.len());
    packed.push(CURRENT);
    packed.extend(
        u32::try_from(plain.len())
            .map_err(io::Error::other)?
            .to_le_bytes(),
    );
    packed.extend(frame);
    Ok(packed)
}

/// The long fields that [`pack`] packed.
pub fn unpack(packed: &[u8]) -> io::Result<Long> {
    let (head, frame) = packed.split_at_checked(HEAD).ok_or_else(damaged)?;
    let length = u32::from_le_bytes(head[1..].try_into().map_err(|_| damaged())?) as usize;
    if length > PLAIN_MAX {
        return Err(damaged());
    }
    let version = head[0];
    let plain = DECOMPRESSORS.with_borrow_mut(|slots| {
        slots.resize_with(DICTIONARIES.len() + 1, || None);
        let slot = slots.get_mut(usize::from(version)).ok_or_else(damaged)?;
        let decompressor = match slot {
            Some(decompressor) => decompressor,
            None => slot.insert(Decompressor::with_dictionary(dictionary(version)?)?),
        };
        decompressor.decompress(frame, length)
    })?;
    if plain.len() == length {
        read_plain(&plain)
    } else {
        Err(damaged())
    }
}

fn dictionary(version: u8) -> io::Result<&'static [u8]> {
    let index = usize::from(version).checked_sub(1).ok_or_else(damaged)?;
    DICTIONARIES.get(index).copied().ok_or_else(damaged)
}

/// Length of the details plus one, zero where there are none; the details; the metadata.
fn plain(long: &Long) -> Vec<u8> {
    let details = long.details.as_deref();
    let mut plain = Vec::with_capacity(4 + details.map_or(0, str::len) + long.metadata.len());
    plain.extend(
        details
            .map_or(0, |details| details.len() as u32 + 1)
            .to_le_bytes(),
    );
    plain.extend(details.unwrap_or_default().as_bytes());
    plain.extend(long.metadata.as_bytes());
    plain
}

fn read_plain(plain: &[u8]) -> io::Result<Long> {
    let (length, rest) = plain.split_at_checked(4).ok_or_else(damaged)?;
    let length = u32::from_le_bytes(length.try_into().map_err(|_| damaged())?) as usize;
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| damaged());
    match length.checked_sub(1) {
        None => Ok(Long {
            details: None,
            metadata: text(rest)?,
        }),
        Some(length) => {
            let (details, metadata) = rest.split_at_checked(length).ok_or_else(damaged)?;
            Ok(Long {
                details: Some(text(details)?),
                metadata: text(metadata)?,
            })
        }
    }
}

fn damaged() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "a packed row is damaged, or was packed by a newer version",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn damage_is_an_error_and_never_another_text() {
        let long = Long {
            details: Some("Painted in three passes".into()),
            metadata: "{\"model\":\"x\"}".into(),
        };
        let packed = frame(&long).unwrap();
        for end in 0..packed.len() {
            assert!(unpack(&packed[..end]).is_err(), "cut at {end}");
        }
        assert!(
            unpack(&[&[9], &packed[1..]].concat()).is_err(),
            "an unknown version"
        );
    }

    #[test]
    fn fields_stay_plain_when_packing_saves_less_than_a_quarter() {
        let long = |details: &str| Long {
            details: (!details.is_empty()).then(|| details.to_owned()),
            metadata: "{}".into(),
        };
        for plain in ["", "Done.", "q7 Zx9-vK2_pL5+wR8/mT3=nB6.yH4"] {
            assert_eq!(pack(&long(plain)).unwrap(), None, "{plain}");
        }
        // the bound itself: repeated letters add next to nothing to the frame
        let mut saved = (1..400).map(|letters| {
            let long = long(&"a".repeat(letters));
            let (packed, size) = (frame(&long).unwrap().len(), long.size());
            assert_eq!(pack(&long).unwrap().is_some(), packed * 4 <= size * 3);
            packed * 4 <= size * 3
        });
        assert!(saved.any(|saved| !saved) && saved.any(|saved| saved));
    }

    #[test]
    fn what_version_1_packed_is_readable_for_ever() {
        let packed = include_bytes!("packed-1.bin");
        let long = unpack(packed).unwrap();
        assert_eq!(
            long.details.as_deref(),
            Some("Quota exceeded for requests per minute.")
        );
        assert_eq!(
            long.metadata,
            r#"{"errorClass":"rate_limit","model":"gemini-2.5-flash","provider":"gemini"}"#
        );
    }

    proptest! {
        #[test]
        fn any_text_comes_back_byte_for_byte(details in proptest::option::of(any::<String>()), metadata in any::<String>(), times in 1..300_usize) {
            let long = Long { details: details.map(|text| text.repeat(times)), metadata };
            prop_assert_eq!(&unpack(&frame(&long).unwrap()).unwrap(), &long);
            if let Some(packed) = pack(&long).unwrap() {
                prop_assert!(packed.len() * 4 <= long.size() * 3);
                prop_assert_eq!(unpack(&packed).unwrap(), long);
            }
        }
    }
}
