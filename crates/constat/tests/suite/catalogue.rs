//! The catalogue: families that an operator adds, versions that claims keep, an organisation's own.

use std::path::Path;

use constat_core::CatalogueSettings;
use constat_domain::catalogue::Catalogue;
use constat_domain::claim::Contract;
use constat_testkit::{ClaimsCaller, Server, ServerOptions, fixtures};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli::{constat, done, refused, sample};

/// A family that is not inside the program: kites, which may tear.
pub const KITE: &str = r#"
id = "kite"
version = "2027-01"
label = "Cerf-volant"
products = [{ id = "kite", label = "Cerf-volant" }]

[questions.torn]
text = "La voile est-elle déchirée ?"
kind = "bool"

[documents]
damage_photo = "Photo des dommages"
repair_quote = "Devis de réparation"

[[loss_types]]
id = "break"
label = "Casse"

[[loss_types.subtypes]]
id = "partial_break"
label = "Casse réparable"
triple = { nature = "Divers", cause = "BrisDeteriorationPanne" }
guarantee = "BiensDeLoisirs"
questions = ["torn"]
documents = [
  { id = "damage_photo", category = "mandatory", when = { question = "torn", is = true } },
  { id = "repair_quote", category = "expected" },
]
"#;

fn with(files: &[(&str, &str)]) -> (TempDir, ServerOptions) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        write(folder.path(), name, text);
    }
    let mut options = ServerOptions::default();
    options.settings.catalogue = settings(&folder);
    (folder, options)
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(path, text).expect("a file");
}

fn settings(folder: &TempDir) -> CatalogueSettings {
    CatalogueSettings { folder: folder.path().display().to_string() }
}

/// A contract on a kite.
fn kite_contract() -> Contract {
    let mut contract = Contract { id: "contract_kite".to_owned(), ..fixtures::bike_contract() };
    "product_kite".clone_into(&mut contract.products[0].id);
    "kite".clone_into(&mut contract.products[0].product.kind);
    contract
}

fn torn_kite() -> Value {
    let mut declaration = fixtures::stolen_bike();
    declaration["contractId"] = "contract_kite".into();
    declaration["contractProductId"] = "product_kite".into();
    declaration["type"] = "break".into();
    declaration["subtype"] = "partial_break".into();
    declaration["questions"] = json!({ "La voile est-elle déchirée ?": true });
    declaration
}

fn labels(claim: &Value) -> Vec<&str> {
    let entries = claim["documentEntries"].as_array().expect("entries");
    entries.iter().filter_map(|entry| entry["type"].as_str()).collect()
}

#[tokio::test]
async fn adding_a_product_is_adding_a_file() {
    let (_folder, options) = with(&[("kite@2027-01.toml", KITE)]);
    let server = Server::with(options).await;
    let platform = server.platform("Plateforme").await;
    server.contract(platform.tenant, kite_contract()).await;
    let id = platform.declare(&torn_kite()).await;
    let got = platform.get(&format!("/claims/{id}")).await;
    assert_eq!(labels(got.data()), ["Photo des dommages", "Devis de réparation"]);
    assert_eq!(got.data()["questions"], json!({ "La voile est-elle déchirée ?": true }));
    let uploaded = platform.upload(&id, &["Photo des dommages"]).await;
    assert_eq!(uploaded.status, 200, "{}", uploaded.body);
    platform.post(&format!("/claims/{id}/submit"), &json!({})).await.data();
    // What is inside the program is still there.
    platform.declare(&fixtures::stolen_bike()).await;
}

#[tokio::test]
async fn a_required_document_says_which_answer_made_it_so() {
    let server = Server::start().await;
    let platform = server.platform("Plateforme").await;
    let mut declaration = fixtures::stolen_bike();
    declaration["questions"]["battery_on_bike"] = false.into();
    let id = platform.declare(&declaration).await;
    let got = platform.get(&format!("/claims/{id}")).await;
    let because = |label: &str| {
        let entries = got.data()["documentEntries"].as_array().expect("entries");
        entries.iter().find(|entry| entry["type"] == label).expect("an entry")["because"].clone()
    };
    let report = "Avez-vous obtenu le procès-verbal définitif de votre dépôt de plainte ?";
    assert_eq!(because(fixtures::POLICE_REPORT), json!({ "question": report, "answer": true }));
    let battery = "La batterie était-elle sur le vélo au moment du vol ?";
    assert_eq!(because("Photo de la batterie"), json!({ "question": battery, "answer": false }));
    assert_eq!(because(fixtures::KEYS_PHOTO), Value::Null);
}

/// The bike's file in a newer version, in which the police report has another name and another
/// question decides.
fn newer_bike(version: &str) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/catalogue/bike@2026-11.toml");
    let text = std::fs::read_to_string(path).expect("the shipped file");
    let text = text.replace("version = \"2026-11\"", &format!("version = \"{version}\""));
    text.replace("= \"Dépôt de plainte\"", "= \"Plainte déposée\"")
        .replace("= \"Le vélo est-il à assistance électrique ?\"", "= \"Le vélo est-il électrique ?\"")
}

