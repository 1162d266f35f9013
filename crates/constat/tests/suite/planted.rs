//! A mark in every place of a file where a position may hide: who gets it, and who does not.
//!
//! The files are real pictures. The originals hold each mark once; the copies that integrators, insurers and experts
//! fetch hold none, and draw the same picture.

use std::collections::BTreeSet;

use constat_domain::tenancy::{Api, Mode};
use constat_testkit::fixtures::{self, DAMAGE_PHOTO};
use constat_testkit::{ClaimsCaller, Got};
use serde_json::json;

use crate::dossier::{self, World};
use crate::photos::photo;
use crate::shared::{integrator, upload};

fn mark(place: &str) -> Vec<u8> {
    format!("<MARK {place}>").into_bytes()
}

/// The places of the marks in a file.
fn marks(bytes: &[u8]) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(bytes);
    text.split("<MARK ").skip(1).filter_map(|after| Some(after.split_once('>')?.0.to_owned())).collect()
}

fn segment(marker: u8, begins: &[u8], place: &str) -> Vec<u8> {
    let body = [begins, &mark(place)].concat();
    let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
    [&[0xFF, marker], &length[..], &body].concat()
}

/// A picture in JPEG with a position in its Exif block, and marks everywhere.
pub fn jpeg() -> Vec<u8> {
    let base = photo(64, 48);
    let thumbnail = |place: &str| {
        let pixels = mark(place);
        let body =
            [&b"JFIF\0\x01\x02\0\0\x01\0\x01"[..], &[u8::try_from(pixels.len() / 3).unwrap(), 1], &pixels].concat();
        let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
        [&[0xFF, 0xE0], &length[..], &body].concat()
    };
    // The identifier of the whole, its length, and where this part of it begins.
    let length = u32::try_from(mark("extended xmp").len()).unwrap().to_be_bytes();
    let extension = [&b"http://ns.adobe.com/xmp/extension/\0"[..], &[b'A'; 32], &length, &[0; 4]].concat();
    let mut before = vec![
        // 3 bytes for each pixel: the mark has 18.
        thumbnail("jfif thumbs"),
        segment(0xE0, b"JFXX\0\x10", "jfxx jpeg"),
        segment(0xE0, b"JFXX\0\x13", "jfxx rgb"),
        segment(0xE0, b"OTHER\0", "app0 other"),
        segment(0xE1, b"Exif\0\0MM\0\x2a\0\0\0\x08\0\0\0\0\0\0", "second exif"),
        segment(0xE1, b"Exif\0\0II\x2a\0\x08\0\0\0\x01\0\x0f\x01\x02\0", "makers note"),
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0", "xmp"),
        segment(0xE1, &extension, "extended xmp"),
        segment(0xE2, b"MPF\0MM\0\x2a", "mpf"),
        segment(0xE2, b"FPXR\0", "flashpix"),
        segment(0xE2, b"ICC_PROFILE", "false profile"),
        segment(0xE3, b"Meta\0\0", "app3"),
        segment(0xE4, b"", "app4"),
        segment(0xE5, b"RMETA\0", "app5 ricoh"),
        segment(0xE6, b"GoPro\0", "app6 gopro"),
        segment(0xE7, b"", "app7"),
        segment(0xE8, b"SPIFF\0", "app8 spiff"),
        segment(0xE9, b"", "app9"),
        segment(0xEA, b"", "app10 comment"),
        segment(0xEB, b"JP\0\x01\0\0\0\x01", "app11 jumbf"),
        segment(0xEC, b"Ducky\0", "app12 ducky"),
        segment(0xED, b"Photoshop 3.0\08BIM\x04\x04\0\0", "iptc"),
        segment(0xED, b"Adobe_CM\0", "app13 other"),
        segment(0xEF, b"", "app15"),
        segment(0xFE, b"", "comment"),
        segment(0xF0, b"", "jpg0"),
        segment(0xFD, b"", "jpg13"),
    ];
    before.push(mark("between segments"));
    let scan = base.windows(2).position(|window| window == [0xFF, 0xDA]).unwrap();
    [
        &base[..2],
        &before.concat(),
        &base[2..scan],
        &segment(0xFE, b"", "comment before scan"),
        &base[scan..],
        &mark("after the end"),
        &[0xFF, 0xD8],
        &segment(0xE1, b"Exif\0\0", "second picture"),
        &[0xFF, 0xD9],
        b"\0\0\0\x18ftypmp42",
        &mark("film"),
    ]
    .concat()
}

