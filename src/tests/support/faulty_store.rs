//! An object store that lies: it says yes and truncates, flips a bit or loses; fails after it
//! succeeded; says that something is there that is not; does not answer. Whether and how is drawn
//! from a seed; it can be told to be honest, or to be away.

use super::random::Chance;
use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, stream::BoxStream};
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
    path::Path,
};
use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

/// A store in front of an honest one.
#[derive(Debug, Clone)]
pub struct Liar {
    honest: Arc<dyn ObjectStore>,
    mood: Arc<Mutex<(Chance, u64)>>,
    away: Arc<AtomicBool>,
    refusal: Arc<Mutex<Option<Refusal>>>,
}

/// What is refused from now on, every time, and in which words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Whatever is put, as by a full disk.
    Puts(&'static str),
    /// Everything, as by a server that is overloaded.
    Everything(&'static str),
}

impl Liar {
    /// Lies in so many of a hundred requests.
    pub fn before(honest: Arc<dyn ObjectStore>, seed: u64) -> Self {
        let mood = Arc::new(Mutex::new((Chance::seeded(seed), 0)));
        Self {
            honest,
            mood,
            away: Arc::default(),
            refusal: Arc::default(),
        }
    }

    /// From now on it lies in so many of a hundred requests.
    pub fn lies(&self, percent: u64) {
        self.mood.lock().unwrap().1 = percent;
    }

    /// Whether it lies now.
    pub fn is_lying(&self) -> bool {
        self.mood.lock().unwrap().1 > 0
    }

    /// From now on it answers every reader with a failure, or is back.
    pub fn is_away(&self, away: bool) {
        self.away.store(away, Ordering::Relaxed);
    }

    /// From now on it refuses this, or nothing any more.
    pub fn refuses(&self, refusal: Option<Refusal>) {
        *self.refusal.lock().unwrap() = refusal;
    }

    /// What it says to somebody who puts, or does something else.
    fn refused(&self, puts: bool) -> Result<()> {
        match *self.refusal.lock().unwrap() {
            Some(Refusal::Puts(why)) if puts => Err(Error::Generic {
                store: "liar",
                source: why.into(),
            }),
            Some(Refusal::Everything(why)) => Err(Error::Generic {
                store: "liar",
                source: why.into(),
            }),
            _ => Ok(()),
        }
    }

    /// One of `ways` to lie, or 0 for an honest answer.
    fn way(&self, ways: u64) -> u64 {
        let (chance, percent) = &mut *self.mood.lock().unwrap();
        if *percent > 0 && chance.below(100) < *percent {
            1 + chance.below(ways)
        } else {
            0
        }
    }
}

impl fmt::Display for Liar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a liar before {}", self.honest)
    }
}

fn failure() -> Error {
    Error::Generic {
        store: "liar",
        source: "503 Slow Down".into(),
    }
}

/// On the way out another bit is flipped than on the way in: two lies must not make a truth.
fn flipped(bytes: &Bytes, bit: u8) -> Bytes {
    let mut bytes = bytes.to_vec();
    let middle = bytes.len() / 2;
    bytes[middle] ^= bit;
    bytes.into()
}

fn bytes_of(payload: &PutPayload) -> Bytes {
    payload
        .iter()
        .flat_map(|part| part.to_vec())
        .collect::<Vec<_>>()
        .into()
}

#[async_trait]
impl ObjectStore for Liar {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        self.refused(true)?;
        let nothing = PutResult {
            e_tag: None,
            version: None,
            extensions: Default::default(),
        };
        match self.way(7) {
            1 => {
                let bytes = bytes_of(&payload);
                self.honest
                    .put_opts(location, bytes.slice(..bytes.len() / 2).into(), opts)
                    .await
            }
            2 => {
                self.honest
                    .put_opts(location, flipped(&bytes_of(&payload), 1).into(), opts)
                    .await
            }
            3 => Ok(nothing),
            4 => {
                self.honest.put_opts(location, payload, opts).await?;
                Err(failure())
            }
            5 => Err(failure()),
            6 => Err(Error::AlreadyExists {
                path: location.to_string(),
                source: "409".into(),
            }),
            7 => std::future::pending().await,
            _ => self.honest.put_opts(location, payload, opts).await,
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.honest.put_multipart_opts(location, opts).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.refused(false)?;
        let way = self.way(4);
        match way {
            _ if self.away.load(Ordering::Relaxed) => return Err(failure()),
            1 => return Err(failure()),
            2 => return std::future::pending().await,
            _ => {}
        }
        let got = self.honest.get_opts(location, options).await?;
        if way == 0 {
            return Ok(got);
        }
        let (meta, range, attributes) =
            (got.meta.clone(), got.range.clone(), got.attributes.clone());
        let bytes = got.bytes().await?;
        let bytes = if way == 3 {
            flipped(&bytes, 2)
        } else {
            bytes.slice(..bytes.len() / 2)
        };
        let payload =
            GetResultPayload::Stream(futures::stream::once(async move { Ok(bytes) }).boxed());
        Ok(GetResult {
            payload,
            meta,
            range,
            attributes,
            extensions: Default::default(),
        })
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        if let Err(refused) = self.refused(false) {
            return futures::stream::once(async { Err(refused) }).boxed();
        }
        match self.way(4) {
            1 => locations.map(|_| Err(failure())).boxed(),
            2 => locations.boxed(),
            3 => self
                .honest
                .delete_stream(locations)
                .map(|_| Err(failure()))
                .boxed(),
            4 => futures::stream::pending().boxed(),
            _ => self.honest.delete_stream(locations),
        }
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        if let Err(refused) = self.refused(false) {
            return futures::stream::once(async { Err(refused) }).boxed();
        }
        match self.way(2) {
            0 => self.honest.list(prefix),
            _ => futures::stream::once(async { Err(failure()) }).boxed(),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.honest.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.honest.copy_opts(from, to, options).await
    }
}
