//! Contracts and declarations that the public contracts' own examples speak of.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use constat_domain::Money;
use constat_domain::claim::{Contract, ContractProduct, Insured, Product, Risk};
use constat_domain::geo::{Position, PostalAddress};
use constat_domain::service::{CustomerType, Insurer};
use serde_json::{Value, json};

/// The user of the published stolen-bike example.
pub const BIKE_USER: &str = "A1234567890";
/// Its contract.
pub const BIKE_CONTRACT: &str = "contract_abc123";
/// Its bike.
pub const BIKE_PRODUCT: &str = "product_def456";
/// The user of the home contract.
pub const HOME_USER: &str = "B1234567890";
/// The home contract.
pub const HOME_CONTRACT: &str = "contract_mrh17";
/// Its flat.
pub const HOME_PRODUCT: &str = "product_home17";

fn jean_dupont() -> Insured {
    Insured {
        first_name: "Jean".to_owned(),
        last_name: "Dupont".to_owned(),
        phone_number: "+33612345678".to_owned(),
        email: Some("jean.dupont@example.com".to_owned()),
        company: None,
    }
}

fn insurer() -> Insurer {
    Insurer { acam_code: "02000402".to_owned(), name: "ALLIANZ IARD".to_owned() }
}

/// The bike contract of the published example: a VanMoof S3.
pub fn bike_contract() -> Contract {
    Contract {
        id: BIKE_CONTRACT.to_owned(),
        user_id: BIKE_USER.to_owned(),
        number: "BK-2023-000123".to_owned(),
        name: "Assurance vélo".to_owned(),
        insurer: insurer(),
        guarantee: "Vol".to_owned(),
        customer_type: CustomerType::Individual,
        holder: jean_dupont(),
        deductible: Some(Money::euro_cents(15_000)),
        products: vec![ContractProduct {
            id: BIKE_PRODUCT.to_owned(),
            product: Product {
                kind: "bike".to_owned(),
                subtype: Some("electric".to_owned()),
                brand: Some("VanMoof".to_owned()),
                model: Some("S3".to_owned()),
                product_marked: Some("marked".to_owned()),
                internal_id: Some("bk-123456789".to_owned()),
                custom: serde_json::Map::new(),
            },
            risk: None,
        }],
        effective_from: None,
        effective_to: None,
    }
}

/// 48 boulevard des Batignolles, 75017 Paris: the address of the contracts' own example.
pub fn batignolles() -> PostalAddress {
    PostalAddress {
        street1: "48 boulevard des Batignolles".to_owned(),
        more_lines: Vec::new(),
        zip_code: "75017".to_owned(),
        city: "Paris".to_owned(),
        country_code: "FR".to_owned(),
        country: None,
        state: None,
    }
}

/// A home contract (MRH) for a flat at 48 boulevard des Batignolles, 75017 Paris.
pub fn home_contract() -> Contract {
    Contract {
        id: HOME_CONTRACT.to_owned(),
        user_id: HOME_USER.to_owned(),
        number: "MRH-2021-000017".to_owned(),
        name: "Assurance multirisque habitation".to_owned(),
        insurer: insurer(),
        guarantee: "DegatsDesEaux".to_owned(),
        customer_type: CustomerType::Individual,
        holder: jean_dupont(),
        deductible: Some(Money::euro_cents(20_000)),
        products: vec![ContractProduct {
            id: HOME_PRODUCT.to_owned(),
            product: Product {
                kind: "home".to_owned(),
                subtype: None,
                brand: None,
                model: None,
                product_marked: None,
                internal_id: None,
                custom: serde_json::Map::new(),
            },
            risk: Some(Risk {
                kind: "Appartement".to_owned(),
                relationship: Some("Locataire".to_owned()),
                measures: BTreeMap::from([("NombreDePieces".to_owned(), 3.0)]),
                address: batignolles(),
                position: Position::new(48.882_4, 2.319_9),
                description: None,
            }),
        }],
        effective_from: None,
        effective_to: None,
    }
}

/// The published declaration of a stolen bike, by the stable ids of its questions: tied, with the
/// supplied lock, electric, battery on the bike, police report obtained. Two mandatory documents.
pub fn stolen_bike() -> Value {
    json!({
        "userId": BIKE_USER,
        "contractId": BIKE_CONTRACT,
        "contractProductId": BIKE_PRODUCT,
        "type": "theft",
        "subtype": "total_theft",
        "claimAt": "2024-01-15T14:30:00Z",
        "description": "Mon vélo a été volé le 15 janvier 2024 vers 14h30 devant la gare de Lyon, il était attaché à un arceau.",
        "questions": {
            "tied_to_fixed_point": true,
            "tied_with_supplied_lock": true,
            "private_place_break_in": false,
            "electric": true,
            "battery_on_bike": true,
            "final_police_report": true,
        },
        "insured": { "firstName": "Jean", "lastName": "Dupont", "phoneNumber": "+33612345678", "email": "jean.dupont@example.com" },
        "location": { "address": "Gare de Lyon", "city": "Paris", "country": "France", "zipcode": "75012" },
    })
}

