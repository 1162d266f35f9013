//! What a document is, told from its bytes and never from its name.

/// The media type of a document's content, when it is one the claims contract takes: PDF, JPEG,
/// PNG, WebP, HEIC or HEIF.
///
/// ```
/// # use constat_domain::claim::media_type_of;
/// assert_eq!(media_type_of(b"%PDF-1.7\n..."), Some("application/pdf"));
/// assert_eq!(media_type_of(b"MZ\x90\x00"), None);
/// ```
pub fn media_type_of(content: &[u8]) -> Option<&'static str> {
    const TOLD_BY_INFER: [&str; 4] = ["application/pdf", "image/jpeg", "image/png", "image/webp"];
    if let Some(known) = infer::get(content) {
        let found = TOLD_BY_INFER.into_iter().find(|mime_type| *mime_type == known.mime_type());
        if found.is_some() {
            return found;
        }
    }
    still_image_of_iso_file(content)
}

/// How names of files with a document's media type end, without the dot; `bin` for any other type.
pub fn ending_of(media_type: &str) -> &'static str {
    match media_type {
        "application/pdf" => "pdf",
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/webp" => "webp",
        "image/heic" => "heic",
        "image/heif" => "heif",
        _ => "bin",
    }
}

/// HEIC and HEIF: an ISO base media file (ISO/IEC 14496-12) whose first box is `ftyp`, by its brands
/// (ISO/IEC 23008-12). Sequences of images and AVIF have other brands and are not taken.
fn still_image_of_iso_file(content: &[u8]) -> Option<&'static str> {
    let size = u32::from_be_bytes(content.get(..4)?.try_into().ok()?);
    if content.get(4..8)? != b"ftyp" {
        return None;
    }
    // No real file has more than a few brands; the box must lie whole in the content.
    let end = usize::try_from(size).ok().filter(|end| (16..=1024).contains(end))?;
    let brands = content.get(8..end)?;
    let major = brands.get(..4)?;
    let compatible = || brands.get(8..).unwrap_or_default().chunks_exact(4);
    let is_heic = |brand: &[u8]| matches!(brand, b"heic" | b"heix" | b"heim" | b"heis");
    if is_heic(major) {
        return Some("image/heic");
    }
    if major != b"mif1" || compatible().any(|brand| brand == b"avif") {
        return None;
    }
    if compatible().any(is_heic) { Some("image/heic") } else { Some("image/heif") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iso(major: [u8; 4], compatible: &[[u8; 4]]) -> Vec<u8> {
        let size = u32::try_from(16 + 4 * compatible.len()).unwrap();
        let mut file = size.to_be_bytes().to_vec();
        file.extend_from_slice(b"ftyp");
        file.extend_from_slice(&major);
        file.extend_from_slice(&[0; 4]);
        file.extend_from_slice(&compatible.concat());
        file.extend_from_slice(b"\0\0\0\x08meta");
        file
    }

    #[test]
    fn the_six_types_are_told_from_their_content() {
        assert_eq!(media_type_of(b"%PDF-1.4 rest"), Some("application/pdf"));
        assert_eq!(media_type_of(b"\xff\xd8\xff\xe0\0\x10JFIF"), Some("image/jpeg"));
        assert_eq!(media_type_of(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), Some("image/png"));
        assert_eq!(media_type_of(b"RIFF\x24\0\0\0WEBPVP8 "), Some("image/webp"));
        assert_eq!(media_type_of(&iso(*b"heic", &[*b"mif1", *b"heic"])), Some("image/heic"));
        assert_eq!(media_type_of(&iso(*b"mif1", &[*b"mif1", *b"heic"])), Some("image/heic"));
        assert_eq!(media_type_of(&iso(*b"mif1", &[*b"mif1", *b"jpeg"])), Some("image/heif"));
    }

    #[test]
    fn anything_else_is_not_taken() {
        let others: [&[u8]; 9] = [
            b"",
            b"%PD",
            b"MZ\x90\0\x03",
            b"PK\x03\x04",
            b"<html><script>",
            b"GIF89a",
            b"RIFF\x24\0\0\0WAVE",
            &iso(*b"avif", &[*b"mif1", *b"avif"]),
            &iso(*b"isom", &[*b"mp41"]),
        ];
        for content in others {
            assert_eq!(media_type_of(content), None, "{content:?}");
        }
        assert_eq!(media_type_of(&iso(*b"mif1", &[*b"avif"])), None);
        assert_eq!(media_type_of(b"\xff\xff\xff\xffftypheic"), None);
    }
}
