//! Configuration in four layers: the compiled-in default file, a TOML file, the environment, flags.
//!
//! Each layer is laid over the one before and the whole is read again, so that a wrong key or value
//! is reported with the name of the layer that brought it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use constat_core::Settings;
use constat_store::{Database, S3};
use serde::Deserialize;
use toml::{Table, Value};

use crate::failure::Failure;

/// The commented default file, printed by `constat config`.
pub const DEFAULT_FILE: &str = include_str!("../constat.default.toml");

/// Read when no `--config` is given and it is there.
const USUAL_FILE: &str = "constat.toml";

/// What the environment's names start with.
const PREFIX: &str = "CONSTAT_";

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Human,
    /// One JSON object on each line.
    Json,
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// A level or a filter of `tracing`.
    pub level: String,
    /// The form of a line.
    pub format: LogFormat,
}

/// Everything an operator may set.
#[derive(Debug, Clone)]
pub struct Config {
    /// Folder of the database, when it is a file, and of the documents, when no bucket holds them.
    pub data: PathBuf,
    /// Where the database is.
    pub database: Database,
    /// How long a server that starts waits for a database server that is away.
    pub database_wait: Duration,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where `GET /metrics` listens; nowhere when `None`.
    pub metrics: Option<SocketAddr>,
    /// Logs.
    pub log: Log,
    /// Where the documents' bytes are kept.
    pub documents: DocumentsConfig,
    /// The configuration file, when it holds secrets: other users of the machine must not read it.
    pub secrets_file: Option<PathBuf>,
    /// What the application reads. `public_url` is empty until the address is known, unless set.
    pub settings: Settings,
}

/// The keys that belong to the binary; all others are the application's own settings.
#[derive(Deserialize)]
struct Own {
    data: PathBuf,
    database: String,
    database_writers: usize,
    database_readers: usize,
    database_wait_seconds: u64,
    listen: SocketAddr,
    metrics: Metrics,
    log: Log,
    documents: DocumentsConfig,
}

/// Which kind of store keeps the documents' bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DocumentsKind {
    /// The data folder.
    Local,
    /// A bucket.
    S3,
}

/// Where the documents' bytes are kept.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentsConfig {
    /// Which kind.
    pub kind: DocumentsKind,
    endpoint: String,
    region: String,
    bucket: String,
    access_key_id: String,
    secret_access_key: String,
    virtual_hosted: bool,
}

impl std::fmt::Debug for DocumentsConfig {
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DocumentsConfig")
            .field("kind", &self.kind)
            .field("bucket", &self.bucket)
            .finish_non_exhaustive()
    }
}

impl DocumentsConfig {
    /// The bucket, when that is where they are.
    pub fn bucket(&self) -> Option<S3> {
        (self.kind == DocumentsKind::S3).then(|| S3 {
            endpoint: self.endpoint.clone(),
            region: self.region.clone(),
            bucket: self.bucket.clone(),
            access_key_id: self.access_key_id.clone(),
            secret_access_key: self.secret_access_key.clone(),
            virtual_hosted: self.virtual_hosted,
        })
    }

    fn fault(&self) -> Option<&'static str> {
        let is_url = self.endpoint.starts_with("http://") || self.endpoint.starts_with("https://");
        if self.kind == DocumentsKind::S3 && self.bucket.is_empty() {
            return Some("documents.bucket: is required when the kind is s3");
        }
        if !self.endpoint.is_empty() && !is_url {
            return Some("documents.endpoint: must start with http:// or https://");
        }
        if self.access_key_id.is_empty() != self.secret_access_key.is_empty() {
            return Some("documents.secret_access_key: goes with documents.access_key_id, both or neither");
        }
        None
    }
}

/// What operators watch.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Metrics {
    /// An address, or empty.
    listen: String,
}

const OWN_KEYS: [&str; 9] = [
    "data",
    "database",
    "database_writers",
    "database_readers",
    "database_wait_seconds",
    "listen",
    "metrics",
    "log",
    "documents",
];

