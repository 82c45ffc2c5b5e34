//! Object storage in a local folder or an S3-compatible bucket, for the archive and for files.

pub mod folder;

use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig, aws::AmazonS3Builder};
use std::{sync::Arc, time::Duration};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Time within which a failed request is retried.
const RETRY_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_RETRIES: usize = 3;

/// Opens `s3://BUCKET/PREFIX` and returns the prefix of its keys too. Errors: the setting, the
/// reason, and what to do.
pub fn bucket(
    url: &str,
    request_timeout: Duration,
) -> Result<(Arc<dyn ObjectStore>, String), String> {
    let path = url.strip_prefix("s3://").ok_or_else(|| {
        format!("HOLLY_ARCHIVE_URL is {url:?}; it must begin with file:// or s3://")
    })?;
    let (name, prefix) = path.split_once('/').unwrap_or((path, ""));
    Ok((
        Arc::new(open_bucket(name, request_timeout)?),
        prefix.trim_matches('/').to_owned(),
    ))
}

fn open_bucket(name: &str, request_timeout: Duration) -> Result<impl ObjectStore, String> {
    let retry = RetryConfig {
        backoff: BackoffConfig::default(),
        max_retries: MAX_RETRIES,
        retry_timeout: RETRY_TIMEOUT,
    };
    let allows_http = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"]
        .iter()
        .any(|name| std::env::var(name).is_ok_and(|url| url.starts_with("http://")));
    let options = ClientOptions::new()
        .with_connect_timeout(CONNECT_TIMEOUT)
        .with_timeout(request_timeout)
        .with_allow_http(allows_http);
    let builder = AmazonS3Builder::from_env()
        .with_bucket_name(name)
        .with_retry(retry)
        .with_client_options(options);
    builder
        .build()
        .map_err(|why| format!("HOLLY_ARCHIVE_URL s3://{name}: {why}; check the AWS_* variables"))
}
