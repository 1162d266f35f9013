//! Media types of documents, detected from their bytes and never from their names.

/// How many of the first bytes of a file may hold the marker of a PDF. Source: Adobe's implementation notes to
/// the PDF Reference 1.7, appendix H, note 13; readers follow it.
const PDF_HEAD: usize = 1024;

const PDF_MARKER: &[u8] = b"%PDF-";

/// The media type of a document's content, when it is one the claims contract takes: PDF, JPEG,
/// PNG, WebP, HEIC or HEIF. Looks at the first 1,024 bytes.
///
/// The marker of a PDF may follow other bytes, such as a blank line, a byte order mark or the head of a mail,
/// unless these are a file of another kind.
///
/// ```
/// # use constat_domain::claim::media_type_of;
/// assert_eq!(media_type_of(b"%PDF-1.7\n..."), Some("application/pdf"));
/// assert_eq!(media_type_of(b"\n\xef\xbb\xbf%PDF-1.7\n..."), Some("application/pdf"));
/// assert_eq!(media_type_of(b"MZ\x90\x00"), None);
/// ```
pub fn media_type_of(content: &[u8]) -> Option<&'static str> {
    const TOLD_BY_INFER: [&str; 4] = ["application/pdf", "image/jpeg", "image/png", "image/webp"];
    let known = infer::get(content);
    if let Some(known) = known {
        let found = TOLD_BY_INFER.into_iter().find(|mime_type| *mime_type == known.mime_type());
        if found.is_some() {
            return found;
        }
    }
    let image = still_image_of_iso_file(content);
    if image.is_some() {
        return image;
    }
    let is_other = known.is_some_and(|known| known.mime_type() != "text/html") || is_page_or_script(content);
    if is_other { None } else { pdf_start(content).map(|_place| "application/pdf") }
}

/// Where the marker of a PDF is, when it lies whole in the first 1,024 bytes.
///
/// ```
/// # use constat_domain::claim::pdf_start;
/// assert_eq!(pdf_start(b"\r\n%PDF-1.4"), Some(2));
/// ```
pub fn pdf_start(content: &[u8]) -> Option<usize> {
    let head = &content[..content.len().min(PDF_HEAD)];
    head.windows(PDF_MARKER.len()).position(|window| window == PDF_MARKER)
}

/// Whether a file begins as a web page, an XML document or a script: one that mentions a PDF's marker is
/// no PDF. A fragment of a page, such as a warning that a web server wrote before the PDF, is none of these.
fn is_page_or_script(content: &[u8]) -> bool {
    const BEGINNINGS: [&[u8]; 11] = [
        b"<!doctype",
        b"<html",
        b"<head",
        b"<body",
        b"<script",
        b"<svg",
        b"<iframe",
        b"<?xml",
        b"<?php",
        b"#!",
        b"@echo",
    ];
    let text = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content).trim_ascii_start();
    BEGINNINGS
        .iter()
        .any(|beginning| text.get(..beginning.len()).is_some_and(|text| text.eq_ignore_ascii_case(beginning)))
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
    fn a_pdf_may_follow_other_bytes() {
        let mail = b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: binary\r\n\r\n";
        let http = b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n";
        let warning = b"<br />\n<b>Warning</b>: something in x.php on line 1<br />\n";
        let boundary = b"--=_limite\r\nContent-Disposition: attachment; filename=\"plainte.pdf\"\r\n\r\n";
        let before: [&[u8]; 10] = [
            b"\n",
            b"\r\n\r\n",
            b"\xef\xbb\xbf",
            b"\xef\xbb\xbf\r\n",
            b"\0\0\0",
            mail,
            http,
            boundary,
            warning,
            &[b'x'; 1019],
        ];
        for before in before {
            let file = [before, b"%PDF-1.4\n%rest"].concat();
            assert_eq!(media_type_of(&file), Some("application/pdf"), "{:?}", String::from_utf8_lossy(before));
            assert_eq!(pdf_start(&file), Some(before.len()));
        }
        // Beyond the first 1,024 bytes, or not whole within them.
        for before in [1020, 1021, 1024, 5000] {
            assert_eq!(media_type_of(&[vec![b'x'; before], b"%PDF-1.4\n".to_vec()].concat()), None, "{before}");
        }
    }

    #[test]
    fn a_file_of_another_kind_that_mentions_a_pdf_is_none() {
        let others: [&[u8]; 9] = [
            b"<!DOCTYPE html><p>",
            b"<html><script>alert(1)</script>",
            b"\xef\xbb\xbf\n<HTML>",
            b"<?xml version='1.0'?><svg>",
            b"#!/bin/sh\n",
            b"MZ\x90\0\x03\0\0\0",
            b"PK\x03\x04\x14\0\0\0",
            b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
            b"GIF89a\x01\0\x01\0",
        ];
        for before in others {
            let file = [before, b"%PDF-1.4\n"].concat();
            assert_eq!(media_type_of(&file), None, "{:?}", String::from_utf8_lossy(before));
        }
        assert_eq!(media_type_of(b"\xff\xd8\xff\xfe\0\x08%PDF-1"), Some("image/jpeg"));
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
