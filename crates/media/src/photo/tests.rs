use proptest::prelude::*;

use super::*;

/// An Exif block: taken on 15 January 2024 at 14:30 at 48.8584 N, 2.2945 E, turned.
fn exif_block(way: u16) -> Vec<u8> {
    let mut block = b"MM\0\x2a\0\0\0\x08".to_vec();
    let entry = |block: &mut Vec<u8>, tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        block.extend(tag.to_be_bytes());
        block.extend(kind.to_be_bytes());
        block.extend(count.to_be_bytes());
        block.extend(value);
    };
    // Main directory at 8: 3 entries, 42 bytes. Exif at 50: 18 bytes. GPS at 68: 4 entries, 54 bytes.
    block.extend([0, 3]);
    let [high, low] = way.to_be_bytes();
    entry(&mut block, 0x0112, 3, 1, [high, low, 0, 0]);
    entry(&mut block, 0x8769, 4, 1, 50_u32.to_be_bytes());
    entry(&mut block, 0x8825, 4, 1, 68_u32.to_be_bytes());
    block.extend([0; 4]);
    block.extend([0, 1]);
    entry(&mut block, 0x9003, 2, 20, 122_u32.to_be_bytes());
    block.extend([0; 4]);
    block.extend([0, 4]);
    entry(&mut block, 1, 2, 2, *b"N\0\0\0");
    entry(&mut block, 2, 5, 3, 142_u32.to_be_bytes());
    entry(&mut block, 3, 2, 2, *b"E\0\0\0");
    entry(&mut block, 4, 5, 3, 166_u32.to_be_bytes());
    block.extend([0; 4]);
    block.extend(b"2024:01:15 14:30:00\0");
    for number in [48, 1, 51, 1, 3024, 100, 2, 1, 17, 1, 4020, 100_u32] {
        block.extend(number.to_be_bytes());
    }
    block
}

fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
    [&[0xFF, marker], &length[..], body].concat()
}

fn jpeg(way: u16, behind: &[u8]) -> Vec<u8> {
    let exif = [b"Exif\0\0".as_slice(), &exif_block(way)].concat();
    [
        vec![0xFF, 0xD8],
        segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
        segment(0xE1, &exif),
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<place>Paris</place>"),
        segment(0xE2, b"ICC_PROFILE\0\x01\x01colours"),
        segment(0xE2, b"MPF\0more pictures"),
        segment(0xFE, b"taken in Paris"),
        segment(0xDB, &[1; 65]),
        segment(0xDA, &[1, 1, 0, 0, 63, 0]),
        vec![1, 2, 0xFF, 0, 3, 0xFF, 0xD0, 4],
        vec![0xFF, 0xD9],
        behind.to_vec(),
    ]
    .concat()
}

fn chunk(name: &[u8], body: &[u8]) -> Vec<u8> {
    [&u32::try_from(body.len()).unwrap().to_be_bytes()[..], name, body, &[9; 4]].concat()
}

fn png() -> Vec<u8> {
    [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        chunk(b"IHDR", &[0; 13]),
        chunk(b"eXIf", &exif_block(1)),
        chunk(b"tEXt", b"Place\0Paris"),
        chunk(b"IDAT", &[7; 30]),
        chunk(b"tIME", &[0; 7]),
        chunk(b"IEND", b""),
        b"Paris".to_vec(),
    ]
    .concat()
}

fn riff(name: &[u8], body: &[u8]) -> Vec<u8> {
    let pad = vec![0; body.len() & 1];
    [name, &u32::try_from(body.len()).unwrap().to_le_bytes(), body, &pad].concat()
}

fn webp() -> Vec<u8> {
    let chunks = [
        riff(b"VP8X", &[0b0001_1100, 0, 0, 0, 1, 0, 0, 1, 0, 0]),
        riff(b"VP8 ", &[5; 31]),
        riff(b"EXIF", &exif_block(1)),
        riff(b"XMP ", b"Paris"),
    ]
    .concat();
    [&b"RIFF"[..], &u32::try_from(chunks.len() + 4).unwrap().to_le_bytes(), b"WEBP", &chunks].concat()
}

