//! Files that spreadsheets wrote or damaged, workbooks in and out, and what imports of experts and absences
//! leave in place.

use std::io::{Cursor, Write as _};
use std::path::Path;

use constat_testkit::{Got, Server};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::cli::{Folder, Running, ask, done, folder_with_organisations, install_tls, now, refused, sample};
use crate::exchange::{contract, record};

/// The arguments of an import.
fn import<'a>(what: &'a str, file: &'a str, organisation: &'a str) -> Vec<&'a str> {
    vec!["import", what, file, "--organisation", organisation, "--mode", "test"]
}

fn windows_1252(text: &str) -> Vec<u8> {
    text.chars().map(|sign| u8::try_from(u32::from(sign)).expect("Latin-1")).collect()
}

/// A workbook of one sheet as spreadsheets write it: shared texts, a date style, a formula with its value.
/// The rows are XML; `sheets` are names with their state.
fn workbook(rows: &str, texts: &[&str], sheets: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let relations = "http://schemas.openxmlformats.org/package/2006/relationships";
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let shared = texts.iter().map(|text| format!("<si><t>{text}</t></si>")).collect::<Vec<_>>().concat();
    let mut names = Vec::new();
    let mut links = vec![format!(
        "<Relationship Id=\"s\" Type=\"{office}/sharedStrings\" Target=\"sharedStrings.xml\"/>\
         <Relationship Id=\"y\" Type=\"{office}/styles\" Target=\"styles.xml\"/>"
    )];
    let mut files = Vec::new();
    for (index, (name, state)) in sheets.iter().enumerate() {
        names.push(format!("<sheet name=\"{name}\" sheetId=\"{}\" state=\"{state}\" r:id=\"r{index}\"/>", index + 1));
        links.push(format!(
            "<Relationship Id=\"r{index}\" Type=\"{office}/worksheet\" Target=\"worksheets/sheet{index}.xml\"/>"
        ));
        // The rows are in the last sheet.
        let rows = if index + 1 == sheets.len() { rows } else { "" };
        files.push((
            format!("xl/worksheets/sheet{index}.xml"),
            format!(
                "<worksheet xmlns=\"{main}\"><sheetData>{rows}</sheetData><mergeCells><mergeCell ref=\"A9:B9\"/></mergeCells></worksheet>"
            ),
        ));
    }
    let (names, links) = (names.concat(), links.concat());
    files.extend([
        (
            "_rels/.rels".to_owned(),
            format!("<Relationships xmlns=\"{relations}\"><Relationship Id=\"w\" Type=\"{office}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"),
        ),
        ("xl/workbook.xml".to_owned(), format!("<workbook xmlns=\"{main}\" xmlns:r=\"{office}\"><sheets>{names}</sheets></workbook>")),
        ("xl/_rels/workbook.xml.rels".to_owned(), format!("<Relationships xmlns=\"{relations}\">{links}</Relationships>")),
        (
            "xl/sharedStrings.xml".to_owned(),
            format!("<sst xmlns=\"{main}\" uniqueCount=\"{}\">{shared}</sst>", texts.len()),
        ),
        (
            "xl/styles.xml".to_owned(),
            format!("<styleSheet xmlns=\"{main}\"><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"22\"/></cellXfs></styleSheet>"),
        ),
    ]);
    for (path, content) in files {
        zip.start_file(path, zip::write::SimpleFileOptions::default()).expect("a part");
        zip.write_all(content.as_bytes()).expect("its content");
    }
    zip.finish().expect("a workbook").into_inner()
}

/// A row of texts.
fn texts_row(number: usize, texts: &[&str]) -> String {
    let cells = texts
        .iter()
        .zip('A'..)
        .map(|(text, column)| format!("<c r=\"{column}{number}\" t=\"inlineStr\"><is><t>{text}</t></is></c>"))
        .collect::<Vec<_>>()
        .concat();
    format!("<row r=\"{number}\">{cells}</row>")
}