/// What flags set: each wins over every other layer.
#[derive(Debug, Default, Clone)]
pub struct Flags {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--data`.
    pub data: Option<PathBuf>,
    /// `--database`.
    pub database: Option<String>,
    /// `--listen`.
    pub listen: Option<String>,
    /// `--public-url`.
    pub public_url: Option<String>,
}

impl Config {
    /// Reads all layers; the file is looked for in the working folder unless a flag names it.
    pub fn load(flags: &Flags) -> Result<Self, Failure> {
        Self::from_layers(flags, std::env::vars())
    }

    fn from_layers(flags: &Flags, environment: impl Iterator<Item = (String, String)>) -> Result<Self, Failure> {
        let mut merged = default_table()?;
        let mut named = flags.config.clone();
        let mut from_environment = Vec::new();
        for (name, value) in environment {
            match name.strip_prefix(PREFIX) {
                Some("CONFIG") => named = named.or_else(|| Some(PathBuf::from(&value))),
                Some(key) => from_environment.push((key.to_lowercase(), name.clone(), value)),
                None => {}
            }
        }
        let usual = Path::new(USUAL_FILE);
        let mut secrets_file = None;
        if let Some(path) = named.as_deref().or_else(|| usual.exists().then_some(usual)) {
            let text = std::fs::read_to_string(path)
                .map_err(|error| Failure::new(format!("cannot read the configuration {}: {error}", path.display())))?;
            let table: Table = text.parse().map_err(|error: toml::de::Error| {
                Failure::new(format!("{}: {}", path.display(), syntax_error(&text, &error)))
            })?;
            secrets_file = holds_secrets(&table).then(|| path.to_owned());
            lay_over(&mut merged, table);
            read(&merged).map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
        }
        from_environment.sort();
        for (key, name, value) in from_environment {
            set(&mut merged, &key.split("__").collect::<Vec<_>>(), &value);
            read(&merged).map_err(|error| Failure::new(format!("the environment variable {name}: {error}")))?;
        }
        let data = flags.data.as_ref().map(|path| path.to_string_lossy().into_owned());
        let of_flags = [
            ("data", &data),
            ("database", &flags.database),
            ("listen", &flags.listen),
            ("public_url", &flags.public_url),
        ];
        for (key, value) in of_flags {
            if let Some(value) = value {
                merged.insert(key.to_owned(), Value::String(value.clone()));
                let flag = key.replace('_', "-");
                read(&merged).map_err(|error| Failure::new(format!("--{flag}: {error}")))?;
            }
        }
        let config = Self { secrets_file, ..read(&merged).map_err(Failure::new)? };
        // Its keys may come from several layers, the secret from the environment: judged together.
        match config.documents.fault() {
            Some(fault) => Err(Failure::new(fault)),
            None => Ok(config),
        }
    }
}

/// A syntax error by its place. The line itself is not shown: it may hold a password or a key.
fn syntax_error(text: &str, error: &toml::de::Error) -> String {
    let Some(span) = error.span() else { return without_values(error.message()) };
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|letter| *letter != '\n').count() + 1;
    format!("line {line}, column {column}: {}", without_values(error.message()))
}

/// A reader's message without the text that was given: what stands under a wrong key may be a secret.
fn without_values(message: &str) -> String {
    const QUOTED: &str = "string \"";
    let Some((before, rest)) = message.split_once(QUOTED) else { return message.to_owned() };
    // The text is quoted as Rust does, with `\"` for a quotation mark inside it.
    let mut escaped = false;
    let end = rest.find(|letter| {
        let ends = letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
        ends
    });
    format!("{before}a text{}", end.and_then(|end| rest.get(end + 1..)).unwrap_or_default())
}

