//! Documents that come as files of this machine.

use std::fs::File;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use bytes::BytesMut;
use constat_domain::claim::{MAX_DOCUMENT_BYTES, Photo, media_type_of};
use constat_media::EncryptionScan;
use constat_media::photo::PhotoScan;
use constat_store::{Documents, StoreError};
use sha2::{Digest as _, Sha256};

/// Bytes read at once.
const PIECE: usize = 256 * 1024;

/// What a file tells of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct FileFacts {
    /// Bytes.
    pub size: u64,
    /// SHA-256, lower-case hex.
    pub sha256: String,
    /// Media type, detected from the content.
    pub mime_type: &'static str,
    /// What a photo tells.
    pub photo: Option<Box<Photo>>,
    /// Whether it is a PDF that names an encryption: it may take a password to open.
    pub may_be_encrypted: bool,
}

/// The file that a relative path names below a folder. The message says what is wrong with it.
pub fn below(folder: &Path, path: &str) -> Result<PathBuf, &'static str> {
    let path = Path::new(path);
    let is_plain = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if path.as_os_str().is_empty() || !is_plain {
        return Err("expected a path below the folder of the file that is imported");
    }
    let full = folder.join(path);
    // A link may lead out of it.
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let (Ok(folder), Ok(real)) = (folder.canonicalize(), full.canonicalize()) else {
        return Err("there is no such file");
    };
    if real.starts_with(folder) { Ok(full) } else { Err("leads out of the folder of the file that is imported") }
}

/// Reads a file once, a piece at a time. The message says why it cannot become a document.
pub fn look_at(path: &Path) -> Result<FileFacts, String> {
    let unreadable = |_error| "cannot be read".to_owned();
    // Opening a pipe would wait for ever.
    if !std::fs::metadata(path).is_ok_and(|found| found.is_file()) {
        return Err("there is no such file".to_owned());
    }
    let mut file = File::open(path).map_err(|_error| "there is no such file".to_owned())?;
    let (mut digest, mut size, mut kind, mut scan) = (Sha256::new(), 0_u64, None, None);
    let mut encryption = EncryptionScan::default();
    let mut piece = vec![0; PIECE];
    loop {
        let read = fill(&mut file, &mut piece).map_err(unreadable)?;
        let bytes = &piece[..read];
        if size == 0 {
            kind = media_type_of(bytes);
            scan = kind.and_then(PhotoScan::of);
        }
        if let Some(scan) = &mut scan {
            scan.feed(bytes);
        }
        encryption.feed(bytes);
        digest.update(bytes);
        size += read as u64;
        if size > MAX_DOCUMENT_BYTES {
            return Err(format!("is larger than {MAX_DOCUMENT_BYTES} bytes"));
        }
        if read < PIECE {
            break;
        }
    }
    let mime_type = kind.ok_or("expected the content of a PDF, JPEG, PNG, WebP, HEIC or HEIF file")?;
    let photo = scan.map(|scan| Box::new(scan.finish()));
    let may_be_encrypted = mime_type == "application/pdf" && encryption.found();
    Ok(FileFacts { size, sha256: format!("{:x}", digest.finalize()), mime_type, photo, may_be_encrypted })
}

/// Stores a file's bytes under a key, safe from a crash when this returns.
pub async fn store(documents: &Documents, key: &str, path: &Path) -> Result<(), StoreError> {
    let unreadable = |error: std::io::Error| StoreError::Unavailable(format!("{}: {error}", path.display()));
    let mut file = File::open(path).map_err(unreadable)?;
    let mut incoming = documents.incoming(key);
    let mut piece = BytesMut::zeroed(PIECE);
    loop {
        let read = fill(&mut file, &mut piece).map_err(unreadable)?;
        incoming.write(&piece[..read]).await?;
        if read < PIECE {
            break;
        }
    }
    incoming.finish().await
}

/// Reads until the buffer is full or the file ends.
fn fill(file: &mut File, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}