#[test]
fn experts_from_french_excel_are_imported_in_every_encoding_it_writes() {
    let folder = folder_with_organisations();
    let table = "reference;display_name;zip;city;active;kinds;monday;daily_cap;limit_total;departments;;\r\n\
                 É1;René Gaëtan;75017;Paris;VRAI;ESS|TELE;09:00-12:30;6,0;1 500,50;1|75;;\r\n\
                 \r\n\
                 E2;Zoé;1000;Bourg-en-Bresse;NON;ESS;09:00-12:30;;;;;\r\n;;;;;;;;;;;\r\n";
    let utf16: Vec<u8> =
        "\u{feff}".encode_utf16().chain(table.replace(';', "\t").encode_utf16()).flat_map(u16::to_le_bytes).collect();
    for bytes in [
        table.as_bytes().to_vec(),
        format!("\u{feff}sep=;\r\n{table}").into_bytes(),
        windows_1252(table),
        windows_1252(&format!("sep=;\r\n{}", table.replace("\r\n", "\r"))),
        utf16,
    ] {
        std::fs::write(folder.path().join("experts.csv"), bytes).unwrap();
        let told = done(folder.path(), &import("experts", "experts.csv", "Cabinet"));
        assert!(told.starts_with("2 experts imported"), "{told}");
    }
}

#[test]
fn faults_name_the_line_of_an_editor_whatever_ends_the_lines() {
    let folder = folder_with_organisations();
    let table = "reference,display_name,zip,kinds\n\n\"E1\",\"Expert\n\n017\",75017,ESS\n\n\nE2,Expert 002,00000,ESS\n";
    for end in ["\n", "\r\n", "\r"] {
        std::fs::write(folder.path().join("experts.csv"), table.replace('\n', end)).unwrap();
        let told = refused(folder.path(), &import("experts", "experts.csv", "Cabinet"));
        assert!(told.contains("line 3 display_name: may not contain line ends"), "{end:?}: {told}");
        assert!(told.contains("line 8 zip: unknown postcode"), "{end:?}: {told}");
    }
}

