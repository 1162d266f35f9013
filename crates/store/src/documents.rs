//! The bytes of documents, in an object store.
//!
//! Bytes are written once under a key of their own and never changed. A row names the key only
//! after the bytes are safe, so a document that can be seen can be read.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt as _, PutPayload};

use crate::StoreError;

/// Where document bytes live. Cheap to clone.
#[derive(Clone)]
pub struct Documents {
    objects: Arc<dyn ObjectStore>,
}

/// A stream of a document's bytes.
pub type DocumentBytes = BoxStream<'static, Result<Bytes, std::io::Error>>;

impl Documents {
    /// Keeps documents under a local folder, made if it is not there. Writes are flushed to the
    /// disk and renamed into place, so a crash leaves a document whole or absent.
    pub fn local(folder: &Path) -> Result<Self, StoreError> {
        let unavailable =
            |error: &dyn std::fmt::Display| StoreError::Unavailable(format!("{}: {error}", folder.display()));
        std::fs::create_dir_all(folder).map_err(|error| unavailable(&error))?;
        let files = LocalFileSystem::new_with_prefix(folder).map_err(|error| unavailable(&error))?.with_fsync(true);
        Ok(Self { objects: Arc::new(files) })
    }

    /// Writes a document's bytes under `key`.
    pub async fn put(&self, key: &str, bytes: Bytes) -> Result<(), StoreError> {
        self.objects.put(&Key::from(key), PutPayload::from_bytes(bytes)).await?;
        Ok(())
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

    /// Removes bytes that no row names: the write that would have named them failed.
    pub async fn remove(&self, key: &str) -> Result<(), StoreError> {
        match self.objects.delete(&Key::from(key)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
