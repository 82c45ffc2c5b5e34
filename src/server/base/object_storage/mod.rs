//! Object storage: a local folder, or S3 and what speaks like it. The archive and the files of
//! conversations lie there.

pub mod folder;

use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig, aws::AmazonS3Builder};
use std::{sync::Arc, time::Duration};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Within so long a request that failed is tried again.
const RETRY_WITHIN: Duration = Duration::from_secs(10);
const RETRIES: usize = 3;

/// Opens `s3://BUCKET/PREFIX`, and says under which prefix its keys lie. A request may take so
/// long. Errors say what to do.
pub fn bucket(url: &str, request: Duration) -> Result<(Arc<dyn ObjectStore>, String), String> {
    let place = url.strip_prefix("s3://").ok_or_else(|| {
        format!("HOLLY_ARCHIVE_URL is {url:?}; it must begin with file:// or s3://")
    })?;
    let (name, prefix) = place.split_once('/').unwrap_or((place, ""));
    Ok((
        Arc::new(named(name, request)?),
        prefix.trim_matches('/').to_owned(),
    ))
}

fn named(name: &str, request: Duration) -> Result<impl ObjectStore, String> {
    let retry = RetryConfig {
        backoff: BackoffConfig::default(),
        max_retries: RETRIES,
        retry_timeout: RETRY_WITHIN,
    };
    let plain = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"]
        .iter()
        .any(|name| std::env::var(name).is_ok_and(|url| url.starts_with("http://")));
    let options = ClientOptions::new()
        .with_connect_timeout(CONNECT_TIMEOUT)
        .with_timeout(request)
        .with_allow_http(plain);
    let builder = AmazonS3Builder::from_env()
        .with_bucket_name(name)
        .with_retry(retry)
        .with_client_options(options);
    builder
        .build()
        .map_err(|why| format!("HOLLY_ARCHIVE_URL s3://{name}: {why}"))
}
