//! Uploads as real clients send them: PDFs with something before their marker or under a password, file names in
//! every encoding, names of programs, addresses of files kept elsewhere, files that take long to draw.

use std::time::{Duration, Instant};

use constat_testkit::fixtures::{self, DAMAGE_PHOTO, KEYS_PHOTO, POLICE_REPORT};
use constat_testkit::{ClaimsCaller, Got, Server, document};
use reqwest::Method;
use serde_json::{Value, json};

use crate::claims::start;
use crate::dossier;
use crate::photos::photo;
use crate::shared::{integrator, upload};

async fn put(caller: &ClaimsCaller, claim: &str, body: &Value) -> Got {
    caller.put(&format!("/claims/{claim}/documents"), body).await
}

async fn preview(caller: &ClaimsCaller, claim: &str, document: &Value) -> reqwest::Response {
    let path = format!("/claims/{claim}/documents/{}/preview", document["id"].as_str().unwrap());
    caller.request(Method::GET, &path).send().await.unwrap()
}

/// The name that a document's bytes are handed out under.
async fn handed_name(server: &Server, caller: &ClaimsCaller, claim: &str, document: &Value) -> String {
    let read = caller.get(&format!("/claims/{claim}/documents/{}", document["id"].as_str().unwrap())).await;
    let url = read.data()["downloadUrl"].as_str().unwrap().to_owned();
    let got = server.http.head(url).send().await.unwrap();
    let disposition = got.headers()["content-disposition"].to_str().unwrap().to_owned();
    let plain = disposition.split("filename=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let encoded = disposition.split("filename*=UTF-8''").nth(1).unwrap();
    let name: String = form_decoded(encoded);
    let ending = |name: &str| name.rsplit_once('.').map(|(_, ending)| ending.to_owned());
    assert_eq!(ending(&plain), ending(&name), "{disposition}");
    name
}

fn form_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'%' {
            bytes.push(u8::from_str_radix(std::str::from_utf8(&after[..2]).unwrap(), 16).unwrap());
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_pdf_with_something_before_its_marker_is_taken_drawn_and_given_back() {
    let (server, caller) = start().await;
    let claim = caller.declare(&fixtures::water_damage()).await;
    let mail = b"MIME-Version: 1.0\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: binary\r\n\r\n";
    let http = b"HTTP/1.1 200 OK\r\nServer: Apache\r\nContent-Type: application/pdf\r\n\r\n";
    let before: [&[u8]; 7] =
        [b"\n", b"\r\n\r\n", b"\xef\xbb\xbf", mail, http, b"<br />\n<b>Notice</b>: x\n", &[b' '; 1019]];
    for before in before {
        let content = [before, &fixtures::blue_page()].concat();
        let uploaded = upload(&caller, &claim, DAMAGE_PHOTO, &content).await;
        assert_eq!((&uploaded["mimeType"], uploaded.get("protected")), (&json!("application/pdf"), None));
        let drawn = preview(&caller, &claim, &uploaded).await;
        assert_eq!(drawn.status(), 200, "{:?}", String::from_utf8_lossy(before));
        let picture = image::load_from_memory(&drawn.bytes().await.unwrap()).unwrap().to_rgb8();
        assert!(picture.get_pixel(100, 100).0[2] > 200 && picture.get_pixel(100, 100).0[0] < 60);
        let read = caller.get(&format!("/claims/{claim}/documents/{}", uploaded["id"].as_str().unwrap())).await;
        let got = server.http.get(read.data()["downloadUrl"].as_str().unwrap()).send().await.unwrap();
        assert_eq!(got.headers()["content-type"], "application/pdf");
        assert_eq!(got.bytes().await.unwrap(), content);
        // In a form, where the file comes in pieces.
        let form = reqwest::multipart::Form::new()
            .text("meta", json!({ "type": DAMAGE_PHOTO, "title": "Scan" }).to_string())
            .part("file", reqwest::multipart::Part::bytes(content).file_name("scan.pdf"));
        let request = caller.request(Method::PUT, &format!("/claims/{claim}/documents")).multipart(form);
        assert_eq!(Got::read(request.send().await.unwrap()).await.status, 200);
    }
    let page = b"<!DOCTYPE html><html><body>%PDF-1.4\n</body></html>";
    let program = [&b"MZ\x90\0\x03\0\0\0"[..], b"%PDF-1.4\n"].concat();
    for other in [&[&[b' '; 1020][..], &fixtures::blue_page()].concat(), &page.to_vec(), &program] {
        put(&caller, &claim, &document(DAMAGE_PHOTO, other)).await.is_error(400, 1003);
    }
}

#[tokio::test]
async fn a_pdf_under_a_password_fills_no_entry_until_a_handler_accepts_it() {
    let (server, platform) = start().await;
    let broker = integrator(&server, &platform, "Courtier").await;
    for protected in fixtures::protected_pdfs() {
        let claim = broker.declare(&fixtures::stolen_bike()).await;
        upload(&broker, &claim, KEYS_PHOTO, &fixtures::pdf()).await;
        let uploaded = upload(&broker, &claim, POLICE_REPORT, &protected).await;
        assert_eq!((&uploaded["protected"], &uploaded["status"]), (&json!(true), &json!("to_verify")));
        let read = broker.get(&format!("/claims/{claim}")).await;
        assert_eq!(read.data()["canSubmit"], false);
        let entries = read.data()["documentEntries"].as_array().unwrap().clone();
        let entry = entries.iter().find(|entry| entry["type"] == POLICE_REPORT).unwrap();
        assert_eq!(entry["document"]["protected"], true);
        let refused = broker.post(&format!("/claims/{claim}/submit"), &json!({})).await;
        refused.is_error(409, 3004);
        assert!(refused.body.to_string().contains("password"), "{}", refused.body);
        assert_eq!(preview(&platform, &claim, &uploaded).await.status(), 404);
        // The integrator cannot decide; the handler can, either way.
        let path = format!("/claims/{claim}/documents/{}", uploaded["id"].as_str().unwrap());
        broker.send(Method::POST, &format!("{path}/accept")).await.is_error(403, 98888);
        platform.send(Method::POST, &format!("{path}/accept")).await.data();
        assert_eq!(broker.get(&format!("/claims/{claim}")).await.data()["canSubmit"], true);
        broker.post(&format!("/claims/{claim}/submit"), &json!({})).await.data();
    }
    // Rejected, it comes again without a password. An upload that asks to be submitted is not.
    let claim = broker.declare(&fixtures::stolen_bike()).await;
    upload(&broker, &claim, KEYS_PHOTO, &fixtures::pdf()).await;
    let [protected, ..] = fixtures::protected_pdfs();
    let path = format!("/claims/{claim}/documents?autoSubmit=true");
    let uploaded = broker.put(&path, &document(POLICE_REPORT, &protected)).await;
    assert_eq!(uploaded.body.get("claim").unwrap_or(&Value::Null), &Value::Null);
    let id = uploaded.data()[0]["id"].as_str().unwrap();
    let reject = json!({ "reason": "Protégé par un mot de passe" });
    platform.post(&format!("/claims/{claim}/documents/{id}/reject"), &reject).await.data();
    let again = broker.put(&path, &document(POLICE_REPORT, &fixtures::pdf())).await;
    assert_eq!(again.body["claim"]["status"], "submitted");
    // Other documents of a draft are still not reviewed.
    let claim = broker.declare(&fixtures::stolen_bike()).await;
    let plain = upload(&broker, &claim, POLICE_REPORT, &fixtures::pdf()).await;
    let path = format!("/claims/{claim}/documents/{}/accept", plain["id"].as_str().unwrap());
    platform.send(Method::POST, &path).await.is_error(409, 3003);
}

#[tokio::test]
async fn a_pdf_that_opens_without_a_password_is_not_protected_and_one_of_an_unknown_encryption_is() {
    let (_server, caller) = start().await;
    let claim = caller.declare(&fixtures::stolen_bike()).await;
    upload(&caller, &claim, KEYS_PHOTO, &fixtures::pdf()).await;
    for open in fixtures::encrypted_open_pdfs() {
        let uploaded = upload(&caller, &claim, POLICE_REPORT, &open).await;
        assert_eq!(uploaded.get("protected"), None);
        assert_eq!(preview(&caller, &claim, &uploaded).await.status(), 200);
        assert_eq!(caller.get(&format!("/claims/{claim}")).await.data()["canSubmit"], true);
        // With a preamble too.
        let uploaded = upload(&caller, &claim, POLICE_REPORT, &[b"\r\n", open.as_slice()].concat()).await;
        assert_eq!(uploaded.get("protected"), None);
    }
    // The word alone is no encryption.
    let mut spoken = fixtures::blue_page();
    spoken.extend(b"% see /Encrypt in the standard\n");
    assert_eq!(upload(&caller, &claim, POLICE_REPORT, &spoken).await.get("protected"), None);
    let [protected, ..] = fixtures::protected_pdfs();
    let preamble = [b"\xef\xbb\xbf", protected.as_slice()].concat();
    assert_eq!(upload(&caller, &claim, POLICE_REPORT, &preamble).await["protected"], true);
    // An encryption of a kind that is not known, such as one by certificate: a handler decides.
    let place = protected.windows(9).position(|window| window == b"/Standard").unwrap();
    let other = [&protected[..place], b"/Foo.Cert", &protected[place + 9..]].concat();
    assert_eq!(upload(&caller, &claim, POLICE_REPORT, &other).await["protected"], true);
    // A file that breaks off is taken as before.
    let torn = upload(&caller, &claim, POLICE_REPORT, &fixtures::blue_page()[..200]).await;
    assert_eq!((torn.get("protected"), &torn["mimeType"]), (None, &json!("application/pdf")));
}

/// Sends a form whose file part has this `Content-Disposition`, byte for byte.
async fn send_form(caller: &ClaimsCaller, claim: &str, disposition: &[u8], content: &[u8]) -> Value {
    let meta = json!({ "type": DAMAGE_PHOTO, "title": "Scan" }).to_string();
    let body = [
        b"--x\r\nContent-Disposition: form-data; name=\"meta\"\r\n\r\n",
        meta.as_bytes(),
        b"\r\n--x\r\nContent-Disposition: ",
        disposition,
        b"\r\n\r\n",
        content,
        b"\r\n--x--\r\n",
    ]
    .concat();
    let request = caller.request(Method::PUT, &format!("/claims/{claim}/documents"));
    let request = request.header("content-type", "multipart/form-data; boundary=x").body(body);
    Got::read(request.send().await.unwrap()).await.data()[0].clone()
}

#[tokio::test]
async fn file_names_are_read_as_they_were_meant_and_keep_their_ending() {
    let (server, caller) = start().await;
    let claim = caller.declare(&fixtures::water_damage()).await;
    let long = format!("form-data; name=\"file\"; filename=\"{}.pdf\"", "a".repeat(260));
    let dot_net =
        b"form-data; name=file; filename=\"=?utf-8?B?RMOpcMO0dC5wZGY=?=\"; filename*=utf-8''D%C3%A9p%C3%B4t.pdf";
    let forms: [(&[u8], &str); 9] = [
        (dot_net, "Dépôt.pdf"),
        (b"form-data; name=\"file\"; filename=\"=?utf-8?B?RMOpcMO0dC5wZGY=?=\"", "Dépôt.pdf"),
        (b"form-data; name=\"file\"; filename=\"=?iso-8859-1?Q?D=E9p=F4t=2Epdf?=\"", "Dépôt.pdf"),
        (b"form-data; name=\"file\"; filename*=utf-8''D%C3%A9p%C3%B4t.pdf", "Dépôt.pdf"),
        (b"form-data; name=\"file\"; filename*0*=utf-8''D%C3%A9; filename*1*=p%C3%B4t.pdf", "Dépôt.pdf"),
        (b"form-data; name=\"file\"; filename=\"D\xe9p\xf4t.pdf\"", "Dépôt.pdf"),
        ("form-data; name=\"file\"; filename=\"Dépôt.pdf\"".as_bytes(), "Dépôt.pdf"),
        (b"form-data; name=\"file\"; filename=\"D%C3%A9p%C3%B4t.pdf\"", "Dépôt.pdf"),
        (b"form-data; name=\"file\"; filename=\"=?utf-8?B?Li4vLi4vc2VjcmV0LmV4ZQ==?=\"", "secret.pdf"),
    ];
    for (disposition, name) in forms {
        let uploaded = send_form(&caller, &claim, disposition, &fixtures::pdf()).await;
        assert_eq!(handed_name(&server, &caller, &claim, &uploaded).await, name);
    }
    let uploaded = send_form(&caller, &claim, long.as_bytes(), &fixtures::pdf()).await;
    let name = handed_name(&server, &caller, &claim, &uploaded).await;
    assert!(name.len() <= 255 && name.ends_with("aaa.pdf"), "{name}");
    // In JSON.
    let plain = "é".repeat(260);
    let coded = "=C3=A9".repeat(260);
    for given in [format!("{plain}.pdf"), format!("=?utf-8?Q?{coded}.pdf?=")] {
        let mut body = document(DAMAGE_PHOTO, &fixtures::pdf());
        body["filename"] = json!(given);
        let uploaded = put(&caller, &claim, &body).await.data()[0].clone();
        let name = handed_name(&server, &caller, &claim, &uploaded).await;
        assert!(name.len() <= 255 && name.starts_with("éééé") && name.ends_with("é.pdf"), "{name}");
    }
    let mut body = document(DAMAGE_PHOTO, &fixtures::pdf());
    body["filename"] = json!("a".repeat(4001));
    let refused = put(&caller, &claim, &body).await;
    refused.is_error(400, 1000);
    assert_eq!(refused.fields(), ["filename"]);
}

#[tokio::test]
async fn names_of_programs_are_handed_out_with_the_ending_of_the_type() {
    let mut world = dossier::world().await;
    let caller = world.platform.clone();
    let claim = caller.declare(&fixtures::water_damage()).await;
    let (pdf, jpeg) = (fixtures::pdf(), photo(8, 8));
    for (given, content, name) in [
        ("facture.pdf.hta", &pdf, "facture.pdf"),
        ("facture.hta", &pdf, "facture.pdf"),
        ("facture.exe.pdf", &pdf, "facture.pdf"),
        ("facture.pdf.exe. . ", &pdf, "facture.pdf"),
        ("facture\u{202e}fdp.scr", &pdf, "facturefdp.pdf"),
        ("..\\..\\facture.lnk", &pdf, "facture.pdf"),
        ("fac\r\nture\0.js", &pdf, "facture.pdf"),
        ("NUL.pdf", &pdf, "_NUL.pdf"),
        ("facture.pdf%2Ehta", &pdf, "facture.pdf"),
        ("photo.pdf", &jpeg, "photo.jpg"),
        ("photo.JPEG", &jpeg, "photo.JPEG"),
        ("photo.jpg.vbs", &jpeg, "photo.jpg"),
    ] {
        let mut body = document(DAMAGE_PHOTO, content);
        body["filename"] = json!(given);
        let got = put(&caller, &claim, &body).await;
        // Control characters are refused before.
        if given.contains('\0') {
            got.is_error(400, 1000);
            continue;
        }
        let uploaded = got.data()[0].clone();
        assert_eq!(handed_name(&world.server, &caller, &claim, &uploaded).await, name, "{given}");
    }
    let mut body = document(DAMAGE_PHOTO, &pdf);
    body["filename"] = json!("facture.pdf.hta");
    put(&caller, &claim, &body).await.data();
    // In the dossier, and in the archive.
    let submitted = caller.post(&format!("/claims/{claim}/submit"), &json!({})).await;
    world.claim = submitted.data()["claimId"].as_str().unwrap().to_owned();
    world.appoint(world.firm).await;
    let url = format!("{}/v1/claims/{}", world.server.url, world.claim);
    let file = world.server.http.get(url).header("ctoken", &world.firm_key).send().await.unwrap();
    let file = Got::read(file).await.body;
    assert_eq!(file["documents"][0]["fileName"], "facture.pdf");
    let archive = caller.request(Method::GET, &format!("/claims/{claim}/export")).send().await.unwrap();
    let bytes = archive.bytes().await.unwrap();
    let archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    let mut documents = names.iter().filter(|name| name.starts_with("documents/")).map(|name| name.to_lowercase());
    let is_document =
        |name: String| name.rsplit('.').next().is_some_and(|ending| ["pdf", "jpg", "jpeg"].contains(&ending));
    assert!(documents.by_ref().all(is_document));
    assert!(!names.iter().any(|name| name.contains("hta") || name.contains("exe")), "{names:?}");
}

#[tokio::test]
async fn addresses_in_declared_damages_are_refused_or_shown_as_outside_links() {
    let mut world = dossier::world().await;
    let caller = world.platform.clone();
    let declaration = |href: &str| {
        let mut body = fixtures::water_damage();
        let file = json!({ "type": "Photo", "fileName": "x.jpg", "mimeType": "image/jpeg", "href": href });
        let damage = json!({ "name": "Canapé", "pictures": [file.clone(), "doc_x"], "invoice": file });
        body["declaredDamages"] = json!({ "contentDamages": [damage] });
        body
    };
    for bad in [
        "http://169.254.169.254/latest/meta-data/",
        "https://outside.example/x.exe",
        "https://outside.example/get?name=photo.jpg.hta",
        "http://localhost:8080/x.jpg",
        "http://2130706433/x.jpg",
        "https://intranet/x.jpg",
        "https://a:b@outside.example/x.jpg",
        "javascript:alert(1)",
        "data:image/png;base64,AAAA",
        "file:///etc/passwd",
    ] {
        let refused = caller.post("/claims", &declaration(bad)).await;
        refused.is_error(400, 1000);
        let field = "declaredDamages.contentDamages[0].pictures[0].href";
        assert!(refused.fields().contains(&field), "{bad}: {}", refused.body);
    }
    // An id is an id.
    let mut body = declaration("https://photos.example.com/1.jpg");
    body["declaredDamages"]["contentDamages"][0]["pictures"][1] = json!("https://outside.example/x.exe");
    caller.post("/claims", &body).await.is_error(400, 1000);

    let claim = caller.declare(&declaration("https://photos.example.com/1.jpg?w=9")).await;
    upload(&caller, &claim, DAMAGE_PHOTO, &fixtures::pdf()).await;
    let submitted = caller.post(&format!("/claims/{claim}/submit"), &json!({})).await;
    world.claim = submitted.data()["claimId"].as_str().unwrap().to_owned();
    world.appoint(world.firm).await;
    let url = format!("{}/v1/claims/{}", world.server.url, world.claim);
    let file = world.server.http.get(url).header("ctoken", &world.firm_key).send().await.unwrap();
    let file = Got::read(file).await.body;
    let link = json!({ "outsideLink": "https://photos.example.com/1.jpg?w=9", "source": "photos.example.com" });
    let expected = json!([{ "name": "Canapé", "pictures": [link.clone(), "doc_x"], "invoice": link }]);
    assert_eq!(file["accident"]["declaredDamages"]["contentDamages"], expected);
    let facets = caller.get(&format!("/claims/{claim}/dossier")).await;
    assert_eq!(facets.data()["facets"]["declaredDamages"]["contentDamages"], expected);
    // What was read may be written again.
    let draft = caller.declare(&fixtures::water_damage()).await;
    let change = json!({ "declaredDamages": facets.data()["facets"]["declaredDamages"] });
    caller.patch(&format!("/claims/{draft}/dossier"), &change).await.data();
}

#[tokio::test]
async fn slow_files_of_one_key_keep_no_handler_from_its_previews() {
    let (server, platform) = start().await;
    let broker = integrator(&server, &platform, "Courtier").await;
    let claim = broker.declare(&fixtures::water_damage()).await;
    let mut slow = Vec::new();
    for number in 0..6 {
        slow.push(upload(&broker, &claim, DAMAGE_PHOTO, &fixtures::slow_pdf(number)).await);
    }
    let usual = upload(&broker, &claim, DAMAGE_PHOTO, &photo(60, 40)).await;
    let flood: Vec<_> = slow
        .iter()
        .map(|document| {
            let path = format!("/claims/{claim}/documents/{}/preview", document["id"].as_str().unwrap());
            tokio::spawn(broker.request(Method::GET, &path).send())
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(200)).await;
    for _ in 0..3 {
        let began = Instant::now();
        let drawn = preview(&platform, &claim, &usual).await;
        assert_eq!(drawn.status(), 200);
        assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let ended = tokio::time::timeout(Duration::from_secs(90), async {
        let mut statuses = Vec::new();
        for one in flood {
            statuses.push(one.await.unwrap().unwrap().status().as_u16());
        }
        statuses
    });
    let statuses = ended.await.unwrap();
    assert!(statuses.iter().all(|status| [404, 503].contains(status)) && statuses.contains(&404), "{statuses:?}");
}

/// Texts of one line take no line ends, and nothing that turns their direction or is not seen.
#[tokio::test]
async fn titles_and_places_hide_nothing() {
    let (_server, caller) = start().await;
    let draft = caller.declare(&fixtures::stolen_bike()).await;
    let hidden = ["Plainte\u{202e}fdp.exe", "Plainte\nFacture", "\u{200b}Plainte", "Plainte\r", "\u{2066}Plainte"];
    for text in hidden {
        let mut upload = document(POLICE_REPORT, &fixtures::pdf());
        upload["title"] = text.into();
        let refused = put(&caller, &draft, &upload).await;
        refused.is_error(400, 1000);
        assert_eq!(refused.fields(), ["title"], "{text:?}");
        let request = json!({ "title": text });
        let refused = caller.post(&format!("/claims/{draft}/documents/request"), &request).await;
        assert_eq!((refused.status, refused.fields()), (400, vec!["title"]), "{text:?}");
        for field in ["address", "city"] {
            let mut declaration = fixtures::stolen_bike();
            declaration["location"][field] = text.into();
            let place = format!("location.{field}");
            let refused = caller.post("/claims", &declaration).await;
            refused.is_error(400, 1000);
            assert_eq!(refused.fields(), [place.as_str()], "{text:?}");
            let edit = json!({ "location": { field: text } });
            let refused = caller.patch(&format!("/claims/{draft}"), &edit).await;
            assert_eq!((refused.status, refused.fields()), (400, vec![place.as_str()]), "{text:?}");
        }
    }
    // Other scripts and typographic signs are sound.
    let mut upload = document(POLICE_REPORT, &fixtures::pdf());
    upload["title"] = "Plainte n° 12 – «\u{202f}vol\u{202f}» محمد".into();
    put(&caller, &draft, &upload).await.data();
}