#[test]
fn what_a_spreadsheet_destroyed_is_refused_by_line_and_column_or_restored_without_doubt() {
    let folder = folder_with_organisations();
    let path = folder.path();
    let header = "id;user_id;number;name;insurer_acam_code;guarantee;customer_type;holder_first_name;holder_last_name;\
                  holder_phone_number;holder_email;deductible;effective_from;product_id;product_type;risk_type;risk_street1;risk_zip_code;risk_city";
    let home = [
        "C1",
        "U1",
        "N1",
        "MRH",
        "02000402",
        "DegatsDesEaux",
        "individual",
        "Jean",
        "Dupont",
        "0612345678",
        "",
        "150",
        "01/06/2023",
        "P1",
        "home",
        "Appartement",
        "1 rue Haute",
        "01000",
        "Bourg-en-Bresse",
    ];
    let write = |changes: &[(&str, &str)]| {
        let names: Vec<&str> = header.split(';').collect();
        let mut cells = home.map(str::to_owned).to_vec();
        for (name, text) in changes {
            let place = names.iter().position(|known| known == name).unwrap();
            cells[place] = (*text).to_owned();
        }
        std::fs::write(path.join("c.csv"), format!("{header}\r\n\r\n{}\r\n", cells.join(";"))).unwrap();
    };
    for (name, text, said) in [
        ("holder_phone_number", "3,36123E+10", "scientific notation"),
        ("holder_phone_number", "3.36E+10", "scientific notation"),
        ("holder_phone_number", "voir mail", "expected a phone number"),
        ("holder_phone_number", "812345678", "nine digits"),
        ("holder_phone_number", "#N/A", "spreadsheet"),
        ("holder_email", "a@x.fr|b@x.fr", "one e-mail address"),
        ("holder_email", "@@", "expected an e-mail address"),
        ("holder_last_name", "Du\u{202e}pont", "U+202E"),
        ("holder_first_name", "\u{200b}", "U+200B"),
        ("number", "1,23457E+11", "scientific notation"),
        ("number", "mars-24", "date that a spreadsheet made"),
        ("id", "1E+05", "scientific notation"),
        ("effective_from", "45231", "serial number"),
        ("effective_from", "mars-24", "expected a date"),
        ("risk_zip_code", "1E+03", "scientific notation"),
        ("deductible", "1,5E+05", "rounded"),
        ("deductible", "1,500", "ambiguous"),
    ] {
        write(&[(name, text)]);
        let told = refused(path, &import("contracts", "c.csv", "Plateforme"));
        assert!(told.contains(&format!("line 3 {name}: ")) && told.contains(said), "{name} {text}: {told}");
        assert!(!told.contains("Dupont"), "{told}");
    }
    // Four digits of which the town does not say that they are French.
    write(&[("risk_zip_code", "1000"), ("risk_city", "Bruxelles")]);
    let told = refused(path, &import("contracts", "c.csv", "Plateforme"));
    assert!(told.contains("line 3 risk_zip_code: expected a French postcode of five digits: 01000?"), "{told}");
    // A number of nine digits without any address may be of another country.
    write(&[
        ("holder_phone_number", "612345678"),
        ("product_type", "bike"),
        ("risk_type", ""),
        ("risk_street1", ""),
        ("risk_zip_code", ""),
        ("risk_city", ""),
    ]);
    let told = refused(path, &import("contracts", "c.csv", "Plateforme"));
    assert!(told.contains("line 3 holder_phone_number: has nine digits"), "{told}");
    write(&[
        ("holder_phone_number", "612345678"),
        ("risk_zip_code", "1000"),
        ("insurer_acam_code", "2000402"),
        ("deductible", "1 150,50 €"),
    ]);
    assert!(done(path, &import("contracts", "c.csv", "Plateforme")).starts_with("1 contracts imported"));
    let exported = done(path, &["export", "contracts", "--organisation", "Plateforme", "--mode", "test"]);
    let contract: Value = serde_json::from_str(&exported).unwrap();
    assert_eq!(contract["holder"]["phone_number"], "0612345678");
    assert_eq!(contract["products"][0]["risk"]["address"]["zip_code"], "01000");
    assert_eq!(
        (&contract["insurer"]["acam_code"], &contract["deductible"]["minor"]),
        (&json!("02000402"), &json!(115_050))
    );
    assert_eq!(contract["effective_from"], "2023-06-01");
}

#[test]
fn a_fault_of_a_contracts_further_product_is_on_its_own_line() {
    let folder = folder_with_organisations();
    let text = std::fs::read_to_string(sample("contracts.csv")).unwrap();
    let bad = text.replace("MaisonParticuliere,Proprietaire", "Tente,Proprietaire");
    std::fs::write(folder.path().join("c.csv"), bad.replace('\n', "\r\n")).unwrap();
    let told = refused(folder.path(), &import("contracts", "c.csv", "Plateforme"));
    assert!(told.contains("line 4 risk_type: "), "{told}");
}

#[test]
fn json_lines_may_have_null_structures_and_numbers_for_digits() {
    let folder = folder_with_organisations();
    let path = folder.path();
    let mut record = contract("17");
    record["id"] = json!(17);
    record["products"][0]["risk"] = json!(null);
    record["products"][0]["custom"] = json!({ "colour": null });
    record["holder"]["company"] = json!(null);
    record["holder"]["phone_number"] = json!(33_612_345_678_u64);
    std::fs::write(path.join("c.jsonl"), format!("{record}\r\n")).unwrap();
    done(path, &import("contracts", "c.jsonl", "Plateforme"));
    let exported = done(path, &["export", "contracts", "--organisation", "Plateforme", "--mode", "test"]);
    let found: Value = serde_json::from_str(&exported).unwrap();
    assert_eq!((&found["id"], &found["holder"]["phone_number"]), (&json!("17"), &json!("+33612345678")));
    assert_eq!(found["products"][0]["custom"], json!({ "colour": null }), "free properties stay as they are");
    std::fs::write(path.join("twice.jsonl"), format!("{record}\n{record}\n")).unwrap();
    assert!(
        refused(path, &import("contracts", "twice.jsonl", "Plateforme")).contains("line 2 id: line 1 has the same")
    );
    let expert = json!({
        "reference": 1, "display_name": "Expert", "base": { "zip": 75017, "city": null }, "skills": null, "week": null,
        "territory": null, "exclusions": null, "ties": null, "schedules": null, "active": "VRAI", "daily_cap": "6,0",
    });
    std::fs::write(path.join("e.jsonl"), expert.to_string()).unwrap();
    assert!(done(path, &import("experts", "e.jsonl", "Cabinet")).starts_with("1 experts imported"));
}

