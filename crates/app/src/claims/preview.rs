//! A small picture of a document.

use std::io::Cursor;
use std::time::Duration;

use constat_domain::claim::Document;
use constat_domain::refusal::ClaimRefusal;
use constat_store::StoreError;
use futures_util::TryStreamExt as _;
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits};

use super::{Copy, copy_bytes};
use crate::{App, AppError};

/// Longest side of a preview, in pixels.
pub const PREVIEW_SIDE: u32 = 512;

/// Most pixels of an original that is decoded: 50 million, as much as phones take. A file of a few
/// kilobytes may claim many more.
const MOST_PIXELS: u64 = 50_000_000;

/// Most memory of one decoding: 4 bytes for each pixel, and some to work with.
const MOST_MEMORY: u64 = 256 * 1024 * 1024;

/// Quality of the JPEG, of 100.
const QUALITY: u8 = 80;

/// How long a preview waits for its turn: one is made at a time, so that memory stays bounded.
const PATIENCE: Duration = Duration::from_secs(10);

/// A JPEG of at most [`PREVIEW_SIDE`] pixels a side, the right way up, without anything that the
/// original's file tells beside the picture. [`ClaimRefusal::NoPreview`] for what is no picture that
/// can be drawn here.
pub async fn preview(app: &App, document: &Document) -> Result<Vec<u8>, AppError> {
    let format = match document.mime_type.as_str() {
        "image/jpeg" => ImageFormat::Jpeg,
        "image/png" => ImageFormat::Png,
        "image/webp" => ImageFormat::WebP,
        _ => return Err(ClaimRefusal::NoPreview.into()),
    };
    let turn = tokio::time::timeout(PATIENCE, app.preview_turn.acquire()).await;
    let Ok(Ok(_turn)) = turn else {
        return Err(StoreError::Busy("too many previews at once".to_owned()).into());
    };
    let pieces: Vec<bytes::Bytes> = copy_bytes(app, document, Copy::Original, None)
        .await?
        .try_collect()
        .await
        .map_err(|error| StoreError::Unavailable(error.to_string()))?;
    let bytes = pieces.concat();
    drop(pieces);
    let drawn = tokio::task::spawn_blocking(move || draw(bytes, format)).await;
    let drawn = drawn.map_err(|error| AppError::Fault(format!("a preview stopped: {error}")))?;
    drawn.ok_or_else(|| ClaimRefusal::NoPreview.into())
}

fn draw(bytes: Vec<u8>, format: ImageFormat) -> Option<Vec<u8>> {
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_MEMORY);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().ok()?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return None;
    }
    let orientation = decoder.orientation().ok()?;
    let whole = DynamicImage::from_decoder(decoder).ok()?;
    let mut small = if width.max(height) > PREVIEW_SIDE { whole.thumbnail(PREVIEW_SIDE, PREVIEW_SIDE) } else { whole };
    small.apply_orientation(orientation);
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY).encode_image(&small.to_rgb8()).ok()?;
    Some(jpeg)
}
