//! An object of the archive: newline-delimited JSON in one zstd frame, a header line first.
//! `docs/archive.md` describes it for those who read it with other programs. Encoding is
//! deterministic, and the key is named after the content.

use crate::{
    domain::{
        ids::{ConversationId, UserId},
        time::{DAY_MS, Timestamp},
    },
    server::store::work_logs::StoredEntry,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The format's name and version.
const SCHEMA: &str = "holly.work-log/1";
/// The folder of everybody's objects.
pub const FOLDER: &str = "work-log/v1";
const ENDING: &str = ".ndjson.zst";
const LEVEL: i32 = 12;
/// Most bytes that an object may unpack to.
const PLAIN_MAX: usize = 256 << 20;

/// What an object holds: entries of one person, one conversation (or none) and one UTC day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectGroup {
    /// Whose.
    pub user_id: UserId,
    /// Of which conversation, if any.
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

/// An object ready to be put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedObject {
    /// Its name in the archive.
    pub key: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What an object says when it is read.
#[derive(Debug, Clone, PartialEq)]
pub struct DecodedObject {
    /// Its entries, oldest first.
    pub entries: Vec<StoredEntry>,
    /// Keys of the objects whose place it takes: what they held beside its entries was deleted, or
    /// changed and lies elsewhere.
    pub replaces: Vec<String>,
}

/// Encodes entries, oldest first. `replaces` as in [`DecodedObject`]; the name does not depend on it.
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
    let mut compressor = zstd::bulk::Compressor::new(LEVEL)?;
    compressor.set_parameter(zstd::zstd_safe::CParameter::ChecksumFlag(true))?;
    let place = group
        .conversation_id
        .map_or_else(|| "none".to_owned(), |id| id.to_string());
    let key = format!(
        "{FOLDER}/{}/{place}/{}/{sha256}{ENDING}",
        group.user_id,
        date(group.day)
    );
    Ok(EncodedObject {
        key,
        bytes: compressor.compress(&plain)?,
    })
}

/// The plain text of an object: header line and entry lines. Errors: it is not a whole zstd frame,
/// or far too large.
pub fn unpack(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut plain = Vec::new();
    let decoder = zstd::stream::read::Decoder::new(bytes).map_err(|why| why.to_string())?;
    let read = std::io::Read::read_to_end(
        &mut std::io::Read::take(decoder, PLAIN_MAX as u64 + 1),
        &mut plain,
    );
    read.map_err(|why| why.to_string())?;
    if plain.len() > PLAIN_MAX {
        Err("it unpacks to more than 256 MiB".to_owned())
    } else {
        Ok(plain)
    }
}

/// The entries of an object. Errors as those of [`decode_whole`].
pub fn decode(bytes: &[u8]) -> Result<Vec<StoredEntry>, String> {
    decode_whole(bytes).map(|decoded| decoded.entries)
}

/// Decodes an object. Errors say what is wrong with it: a foreign schema, a wrong count, a wrong
/// checksum.
pub fn decode_whole(bytes: &[u8]) -> Result<DecodedObject, String> {
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
        return Err("its lines do not have the checksum of its header".to_owned());
    }
    let read = |line: &[u8]| {
        serde_json::from_slice(line)
            .map(StoredEntry::read)
            .map_err(|why| format!("one of its lines: {why}"))
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

/// The `n`th name of an object, counted from 1: its key, or one beside it.
pub fn name(key: &str, n: u32) -> String {
    let (stem, ending) = key.split_at(key.len() - ENDING.len());
    if n == 1 {
        key.to_owned()
    } else {
        format!("{stem}-{n}{ending}")
    }
}

/// Whose object it is by its key.
pub fn owner(key: &str) -> Option<UserId> {
    key.strip_prefix(FOLDER)?
        .strip_prefix('/')?
        .split('/')
        .next()?
        .parse()
        .ok()
}

/// Hex SHA-256.
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