fn iso_box(name: &[u8], body: &[u8]) -> Vec<u8> {
    [&u32::try_from(body.len() + 8).unwrap().to_be_bytes()[..], name, body].concat()
}

fn heic() -> Vec<u8> {
    let ftyp = iso_box(b"ftyp", b"heic\0\0\0\0mif1heic");
    let item = [&[0; 4][..], &exif_block(1)].concat();
    let length = u32::try_from(item.len()).unwrap();
    let infe = iso_box(b"infe", b"\x02\0\0\0\0\x02\0\0Exif\0");
    let iinf = iso_box(b"iinf", &[&[0, 0, 0, 0, 0, 1][..], &infe].concat());
    let meta = |offset: u32| {
        let place = [&[0, 2, 0, 0, 0, 1][..], &offset.to_be_bytes(), &length.to_be_bytes()].concat();
        let iloc = iso_box(b"iloc", &[&[0, 0, 0, 0, 0x44, 0, 0, 1][..], &place].concat());
        iso_box(b"meta", &[&[0; 4][..], &iinf, &iloc].concat())
    };
    let offset = u32::try_from(ftyp.len() + meta(0).len() + 8 + 10).unwrap();
    let mdat = iso_box(b"mdat", &[&[6; 10][..], &item, &[6; 10]].concat());
    [ftyp, meta(offset), mdat, iso_box(b"mpvd", b"a film of Paris")].concat()
}

fn scan(media_type: &str, bytes: &[u8], piece: usize) -> Photo {
    let mut scan = PhotoScan::of(media_type).unwrap();
    bytes.chunks(piece).for_each(|piece| scan.feed(piece));
    scan.finish()
}

fn copy(photo: &Photo, original: &[u8], range: std::ops::Range<u64>) -> Vec<u8> {
    let mut copy = Vec::new();
    for stretch in clean_copy(photo, original.len() as u64, range) {
        match stretch {
            Stretch::Original(range) => {
                copy.extend(&original[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()]);
            }
            Stretch::Bytes(bytes) => copy.extend(bytes),
            Stretch::Zeros(count) => copy.resize(copy.len() + usize::try_from(count).unwrap(), 0),
        }
    }
    copy
}

fn whole(photo: &Photo, original: &[u8]) -> Vec<u8> {
    copy(photo, original, 0..clean_size(photo, original.len() as u64))
}

fn photos() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("image/jpeg", jpeg(6, b"")),
        ("image/jpeg", jpeg(1, b"film of Paris")),
        ("image/png", png()),
        ("image/webp", webp()),
        ("image/heic", heic()),
    ]
}

#[test]
fn when_and_where_are_read_and_left_out_of_the_copy_however_the_file_comes() {
    for (media_type, original) in photos() {
        let photo = scan(media_type, &original, usize::MAX);
        assert_eq!(photo.taken_at.unwrap().to_string(), "2024-01-15T14:30:00", "{media_type}");
        let position = photo.position.unwrap();
        assert!((position.lat - 48.8584).abs() < 1e-6 && (position.lon - 2.2945).abs() < 1e-6, "{position:?}");
        for piece in [1, 2, 3, 7, 64, 1000] {
            assert_eq!(scan(media_type, &original, piece), photo, "{media_type} in pieces of {piece}");
        }
        let copy = whole(&photo, &original);
        for told in [&b"2024:01:15"[..], b"Paris", b"48.8"] {
            assert!(!copy.windows(told.len()).any(|window| window == told), "{media_type}: {}", photo.edits.len());
        }
        // The copy of the copy is the copy.
        let again = scan(media_type, &copy, 100);
        assert_eq!((again.taken_at, again.position), (None, None));
        assert_eq!(whole(&again, &copy), copy, "{media_type}");
    }
}

