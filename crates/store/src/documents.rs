//! The bytes of documents, in an object store: a folder of this machine, or a bucket that speaks S3.
//!
//! Bytes are written once under a key of their own and never changed. A row names the key only
//! after the bytes are safe, so a document that can be seen can be read. What a crash leaves behind
//! is bytes that no row names; a sweep finds them.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{
    GetOptions, GetRange, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt as _, PutPayload, RetryConfig,
};

use crate::StoreError;

/// Bytes written at once to the disk: 1 MiB.
const LOCAL_PART: usize = 1024 * 1024;

/// Bytes sent at once to a bucket: 5 MiB, the least that S3 takes for a part that is not the last.
const S3_PART: usize = 5 * 1024 * 1024;

/// How long one call to a bucket is tried again, and how long it may take.
const S3_TIMEOUT: Duration = Duration::from_secs(20);

/// Where document bytes live. Cheap to clone.
#[derive(Clone)]
pub struct Documents {
    objects: Arc<dyn ObjectStore>,
    /// The folder, when it is one of this machine's.
    folder: Option<PathBuf>,
    part: usize,
}

/// A bucket that speaks S3.
#[derive(Clone, Default)]
pub struct S3 {
    /// Where it is, such as `https://s3.fr-par.scw.cloud`; AWS's own for the region when empty.
    pub endpoint: String,
    /// Its region; what the store expects when it has none, `us-east-1` for most.
    pub region: String,
    /// The bucket. It must be there.
    pub bucket: String,
    /// The access key; `AWS_ACCESS_KEY_ID` and what else AWS's tools read when empty.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
    /// Whether the bucket is part of the host name (AWS) rather than of the path (most others).
    pub virtual_hosted: bool,
}

impl std::fmt::Debug for S3 {
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("S3").field("endpoint", &self.endpoint).field("bucket", &self.bucket).finish_non_exhaustive()
    }
}

/// A stream of a document's bytes.
pub type DocumentBytes = BoxStream<'static, Result<Bytes, std::io::Error>>;

/// Bytes that the store holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBytes {
    /// Under which key.
    pub key: String,
    /// How many.
    pub size: u64,
    /// When they were written, by the store's clock.
    pub written_at: Timestamp,
}

impl Documents {
    /// Keeps documents under a local folder, made if it is not there. Writes are flushed to the
    /// disk and renamed into place, so a crash leaves a document whole or absent.
    pub fn local(folder: &Path) -> Result<Self, StoreError> {
        let unavailable =
            |error: &dyn std::fmt::Display| StoreError::Unavailable(format!("{}: {error}", folder.display()));
        std::fs::create_dir_all(folder).map_err(|error| unavailable(&error))?;
        let files = LocalFileSystem::new_with_prefix(folder).map_err(|error| unavailable(&error))?.with_fsync(true);
        Ok(Self { objects: Arc::new(files), folder: Some(folder.to_owned()), part: LOCAL_PART })
    }

