//! The format of archive objects: one zstd frame of newline-delimited JSON with a header line,
//! specified in `docs/archive.md`. Encoding is deterministic; the key contains the hash of the
//! content.

use crate::{
    domain::{
        ids::{ConversationId, UserId},
        time::{DAY_MS, Timestamp},
    },
    server::store::work_logs::StoredEntry,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Name and version of the format.
const SCHEMA: &str = "holly.work-log/1";
/// The prefix of all objects.
pub const FOLDER: &str = "work-log/v1";
const EXTENSION: &str = ".ndjson.zst";
const ZSTD_LEVEL: i32 = 12;
/// Maximum unpacked size of an object.
const MAX_PLAIN_BYTES: usize = 256 << 20;

/// The group of an object's entries: one user, one conversation (or none) and one UTC day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectGroup {
    /// The owner.
    pub user_id: UserId,
    /// The conversation, if any.
    pub conversation_id: Option<ConversationId>,
    /// The UTC day, counted from 1970-01-01.
    pub day: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Header {
    schema: String,
    user_id: UserId,
    conversation_id: Option<ConversationId>,
    day: String,
    count: usize,
    sha256: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    replaces: Vec<String>,
}

/// An object to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedObject {
    /// Its key in the archive.
    pub key: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The content of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct DecodedObject {
    /// Its entries, oldest first.
    pub entries: Vec<StoredEntry>,
    /// Keys of the objects it replaces. Their other entries were deleted, or were changed and are
    /// stored elsewhere.
    pub replaces: Vec<String>,
}

/// Encodes entries, oldest first. `replaces` is as in [`DecodedObject`]; the key does not depend on
/// it.
pub fn encode(
    group: ObjectGroup,
    entries: &[StoredEntry],
    replaces: Option<String>,
) -> std::io::Result<EncodedObject> {
    let mut lines = Vec::new();
    for entry in entries {
        serde_json::to_writer(&mut lines, entry)?;
        lines.push(b'\n');
    }
    let sha256 = hex_sha256(&lines);
    let header = Header {
        schema: SCHEMA.to_owned(),
        user_id: group.user_id,
        conversation_id: group.conversation_id,
        day: date(group.day),
        count: entries.len(),
        sha256: sha256.clone(),
        replaces: replaces.into_iter().collect(),
    };
    let mut plain = serde_json::to_vec(&header)?;
    plain.push(b'\n');
    plain.extend(lines);
    let mut compressor = zstd::bulk::Compressor::new(ZSTD_LEVEL)?;
    compressor.set_parameter(zstd::zstd_safe::CParameter::ChecksumFlag(true))?;
    let conversation = group
        .conversation_id
        .map_or_else(|| "none".to_owned(), |id| id.to_string());
    let key = format!(
        "{FOLDER}/{}/{conversation}/{}/{sha256}{EXTENSION}",
        group.user_id,
        date(group.day)
    );
    Ok(EncodedObject {
        key,
        bytes: compressor.compress(&plain)?,
    })
}

/// The plain text of an object: header line and entry lines. Fails if it is no complete zstd frame
/// or too large.
pub fn unpack(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut plain = Vec::new();
    let decoder = zstd::stream::read::Decoder::new(bytes).map_err(|why| why.to_string())?;
    let read = std::io::Read::read_to_end(
        &mut std::io::Read::take(decoder, MAX_PLAIN_BYTES as u64 + 1),
        &mut plain,
    );
    read.map_err(|why| why.to_string())?;
    if plain.len() > MAX_PLAIN_BYTES {
        Err("it unpacks to more than 256 MiB".to_owned())
    } else {
        Ok(plain)
    }
}

/// The entries of an object. Fails like [`decode_object`].
pub fn decode(bytes: &[u8]) -> Result<Vec<StoredEntry>, String> {
    decode_object(bytes).map(|decoded| decoded.entries)
}

/// Decodes an object. The error says what is wrong: an unknown schema, a wrong count, a wrong
/// checksum.
pub fn decode_object(bytes: &[u8]) -> Result<DecodedObject, String> {
    let plain = unpack(bytes)?;
    let end = plain
        .iter()
        .position(|byte| *byte == b'\n')
        .ok_or("it has no header line")?;
    let (header, lines) = (&plain[..end], &plain[end + 1..]);
    let header: Header =
        serde_json::from_slice(header).map_err(|why| format!("its header: {why}"))?;
    if header.schema != SCHEMA {
        return Err(format!("its schema is {}, not {SCHEMA}", header.schema));
    }
    if hex_sha256(lines) != header.sha256 {
        return Err("the checksum of its lines does not match its header".to_owned());
    }
    let read = |line: &[u8]| {
        serde_json::from_slice(line)
            .map(StoredEntry::read)
            .map_err(|why| format!("a line is invalid: {why}"))
    };
    let entries = lines
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(read)
        .collect::<Result<Vec<_>, _>>()?;
    if entries.len() == header.count {
        Ok(DecodedObject {
            entries,
            replaces: header.replaces,
        })
    } else {
        Err(format!(
            "it has {} entries, not {}",
            entries.len(),
            header.count
        ))
    }
}

/// The `n`th key of an object, counted from 1: the key itself, then with a suffix.
pub fn name(key: &str, n: u32) -> String {
    let (stem, extension) = key.split_at(key.len() - EXTENSION.len());
    if n == 1 {
        key.to_owned()
    } else {
        format!("{stem}-{n}{extension}")
    }
}

/// The owner in an object's key.
pub fn owner(key: &str) -> Option<UserId> {
    key.strip_prefix(FOLDER)?
        .strip_prefix('/')?
        .split('/')
        .next()?
        .parse()
        .ok()
}

/// The SHA-256 in hex.
pub fn hex_sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn date(day: i64) -> String {
    Timestamp::from_millis(day.saturating_mul(DAY_MS))
        .to_chrono()
        .format("%Y-%m-%d")
        .to_string()
}