#[tokio::test]
async fn a_claim_keeps_the_version_it_was_declared_with_after_the_file_changed() {
    let mut server = Server::start().await;
    let platform = server.platform("Plateforme").await;
    let old = platform.declare(&fixtures::stolen_bike()).await;
    let (folder, _) = with(&[("bike@2026-12.toml", &newer_bike("2026-12"))]);
    server.configure(|known| known.catalogue = settings(&folder)).await;
    let platform = ClaimsCaller { http: server.http.clone(), ..platform };

    let new = platform.declare(&fixtures::stolen_bike()).await;
    let (old_claim, new_claim) =
        (platform.get(&format!("/claims/{old}")).await, platform.get(&format!("/claims/{new}")).await);
    assert_eq!(labels(old_claim.data())[0], fixtures::POLICE_REPORT);
    assert_eq!(labels(new_claim.data())[0], "Plainte déposée");
    assert_eq!(new_claim.data()["questions"]["Le vélo est-il électrique ?"], true);
    assert_eq!(old_claim.data()["questions"]["Le vélo est-il à assistance électrique ?"], true);

    // Each takes, names and submits by its own version.
    platform.upload(&new, &[fixtures::POLICE_REPORT]).await.is_error(409, 3006);
    platform.upload(&old, &["Plainte déposée"]).await.is_error(409, 3006);
    platform.upload(&old, &fixtures::STOLEN_BIKE_MANDATORY).await.data();
    let edited = platform.patch(&format!("/claims/{old}"), &json!({ "location": { "city": "Lyon" } })).await;
    assert_eq!(edited.data()["canSubmit"], true);
    platform.post(&format!("/claims/{old}/submit"), &json!({})).await.data();
    platform.upload(&new, &["Plainte déposée", fixtures::KEYS_PHOTO]).await.data();
    assert_eq!(platform.get(&format!("/claims/{new}")).await.data()["canSubmit"], true);

    // Without its version, a claim can be read; whether it is complete is not known.
    server.configure(|known| known.catalogue = CatalogueSettings::default()).await;
    let platform = ClaimsCaller { http: server.http.clone(), ..platform };
    let orphan = platform.get(&format!("/claims/{new}")).await;
    assert_eq!((&orphan.data()["canSubmit"], labels(orphan.data()).len()), (&json!(false), 0));
    platform.post(&format!("/claims/{new}/submit"), &json!({})).await.is_error(409, 3002);
}

#[tokio::test]
async fn an_organisation_may_have_a_catalogue_of_its_own() {
    let mut server = Server::start().await;
    let (one, other) = (server.platform("Une").await, server.platform("Autre").await);
    let own = format!("{}/bike@own-1.toml", one.tenant.org);
    let (folder, _) = with(&[(&own, &newer_bike("own-1")), ("kite@2027-01.toml", KITE)]);
    server.configure(|known| known.catalogue = settings(&folder)).await;
    for (platform, label) in [(&one, "Plainte déposée"), (&other, fixtures::POLICE_REPORT)] {
        let platform = ClaimsCaller { http: server.http.clone(), ..platform.clone() };
        let id = platform.declare(&fixtures::stolen_bike()).await;
        assert_eq!(labels(platform.get(&format!("/claims/{id}")).await.data())[0], label);
        // What the operator added without naming an organisation is there for all.
        server.contract(platform.tenant, kite_contract()).await;
        platform.declare(&torn_kite()).await;
    }
}

#[tokio::test]
async fn a_front_end_reads_what_to_ask() {
    let (_folder, options) = with(&[("kite@2027-01.toml", KITE)]);
    let mut server = Server::with(options).await;
    let platform = server.platform("Plateforme").await;
    let all = platform.get("/catalogue").await;
    let families = all.data().as_array().expect("families");
    assert_eq!(families.len(), Catalogue::embedded().families.len() + 1);

    let kite = platform.get("/catalogue?product=kite").await;
    let subtype = &kite.data()[0]["types"][0]["subtypes"][0];
    assert_eq!((&kite.data()[0]["version"], &subtype["id"]), (&json!("2027-01"), &json!("partial_break")));
    assert_eq!(
        subtype["questions"],
        json!([{ "id": "torn", "text": "La voile est-elle déchirée ?", "kind": "bool", "options": [], "mandatory": true }])
    );
    assert_eq!(subtype["documents"][0]["when"], json!({ "question": "torn", "is": true }));
    platform.get("/catalogue?product=boat").await.is_error(400, 1008);
    platform.get("/catalogue?product=").await.is_error(400, 1000);
    platform.get("/catalogue?product=bike&claimId=x").await.is_error(400, 1000);

    // Not sent again to who has it; another part has another tag.
    let ask = async |path: &str, tag: &str| {
        platform.request(reqwest::Method::GET, path).header("if-none-match", tag).send().await.expect("an answer")
    };
    let again = ask("/catalogue", all.header("etag")).await;
    assert_eq!((again.status().as_u16(), again.bytes().await.expect("bytes").len()), (304, 0));
    assert_eq!(ask("/catalogue?product=kite", all.header("etag")).await.status(), 200);

    // A claim's own version, once the file changed; of no other organisation's claim.
    let old = platform.declare(&fixtures::stolen_bike()).await;
    let (folder, _) = with(&[("bike@2026-12.toml", &newer_bike("2026-12"))]);
    server.configure(|known| known.catalogue = settings(&folder)).await;
    let platform = ClaimsCaller { http: server.http.clone(), ..platform };
    let version = async |path: String| platform.get(&path).await.data()[0]["version"].clone();
    assert_eq!(version("/catalogue?product=bike".to_owned()).await, "2026-12");
    assert_eq!(version(format!("/catalogue?claimId={old}")).await, "2026-11");
    let other = server.platform("Autre").await;
    other.get(&format!("/catalogue?claimId={old}")).await.is_error(404, 2001);
}

