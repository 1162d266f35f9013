//! Claims API: communes of a postcode, and suggestions while a user types.

use constat_client::wire::claims::{Match, SuggestionQuery};
use constat_client::{ClaimsClient, Options};
use constat_testkit::{ClaimsCaller, Server};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

async fn suggested(caller: &ClaimsCaller, query: &str) -> Vec<(String, String)> {
    let query = reqwest::Url::parse_with_params("http://localhost/geo/suggestions", [("query", query)]).unwrap();
    let got = caller.get(&format!("/geo/suggestions?{}", query.query().unwrap())).await;
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let rows = got.data().as_array().unwrap();
    rows.iter().map(|row| (text(&row["commune"]["name"]), text(&row["match"]))).collect()
}

#[tokio::test]
async fn a_postcode_names_its_communes_most_peopled_first() {
    let server = Server::start().await;
    let caller = server.platform("Plateforme").await;
    let got = caller.get("/geo/FR/75017").await;
    let paris = &got.data()[0];
    assert_eq!(got.data().as_array().unwrap().len(), 1);
    assert_eq!(
        (&paris["name"], &paris["inseeCode"], &paris["department"], &paris["timezone"], &paris["zipcodes"]),
        (&json!("Paris 17e Arrondissement"), &json!("75117"), &json!("75"), &json!("Europe/Paris"), &json!(["75017"]))
    );
    assert!((paris["position"]["lat"].as_f64().unwrap() - 48.885).abs() < 0.02, "{paris}");
    assert!((paris["position"]["long"].as_f64().unwrap() - 2.31).abs() < 0.02, "{paris}");
    assert_eq!(paris["precision"], "commune");

    let several = caller.get("/geo/fr/34725").await;
    let people: Vec<_> = several.data().as_array().unwrap().iter().map(|row| row["population"].as_u64()).collect();
    assert!(people.len() > 1 && people.is_sorted_by(|left, right| left >= right), "{people:?}");

    // Overseas: by France's code or the place's own.
    for path in ["/geo/FR/97400", "/geo/RE/97400"] {
        let got = caller.get(path).await;
        assert_eq!(got.data()[0]["department"], "974", "{path}");
        assert_eq!(got.data()[0]["timezone"], "Indian/Reunion");
    }
}

#[tokio::test]
async fn an_unknown_postcode_has_no_communes_and_a_wrong_one_is_refused() {
    let server = Server::start().await;
    let caller = server.platform("Plateforme").await;
    for path in ["/geo/FR/00000", "/geo/FR/69999", "/geo/RE/75017", "/geo/RE/69431"] {
        assert_eq!(caller.get(path).await.data(), &json!([]), "{path}");
    }
    for (path, field) in [
        ("/geo/DE/10115", "country"),
        ("/geo/BE/1000", "country"),
        ("/geo/Suisse/1201", "country"),
        ("/geo/GB/SW1A%201AA", "country"),
        ("/geo/MC/98000", "country"),
        ("/geo/Atlantide/75017", "country"),
        ("/geo/F%C3%A9/75017", "country"),
        ("/geo/FR/7501", "zipcode"),
        ("/geo/FR/750170", "zipcode"),
        ("/geo/FR/2A004", "zipcode"),
        ("/geo/FR/%F0%9F%9A%B2", "zipcode"),
    ] {
        let got = caller.get(path).await;
        got.is_error(400, 1000);
        assert_eq!(got.fields(), [field], "{path}");
    }
    let abroad = caller.get("/geo/BE/1000").await.body["error"]["details"].to_string();
    assert!(abroad.contains("Belgique") && abroad.contains("FR, GP, MQ") && !abroad.contains("digits"), "{abroad}");
    for path in ["/geo/France/75017", "/geo/FRA/75%20017", "/geo/fr/F-75017"] {
        assert_eq!(caller.get(path).await.data()[0]["inseeCode"], "75117", "{path}");
    }
    assert_eq!(caller.get("/geo/1/2").await.fields(), ["country", "zipcode"]);
    // Dots that a client would resolve, as they are.
    let mut raw = tokio::net::TcpStream::connect(server.url.trim_start_matches("http://")).await.unwrap();
    let request =
        format!("GET /v2/geo/%2e%2e/.. HTTP/1.1\r\nhost: x\r\nkey: {}\r\nconnection: close\r\n\r\n", caller.key);
    raw.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    raw.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("\"field\":\"country\""), "{answer}");
    let keyless = server.http.get(format!("{}/v2/geo/FR/75017", server.url)).send().await.unwrap();
    assert_eq!(keyless.status(), 401);
    assert_eq!(caller.post("/geo/FR/75017", &json!({})).await.status, 405);
}

#[tokio::test]
async fn suggestions_forgive_spelling_and_slips() {
    let server = Server::start().await;
    let caller = server.platform("Plateforme").await;
    let first = |found: Vec<(String, String)>| found.into_iter().next().unwrap_or_default();
    for (query, name, fit) in [
        ("Saint-Étienne", "Saint-Étienne", "exact"),
        ("ST ETIENNE", "Saint-Étienne", "exact"),
        ("st eti", "Saint-Étienne", "prefix"),
        ("marse", "Marseille", "prefix"),
        ("bordaux", "Bordeaux", "typo"),
        ("marsiele", "Marseille", "typo"),
        ("33000", "Bordeaux", "exact"),
        ("3300", "Bordeaux", "prefix"),
        ("75017 paris", "Paris 17e Arrondissement", "prefix"),
    ] {
        assert_eq!(first(suggested(&caller, query).await), (name.to_owned(), fit.to_owned()), "{query}");
    }
    assert_eq!(suggested(&caller, "7501").await.len(), 10);
    assert!(suggested(&caller, "qqqqqqqq").await.is_empty());
    assert!(suggested(&caller, "🚲").await.is_empty());
    assert_eq!(suggested(&caller, "saint").await, suggested(&caller, "saint").await);
}