#[test]
fn workbooks_are_read_with_their_types_and_faults_name_the_row_of_the_sheet() {
    let folder = folder_with_organisations();
    let path = folder.path();
    let header = texts_row(2, &["reference", "display_name", "zip", "city", "active", "kinds", "monday", "daily_cap"]);
    // Shared texts, a number for a postcode, a truth value, a formula with its value, an empty styled cell.
    let expert = "<row r=\"5\"><c r=\"A5\" t=\"s\"><v>0</v></c><c r=\"B5\" t=\"str\"><f>A1&amp;B1</f><v>Zoé</v></c>\
                  <c r=\"C5\"><v>75017</v></c><c r=\"D5\" t=\"s\"><v>1</v></c><c r=\"E5\" t=\"b\"><v>1</v></c>\
                  <c r=\"F5\" t=\"inlineStr\"><is><t>ESS;TELE</t></is></c><c r=\"G5\" t=\"inlineStr\"><is><t>09:00-12:00</t></is></c>\
                  <c r=\"H5\"><v>6</v></c><c r=\"J5\" s=\"1\"/></row>";
    let file = |rows: &str| {
        let bytes = workbook(rows, &["E1", "Paris"], &[("Notes", "hidden"), ("Experts 2026", "visible")]);
        std::fs::write(path.join("experts.xlsx"), bytes).unwrap();
    };
    file(&format!("{header}{expert}"));
    assert!(done(path, &import("experts", "experts.xlsx", "Cabinet")).starts_with("1 experts imported"));
    let mut named = import("experts", "experts.xlsx", "Cabinet");
    named.extend(["--sheet", "Experts 2026"]);
    assert!(done(path, &named).starts_with("1 experts imported"));
    let mut other = import("experts", "experts.xlsx", "Cabinet");
    other.extend(["--sheet", "Feuil1"]);
    assert!(refused(path, &other).contains("its sheets: Notes, Experts 2026"));
    file(&format!(
        "{header}{}{}",
        expert.replace("75017", "99999"),
        texts_row(9, &["E2", "Zoé", "75017", "", "", "", "9 à 12"])
    ));
    let told = refused(path, &import("experts", "experts.xlsx", "Cabinet"));
    assert!(told.contains("line 5 zip: unknown postcode") && told.contains("line 9 monday"), "{told}");
    file(&format!("{header}{}", expert.replace(" t=\"s\"><v>0</v>", " t=\"e\"><v>#N/A</v>")));
    let told = refused(path, &import("experts", "experts.xlsx", "Cabinet"));
    assert!(told.contains("line 5 reference: shows the error #N/A"), "{told}");

    // Dates as dates, and a date with a time.
    file(&format!("{header}{expert}"));
    done(path, &import("experts", "experts.xlsx", "Cabinet"));
    let absence = "<row r=\"2\"><c r=\"A2\" t=\"s\"><v>0</v></c><c r=\"B2\" s=\"1\"><v>46380</v></c><c r=\"C2\" s=\"2\"><v>46381.5</v></c></row>";
    let write = |rows: &str| {
        let bytes =
            workbook(&format!("{}{rows}", texts_row(1, &["expert", "start", "end"])), &["E1"], &[("S", "visible")]);
        std::fs::write(path.join("absences.xlsx"), bytes).unwrap();
    };
    write(absence);
    assert!(done(path, &import("absences", "absences.xlsx", "Cabinet")).starts_with("1 absences imported"));
    // Midnight in a cell that shows hours is a time: the same as the start, not the end of that day.
    write(&absence.replace(" s=\"1\"", " s=\"2\"").replace("46381.5", "46380"));
    let told = refused(path, &import("absences", "absences.xlsx", "Cabinet"));
    assert!(told.contains("line 2 end: must be after"), "{told}");
    write(&absence.replace(" s=\"1\"", ""));
    let told = refused(path, &import("absences", "absences.xlsx", "Cabinet"));
    assert!(told.contains("line 2 start: ") && told.contains("2026-12-24"), "{told}");

    // Files that are no workbook, and workbooks under another name.
    std::fs::write(path.join("csv.xlsx"), "reference,display_name\n").unwrap();
    assert!(refused(path, &import("experts", "csv.xlsx", "Cabinet")).contains("not a workbook"));
    std::fs::copy(path.join("experts.xlsx"), path.join("experts.csv")).unwrap();
    assert!(refused(path, &import("experts", "experts.csv", "Cabinet")).contains(".xlsx"));
    std::fs::write(path.join("experts.xls"), "").unwrap();
    assert!(refused(path, &import("experts", "experts.xls", "Cabinet")).contains("save the sheet as .xlsx"));
    let mut sheet = import("experts", "experts.csv", "Cabinet");
    sheet.extend(["--sheet", "S"]);
    assert!(refused(path, &sheet).contains("only a workbook"));
}