fn crc(bytes: &[u8]) -> [u8; 4] {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { 0xEDB8_8320 ^ (crc >> 1) } else { crc >> 1 };
        }
    }
    (!crc).to_be_bytes()
}

fn chunk(name: &[u8], body: &[u8]) -> Vec<u8> {
    let named = [name, body].concat();
    [&u32::try_from(body.len()).unwrap().to_be_bytes()[..], &named, &crc(&named)].concat()
}

fn picture(format: image::ImageFormat) -> Vec<u8> {
    let picture = image::RgbImage::from_fn(40, 30, |x, y| {
        image::Rgb([u8::try_from(x * 5).unwrap(), u8::try_from(y * 7).unwrap(), 90])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A picture in PNG, with marks everywhere.
pub fn png() -> Vec<u8> {
    let base = picture(image::ImageFormat::Png);
    let text = |name: &[u8], begins: &[u8], place: &str| chunk(name, &[begins, &mark(place)].concat());
    let data = base.windows(4).position(|window| window == b"IDAT").unwrap() - 4;
    let end = base.windows(4).position(|window| window == b"IEND").unwrap() - 4;
    [
        &base[..data],
        &text(b"tEXt", b"Location\0", "png text"),
        &text(b"zTXt", b"Location\0\0", "png ztext"),
        &text(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0", "png xmp"),
        &text(b"eXIf", b"MM\0\x2a\0\0\0\x08\0\0\0\0\0\0", "png exif"),
        &text(b"tIME", b"", "png time"),
        &text(b"sPLT", b"", "png palette"),
        &text(b"caMr", b"", "png private"),
        &text(b"caBX", b"", "png jumbf"),
        &base[data..end],
        &text(b"tEXt", b"Comment\0", "png late text"),
        &base[end..],
        &mark("png after the end"),
    ]
    .concat()
}

fn riff(name: &[u8], body: &[u8]) -> Vec<u8> {
    let pad = vec![0; body.len() & 1];
    [name, &u32::try_from(body.len()).unwrap().to_le_bytes(), body, &pad].concat()
}

/// A picture in WebP, with marks everywhere.
pub fn webp() -> Vec<u8> {
    let base = picture(image::ImageFormat::WebP);
    let drawn = &base[12..];
    let chunks = [
        riff(b"VP8X", &[0b0010_1100, 0, 0, 0, 39, 0, 0, 29, 0, 0]),
        riff(b"ABCD", &mark("webp unknown")),
        drawn.to_vec(),
        riff(b"VP8L", &mark("webp second picture")),
        riff(b"EXIF", &[&b"MM\0\x2a\0\0\0\x08\0\0\0\0\0\0"[..], &mark("webp exif")].concat()),
        riff(b"XMP ", &mark("webp xmp")),
        riff(b"ANIM", &mark("webp animation")),
    ]
    .concat();
    let size = u32::try_from(chunks.len() + 4).unwrap().to_le_bytes();
    [&b"RIFF"[..], &size, b"WEBP", &chunks, &mark("webp after the end")].concat()
}

fn iso(name: &[u8], body: &[u8]) -> Vec<u8> {
    [&u32::try_from(body.len() + 8).unwrap().to_be_bytes()[..], name, body].concat()
}

/// A picture in HEIC, with marks everywhere.
pub fn heic() -> Vec<u8> {
    let base = fixtures::heic();
    let (settings, drawn) = (base[0xB4..0x124].to_vec(), base[0x17A..].to_vec());
    let infe = |id: u8, kind: &[u8], tail: &[u8]| iso(b"infe", &[&[2, 0, 0, 0, 0, id, 0, 0], kind, tail].concat());
    let named = |place: &str| [mark(place), vec![0]].concat();
    let iinf = [
        &[0, 0, 0, 0, 0, 5][..],
        &infe(1, b"hvc1", &named("heic item name")),
        &infe(2, b"Exif", &named("heic exif name")),
        &infe(3, b"mime", &[named("heic mime name"), named("heic mime type")].concat()),
        &infe(4, b"hvc1", &named("heic thumbnail name")),
        &infe(5, b"uri ", &[vec![0], named("heic uri name")].concat()),
    ]
    .concat();
    let reference = |kind: &[u8], from: u8| iso(kind, &[0, from, 0, 1, 0, 1]);
    let iref = [vec![0; 4], reference(b"thmb", 4), reference(b"cdsc", 2), reference(b"cdsc", 3)].concat();
    // A message among the decoder's settings.
    let message = mark("heic decoder settings");
    let mut hvcc = settings;
    hvcc[22] += 1;
    hvcc.extend([39, 0, 1]);
    hvcc.extend(u16::try_from(message.len()).unwrap().to_be_bytes());
    hvcc.extend(&message);
    let ipco = [
        iso(b"hvcC", &hvcc),
        iso(b"colr", b"nclx\0\x01\0\x0d\0\x06\x80"),
        iso(b"ispe", &[0, 0, 0, 0, 0, 0, 0, 0x60, 0, 0, 0, 0x40]),
        iso(b"pixi", &[0, 0, 0, 0, 3, 8, 8, 8]),
        iso(b"udes", &[vec![0; 4], named("heic description")].concat()),
        iso(b"uuid", &[vec![7; 16], mark("heic uuid property")].concat()),
    ]
    .concat();
    let ipma = [&[0, 0, 0, 0, 0, 0, 0, 2][..], &[0, 1, 5, 0x81, 2, 3, 4, 5], &[0, 4, 2, 0x81, 3]].concat();
    let iprp = [iso(b"ipco", &ipco), iso(b"ipma", &ipma)].concat();
    let items = [
        drawn,
        [&[0, 0, 0, 0][..], b"MM\0\x2a\0\0\0\x08\0\0\0\0\0\0", &mark("heic exif")].concat(),
        mark("heic xmp"),
        mark("heic thumbnail"),
        mark("heic uri"),
    ];
    let gap = mark("heic gap in the data");
    let meta = |start: usize| {
        let mut at = start + gap.len();
        let mut iloc = vec![0, 0, 0, 0, 0x44, 0, 0, 5];
        for (number, item) in items.iter().enumerate() {
            iloc.extend([0, u8::try_from(number + 1).unwrap(), 0, 0, 0, 1]);
            iloc.extend(u32::try_from(at).unwrap().to_be_bytes());
            iloc.extend(u32::try_from(item.len()).unwrap().to_be_bytes());
            at += item.len();
        }
        let body = [
            vec![0; 4],
            iso(b"hdlr", &[&[0; 8][..], b"pict", &[0; 12], &named("heic handler")].concat()),
            iso(b"pitm", &[0, 0, 0, 0, 0, 1]),
            iso(b"iloc", &iloc),
            iso(b"iinf", &iinf),
            iso(b"iref", &iref),
            iso(b"iprp", &iprp),
            iso(b"idat", &mark("heic unused data")),
            iso(b"xml ", &[vec![0; 4], named("heic xml")].concat()),
            iso(b"uuid", &[vec![7; 16], mark("heic uuid")].concat()),
            iso(b"free", &mark("heic free in meta")),
        ];
        iso(b"meta", &body.concat())
    };
    let ftyp = iso(b"ftyp", b"heic\0\0\0\0mif1heicmiaf");
    let start = ftyp.len() + meta(0).len() + 8;
    let data = [gap.clone(), items.concat(), mark("heic end of the data")].concat();
    [
        ftyp,
        meta(start),
        iso(b"mdat", &data),
        iso(b"free", &mark("heic free")),
        iso(b"skip", &mark("heic skip")),
        iso(b"uuid", &[vec![7; 16], mark("heic top uuid")].concat()),
        iso(b"moov", &iso(b"udta", &mark("heic film"))),
        iso(b"mpvd", &mark("heic motion photo")),
        iso(b"mdat", &mark("heic second data")),
        mark("heic after the end"),
    ]
    .concat()
}

/// A PDF with the planted JPEG in it.
fn pdf() -> Vec<u8> {
    let (picture, mut pdf) = (photo(40, 30), b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n".to_vec());
    let picture = [
        &picture[..2],
        &segment(0xE1, b"Exif\0\0", "photo in a pdf"),
        &segment(0xFE, b"", "comment in a pdf"),
        &picture[2..],
    ]
    .concat();
    let page = "q 200 0 0 150 0 0 cm /Im0 Do Q";
    let mut places = Vec::new();
    let objects: Vec<Vec<u8>> = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 150] /Contents 4 0 R /Resources << /XObject << /Im0 5 0 R >> >> >>"
            .to_vec(),
        format!("<< /Length {} >>\nstream\n{page}\nendstream", page.len()).into_bytes(),
        [
            format!(
                "<< /Type /XObject /Subtype /Image /Width 40 /Height 30 /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter \
                 /DCTDecode /Length {} >>\nstream\n",
                picture.len()
            )
            .into_bytes(),
            picture,
            b"\nendstream".to_vec(),
        ]
        .concat(),
    ];
    for (number, object) in objects.iter().enumerate() {
        places.push(pdf.len());
        pdf.extend(format!("{} 0 obj\n", number + 1).into_bytes());
        pdf.extend(object);
        pdf.extend(b"\nendobj\n");
    }
    let table = pdf.len();
    pdf.extend(b"xref\n0 6\n0000000000 65535 f \n");
    for place in places {
        pdf.extend(format!("{place:010} 00000 n \n").into_bytes());
    }
    pdf.extend(format!("trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n").into_bytes());
    pdf
}

async fn fetch(world: &World, url: &str) -> Vec<u8> {
    let got = world.server.http.get(url).send().await.unwrap();
    assert_eq!(got.status(), 200, "{url}");
    got.bytes().await.unwrap().to_vec()
}

async fn preview(caller: &ClaimsCaller, claim: &str, document: &str) -> Vec<u8> {
    let path = format!("/claims/{claim}/documents/{document}/preview");
    let got = caller.request(reqwest::Method::GET, &path).send().await.unwrap();
    let (status, bytes) = (got.status(), got.bytes().await.unwrap().to_vec());
    assert_eq!(status, 200, "a preview of {document}: {}", String::from_utf8_lossy(&bytes));
    bytes
}

/// Uploads a photo; gives its id.
async fn upload_photo(caller: &ClaimsCaller, claim: &str, content: &[u8]) -> String {
    upload(caller, claim, DAMAGE_PHOTO, content).await["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn only_handlers_get_what_hides_beside_the_picture_in_any_of_seventy_places() {
    let mut world = dossier::world().await;
    let broker = integrator(&world.server, &world.platform, "Courtier").await;
    let insurer = world.server.insurer("Assureur", "02000402").await;
    let insurer_key = world.server.key(Api::Dossier, world.platform.tenant.org, insurer, Mode::Test).await;
    let claim = broker.declare(&fixtures::water_damage()).await;
    let files = [jpeg(), png(), webp(), heic(), pdf()];
    let mut planted = BTreeSet::new();
    let mut documents = Vec::new();
    for file in &files {
        planted.extend(marks(file));
        documents.push(upload_photo(&broker, &claim, file).await);
    }
    assert!(planted.len() >= 70, "{} places", planted.len());
    let submitted = broker.post(&format!("/claims/{claim}/submit"), &json!({})).await;
    world.claim = submitted.data()["claimId"].as_str().unwrap().to_owned();
    world.appoint(world.firm).await;

    for (file, document) in files.iter().zip(&documents) {
        let path = format!("/claims/{claim}/documents/{document}");
        let read = broker.get(&path).await;
        assert!(read.data()["photo"].is_null(), "an integrator is not told where a photo was taken");
        let copy = fetch(&world, read.data()["downloadUrl"].as_str().unwrap()).await;
        assert_eq!(marks(&copy), BTreeSet::new());
        for secret in ["2024:01:15", "GPS", "http://ns.adobe.com"] {
            assert!(!copy.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
        }
        for key in [&world.firm_key, &insurer_key] {
            let url = format!("{}/v1/claims/{}/files/{document}", world.server.url, world.claim);
            let got = world.server.http.get(url).header("ctoken", key).send().await.unwrap();
            assert_eq!(got.status(), 200);
            assert_eq!(got.bytes().await.unwrap(), copy);
        }
        // The platform's own keys read the original.
        let own = world.platform.get(&path).await;
        assert_eq!(&fetch(&world, own.data()["downloadUrl"].as_str().unwrap()).await, file);
        // The picture is the same.
        if let (Ok(drawn), Ok(original)) = (image::load_from_memory(&copy), image::load_from_memory(file)) {
            assert_eq!(drawn.into_bytes(), original.into_bytes());
        }
        let other = broker.declare(&fixtures::water_damage()).await;
        let again = upload_photo(&broker, &other, &copy).await;
        let original = preview(&broker, &claim, document).await;
        assert_eq!(preview(&broker, &other, &again).await, original, "{}", read.data()["mimeType"]);
    }
    let listed = Got::read(
        world
            .server
            .http
            .get(format!("{}/v1/claims/{}", world.server.url, world.claim))
            .header("ctoken", &world.firm_key)
            .send()
            .await
            .unwrap(),
    )
    .await;
    for attachment in listed.body["documents"].as_array().unwrap() {
        assert_eq!(marks(&fetch(&world, attachment["href"].as_str().unwrap()).await), BTreeSet::new());
    }
}

#[tokio::test]
async fn each_reading_of_an_original_with_a_position_is_recorded_and_handlers_see_it() {
    let world = dossier::world().await;
    let claim = world.platform.declare(&fixtures::water_damage()).await;
    let document = upload_photo(&world.platform, &claim, &photo(32, 32)).await;
    let events = async || {
        let timeline = world.platform.get(&format!("/claims/{claim}/timeline?limit=100")).await;
        let entries = timeline.data().as_array().cloned().unwrap_or_default();
        entries.iter().filter(|entry| entry["type"] == "claim.document.original_read").cloned().collect::<Vec<_>>()
    };
    let read = world.platform.get(&format!("/claims/{claim}/documents/{document}")).await;
    let url = read.data()["downloadUrl"].as_str().unwrap().to_owned();
    assert_eq!(events().await.len(), 0, "the link alone reads nothing");
    fetch(&world, &url).await;
    assert_eq!(events().await.len(), 1);
    world.server.http.head(&url).send().await.unwrap();
    assert_eq!(events().await.len(), 1, "no bytes were sent");
    let part = world.server.http.get(&url).header("range", "bytes=0-99").send().await.unwrap();
    assert_eq!(part.status(), 206);
    assert_eq!(events().await.len(), 2);
    let archive = world.platform.request(reqwest::Method::GET, &format!("/claims/{claim}/export"));
    assert_eq!(archive.send().await.unwrap().status(), 200);
    let recorded = events().await;
    assert_eq!(recorded.len(), 3);
    assert_eq!(recorded[0]["actor"]["kind"], "handler");
    assert_eq!(recorded[0]["data"]["documentId"], json!(document));
    // Neither the feed nor an original without anything beside the picture.
    let feed = world.platform.get("/events?limit=500").await;
    assert!(!feed.body.to_string().contains("original_read"));
    let plain = upload_photo(&world.platform, &claim, &picture(image::ImageFormat::Png)).await;
    let read = world.platform.get(&format!("/claims/{claim}/documents/{plain}")).await;
    fetch(&world, read.data()["downloadUrl"].as_str().unwrap()).await;
    assert_eq!(events().await.len(), 3);
}