#[test]
fn the_picture_its_colours_and_its_way_up_stay() {
    let original = jpeg(6, b"");
    let copy = whole(&scan("image/jpeg", &original, 50), &original);
    for kept in [&b"ICC_PROFILE"[..], b"JFIF", &[1, 2, 0xFF, 0, 3, 0xFF, 0xD0, 4, 0xFF, 0xD9]] {
        assert!(copy.windows(kept.len()).any(|window| window == kept));
    }
    let mut again = PhotoScan::of("image/jpeg").unwrap();
    again.feed(&copy);
    assert_eq!(again.found.facts.orientation, Some(6));
    // A file without anything private is given as it is.
    let plain = whole(&scan("image/jpeg", &copy, 50), &copy);
    assert_eq!(clean_size(&scan("image/jpeg", &plain, 9), plain.len() as u64), plain.len() as u64);
    // What WebP's header says stays true.
    let original = webp();
    let copy = whole(&scan("image/webp", &original, 50), &original);
    assert_eq!(u32::from_le_bytes(copy[4..8].try_into().unwrap()) as usize + 8, copy.len());
    assert_eq!(copy[20] & 0b1100, 0);
    // Nothing moves in HEIC.
    let original = heic();
    assert_eq!(whole(&scan("image/heic", &original, 50), &original).len(), original.len());
}