#[test]
fn a_faulty_folder_stops_the_start_with_all_that_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    write(path, "extra/kite.toml", &KITE.replace("BiensDeLoisirs", "BienDeLoisirs").replace("is = true", "is = 1.5"));
    write(path, "extra/bike.toml", &newer_bike("2026-11"));
    write(
        path,
        "extra/velo.toml",
        &KITE.replace("\"kite\"", "\"bike\"").replace("id = \"bike\"\nversion", "id = \"velo\"\nversion"),
    );
    write(path, "extra/Stranger/kite.toml", KITE);
    let output = constat(path)
        .args(["serve", "--listen", "127.0.0.1:0"])
        .env("CONSTAT_CATALOGUE__FOLDER", "extra")
        .output()
        .expect("the binary runs");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    for told in [
        "4 faults",
        "kite.toml: ",
        "bike.toml: version: bike 2026-11 is there already",
        "velo.toml: products: bike is already in family bike",
        "Stranger: is not an organisation's id",
    ] {
        assert!(said.contains(told), "{told} is not in\n{said}");
    }
    assert_eq!(refused(path, &["catalogue", "check", "extra"]), said);
    assert!(refused(path, &["catalogue", "check", "nowhere"]).contains("nowhere"));
}

#[test]
fn check_tells_every_fault_and_prints_the_matrix_of_what_is_sound() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let help = done(path, &["catalogue", "check", "--help"]);
    // The example of the help is a sound file.
    let example: String = help
        .lines()
        .skip_while(|line| !line.contains("id = \"kite\""))
        .take_while(|line| !line.contains("Examples:"))
        .flat_map(|line| [line.trim_start(), "\n"])
        .collect();
    write(path, "example.toml", &example);
    assert!(done(path, &["catalogue", "check", "example.toml"]).contains("kite 2027-01 is sound: 1 losses."));

    write(path, "kite.toml", KITE);
    let matrix = done(path, &["catalogue", "check", "kite.toml"]);
    for part in ["partial_break", "Casse réparable", "torn", "Photo des dommages, if torn", "Devis de réparation"] {
        assert!(matrix.contains(part), "{part} is not in\n{matrix}");
    }
    let bad = KITE
        .replace("[\"torn\"]", "[\"worn\"]")
        .replace("\"BrisDeteriorationPanne\"", "\"BrisPanne\"")
        .replace("BiensDeLoisirs", "BienDeLoisir");
    write(path, "bad.toml", &bad);
    let said = refused(path, &["catalogue", "check", "bad.toml"]);
    for told in [
        "partial_break.guarantee: ",
        "BiensDeLoisirs",
        "partial_break.triple: ",
        "partial_break.worn: is not one of the family's questions",
        "torn: is defined but no subtype uses it",
    ] {
        assert!(said.contains(told), "{told} is not in\n{said}");
    }
    let all = done(path, &["catalogue", "check"]);
    for family in &Catalogue::embedded().families {
        for (_, subtype) in family.subtypes() {
            assert!(all.contains(&subtype.id), "{}", subtype.id);
        }
    }
    assert!(done(path, &["catalogue", "list"]).contains("high_tech"));
    assert_eq!(done(path, &["catalogue", "check", "--quiet", "kite.toml"]), "kite 2027-01 is sound: 1 losses.");
}

#[test]
fn a_contract_on_a_product_of_the_folder_is_imported() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    done(path, &["organisations", "add", "--kind", "platform", "--name", "Plateforme"]);
    let kites = std::fs::read_to_string(sample("contracts.csv")).unwrap().replace(",bike,", ",kite,");
    write(path, "kites.csv", &kites);
    let import = ["import", "contracts", "kites.csv", "--organisation", "Plateforme", "--mode", "test"];
    assert!(refused(path, &import).contains("no catalogue covers this product type"));
    write(path, "extra/kite.toml", KITE);
    write(path, "constat.toml", "[catalogue]\nfolder = \"extra\"\n");
    done(path, &import);
}
