//! Photos: when and where they were taken is for the platform, not for those who pull the file.

use constat_domain::tenancy::{Api, Mode};
use constat_testkit::fixtures::{self, DAMAGE_PHOTO};
use constat_testkit::{Got, Server, document};
use serde_json::Value;

/// A real picture of the given size in JPEG, whose file tells that it was taken on 15 January 2024 at
/// 14:30 at 48.5 N, 2.25 E.
pub fn photo(width: u32, height: u32) -> Vec<u8> {
    let picture = image::RgbImage::from_fn(width, height, |x, y| {
        image::Rgb([u8::try_from(x % 256).unwrap(), u8::try_from(y % 256).unwrap(), 90])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
    let bytes = bytes.into_inner();
    let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x02".to_vec();
    let mut entry = |tag: u16, kind: u16, count: u32, value: u32| {
        exif.extend([tag.to_be_bytes(), kind.to_be_bytes()].concat());
        exif.extend([count.to_be_bytes(), value.to_be_bytes()].concat());
    };
    // The main directory at 8 takes 30 bytes; GPS at 38 takes 54; texts and fractions from 92.
    entry(0x0132, 2, 20, 92);
    entry(0x8825, 4, 1, 38);
    exif.extend([0; 4]);
    exif.extend([0, 4]);
    let mut entry = |tag: u16, kind: u16, count: u32, value: u32| {
        exif.extend([tag.to_be_bytes(), kind.to_be_bytes()].concat());
        exif.extend([count.to_be_bytes(), value.to_be_bytes()].concat());
    };
    entry(1, 2, 2, u32::from_be_bytes(*b"N\0\0\0"));
    entry(2, 5, 3, 112);
    entry(3, 2, 2, u32::from_be_bytes(*b"E\0\0\0"));
    entry(4, 5, 3, 136);
    exif.extend([0; 4]);
    exif.extend(b"2024:01:15 14:30:00\0");
    exif.extend([48, 1, 30, 1, 0, 1, 2, 1, 15, 1, 0, 1_u32].iter().flat_map(|number| number.to_be_bytes()));
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    [&bytes[..2], &[0xFF, 0xE1], &length, &exif, &bytes[2..]].concat()
}

fn tells_when(bytes: &[u8]) -> bool {
    bytes.windows(10).any(|window| window == b"2024:01:15")
}

#[tokio::test]
async fn a_partner_gets_the_picture_and_the_platform_the_original() {
    let server = Server::start().await;
    let platform = server.platform("Plateforme").await;
    let insurer = server.insurer("Assureur", "02000402").await;
    let key = server.key(Api::Dossier, platform.tenant.org, insurer, Mode::Test).await;
    let id = platform.declare(&fixtures::water_damage()).await;
    let original = photo(64, 48);
    assert!(tells_when(&original));
    let uploaded = platform.put(&format!("/claims/{id}/documents"), &document(DAMAGE_PHOTO, &original)).await;
    let document_id = uploaded.data()[0]["id"].as_str().unwrap().to_owned();
    platform.post(&format!("/claims/{id}/submit"), &serde_json::json!({})).await.data();

    let read = platform.get(&format!("/claims/{id}/documents/{document_id}")).await;
    let url = read.data()["downloadUrl"].as_str().unwrap();
    assert_eq!(server.http.get(url).send().await.unwrap().bytes().await.unwrap(), original);
    let photo = &read.data()["photo"];
    assert_eq!(photo["takenAt"], "2024-01-15T14:30:00");
    assert_eq!((photo["latitude"].as_f64(), photo["longitude"].as_f64()), (Some(48.5), Some(2.25)));

    let uuid = platform.get(&format!("/claims/{id}")).await.data()["claimId"].as_str().unwrap().to_owned();
    let ask = |path: String| server.http.get(path).header("ctoken", &key);
    let file = Got::read(ask(format!("{}/v1/claims/{uuid}", server.url)).send().await.unwrap()).await;
    assert_eq!(file.status, 200, "{}", file.body);
    let href = file.body["documents"][0]["href"].as_str().unwrap().to_owned();
    let direct = format!("{}/v1/claims/{uuid}/files/{document_id}", server.url);
    for path in [href, direct] {
        let got = ask(path.clone()).send().await.unwrap();
        let tag = got.headers()["etag"].to_str().unwrap().to_owned();
        let length = got.headers()["content-length"].to_str().unwrap().to_owned();
        let copy = got.bytes().await.unwrap();
        assert!(!tells_when(&copy) && length == copy.len().to_string());
        assert_eq!(pixels(&copy), pixels(&original), "nothing was encoded anew");
        let part = ask(path).header("range", "bytes=10-99").header("if-range", &tag).send().await.unwrap();
        assert_eq!(part.status(), 206);
        assert_eq!(part.headers()["content-range"], format!("bytes 10-99/{}", copy.len()));
        assert_eq!(part.bytes().await.unwrap(), copy[10..100]);
    }
}

fn pixels(jpeg: &[u8]) -> Vec<u8> {
    image::load_from_memory(jpeg).unwrap().into_bytes()
}

#[tokio::test]
async fn a_document_that_is_no_photo_tells_nothing() {
    let server = Server::start().await;
    let platform = server.platform("Plateforme").await;
    let id = platform.declare(&fixtures::water_damage()).await;
    let uploaded = platform.put(&format!("/claims/{id}/documents"), &document(DAMAGE_PHOTO, &fixtures::pdf())).await;
    let document_id = uploaded.data()[0]["id"].as_str().unwrap().to_owned();
    let read = platform.get(&format!("/claims/{id}/documents/{document_id}")).await;
    assert_eq!(read.data().get("photo"), Some(&Value::Null));
}

/// Draws nothing, and counts how often it was asked.
#[derive(Default)]
struct Counting(std::sync::atomic::AtomicUsize);

impl constat_claims::claim::PreviewRenderer for Counting {
    fn draw(
        &self,
        _media_type: &str,
        _bytes: Vec<u8>,
    ) -> futures_util::future::BoxFuture<'_, constat_claims::claim::Drawn> {
        self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Box::pin(std::future::ready(constat_claims::claim::Drawn::Never))
    }

    fn takes_password(&self, _bytes: Vec<u8>) -> futures_util::future::BoxFuture<'_, Option<bool>> {
        Box::pin(std::future::ready(None))
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_drawn_takes_nobodys_turn_twice() {
    let server = Server::start().await;
    let caller = server.platform("Plateforme").await;
    let id = caller.declare(&fixtures::stolen_bike()).await;
    caller.upload(&id, &[fixtures::POLICE_REPORT]).await.data();
    let claim = server
        .services
        .core
        .store
        .read(|c| constat_store::queries::claims::of_tenant_by_either_id(c, &caller.tenant, &id));
    let document = claim.unwrap().unwrap().documents.remove(0);
    let counting = std::sync::Arc::new(Counting::default());
    let documents = server.services.claims.documents.clone();
    let service = constat_claims::ClaimService::new(server.services.core.clone(), documents);
    let service = service.with_preview_renderer(counting.clone());
    for _ in 0..3 {
        constat_claims::claim::preview(&service, &document).await.unwrap_err();
    }
    assert_eq!(counting.0.load(std::sync::atomic::Ordering::SeqCst), 1);
}