fn tells(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

/// The copy of a file, which tells nothing and whose copy is itself.
#[track_caller]
fn copy_without_marks(media_type: &str, original: &[u8]) -> Vec<u8> {
    assert!(tells(original, b"<MARK>"), "planted");
    let copy = whole(&scan(media_type, original, 7), original);
    assert!(!tells(&copy, b"<MARK>"), "{media_type}: {:?}", String::from_utf8_lossy(&copy));
    assert_eq!(whole(&scan(media_type, &copy, 100), &copy), copy, "{media_type}");
    copy
}

#[test]
fn tables_and_headers_of_a_jpeg_are_kept_in_their_exact_length() {
    let huffman = [&[0x00][..], &[1], &[0; 15], &[5]].concat();
    for (marker, sound) in [
        (0xDB, vec![0; 65]),
        (0xDB, [vec![0; 65], [vec![0x11], vec![0; 128]].concat()].concat()),
        (0xC4, huffman.clone()),
        (0xC4, [huffman.clone(), huffman].concat()),
        (0xC0, vec![8, 0, 8, 0, 8, 1, 1, 0x11, 0]),
        (0xDD, vec![0, 4]),
        (0xDA, vec![1, 1, 0, 0, 63, 0]),
        (0xEE, b"Adobe\0d\0\0\0\0\x01".to_vec()),
        (0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0".to_vec()),
    ] {
        // What follows the tables is none: a table of precision 15, or of class 15.
        let longer = [&sound[..], b"\xff<MARK>"].concat();
        let file = [vec![0xFF, 0xD8], segment(marker, &longer), vec![0xFF, 0xD9]].concat();
        let expected = [vec![0xFF, 0xD8], segment(marker, &sound), vec![0xFF, 0xD9]].concat();
        assert_eq!(copy_without_marks("image/jpeg", &file), expected, "{marker:x}");
    }
}

#[test]
fn what_lies_between_the_segments_of_a_jpeg_is_left_out() {
    for garbage in [
        &b"<MARK>"[..],
        b"\xff\xff\xff\xfe\0\x08<MARK>",
        b"\0<MARK>\xff\0",
        b"\xff\x01\xff\xd0<MARK>",
        b"\xff\xc8\0\x08<MARK>",
    ] {
        let (start, table) = (vec![0xFF, 0xD8], segment(0xDB, &[0; 65]));
        let end = [segment(0xDA, &[1, 1, 0, 0, 63, 0]), vec![1, 2, 0xFF, 0, 3], vec![0xFF, 0xD9]].concat();
        let file = [&start, garbage, &table, garbage, &end, garbage].concat();
        assert_eq!(copy_without_marks("image/jpeg", &file), [start, table, end].concat());
    }
    // A segment that breaks off.
    copy_without_marks("image/jpeg", b"\xff\xd8\xff\xdb\x10\0\0<MARK>");
    copy_without_marks("image/jpeg", b"\xff\xd8<MARK>");
}

#[test]
fn chunks_of_a_png_have_the_lengths_that_they_may_have() {
    let picture = [chunk(b"IHDR", &[0; 13]), chunk(b"IDAT", &[7; 30])].concat();
    let start = b"\x89PNG\r\n\x1a\n".to_vec();
    for odd in [
        chunk(b"gAMA", b"\0\0\0\0<MARK>"),
        chunk(b"sRGB", b"\0<MARK>"),
        chunk(b"pHYs", b"<MARK>"),
        chunk(b"sPLT", b"<MARK>\0"),
        chunk(b"hIST", b"<MARK>"),
        chunk(b"iCCP", b"<MARK>"),
        chunk(b"meTa", b"<MARK>"),
    ] {
        let file = [&start[..], &picture, &odd, &chunk(b"IEND", b"")].concat();
        assert_eq!(copy_without_marks("image/png", &file), [&start[..], &picture, &chunk(b"IEND", b"")].concat());
    }
    // The colour profile loses its name, the end what it holds.
    let profile = chunk(b"iCCP", b"<MARK>\0\0colours");
    let file = [&start[..], &picture, &profile, &chunk(b"IEND", b"<MARK>")].concat();
    let copy = copy_without_marks("image/png", &file);
    assert!(tells(&copy, b"iCCPicc\0\0colours") && copy.ends_with(b"\0\0\0\0IEND\xae\x42\x60\x82"));
    // Which way is up stays, and nothing else of the block.
    let exif = chunk(b"eXIf", &[exif_block(6), b"<MARK>".to_vec()].concat());
    let file = [&start[..], &exif, &picture, &chunk(b"IEND", b"")].concat();
    let copy = copy_without_marks("image/png", &file);
    let mut again = PhotoScan::of("image/png").unwrap();
    again.feed(&copy);
    assert_eq!((again.found.facts.orientation, again.found.facts.position), (Some(6), None));
}

#[test]
fn frames_of_a_webp_are_looked_into_and_lengths_stay_true() {
    let frame = |chunks: &[u8]| riff(b"ANMF", &[&[0; 16][..], chunks].concat());
    let picture = riff(b"VP8L", &[5; 20]);
    let file = |chunks: &[Vec<u8>]| {
        let chunks = chunks.concat();
        [&b"RIFF"[..], &u32::try_from(chunks.len() + 4).unwrap().to_le_bytes(), b"WEBP", &chunks].concat()
    };
    let header = |flags: u8| riff(b"VP8X", &[flags, 0, 0, 0, 1, 0, 0, 1, 0, 0]);
    let inside =
        [riff(b"UNKN", b"<MARK>"), picture.clone(), riff(b"EXIF", b"<MARK>"), riff(b"VP8L", b"<MARK>")].concat();
    let original =
        file(&[header(0b10), riff(b"ANIM", &[0; 6]), frame(&inside), frame(&picture), riff(b"XMP ", b"<MARK>")]);
    let expected = file(&[header(0b10), riff(b"ANIM", &[0; 6]), frame(&picture), frame(&picture)]);
    assert_eq!(copy_without_marks("image/webp", &original), expected);
    // Which way is up stays, and the header announces it.
    let exif = riff(b"EXIF", &[exif_block(8), b"<MARK>".to_vec()].concat());
    let copy = copy_without_marks("image/webp", &file(&[header(0b1100), picture.clone(), exif]));
    let mut again = PhotoScan::of("image/webp").unwrap();
    again.feed(&copy);
    assert_eq!((again.found.facts.orientation, copy[20]), (Some(8), 0b1000));
    assert_eq!(u32::from_le_bytes(copy[4..8].try_into().unwrap()) as usize + 8, copy.len());
}

#[test]
fn photos_within_a_pdf_lose_what_they_tell_and_nothing_moves() {
    let photo = jpeg(6, b"");
    let file = [b"%PDF-1.4\nstream\n", photo.as_slice(), b"\nendstream <MARK> \xff\xd8\xff\xe1\0\x08<MARK>"].concat();
    let copy = whole(&scan("application/pdf", &file, 5), &file);
    assert_eq!(copy.len(), file.len());
    for told in [&b"2024:01:15"[..], b"Paris", b"MPF"] {
        assert!(tells(&file, told) && !tells(&copy, told));
    }
    // Text, and bytes that only look like a photo, stay.
    assert_eq!(copy[copy.len() - 30..], file[file.len() - 30..]);
    assert!(tells(&copy, b"ICC_PROFILE") && tells(&copy, &[1, 2, 0xFF, 0, 3, 0xFF, 0xD0, 4, 0xFF, 0xD9]));
}

#[test]
fn a_photo_within_a_pdf_is_known_by_its_segments_whatever_comes_first() {
    let exif = segment(0xE1, b"Exif\0\0<MARK>");
    let picture = [segment(0xDA, &[1, 1, 0, 0, 63, 0]), vec![1, 2, 0xFF, 0xD9]].concat();
    let frame = segment(0xC0, &[8, 0, 8, 0, 8, 1, 1, 0x11, 0]);
    for (name, first) in [
        ("a comment", segment(0xFE, b"CREATOR: gd-jpeg <MARK>")),
        ("another application's segment", segment(0xED, b"Other <MARK>")),
        ("bytes that fill", vec![0xFF]),
        ("many bytes that fill", vec![0xFF; 9]),
        ("an empty comment", segment(0xFE, b"")),
        ("a restart interval", segment(0xDD, &[0, 4])),
    ] {
        for frame in [&frame[..], b""] {
            let photo = [b"\xff\xd8", &first[..], &exif, &[0xFF, 0xFF], frame, &picture].concat();
            let file = [b"%PDF-1.4\nstream\n", &photo[..], b"\nendstream"].concat();
            let copy = copy_without_marks("application/pdf", &file);
            assert_eq!(copy.len(), file.len(), "{name}");
            assert!(tells(&copy, &picture), "{name}");
        }
    }
    // Segments that lead to no picture are none.
    let file = [b"%PDF-1.4\n\xff\xd8", &segment(0xFE, b"<KEPT>")[..], &segment(0xED, b"<KEPT>"), b"text"].concat();
    assert_eq!(whole(&scan("application/pdf", &file, 3), &file), file);
}

#[test]
fn xmp_packets_with_a_position_are_blanked_in_a_pdf_and_others_stay() {
    let packet = |inside: &str| {
        format!("<?xpacket begin=\"\" id=\"W5M0\"?><x:xmpmeta>{inside}</x:xmpmeta><?xpacket end=\"w\"?>")
    };
    let own = packet("<dc:title>Titre</dc:title>");
    let file = format!(
        "%PDF-1.4\n{own}\n7 0 obj <</Type/Metadata>> stream\n{}\nendstream\n{own}",
        packet("<exif:GPSLatitude>48,51.5N <MARK></exif:GPSLatitude>")
    );
    let copy = copy_without_marks("application/pdf", file.as_bytes());
    assert_eq!(copy.len(), file.len());
    assert_eq!(String::from_utf8(copy).unwrap().matches(&own).count(), 2);
    for piece in [1, 2, 5, 16, 64, 4096] {
        assert!(
            !tells(&whole(&scan("application/pdf", file.as_bytes(), piece), file.as_bytes()), b"<MARK>"),
            "{piece}"
        );
    }
}

proptest! {
    #[test]
    fn any_range_of_the_copy_is_that_part_of_the_copy(which in 0..5_usize, from in 0..400_u64, length in 0..400_u64) {
        let (media_type, original) = photos().swap_remove(which);
        let photo = scan(media_type, &original, 64);
        let whole = whole(&photo, &original);
        let size = clean_size(&photo, original.len() as u64);
        prop_assert_eq!(size, whole.len() as u64);
        let (from, to) = (from.min(size), (from + length).min(size));
        let part = copy(&photo, &original, from..to);
        prop_assert_eq!(part, &whole[usize::try_from(from).unwrap()..usize::try_from(to).unwrap()]);
    }

    #[test]
    fn any_bytes_at_all_are_walked_through_and_the_copy_can_be_made(
        which in 0..5_usize,
        place in 0..600_usize,
        noise in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let (media_type, mut file) = photos().swap_remove(which);
        let place = place.min(file.len());
        let end = (place + noise.len()).min(file.len());
        file.splice(place..end, noise);
        let photo = scan(media_type, &file, 33);
        // No file makes the copy much larger than itself.
        let size = clean_size(&photo, file.len() as u64);
        prop_assert!(size <= file.len() as u64 + 36, "{} bytes of {}", size, file.len());
        prop_assert_eq!(whole(&photo, &file).len() as u64, size);
    }
}
