//! An object store that injects faults: it truncates, flips a bit or drops an object and reports
//! success, fails after it succeeded, claims that an object exists, or hangs. A seed decides when
//! and how; it can also refuse requests or be unreachable.

use super::random::TestRng;
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

/// A faulty store in front of a working one.
#[derive(Debug, Clone)]
pub struct FaultyStore {
    inner: Arc<dyn ObjectStore>,
    /// The random numbers, and the percentage of requests with a fault.
    faults: Arc<Mutex<(TestRng, u64)>>,
    away: Arc<AtomicBool>,
    refusal: Arc<Mutex<Option<Refusal>>>,
}

/// Which requests are refused, and the error message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Writes, as by a full disk.
    Puts(&'static str),
    /// All requests, as by an overloaded server.
    Everything(&'static str),
}

impl FaultyStore {
    /// A store without faults at first, in front of `inner`.
    pub fn before(inner: Arc<dyn ObjectStore>, seed: u64) -> Self {
        let faults = Arc::new(Mutex::new((TestRng::new(seed), 0)));
        Self {
            inner,
            faults,
            away: Arc::default(),
            refusal: Arc::default(),
        }
    }

    /// Sets the percentage of requests with a fault.
    pub fn set_fault_percent(&self, percent: u64) {
        self.faults.lock().unwrap().1 = percent;
    }

    /// Whether it injects faults.
    pub fn is_faulty(&self) -> bool {
        self.faults.lock().unwrap().1 > 0
    }

    /// Makes every read fail, or work again.
    pub fn set_unreachable(&self, unreachable: bool) {
        self.away.store(unreachable, Ordering::Relaxed);
    }

    /// Sets which requests are refused.
    pub fn refuse(&self, refusal: Option<Refusal>) {
        *self.refusal.lock().unwrap() = refusal;
    }

    /// An error if the request is refused.
    fn check_refusal(&self, is_put: bool) -> Result<()> {
        match *self.refusal.lock().unwrap() {
            Some(Refusal::Puts(why)) if is_put => Err(Error::Generic {
                store: "faulty store",
                source: why.into(),
            }),
            Some(Refusal::Everything(why)) => Err(Error::Generic {
                store: "faulty store",
                source: why.into(),
            }),
            _ => Ok(()),
        }
    }

    /// One of `kinds` of faults, or 0 for none.
    fn next_fault(&self, kinds: u64) -> u64 {
        let (rng, percent) = &mut *self.faults.lock().unwrap();
        if *percent > 0 && rng.below(100) < *percent {
            1 + rng.below(kinds)
        } else {
            0
        }
    }
}

impl fmt::Display for FaultyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "faulty store before {}", self.inner)
    }
}

fn failure() -> Error {
    Error::Generic {
        store: "faulty store",
        source: "503 Slow Down".into(),
    }
}

/// Reads flip another bit than writes, so that two faults never cancel out.
fn flip_bit(bytes: &Bytes, bit: u8) -> Bytes {
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
impl ObjectStore for FaultyStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        self.check_refusal(true)?;
        let put_result = PutResult {
            e_tag: None,
            version: None,
            extensions: Default::default(),
        };
        match self.next_fault(7) {
            1 => {
                let bytes = bytes_of(&payload);
                self.inner
                    .put_opts(location, bytes.slice(..bytes.len() / 2).into(), opts)
                    .await
            }
            2 => {
                self.inner
                    .put_opts(location, flip_bit(&bytes_of(&payload), 1).into(), opts)
                    .await
            }
            3 => Ok(put_result),
            4 => {
                self.inner.put_opts(location, payload, opts).await?;
                Err(failure())
            }
            5 => Err(failure()),
            6 => Err(Error::AlreadyExists {
                path: location.to_string(),
                source: "409".into(),
            }),
            7 => std::future::pending().await,
            _ => self.inner.put_opts(location, payload, opts).await,
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, opts).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.check_refusal(false)?;
        let fault = self.next_fault(4);
        match fault {
            _ if self.away.load(Ordering::Relaxed) => return Err(failure()),
            1 => return Err(failure()),
            2 => return std::future::pending().await,
            _ => {}
        }
        let result = self.inner.get_opts(location, options).await?;
        if fault == 0 {
            return Ok(result);
        }
        let (meta, range, attributes) = (
            result.meta.clone(),
            result.range.clone(),
            result.attributes.clone(),
        );
        let bytes = result.bytes().await?;
        let bytes = if fault == 3 {
            flip_bit(&bytes, 2)
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
        if let Err(refused) = self.check_refusal(false) {
            return futures::stream::once(async { Err(refused) }).boxed();
        }
        match self.next_fault(4) {
            1 => locations.map(|_| Err(failure())).boxed(),
            2 => locations.boxed(),
            3 => self
                .inner
                .delete_stream(locations)
                .map(|_| Err(failure()))
                .boxed(),
            4 => futures::stream::pending().boxed(),
            _ => self.inner.delete_stream(locations),
        }
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        if let Err(refused) = self.check_refusal(false) {
            return futures::stream::once(async { Err(refused) }).boxed();
        }
        match self.next_fault(2) {
            0 => self.inner.list(prefix),
            _ => futures::stream::once(async { Err(failure()) }).boxed(),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