#[tokio::test]
async fn a_cedex_code_names_its_commune_or_arrondissement() {
    let server = Server::start().await;
    let caller = server.platform("Plateforme").await;
    for (path, insee) in [
        ("/geo/FR/69431", "69383"),
        ("/geo/FR/20700", "2A004"),
        ("/geo/FR/92908", "92062"),
        ("/geo/FR/75850", "75117"),
        ("/geo/RE/97743", "97411"),
        ("/geo/FR/97852", "97416"),
    ] {
        assert_eq!(caller.get(path).await.data()[0]["inseeCode"], insee, "{path}");
    }
}

#[tokio::test]
async fn former_communes_and_abbreviations_are_suggested() {
    let server = Server::start().await;
    let caller = server.platform("Plateforme").await;
    let first = async |query: &str| {
        let query = reqwest::Url::parse_with_params("http://localhost/geo/suggestions", [("query", query)]).unwrap();
        let got = caller.get(&format!("/geo/suggestions?{}", query.query().unwrap())).await;
        got.data()[0].clone()
    };
    // Former communes: today's commune, with the name that fits.
    for (query, name, matched) in [
        ("Seynod", "Annecy", "Seynod"),
        ("seyno", "Annecy", "Seynod"),
        ("Cherbourg-Octeville", "Cherbourg-en-Cotentin", "Cherbourg-Octeville"),
        ("cherbourg octevile", "Cherbourg-en-Cotentin", "Cherbourg-Octeville"),
        ("Annecy-le-Vieux", "Annecy", "Annecy-le-Vieux"),
        ("tourlaville", "Cherbourg-en-Cotentin", "Tourlaville"),
        ("bellegarde s/ valserine", "Valserhône", "Bellegarde-sur-Valserine"),
    ] {
        let found = first(query).await;
        assert_eq!((&found["commune"]["name"], &found["matchedName"]), (&json!(name), &json!(matched)), "{query}");
    }
    for (query, name) in [
        ("neuilly/seine", "Neuilly-sur-Seine"),
        ("NEUILLY S/SEINE", "Neuilly-sur-Seine"),
        ("fontenay s/s bois", "Fontenay-sous-Bois"),
        ("fontenay/bois", "Fontenay-sous-Bois"),
        ("chalon s/ saone", "Chalon-sur-Saône"),
        ("gd quevilly", "Le Grand-Quevilly"),
        ("st germain / laye", "Saint-Germain-en-Laye"),
        ("AJACCIO CEDEX 9", "Ajaccio"),
        ("20700", "Ajaccio"),
    ] {
        let found = first(query).await;
        assert_eq!(found["commune"]["name"], name, "{query}");
        assert!(found.get("matchedName").is_none(), "{query}");
    }
    // A commune that bears the name today stands before one that swallowed a namesake.
    assert_eq!(first("Pringy").await["commune"]["department"], "77");
    // The first hit has postcodes, also where only the arrondissements have them.
    for (query, zipcode, count) in [("lyon", "69001", 9), ("Paris", "75001", 21), ("marseille", "13001", 16)] {
        let zipcodes = first(query).await["commune"]["zipcodes"].clone();
        assert_eq!((&zipcodes[0], zipcodes.as_array().unwrap().len()), (&json!(zipcode), count), "{query}");
    }
}

#[tokio::test]
async fn suggestions_come_as_many_as_asked_for_and_bad_queries_are_named() {
    let server = Server::start().await;
    let caller = server.platform("Plateforme").await;
    let count = |got: &constat_testkit::Got| got.data().as_array().unwrap().len();
    assert_eq!(count(&caller.get("/geo/suggestions?query=saint").await), 10);
    assert_eq!(count(&caller.get("/geo/suggestions?query=saint&limit=30").await), 30);
    assert_eq!(count(&caller.get("/geo/suggestions?query=saint&limit=1").await), 1);
    let long = "a".repeat(101);
    for (query, field) in [
        (String::new(), "query"),
        ("query=".to_owned(), "query"),
        ("query=%20".to_owned(), "query"),
        ("query=a%00".to_owned(), "query"),
        (format!("query={long}"), "query"),
        ("query=paris&query=lyon".to_owned(), "query"),
        ("query=paris&limit=0".to_owned(), "limit"),
        ("query=paris&limit=31".to_owned(), "limit"),
        ("query=paris&limit=ten".to_owned(), "limit"),
    ] {
        let got = caller.get(&format!("/geo/suggestions?{query}")).await;
        got.is_error(400, 1000);
        assert_eq!(got.fields(), [field], "{query}");
    }
}

#[tokio::test]
async fn the_typed_client_asks_for_places() {
    let server = Server::start().await;
    let caller = server.platform("Plateforme").await;
    let client = ClaimsClient::new(&caller.url, &caller.key, Options::default()).unwrap();
    let communes = client.communes_of_postcode("FR", "75017").await.unwrap();
    assert_eq!(communes[0].insee_code, "75117");
    let query = SuggestionQuery { query: "l’haÿ les".to_owned(), limit: Some(3) };
    let found = client.suggest_communes(&query).await.unwrap();
    assert_eq!((found[0].commune.name.as_str(), found[0].fit), ("L'Haÿ-les-Roses", Match::Prefix));
}