/// Whether a file holds a secret: a partner's key, a bucket's secret, a database's password.
fn holds_secrets(table: &Table) -> bool {
    let text = |table: &Table, key: &str| table.get(key).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    let documents = table.get("documents").and_then(Value::as_table);
    let database = table.get("database").and_then(Value::as_str).unwrap_or_default();
    documents.is_some_and(|documents| text(documents, "secret_access_key"))
        || table.get("partners").and_then(Value::as_array).is_some_and(|partners| !partners.is_empty())
        || constat_store::has_password(database)
}

fn default_table() -> Result<Table, Failure> {
    DEFAULT_FILE.parse().map_err(|error| Failure::new(format!("the default configuration: {error}")))
}

/// Reads a merged table whole: the binary's own keys, then the application's with all that is left.
fn read(merged: &Table) -> Result<Config, String> {
    let (own, rest): (Table, Table) = merged.clone().into_iter().partition(|(key, _)| OWN_KEYS.contains(&key.as_str()));
    let message = |error: toml::de::Error| without_values(error.message());
    let named = |error: toml::de::Error| {
        let known = OWN_KEYS.map(|key| format!("`{key}`")).join(", ");
        without_values(error.message()).replace("expected one of", &format!("expected one of {known},"))
    };
    let own: Own = own.try_into().map_err(message)?;
    check_travel(&rest)?;
    let settings: Settings = rest.try_into().map_err(named)?;
    let url = &settings.public_url;
    if !url.is_empty() && (url.ends_with('/') || !(url.starts_with("http://") || url.starts_with("https://"))) {
        return Err("public_url must start with http:// or https:// and not end with a slash".to_owned());
    }
    let checked = [
        ("requests", settings.requests.check()),
        ("availability", settings.availability.check()),
        ("geocoder", settings.geocoder.check()),
        ("webhooks", settings.webhooks.check()),
        ("deadlines", settings.deadlines.check()),
    ];
    for (table, faults) in checked {
        if let Some(fault) = faults.first() {
            return Err(format!("{table}.{}: {}", fault.field, fault.message));
        }
    }
    for faults in [settings.check_partners(), settings.check_roads(), settings.check_documents()] {
        if let Some(fault) = faults.first() {
            return Err(format!("{}: {}", fault.field, fault.message));
        }
    }
    let metrics = match own.metrics.listen.as_str() {
        "" => None,
        address => Some(address.parse().map_err(|_| "metrics.listen: expected an address such as 127.0.0.1:9464")?),
    };
    let database = database(&own)?;
    Ok(Config {
        data: own.data,
        database,
        database_wait: Duration::from_secs(own.database_wait_seconds),
        listen: own.listen,
        metrics,
        log: own.log,
        documents: own.documents,
        secrets_file: None,
        settings,
    })
}

/// The database that the keys name: a file in the data folder unless a server is named.
fn database(own: &Own) -> Result<Database, String> {
    let url = own.database.clone();
    if url.is_empty() {
        return Ok(Database::File(own.data.join("constat.db")));
    }
    // Without the URL, which may hold a password.
    if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
        return Err("database: must start with postgres:// (empty: a file in the data folder)".to_owned());
    }
    for (key, value) in [("database_writers", own.database_writers), ("database_readers", own.database_readers)] {
        if !(1..=100).contains(&value) {
            return Err(format!("{key}: expected a number from 1 to 100"));
        }
    }
    if own.database_wait_seconds > 3_600 {
        return Err("database_wait_seconds: expected a number from 0 to 3600".to_owned());
    }
    Ok(Database::Server { url, writers: own.database_writers, readers: own.database_readers })
}

/// Refuses keys of `[travel]` that do not exist. The engine's own type takes any.
fn check_travel(rest: &Table) -> Result<(), String> {
    let known = default_table().map_err(|failure| failure.to_string())?;
    let keys =
        |table: &Table| table.get("travel").and_then(Value::as_table).map(|table| table.keys().cloned().collect());
    let (known, given): (Vec<String>, Vec<String>) = (keys(&known).unwrap_or_default(), keys(rest).unwrap_or_default());
    match given.iter().find(|key| !known.contains(key)) {
        Some(unknown) => Err(format!("travel: unknown field `{unknown}`, expected one of {}", known.join(", "))),
        None => Ok(()),
    }
}