/// The labels of the documents that [`stolen_bike`] must have.
pub const STOLEN_BIKE_MANDATORY: [&str; 2] = [POLICE_REPORT, KEYS_PHOTO];
/// The final police report.
pub const POLICE_REPORT: &str = "Dépôt de plainte";
/// The photo of lock and battery keys.
pub const KEYS_PHOTO: &str = "Photo des clés de l'antivol et de la batterie";
/// The document that [`water_damage`] must have.
pub const DAMAGE_PHOTO: &str = "Photo des dommages";

/// A water damage at the flat of [`home_contract`]: a leaking pipe, no report signed yet. One
/// mandatory document, [`DAMAGE_PHOTO`].
pub fn water_damage() -> Value {
    json!({
        "userId": HOME_USER,
        "contractId": HOME_CONTRACT,
        "contractProductId": HOME_PRODUCT,
        "type": "water_damage",
        "subtype": "pipe_leak",
        "claimAt": "2026-11-20T07:15:00Z",
        "description": "Une canalisation encastrée de la salle de bains a fui pendant la nuit ; le plafond du salon est taché et le parquet gondole.",
        "questions": {
            "leak_origin": "own_home",
            "leak_stopped": true,
            "leak_repaired": false,
            "leak_search_done": false,
            "neighbours_damaged": false,
            "joint_report_signed": false,
            "building_damage": true,
            "contents_damage": false,
        },
        "insured": { "firstName": "Jean", "lastName": "Dupont", "phoneNumber": "+33612345678", "email": "jean.dupont@example.com" },
        "location": { "address": "48 boulevard des Batignolles", "city": "Paris", "country": "France", "zipcode": "75017" },
    })
}

/// A small file that is a PDF by its content.
pub fn pdf() -> Vec<u8> {
    b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n".to_vec()
}

/// The first bytes of a PNG of one pixel.
pub fn png() -> Vec<u8> {
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\0IEND\xaeB`\x82".to_vec()
}

/// PDFs of one page, its lower half blue, encrypted in three ways under the password `secret`.
pub fn protected_pdfs() -> [Vec<u8>; 3] {
    [
        include_bytes!("../fixtures/rc4-128-password.pdf").to_vec(),
        include_bytes!("../fixtures/aes-128-password.pdf").to_vec(),
        include_bytes!("../fixtures/aes-256-password.pdf").to_vec(),
    ]
}

/// The same under the empty password: readers open them without asking for one.
pub fn encrypted_open_pdfs() -> [Vec<u8>; 3] {
    [
        include_bytes!("../fixtures/rc4-128-empty.pdf").to_vec(),
        include_bytes!("../fixtures/aes-128-empty.pdf").to_vec(),
        include_bytes!("../fixtures/aes-256-empty.pdf").to_vec(),
    ]
}

/// A small PDF that takes hours to draw: each of its forms draws the next one ten times.
/// `number` tells one from another.
pub fn slow_pdf(number: usize) -> Vec<u8> {
    const FORMS: usize = 9;
    let mut text = format!(
        "%PDF-1.4\n%{number}\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count \
         1>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R/Resources<</XObject<</A 5 0 \
         R>>>>>>endobj\n4 0 obj<</Length 5>>stream\n/A Do\nendstream\nendobj\n"
    );
    for form in 0..FORMS {
        let draw = if form + 1 < FORMS { "/A Do ".repeat(10) } else { "0 0 99 99 re f ".repeat(10) };
        let (object, next) = (5 + form, 6 + form);
        let head = format!("/Type/XObject/Subtype/Form/BBox[0 0 99 99]/Resources<</XObject<</A {next} 0 R>>>>");
        let _ = write!(text, "{object} 0 obj<<{head}/Length {}>>stream\n{draw}\nendstream\nendobj\n", draw.len());
    }
    text.push_str("trailer<</Root 1 0 R>>\n%%EOF\n");
    text.into_bytes()
}

/// A PDF of one page of A4: its upper half is blue.
pub fn blue_page() -> Vec<u8> {
    let draw = "0 0 1 rg 0 421 595 421 re f";
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>".to_owned(),
        format!("<</Length {}>>stream\n{draw}\nendstream", draw.len()),
    ];
    let mut text = "%PDF-1.4\n".to_owned();
    let mut rows = "0000000000 65535 f \n".to_owned();
    for (index, object) in objects.iter().enumerate() {
        let _infallible = writeln!(rows, "{:010} 00000 n ", text.len());
        let _infallible = writeln!(text, "{} 0 obj{object}endobj", index + 1);
    }
    let table = text.len();
    let _infallible = write!(text, "xref\n0 5\n{rows}trailer<</Size 5/Root 1 0 R>>\nstartxref\n{table}\n%%EOF\n");
    text.into_bytes()
}

/// A photo as iPhones write it, 96 by 64 pixels: its left half is red, the right one blue.
pub fn heic() -> Vec<u8> {
    include_bytes!("../fixtures/two-halves.heic").to_vec()
}
