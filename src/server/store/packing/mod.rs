//! The packed format of warm rows: details and metadata as one zstd frame with a built-in
//! dictionary, trained on fixtures (`tests/support/corpus.rs`, never on user data). A packed field
//! begins with its dictionary version; a released version never changes, so old rows stay readable.
//! Fields that barely shrink are stored plain.

use std::{cell::RefCell, io};
use zstd::bulk::{Compressor, Decompressor};

/// The dictionaries, version 1 first.
const DICTIONARIES: &[&[u8]] = &[include_bytes!("dictionary-1.zdict")];
/// The dictionary version for new rows.
const CURRENT_VERSION: u8 = 1;
const ZSTD_LEVEL: i32 = 12;
/// Header length: the dictionary version and the length of the plain text.
const HEADER_LEN: usize = 1 + 4;
/// Longer than the fields of any row; a larger length in a header means damage.
const MAX_PLAIN_LEN: usize = 1 << 20;

thread_local! {
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSORS: RefCell<Vec<Option<Decompressor<'static>>>> =
        const { RefCell::new(Vec::new()) };
}

/// The packed fields of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LongFields {
    /// The details, if any.
    pub details: Option<String>,
    /// The metadata as JSON text.
    pub metadata: String,
}

impl LongFields {
    /// Their unpacked size, in bytes.
    fn size(&self) -> usize {
        self.details.as_deref().map_or(0, str::len) + self.metadata.len()
    }
}

/// Packs a row's fields and verifies that they unpack to the same value. Returns `None` if that
/// saves less than a quarter. Fails if zstd fails or the verification does.
pub fn pack(fields: &LongFields) -> io::Result<Option<Vec<u8>>> {
    let packed = compress(fields)?;
    if packed.len() * 4 > fields.size() * 3 {
        return Ok(None);
    }
    if unpack(&packed)? != *fields {
        return Err(io::Error::other(
            "a packed row does not unpack to its original value",
        ));
    }
    Ok(Some(packed))
}

fn compress(fields: &LongFields) -> io::Result<Vec<u8>> {
    let plain = encode(fields);
    let frame = COMPRESSOR.with_borrow_mut(|slot| {
        let compressor = match slot {
            Some(compressor) => compressor,
            None => slot.insert(Compressor::with_dictionary(
                ZSTD_LEVEL,
                dictionary(CURRENT_VERSION)?,
            )?),
        };
        compressor.compress(&plain)
    })?;
    let mut packed = Vec::with_capacity(HEADER_LEN + frame.len());
    packed.push(CURRENT_VERSION);
    packed.extend(
        u32::try_from(plain.len())
            .map_err(io::Error::other)?
            .to_le_bytes(),
    );
    packed.extend(frame);
    Ok(packed)
}

/// Unpacks the fields packed by [`pack`].
pub fn unpack(packed: &[u8]) -> io::Result<LongFields> {
    let (header, frame) = packed.split_at_checked(HEADER_LEN).ok_or_else(damaged)?;
    let length = u32::from_le_bytes(header[1..].try_into().map_err(|_| damaged())?) as usize;
    if length > MAX_PLAIN_LEN {
        return Err(damaged());
    }
    let version = header[0];
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
        decode(&plain)
    } else {
        Err(damaged())
    }
}

fn dictionary(version: u8) -> io::Result<&'static [u8]> {
    let index = usize::from(version).checked_sub(1).ok_or_else(damaged)?;
    DICTIONARIES.get(index).copied().ok_or_else(damaged)
}

/// Serialises the fields: length of the details plus one (zero for none), the details, the
/// metadata.
fn encode(fields: &LongFields) -> Vec<u8> {
    let details = fields.details.as_deref();
    let mut plain = Vec::with_capacity(4 + details.map_or(0, str::len) + fields.metadata.len());
    plain.extend(
        details
            .map_or(0, |details| details.len() as u32 + 1)
            .to_le_bytes(),
    );
    plain.extend(details.unwrap_or_default().as_bytes());
    plain.extend(fields.metadata.as_bytes());
    plain
}

fn decode(plain: &[u8]) -> io::Result<LongFields> {
    let (length, rest) = plain.split_at_checked(4).ok_or_else(damaged)?;
    let length = u32::from_le_bytes(length.try_into().map_err(|_| damaged())?) as usize;
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| damaged());
    match length.checked_sub(1) {
        None => Ok(LongFields {
            details: None,
            metadata: text(rest)?,
        }),
        Some(length) => {
            let (details, metadata) = rest.split_at_checked(length).ok_or_else(damaged)?;
            Ok(LongFields {
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
        let fields = LongFields {
            details: Some("Painted in three passes".into()),
            metadata: "{\"model\":\"x\"}".into(),
        };
        let packed = compress(&fields).unwrap();
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
        let fields = |details: &str| LongFields {
            details: (!details.is_empty()).then(|| details.to_owned()),
            metadata: "{}".into(),
        };
        for plain in ["", "Done.", "q7 Zx9-vK2_pL5+wR8/mT3=nB6.yH4"] {
            assert_eq!(pack(&fields(plain)).unwrap(), None, "{plain}");
        }
        // the limit itself: repeated letters hardly change the size of the frame
        let mut saved = (1..400).map(|letters| {
            let fields = fields(&"a".repeat(letters));
            let (packed, size) = (compress(&fields).unwrap().len(), fields.size());
            assert_eq!(pack(&fields).unwrap().is_some(), packed * 4 <= size * 3);
            packed * 4 <= size * 3
        });
        assert!(saved.any(|saved| !saved) && saved.any(|saved| saved));
    }

    #[test]
    fn rows_packed_by_version_1_stay_readable() {
        let packed = include_bytes!("packed-1.bin");
        let fields = unpack(packed).unwrap();
        assert_eq!(
            fields.details.as_deref(),
            Some("Quota exceeded for requests per minute.")
        );
        assert_eq!(
            fields.metadata,
            r#"{"errorClass":"rate_limit","model":"gemini-2.5-flash","provider":"gemini"}"#
        );
    }

    proptest! {
        #[test]
        fn any_text_comes_back_byte_for_byte(
            details in proptest::option::of(any::<String>()),
            metadata in any::<String>(),
            times in 1..300_usize,
        ) {
            let details = details.map(|text| text.repeat(times));
            let fields = LongFields { details, metadata };
            prop_assert_eq!(&unpack(&compress(&fields).unwrap()).unwrap(), &fields);
            if let Some(packed) = pack(&fields).unwrap() {
                prop_assert!(packed.len() * 4 <= fields.size() * 3);
                prop_assert_eq!(unpack(&packed).unwrap(), fields);
            }
        }
    }
}