/// Tables are merged key by key; anything else is replaced.
fn lay_over(under: &mut Table, over: Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(Value::Table(under)), Value::Table(over)) => lay_over(under, over),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

/// Sets one value given as text. What is a text by default stays one; anything else is read as TOML
/// where it can be.
fn set(table: &mut Table, path: &[&str], text: &str) {
    let [first, rest @ ..] = path else { return };
    if rest.is_empty() {
        let is_text = matches!(table.get(*first), Some(Value::String(_)));
        let read = || format!("value = {text}").parse::<Table>().ok()?.remove("value");
        let value = if is_text { None } else { read() };
        table.insert((*first).to_owned(), value.unwrap_or_else(|| Value::String(text.to_owned())));
        return;
    }
    let inner = table.entry((*first).to_owned()).or_insert_with(|| Value::Table(Table::new()));
    if let Value::Table(inner) = inner {
        set(inner, rest, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(file: Option<&str>, environment: &[(&str, &str)], flags: Flags) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("given.toml");
        std::fs::write(&path, file.unwrap_or_default()).unwrap();
        let flags = Flags { config: Some(path), ..flags };
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::from_layers(&flags, environment).map_err(|failure| failure.to_string())
    }

    #[test]
    fn the_default_file_says_what_the_defaults_are() {
        let config = load(None, &[], Flags::default()).unwrap();
        // The one value that depends on another: empty until the server knows where it listens.
        assert_eq!(config.settings.public_url, "");
        assert_eq!(format!("http://{}", config.listen), Settings::default().public_url);
        let settings = Settings { public_url: Settings::default().public_url, ..config.settings };
        let json = |settings| serde_json::to_value::<Settings>(settings).unwrap();
        assert_eq!(json(settings), json(Settings::default()));
        assert_eq!(config.log, Log { level: "info".to_owned(), format: LogFormat::Human });
    }

    #[test]
    fn later_layers_win() {
        let file = "listen = \"127.0.0.1:1\"\nrequests_per_minute = 5\n[log]\nlevel = \"warn\"";
        let environment = [
            ("CONSTAT_LISTEN", "127.0.0.1:2"),
            ("CONSTAT_REQUESTS_PER_MINUTE", "7"),
            ("CONSTAT_LOG__FORMAT", "json"),
            ("HOME", "/"),
        ];
        let config = load(Some(file), &environment, Flags::default()).unwrap();
        assert_eq!((config.listen.port(), config.settings.requests_per_minute), (2, 7));
        assert_eq!(config.log, Log { level: "warn".to_owned(), format: LogFormat::Json });
        let flags = Flags { listen: Some("127.0.0.1:3".to_owned()), ..Flags::default() };
        assert_eq!(load(Some(file), &environment, flags).unwrap().listen.port(), 3);
    }

    #[test]
    fn a_wrong_key_or_value_is_refused_with_the_place_it_came_from() {
        let refused = load(Some("lissen = \"127.0.0.1:1\""), &[], Flags::default()).unwrap_err();
        assert!(
            refused.contains("given.toml") && refused.contains("`lissen`") && refused.contains("`listen`"),
            "{refused}"
        );
        let refused = load(Some("listen = 8080"), &[], Flags::default()).unwrap_err();
        assert!(refused.contains("given.toml"), "{refused}");
        let refused = load(None, &[("CONSTAT_LOG__COLOUR", "red")], Flags::default()).unwrap_err();
        assert!(refused.contains("CONSTAT_LOG__COLOUR") && refused.contains("`colour`"), "{refused}");
        let flags = Flags { public_url: Some("constat.example/".to_owned()), ..Flags::default() };
        let refused = load(None, &[], flags).unwrap_err();
        assert!(refused.contains("--public-url"), "{refused}");
    }

    #[test]
    fn a_secret_in_a_configuration_that_cannot_be_read_is_not_shown() {
        for file in [
            "database = \"postgres://constat:hunter\\who@db.example/constat\"",
            "database = postgres://constat:hunter@db.example/constat",
            "database = \"postgres://constat:hunter@db.example/constat",
            "database = \"mysql://constat:hunter@db.example/constat\"",
            "database_writers = \"postgres://constat:hun\\\"ter@db.example/hunter\"",
            "partners = \"live_hunter\"",
            "partners = [{ name = \"x\", key = live_hunter }]",
            "[documents]\nsecret_access_key = hunter",
            "[documents]\nvirtual_hosted = \"hunter\"",
        ] {
            let refused = load(Some(file), &[], Flags::default()).expect_err(file);
            assert!(refused.contains("given.toml"), "{refused}");
            for piece in ["hunter", "who@", "ter@", "db.example"] {
                assert!(!refused.contains(piece), "{file}: {refused}");
            }
        }
        let refused = load(Some("listen = \"127.0.0.1:1\"\n\ndata = x"), &[], Flags::default()).unwrap_err();
        assert!(refused.contains("line 3, column"), "{refused}");
    }

    #[test]
    fn a_file_with_a_secret_is_known_for_one() {
        for (file, holds) in [
            ("database = \"postgres://constat:secret@db/constat\"", true),
            ("database = \"postgres://constat@db/constat?password=secret\"", true),
            ("database = \"postgres://constat@db/constat\"", false),
            ("[documents]\naccess_key_id = \"me\"\nsecret_access_key = \"s\"", true),
            ("listen = \"127.0.0.1:1\"", false),
        ] {
            assert_eq!(load(Some(file), &[], Flags::default()).unwrap().secrets_file.is_some(), holds, "{file}");
        }
    }

    #[test]
    fn bounds_on_connections_are_checked() {
        for (file, field) in [
            ("[requests]\ntrusted_addresses = [\"10.0.0.0/33\"]", "requests.trusted_addresses"),
            ("[requests]\ntrusted_addresses = [\"proxy.example\"]", "requests.trusted_addresses"),
            ("[requests]\nwrite_seconds = 0", "requests.write_seconds"),
            ("[requests]\nconnections_per_address = 2000000", "requests.connections_per_address"),
        ] {
            let refused = load(Some(file), &[], Flags::default()).expect_err(file);
            assert!(refused.contains(field), "{refused}");
        }
    }

    #[test]
    fn what_availability_may_not_be_is_refused() {
        let refused = load(Some("[availability]\ngrid_minutes = 0"), &[], Flags::default()).unwrap_err();
        assert!(refused.contains("availability.grid_minutes"), "{refused}");
        let refused = load(Some("[availability.weights]\nhour_of_dely = 1"), &[], Flags::default()).unwrap_err();
        assert!(refused.contains("hour_of_dely"), "{refused}");
        let environment = [("CONSTAT_AVAILABILITY__HORIZON_DAYS", "30")];
        assert_eq!(load(None, &environment, Flags::default()).unwrap().settings.availability.horizon_days, 30);
    }

    #[test]
    fn where_documents_are_kept_is_checked_and_its_secret_comes_from_anywhere() {
        let file = "[documents]\nkind = \"s3\"\nbucket = \"files\"\naccess_key_id = \"me\"";
        let environment = [("CONSTAT_DOCUMENTS__SECRET_ACCESS_KEY", "12345")];
        let config = load(Some(file), &environment, Flags::default()).unwrap();
        assert_eq!(config.documents.bucket().unwrap().secret_access_key, "12345");
        assert!(!format!("{config:?}").contains("12345"));
        assert!(load(None, &[], Flags::default()).unwrap().documents.bucket().is_none());
        for (file, named) in [
            (file, "documents.secret_access_key"),
            ("[documents]\nkind = \"s3\"", "documents.bucket"),
            ("[documents]\nendpoint = \"store.example\"", "documents.endpoint"),
        ] {
            let refused = load(Some(file), &[], Flags::default()).unwrap_err();
            assert!(refused.contains(named), "{file}: {refused}");
        }
        for (file, named) in [
            ("[documents]\nkind = \"ftp\"", "ftp"),
            ("[scanner]\naddress = \"nowhere\"", "scanner.address"),
            ("[uploads]\nmemory_mb = 1", "uploads.memory_mb"),
            ("partner_timeout_seconds = 0", "partner_timeout_seconds"),
            ("partner_timeout_seconds = 100000", "partner_timeout_seconds"),
            ("requests_per_minute = 4000000000", "requests_per_minute"),
        ] {
            let refused = load(Some(file), &[], Flags::default()).unwrap_err();
            assert!(refused.contains("given.toml") && refused.contains(named), "{file}: {refused}");
        }
    }

    #[test]
    fn a_routing_server_and_drive_times_are_checked() {
        let osrm = "[routing]\nkind = \"osrm\"\nurl = \"http://127.0.0.1:5000\"\n[metrics]\nlisten = \"\"";
        let config = load(Some(osrm), &[], Flags::default()).unwrap();
        assert_eq!(config.settings.routing.kind, constat_core::RoutingKind::Osrm);
        assert_eq!((config.settings.routing.timeout_ms, config.metrics), (800, None));
        for (file, named) in [
            ("[routing]\nkind = \"osrm\"", "routing.url"),
            ("[routing]\nkind = \"google\"", "google"),
            ("[routing]\ntimeout_ms = 5000", "routing.budget_ms"),
            ("[routing]\ntimeout = 5", "timeout"),
            ("[travel]\nwinding = 0.5", "travel.winding"),
            ("[travel]\ntown_kmh = nan", "travel.town_kmh"),
            ("[travel]\ntown_kmh = 60", "travel.road_kmh"),
            ("[travel]\nvillage_kmh = 60", "village_kmh"),
            ("[metrics]\nlisten = \"everywhere\"", "metrics.listen"),
            ("[metrics]\nport = 1", "port"),
        ] {
            let refused = load(Some(file), &[], Flags::default()).unwrap_err();
            assert!(refused.contains("given.toml") && refused.contains(named), "{file}: {refused}");
        }
        let environment = [("CONSTAT_METRICS__LISTEN", "0.0.0.0:9999")];
        assert_eq!(load(None, &environment, Flags::default()).unwrap().metrics.map(|at| at.port()), Some(9999));
    }

    #[test]
    fn what_a_geocoder_may_not_be_is_refused() {
        for (wrong, field) in [
            ("url = \"data.example\"", "geocoder.url"),
            ("url = \"https://data.example/search/?q=\"", "geocoder.url"),
            ("timeout_ms = 0", "geocoder.timeout_ms"),
            ("minimum_score = 50", "geocoder.minimum_score"),
            ("remembered = 100_000_000", "geocoder.remembered"),
            ("uri = \"\"", "`uri`"),
        ] {
            let refused = load(Some(&format!("[geocoder]\n{wrong}")), &[], Flags::default()).unwrap_err();
            assert!(refused.contains(field), "{refused}");
        }
        let environment = [("CONSTAT_GEOCODER__URL", "https://data.example/geo")];
        assert_eq!(
            load(None, &environment, Flags::default()).unwrap().settings.geocoder.url,
            "https://data.example/geo"
        );
    }

    #[test]
    fn partners_are_read_whole() {
        let file = "[[partners]]\nname = \"nord\"\nurl = \"https://p.example/claims/api/v1\"\nkey = \"test_x\"\nserves = [\"ESS\", \"REN\"]";
        let config = load(Some(file), &[], Flags::default()).unwrap();
        assert_eq!(config.settings.partners.len(), 1);
        let unknown = load(Some(&file.replace("name", "label")), &[], Flags::default()).unwrap_err();
        assert!(unknown.contains("label"), "{unknown}");
    }
}