fn platform_with(contracts: &[Value]) -> Folder {
    let folder = folder_with_organisations();
    let lines: Vec<String> = contracts.iter().map(Value::to_string).collect();
    std::fs::write(folder.path().join("contracts.jsonl"), lines.join("\n")).unwrap();
    done(folder.path(), &import("contracts", "contracts.jsonl", "Plateforme"));
    folder
}

fn export(folder: &Path, what: &str, more: &[&str]) -> String {
    done(folder, &[&["export", what, "--organisation", "Plateforme", "--mode", "test"], more].concat())
}

#[test]
fn a_table_of_claims_from_excel_is_judged_by_line_and_column() {
    let folder = platform_with(&[contract(constat_testkit::fixtures::BIKE_CONTRACT)]);
    let path = folder.path();
    let line = record(1).to_string();
    std::fs::write(path.join("claims.jsonl"), &line).unwrap();
    done(path, &import("claims", "claims.jsonl", "Plateforme"));
    let table = export(path, "claims", &["--for", "excel"]);
    let ids: Vec<&str> = table.lines().nth(1).unwrap().split(';').take(2).collect();
    // Another claim of the same kind: ids are made anew.
    let table = table.replace(ids[0], "").replace(ids[1], "");
    let phone = "\"=\"\"+33612345678\"\"\"";
    assert!(table.contains(phone), "{table}");
    for (from, to, said) in [
        (phone, "3,36123E+10", "line 3 insured_phone_number: is in scientific notation"),
        (phone, "voir mail", "line 3 insured_phone_number: expected a phone number"),
        ("2023-01-15T14:30:00Z", "45231", "line 3 claim_at: is the serial number"),
        ("2023-01-15T14:30:00Z", "15/01/2023 14:30", "line 3 claim_at: expected an instant with its offset"),
        ("Dupont", "Du\u{2066}pont", "line 3 insured_last_name: contains the invisible character U+2066"),
    ] {
        let bad = table.replacen(from, to, 1).replacen("\r\n", "\r\n\r\n", 1);
        std::fs::write(path.join("claims.csv"), bad).unwrap();
        let told = refused(path, &import("claims", "claims.csv", "Plateforme"));
        assert!(told.contains("1 faulty lines, nothing imported") && told.contains(said), "{said}: {told}");
    }
    let restored = table.replacen(phone, "612345678", 1).replacen("Vélo volé", "Vélo repris", 1);
    std::fs::write(path.join("claims.csv"), windows_1252(restored.trim_start_matches('\u{feff}'))).unwrap();
    assert!(done(path, &import("claims", "claims.csv", "Plateforme")).starts_with("1 claims imported"));
    assert!(export(path, "claims", &[]).contains("\"phone_number\":\"0612345678\""));
}