    /// Keeps documents in a bucket. An object appears there whole or not at all.
    pub fn s3(bucket: &S3) -> Result<Self, StoreError> {
        let retry = RetryConfig { max_retries: 3, retry_timeout: S3_TIMEOUT, ..RetryConfig::default() };
        let mut builder = AmazonS3Builder::from_env()
            .with_bucket_name(&bucket.bucket)
            .with_region(&bucket.region)
            .with_virtual_hosted_style_request(bucket.virtual_hosted)
            .with_retry(retry);
        if !bucket.endpoint.is_empty() {
            let plain = bucket.endpoint.starts_with("http://");
            builder = builder.with_endpoint(bucket.endpoint.trim_end_matches('/')).with_allow_http(plain);
        }
        if !bucket.access_key_id.is_empty() {
            builder =
                builder.with_access_key_id(&bucket.access_key_id).with_secret_access_key(&bucket.secret_access_key);
        }
        let objects = builder.build().map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self { objects: Arc::new(objects), folder: None, part: S3_PART })
    }

    /// Writes a document's bytes under `key`.
    pub async fn put(&self, key: &str, bytes: Bytes) -> Result<(), StoreError> {
        self.objects.put(&Key::from(key), PutPayload::from_bytes(bytes)).await?;
        Ok(())
    }

    /// Begins to write bytes that come piece by piece. Nothing is seen under `key` before
    /// [`IncomingBytes::finish`].
    pub fn incoming(&self, key: &str) -> IncomingBytes {
        IncomingBytes { documents: self.clone(), key: Key::from(key), held: BytesMut::new(), parts: None }
    }

    /// Streams the bytes under `key`, all or a range. `None` when there are none.
    pub async fn get(&self, key: &str, range: Option<Range<u64>>) -> Result<Option<DocumentBytes>, StoreError> {
        let options = GetOptions { range: range.map(GetRange::Bounded), ..GetOptions::default() };
        match self.objects.get_opts(&Key::from(key), options).await {
            Ok(found) => Ok(Some(found.into_stream().map_err(std::io::Error::other).boxed())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// How many bytes are under `key`; `None` when there are none.
    pub async fn size(&self, key: &str) -> Result<Option<u64>, StoreError> {
        match self.objects.head(&Key::from(key)).await {
            Ok(found) => Ok(Some(found.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Everything that the store holds, in no order.
    pub fn list(&self) -> BoxStream<'static, Result<StoredBytes, StoreError>> {
        let read = |meta: ObjectMeta| StoredBytes {
            key: meta.location.to_string(),
            size: meta.size,
            written_at: Timestamp::from_millisecond(meta.last_modified.timestamp_millis()).unwrap_or(Timestamp::MAX),
        };
        self.objects.list(None).map(move |found| found.map(read).map_err(StoreError::from)).boxed()
    }

    /// Files of writes that were never finished, with the instant of their last change: a local
    /// store writes beside the final name first. A bucket holds unfinished uploads out of sight; its
    /// own rule ("abort incomplete multipart uploads") removes them.
    pub fn unfinished(&self) -> Result<Vec<(PathBuf, Timestamp)>, StoreError> {
        let mut found = Vec::new();
        if let Some(folder) = &self.folder {
            collect_unfinished(folder, &mut found).map_err(|error| StoreError::Unavailable(error.to_string()))?;
        }
        Ok(found)
    }

    /// Removes bytes that no row names: the write that would have named them failed.
    pub async fn remove(&self, key: &str) -> Result<(), StoreError> {
        match self.objects.delete(&Key::from(key)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// A staged file's name is the final one with `#` and a number: a sign that no key of ours has.
fn collect_unfinished(folder: &Path, found: &mut Vec<(PathBuf, Timestamp)>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        // A file that vanishes meanwhile was finished or aborted.
        let Ok(about) = entry.metadata() else { continue };
        if about.is_dir() {
            collect_unfinished(&path, found)?;
        } else if entry.file_name().to_string_lossy().contains('#') {
            let at = about.modified().ok().and_then(|at| Timestamp::try_from(at).ok());
            found.push((path, at.unwrap_or(Timestamp::MAX)));
        }
    }
    Ok(())
}

/// Bytes on their way into the store. Holds one part in memory, whatever comes. Dropped before
/// [`finish`](Self::finish), it leaves nothing that can be seen; [`abort`](Self::abort) also tidies a
/// bucket.
pub struct IncomingBytes {
    documents: Documents,
    key: Key,
    held: BytesMut,
    parts: Option<Box<dyn MultipartUpload>>,
}

impl IncomingBytes {
    /// Takes the next bytes in.
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<(), StoreError> {
        let part = self.documents.part;
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(part - self.held.len()));
            self.held.extend_from_slice(now);
            bytes = later;
            if self.held.len() == part {
                self.send().await?;
            }
        }
        Ok(())
    }

    async fn send(&mut self) -> Result<(), StoreError> {
        let part = PutPayload::from_bytes(self.held.split().freeze());
        let upload = match &mut self.parts {
            Some(upload) => upload,
            None => self.parts.insert(self.documents.objects.put_multipart(&self.key).await?),
        };
        Ok(upload.put_part(part).await?)
    }

    /// Makes what came readable under its key, safe from a crash.
    pub async fn finish(mut self) -> Result<(), StoreError> {
        if self.parts.is_none() {
            let whole = PutPayload::from_bytes(self.held.split().freeze());
            self.documents.objects.put(&self.key, whole).await?;
            return Ok(());
        }
        if !self.held.is_empty() {
            self.send().await?;
        }
        if let Some(mut upload) = self.parts.take() {
            upload.complete().await?;
        }
        Ok(())
    }

    /// Gives up: what was written so far is removed.
    pub async fn abort(mut self) -> Result<(), StoreError> {
        match self.parts.take() {
            Some(mut upload) => Ok(upload.abort().await?),
            None => Ok(()),
        }
    }
}
