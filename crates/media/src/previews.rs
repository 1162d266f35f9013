//! Previews of documents: photos, and the first page of a PDF.
//!
//! The files are untrusted and their decoders are large. This module only turns bytes into bytes; callers run it
//! in a separate process with bounded time and memory (decision 12).

use std::io::Cursor;

use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_syntax::{LoadPdfError, Pdf};
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings, render};
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits, RgbImage, RgbaImage};

/// Longest side of a small picture, in pixels.
pub const MAX_SIDE_PIXELS: u16 = 512;

/// Most pixels of an original that is decoded: 50 million, as much as phones take. A file of a few
/// kilobytes may claim many more.
const MAX_PIXELS: u64 = 50_000_000;

/// Most memory of one decoding: 4 bytes for each pixel, and some to work with.
const MAX_MEMORY_BYTES: u64 = 256 * 1024 * 1024;

/// How many of the first bytes may hold the marker of a PDF.
const PDF_HEAD: usize = 1024;

/// Quality of the JPEG, of 100.
const QUALITY: u8 = 80;

/// A JPEG of at most [`MAX_SIDE_PIXELS`] pixels a side, the right way up, without anything that the file
/// tells beside the picture. `None` for a file that is not what its media type says, or that claims to
/// be too large.
///
/// ```
/// assert!(constat_media::previews::draw("image/png", b"no picture".to_vec()).is_none());
/// ```
pub fn draw(media_type: &str, bytes: Vec<u8>) -> Option<Vec<u8>> {
    let picture = match media_type {
        "image/jpeg" => photo(bytes, ImageFormat::Jpeg),
        "image/png" => photo(bytes, ImageFormat::Png),
        "image/webp" => photo(bytes, ImageFormat::WebP),
        "image/heic" | "image/heif" => heic(&bytes),
        "application/pdf" => first_page(bytes),
        _ => None,
    }?;
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY).encode_image(&picture.to_rgb8()).ok()?;
    Some(jpeg)
}

fn photo(bytes: Vec<u8>, format: ImageFormat) -> Option<DynamicImage> {
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_MEMORY_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().ok()?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return None;
    }
    let orientation = decoder.orientation().ok()?;
    let mut small = smaller(DynamicImage::from_decoder(decoder).ok()?);
    small.apply_orientation(orientation);
    Some(small)
}

/// What iPhones take. Its turns are part of the picture and applied with it.
fn heic(bytes: &[u8]) -> Option<DynamicImage> {
    let options = heic_rs::DecodeOptions { max_pixels: Some(MAX_PIXELS), ..Default::default() };
    let image = heic_rs::decode(bytes, &options).ok()?;
    Some(smaller(RgbImage::from_raw(image.width, image.height, image.data)?.into()))
}

/// Whether it takes a password to open a PDF. One that is encrypted under the empty password, as programs do that
/// only forbid printing, takes none. `None` for a file that is damaged.
pub fn takes_password(bytes: Vec<u8>) -> Option<bool> {
    match open(bytes) {
        Ok(_opened) => Some(false),
        Err(LoadPdfError::Decryption(_)) => Some(true),
        Err(LoadPdfError::Invalid) => None,
    }
}

/// Opens a PDF. Places in it count from its marker, which other bytes may stand before.
fn open(bytes: Vec<u8>) -> Result<Pdf, LoadPdfError> {
    let start = bytes[..bytes.len().min(PDF_HEAD)].windows(5).position(|window| window == b"%PDF-").unwrap_or(0);
    if start == 0 {
        return Pdf::new(bytes);
    }
    match Pdf::new(bytes[start..].to_vec()) {
        // Some programs count from the first byte all the same.
        Err(LoadPdfError::Invalid) => Pdf::new(bytes),
        opened => opened,
    }
}

fn first_page(bytes: Vec<u8>) -> Option<DynamicImage> {
    let pdf = open(bytes).ok()?;
    let page = pdf.pages().first()?;
    let (width, height) = page.render_dimensions();
    let scale = f32::from(MAX_SIDE_PIXELS) / width.max(height);
    if !scale.is_normal() {
        return None;
    }
    let size = PixmapSettings { x_scale: scale, y_scale: scale, bg_color: WHITE };
    let fonts = InterpreterSettings::default();
    let drawn = render(page, &RenderCache::new(), &fonts, &RenderSettings::default(), &size);
    let (width, height) = (u32::from(drawn.width()), u32::from(drawn.height()));
    // The ground is opaque: premultiplied colours are the colours themselves.
    Some(RgbaImage::from_raw(width, height, drawn.data_as_u8_slice().to_vec())?.into())
}

fn smaller(picture: DynamicImage) -> DynamicImage {
    let side = u32::from(MAX_SIDE_PIXELS);
    if picture.width().max(picture.height()) > side { picture.thumbnail(side, side) } else { picture }
}