#[test]
fn exports_for_excel_and_workbooks_are_imported_identically() {
    let mut odd = contract("=1+1");
    odd["number"] = json!("00123");
    odd["name"] = json!("Vélo;=HYPERLINK(\"http://x\")");
    odd["holder"]["last_name"] = json!("+Dupont & fils");
    let mut long = contract("12345678901234567890");
    long["number"] = json!("1E5");
    let folder = platform_with(&[contract(constat_testkit::fixtures::BIKE_CONTRACT), odd, long]);
    let path = folder.path();
    let lines: Vec<String> = (0..3).map(|number| record(number).to_string()).collect();
    std::fs::write(path.join("claims.jsonl"), lines.join("\n")).unwrap();
    done(path, &import("claims", "claims.jsonl", "Plateforme"));
    for (file, flags) in
        [("excel.csv", &["--for", "excel"][..]), ("plain.csv", &["--format", "csv"]), ("book.xlsx", &[])]
    {
        for what in ["contracts", "claims"] {
            export(path, what, &[flags, &["--output", &format!("{what}-{file}")]].concat());
        }
        let other = folder_with_organisations();
        for what in ["contracts", "claims"] {
            let from = path.join(format!("{what}-{file}"));
            done(other.path(), &import(what, from.to_str().unwrap(), "Plateforme"));
        }
        assert_eq!(export(other.path(), "contracts", &[]), export(path, "contracts", &[]), "{file}");
        let table = |folder: &Path| export(folder, "claims", &["--format", "csv"]);
        assert_eq!(table(other.path()), table(path), "{file}");
        // Claims of a workbook that are here already are passed over, so a stopped run can go on.
        let from = path.join(format!("claims-{file}"));
        let told = done(other.path(), &import("claims", from.to_str().unwrap(), "Plateforme"));
        assert!(told.contains("0 claims imported") && told.contains("3 were here already"), "{told}");
    }
    let excel = std::fs::read(path.join("contracts-excel.csv")).unwrap();
    assert!(excel.starts_with("\u{feff}id;user_id;".as_bytes()));
    let excel = String::from_utf8(excel).unwrap();
    for kept in [
        "\"=\"\"00123\"\"\"",
        "\"=\"\"+33612345678\"\"\"",
        "\"=\"\"02000402\"\"\"",
        "\"=\"\"12345678901234567890\"\"\"",
        "'=1+1",
        "Vélo;'=HYPERLINK",
    ] {
        assert!(excel.contains(kept), "{kept} is not in {excel}");
    }
    let plain = std::fs::read_to_string(path.join("contracts-plain.csv")).unwrap();
    assert!(plain.contains(",00123,") && plain.contains(",+33612345678,"), "{plain}");
    let said = refused(
        path,
        &["export", "claims", "--organisation", "Plateforme", "--mode", "test", "--for", "excel", "--format", "jsonl"],
    );
    assert!(said.contains("--for"), "{said}");
}

/// A contract with all that a table has no column for.
fn rich_contract() -> Value {
    let mut contract = json!(constat_testkit::fixtures::home_contract());
    let product = &mut contract["products"][0];
    product["custom"] = json!({ "alarm": "Zqalarm" });
    product["risk"]["description"] = json!("Loft under the roof");
    product["risk"]["address"]["more_lines"] = json!(["Bâtiment C"]);
    contract
}

/// What a table has no column for, of the first product.
fn beside_columns(contract: &Value) -> Value {
    let product = &contract["products"][0];
    json!([
        product["custom"],
        product["risk"]["description"],
        product["risk"]["address"]["more_lines"],
        product["risk"]["position"],
    ])
}

/// A table changes what it has columns for and keeps the rest; JSON lines replace the contract whole.
#[tokio::test]
async fn a_table_of_contracts_keeps_what_it_has_no_column_for() {
    let folder = platform_with(&[rich_contract()]);
    let path = folder.path();
    let stored = |folder: &Path| -> Value { serde_json::from_str(export(folder, "contracts", &[]).trim()).unwrap() };
    let whole = stored(path);
    assert_eq!(whole["products"][0]["custom"]["alarm"], "Zqalarm");
    // The same contract as tables have it, with another number.
    for (file, number) in [("contracts.csv", "MRH-BY-TABLE"), ("contracts.xlsx", "MRH-BY-WORKBOOK")] {
        let mut renumbered = json!(constat_testkit::fixtures::home_contract());
        renumbered["number"] = number.into();
        let other = platform_with(&[renumbered]);
        export(other.path(), "contracts", &["--output", path.join(file).to_str().unwrap()]);
    }
    let table = std::fs::read_to_string(path.join("contracts.csv")).unwrap();
    // By the command, and over HTTP.
    let server = Server::start().await;
    let caller = server.platform("Plateforme").await;
    let send = async |media: &str, body: Vec<u8>| {
        let request = caller.request(reqwest::Method::POST, "/contracts/import").header("content-type", media);
        Got::read(request.body(body).send().await.unwrap()).await.data().clone()
    };
    let over_http = async || caller.get(&format!("/contracts/{}", constat_testkit::fixtures::HOME_CONTRACT)).await;
    send("application/jsonl", rich_contract().to_string().into_bytes()).await;
    let before = over_http().await.data().clone();
    assert_eq!(before["products"][0]["custom"]["alarm"], "Zqalarm");
    for (file, media, number) in [
        ("contracts.csv", "text/csv", "MRH-BY-TABLE"),
        ("contracts.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "MRH-BY-WORKBOOK"),
    ] {
        let told = done(path, &import("contracts", file, "Plateforme"));
        assert!(told.starts_with("1 contracts imported"), "{told}");
        let now = stored(path);
        assert_eq!(now["number"], number, "{file}");
        assert_eq!(beside_columns(&now), beside_columns(&whole), "{file}");
        let done = send(media, std::fs::read(path.join(file)).unwrap()).await;
        assert_eq!(done, json!({ "created": 0, "replaced": 1 }), "{file}");
        let expected = {
            let mut expected = before.clone();
            expected["number"] = number.into();
            expected
        };
        assert_eq!(over_http().await.data(), &expected, "{file}");
    }
    // The position is that of the address: at another one it goes.
    let moved = table.replace("48 boulevard des Batignolles", "50 boulevard des Batignolles");
    assert_ne!(moved, table);
    std::fs::write(path.join("contracts.csv"), moved).unwrap();
    done(path, &import("contracts", "contracts.csv", "Plateforme"));
    let now = stored(path);
    assert_eq!(now["products"][0]["risk"]["position"], Value::Null);
    assert_eq!(now["products"][0]["custom"]["alarm"], "Zqalarm");
    // JSON lines say all there is: what they leave out is gone.
    let plain = json!(constat_testkit::fixtures::home_contract());
    std::fs::write(path.join("contracts.jsonl"), plain.to_string()).unwrap();
    done(path, &import("contracts", "contracts.jsonl", "Plateforme"));
    assert_eq!(stored(path)["products"][0]["custom"], json!({}));
}

#[tokio::test]
async fn the_registry_takes_a_workbook_and_a_windows_table_over_http() {
    let server = Server::start().await;
    let caller = server.platform("Plateforme").await;
    let import = async |media: &str, body: Vec<u8>| {
        let request = caller.request(reqwest::Method::POST, "/contracts/import").header("content-type", media);
        Got::read(request.body(body).send().await.unwrap()).await
    };
    let names = [
        "id",
        "user_id",
        "number",
        "name",
        "insurer_acam_code",
        "guarantee",
        "customer_type",
        "holder_first_name",
        "holder_last_name",
        "holder_phone_number",
        "product_id",
        "product_type",
    ];
    let cells = [
        "contract-x",
        "U-2",
        "N-2",
        "Vélo",
        "02000402",
        "Vol",
        "individual",
        "Zoé",
        "Dupont",
        "+33612345678",
        "P-1",
        "bike",
    ];
    let media = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    let rows = format!("{}{}", texts_row(1, &names), texts_row(4, &cells));
    let got = import(media, workbook(&rows, &[], &[("S", "visible")])).await;
    assert_eq!(got.data(), &json!({ "created": 1, "replaced": 0 }));
    let windows = windows_1252(&format!("sep=;\r\n{}\r\n{}\r\n", names.join(";"), cells.join(";")));
    assert_eq!(import("text/csv", windows).await.data(), &json!({ "created": 0, "replaced": 1 }));
    assert_eq!(caller.get("/contracts/contract-x").await.data()["name"], "Vélo");
    let mut bad = cells;
    bad[9] = "voir mail";
    let rows = format!("{}{}", texts_row(1, &names), texts_row(4, &bad));
    let got = import(media, workbook(&rows, &[], &[("S", "visible")])).await;
    got.is_error(400, 1000);
    assert_eq!(got.fields(), ["line 4 holder_phone_number"]);
    import(media, b"PK\x03\x04".to_vec()).await.is_error(400, 1000);
    import(media, vec![0; 100]).await.is_error(400, 1000);
}

#[tokio::test]
async fn an_import_of_absences_lists_the_booked_visits_and_takes_the_end_of_a_day() {
    install_tls();
    let folder = folder_with_organisations();
    let path = folder.path();
    done(path, &import("experts", &sample("experts.csv"), "Cabinet"));
    let create =
        ["keys", "create", "--api", "partner", "--issuer", "Cabinet", "--holder", "Plateforme", "--mode", "test"];
    let key = done(path, &create);
    let address =
        json!({ "street1": "48 boulevard des Batignolles", "zipCode": "75017", "city": "Paris", "countryCode": "FR" });
    let http = reqwest::Client::new();
    let server = Running::serve(path);
    let base = format!("{}/claims/api/v1", server.url);
    let search = json!({
        "type": { "name": "ESS" }, "dateFrom": now(), "dateTo": now() + SignedDuration::from_hours(24 * 21),
        "customerType": "individual", "insurerClaimId": "SIN-9", "appointmentLocation": { "address": address },
    });
    let (status, found) = ask(http.post(format!("{base}/intervention")).header("pid", &key).json(&search)).await;
    assert_eq!(status, 200, "{found}");
    let booking = json!({
        "timeslot": found["timeslots"][0], "sessionID": found["sessionID"], "caseNumber": "CAS-9",
        "location": { "address": address },
    });
    let (status, booked) = ask(http.post(format!("{base}/appointments")).header("pid", &key).json(&booking)).await;
    assert_eq!(status, 201, "{booked}");
    let id = booked["appointmentID"].as_str().unwrap();
    let start: jiff::Timestamp = found["timeslots"][0]["startTime"].as_str().unwrap().parse().unwrap();
    let paris = jiff::tz::TimeZone::get("Europe/Paris").unwrap();
    let day = paris.to_datetime(start).date();
    let french = day.strftime("%d/%m/%Y");
    let file = |text: String| std::fs::write(path.join("absences.csv"), text).unwrap();
    let arguments = import("absences", "absences.csv", "Cabinet");
    file(format!("expert;start;end\r\nEXP-003;{day};{day}\r\nEXP-001;{french};{day}T24:00\r\n"));
    let dry = done(path, &[&arguments[..], &["--dry-run"]].concat());
    let told = done(path, &arguments);
    let when = paris.to_datetime(start).strftime("%Y-%m-%d %H:%M").to_string();
    for said in [&dry, &told] {
        assert!(said.contains("1 booked visits lie in these absences"), "{said}");
        for part in ["line 3 EXP-001", when.as_str(), "SIN-9", "CAS-9", id] {
            assert!(said.contains(part), "{part} is not in {said}");
        }
    }
    // Beside the visit there is nothing to say: before it, and after the end of the day.
    let next = day.tomorrow().unwrap();
    file(format!("expert,start,end\nEXP-001,{day}T00:00,{day}T01:00\nEXP-001,{day}T24:00,{next}T24:00:00\n"));
    assert!(!done(path, &arguments).contains("booked visits"));
    file(format!("expert,start,end\nEXP-001,{day}T24:00,{day}T24:00\nEXP-001,{day}T09:00,{day}T24:30\n"));
    let told = refused(path, &arguments);
    assert!(told.contains("line 2 end: must be after") && told.contains("line 3 end: expected"), "{told}");
}
