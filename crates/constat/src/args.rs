//! The command line, as clap reads it. The texts teach: each command shows how it is used.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use constat_domain::tenancy::{Api, Mode, OrganisationKind};

use constat_domain::catastrophe::Stage;

use crate::config::Flags;

/// Takes an insurance claim from its declaration to a booked expert whose firm holds the file.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "See it work:     constat demo\nRun a server:    constat serve\nAll settings:    constat config"
)]
pub struct Cli {
    /// A configuration file [default: ./constat.toml when it is there]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The folder that holds the database and the documents
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// A PostgreSQL database that several servers share [default: SQLite in the data folder]
    #[arg(long, global = true, value_name = "URL", hide_env_values = true)]
    pub database: Option<String>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// The flags that set a configuration key.
    pub fn flags(&self) -> Flags {
        let (listen, public_url) = match &self.command {
            Command::Serve(serve) => (serve.listen.clone(), serve.public_url.clone()),
            _ => (None, None),
        };
        Flags {
            config: self.config.clone(),
            data: self.data.clone(),
            database: self.database.clone(),
            listen,
            public_url,
        }
    }
}

/// What the binary does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server
    Serve(Serve),
    /// Seed a made-up world, walk a claim through it over HTTP, and leave the server up
    Demo(Demo),
    /// Register organisations: insurers, platforms, partner firms
    #[command(subcommand, visible_alias = "orgs")]
    Organisations(Organisations),
    /// Issue, list and revoke API keys
    #[command(subcommand)]
    Keys(Keys),
    /// Read contracts, claims, experts or absences from a CSV or JSON lines file; all of it or nothing
    #[command(subcommand)]
    Import(Import),
    /// Write contracts or claims to a CSV or JSON lines file that an import reads again
    #[command(subcommand)]
    Export(Export),
    /// Give out or erase the personal data of one insured
    #[command(subcommand)]
    Gdpr(Gdpr),
    /// Check that the recorded events were not tampered with
    #[command(subcommand)]
    Audit(Audit),
    /// Make a small picture of the file on the standard input (the server asks for it)
    #[command(hide = true)]
    Draw {
        /// What the file is: application/pdf, image/jpeg, ...
        media_type: String,
    },
    /// Say where a catastrophe has struck: those who cannot live at home, or are vulnerable, come first
    #[command(subcommand)]
    Catastrophe(CatastropheCommand),
    /// Copy the database and all documents into a folder, while the server runs
    #[command(
        after_help = "Examples:\n  constat backup --to /backup/constat-2026-11-22\n  constat backup --data /var/lib/constat --to /backup/constat-2026-11-22\n\nThe folder is made, and must be empty. manifest.json is written last: a folder without it is no backup.\nPostgreSQL: see docs/operations.md"
    )]
    Backup {
        /// The folder to write
        #[arg(long, value_name = "FOLDER")]
        to: PathBuf,
    },
    /// Check a backup to the byte, and put it into a data folder that holds no database yet
    #[command(
        after_help = "Example:\n  constat restore --from /backup/constat-2026-11-22 --data /var/lib/constat\n\nNothing is overwritten."
    )]
    Restore {
        /// The folder that a backup was written to
        #[arg(long, value_name = "FOLDER")]
        from: PathBuf,
    },
    /// Look after the documents' bytes
    #[command(subcommand)]
    Documents(DocumentsCommand),
    /// Check catalogue files, and show what they ask of which loss
    #[command(subcommand)]
    Catalogue(CatalogueCommand),
    /// Print the commented default configuration
    #[command(after_help = "Start your own:   constat config > constat.toml")]
    Config,
}

/// `serve`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  constat serve\n  constat serve --listen 0.0.0.0:8080 --public-url https://claims.example --data /var/lib/constat\n\nSIGTERM or Ctrl-C finishes the requests in progress, then stops."
)]
pub struct Serve {
    /// Where to listen [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// Where others reach this server, without a final slash
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
}

/// `demo`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  constat demo                     walk the main job, then leave the server up with its keys on screen\n  constat demo --once              walk and stop; fails when a step fails\n  constat demo --json --port 0     one JSON line with URL, keys and ids on stdout, then serve\n\nThe data is made up, in test mode, and the same for the same --seed. It lies in a temporary folder unless --data names one."
)]
pub struct Demo {
    /// Walk the main job, then stop: success only if every step held
    #[arg(long, conflicts_with = "json")]
    pub once: bool,
    /// Print one JSON line once ready, without a walk, and serve until stopped
    #[arg(long)]
    pub json: bool,
    /// Port to listen on at 127.0.0.1; 0 picks a free one
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// What the made-up world grows from
    #[arg(long, default_value_t = 2026)]
    pub seed: u64,
}

/// `organisations`.
#[derive(Debug, Subcommand)]
pub enum Organisations {
    /// Register an organisation
    #[command(
        after_help = "Examples:\n  constat organisations add --kind platform --name \"Plateforme\"\n  constat organisations add --kind insurer --name \"Assureur\" --acam 02000402\n  constat organisations add --kind partner --name \"Cabinet\""
    )]
    Add {
        /// What it is in the trade
        #[arg(long)]
        kind: Kind,
        /// Its name, unique on this server
        #[arg(long)]
        name: String,
        /// An insurer's ACAM code (see the table `data/codes/insurer_acam.csv`)
        #[arg(long, value_name = "CODE")]
        acam: Option<String>,
    },
    /// List all organisations
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// `keys`.
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Issue a key. Its secret is shown once, now, and is not stored
    #[command(
        after_help = "The issuer is the organisation that implements the API. A partner firm issues partner keys to platforms; a platform\nissues claims keys to integrators, and dossier keys to partner firms and insurers.\n\nExamples:\n  constat keys create --api claims  --issuer Plateforme --holder Plateforme --mode test\n  constat keys create --api partner --issuer Cabinet    --holder Plateforme --mode live --label \"searches\"\n  constat keys create --api dossier --issuer Plateforme --holder Cabinet    --mode live"
    )]
    Create {
        /// The contract that the key opens
        #[arg(long)]
        api: ApiName,
        /// Whose data it opens: an organisation's name or id
        #[arg(long)]
        issuer: String,
        /// Who will carry it: an organisation's name or id
        #[arg(long)]
        holder: String,
        /// Test and live data never meet
        #[arg(long)]
        mode: ModeName,
        /// What it is for
        #[arg(long, default_value = "")]
        label: String,
        /// As JSON: {"id", "secret"}
        #[arg(long)]
        json: bool,
    },
    /// List all keys, without their secrets
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Replace a key: issue one like it, show its secret once, and revoke the old one
    #[command(after_help = "Example:\n  constat keys rotate key_06E3ZQK8X5V2M0TQ9R7H4B1CDS")]
    Rotate {
        /// The key's id, as `keys list` shows it
        id: String,
        /// As JSON: {"id", "secret"}
        #[arg(long)]
        json: bool,
    },
    /// Stop a key from working. Running servers refuse it from the next request on
    #[command(after_help = "Example:\n  constat keys revoke key_06E3ZQK8X5V2M0TQ9R7H4B1CDS")]
    Revoke {
        /// The key's id, as `keys list` shows it
        id: String,
    },
}

/// `audit`.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Walk each organisation's chain of events and name the first that was changed, removed, inserted or reordered
    #[command(
        after_help = "Examples:\n  constat audit verify\n  constat audit verify --organisation Plateforme\n\nThe exit code is 1 when anything was tampered with. Keep the last line's hash elsewhere now and then: who could\nrewrite the whole database cannot rewrite that."
    )]
    Verify {
        /// One organisation only: its name or id
        #[arg(long, value_name = "NAME")]
        organisation: Option<String>,
    },
}

/// `catastrophe`.
#[derive(Debug, Subcommand)]
pub enum CatastropheCommand {
    /// Keep a share of every expert's day for urgent claims from there, released in stages
    #[command(
        after_help = "Examples:\n  constat catastrophe start \"Inondations 2026-11\" --department 34 --department 30 --nature CatastropheNaturelle\n  constat catastrophe start Tempete --postcode 35000 --stage 0:50 --stage 24:25 --stage 72:0\n\nUrgent is a request that says so: the home cannot be lived in, or a vulnerable person lives there.\nAll details: docs/catastrophe.md"
    )]
    Start {
        /// Its name; one that was not used before
        name: String,
        /// A département that is struck (34, 2A, 974); may be repeated
        #[arg(long = "department", value_name = "CODE")]
        departments: Vec<String>,
        /// A postcode that is struck; may be repeated
        #[arg(long = "postcode", value_name = "CODE")]
        postcodes: Vec<String>,
        /// A loss with priority, a code of `data/codes/loss_nature.csv`; may be repeated [default: any]
        #[arg(long = "nature", value_name = "CODE")]
        natures: Vec<String>,
        /// From this many hours on, reserve this percentage; may be repeated [default: 0:40 24:20 48:0]
        #[arg(long = "stage", value_name = "HOURS:PERCENT", value_parser = read_stage)]
        stages: Vec<Stage>,
    },
    /// End catastrophe mode: all times are available to all requests again
    #[command(after_help = "Example:\n  constat catastrophe stop \"Inondations 2026-11\"")]
    Stop {
        /// Its name, as `status` shows it
        name: String,
    },
    /// List those that are on, and those that were
    Status {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// `documents`.
#[derive(Debug, Subcommand)]
pub enum DocumentsCommand {
    /// Find bytes that no document names, and documents whose bytes are gone
    #[command(
        after_help = "Examples:\n  constat documents sweep            show what a crash left behind, change nothing\n  constat documents sweep --repair   remove stray bytes; ask again for documents whose bytes are gone\n\nSafe beside a running server: what is younger than an hour is left alone.\nFails when something was found and not repaired."
    )]
    Sweep {
        /// Remove stray bytes, and mark documents without bytes as rejected so that they can come again
        #[arg(long)]
        repair: bool,
        /// Leave bytes alone that are younger than this
        #[arg(long, value_name = "MINUTES", default_value_t = 60)]
        older_than_minutes: u32,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// `catalogue`.
#[derive(Debug, Subcommand)]
pub enum CatalogueCommand {
    /// Check a file or a folder, and print its matrix: each loss with its questions and documents
    #[command(after_help = crate::help::CHECK_HELP)]
    Check {
        /// A .toml file, or a folder of them [default: the configured folder, else the built-in catalogue]
        path: Option<PathBuf>,
        /// Only faults: no matrix
        #[arg(long)]
        quiet: bool,
    },
    /// List every family in every version, and which of them new claims take
    #[command(after_help = "Example:\n  constat catalogue list")]
    List,
}

/// `import`.
#[derive(Debug, Subcommand)]
pub enum Import {
    /// The contract registry of a platform
    #[command(after_help = crate::help::CONTRACTS_HELP)]
    Contracts(ImportPortfolio),
    /// Claims of another system with their history, or of another server of this software
    #[command(after_help = crate::help::CLAIMS_HELP)]
    Claims(ImportPortfolio),
    /// A partner firm's experts or repair workers
    #[command(after_help = crate::help::EXPERTS_HELP)]
    Experts(ImportFrom),
    /// Absences of a partner firm's experts
    #[command(after_help = crate::help::ABSENCES_HELP)]
    Absences(ImportFrom),
}

/// A portfolio to import.
#[derive(Debug, Args)]
pub struct ImportPortfolio {
    /// What, and for whom.
    #[command(flatten)]
    pub from: ImportFrom,
    /// Import the sound lines although others are faulty; the faults go to FILE.errors.jsonl
    #[arg(long)]
    pub skip_faulty: bool,
}

/// `export`.
#[derive(Debug, Subcommand)]
pub enum Export {
    /// The contract registry
    #[command(
        after_help = "Examples:\n  constat export contracts --organisation Plateforme --mode live --output contracts.jsonl\n  constat export contracts --organisation Plateforme --mode live --format csv > contracts.csv\n  constat export contracts --organisation Plateforme --mode live --for excel --output contracts.csv\n  constat export contracts --organisation Plateforme --mode live --format xlsx --output contracts.xlsx\n\nA table has no columns for free properties, further address lines, and measures other than the number of rooms and the surface."
    )]
    Contracts(ExportTo),
    /// Claims, whole: `constat import claims` reads them back to the letter
    #[command(
        after_help = "Examples:\n  constat export claims --organisation Plateforme --mode live --output claims.jsonl --documents files\n  constat export claims --organisation Plateforme --mode live --since 2026-01-01 --format csv > claims.csv\n  constat export claims --organisation Plateforme --mode live --format xlsx --output claims.xlsx\n\nA table holds the flat fields: no answers, documents or settlements. All details: docs/exchange.md"
    )]
    Claims {
        /// Whose, and where to.
        #[command(flatten)]
        to: ExportTo,
        /// Only claims that changed on this day (UTC) or later
        #[arg(long, value_name = "DATE")]
        since: Option<jiff::civil::Date>,
        /// Also write the documents, into this folder beside the file
        #[arg(long, value_name = "FOLDER")]
        documents: Option<PathBuf>,
    },
    /// A claim's whole file as a ZIP archive: JSON, timeline, documents, a summary to print
    #[command(
        after_help = "Example:\n  constat export claim clm_06E3ZQK8X5V2M0TQ9R7H4B1CDS --organisation Plateforme --mode live --output claim.zip"
    )]
    Claim {
        /// The pre-declaration's id or the internal claim id
        id: String,
        /// Whose data: an organisation's name or id
        #[arg(long, value_name = "NAME")]
        organisation: String,
        /// Test or live data
        #[arg(long)]
        mode: ModeName,
        /// The archive to write
        #[arg(long, value_name = "FILE")]
        output: PathBuf,
    },
}

/// `gdpr`.
#[derive(Debug, Subcommand)]
pub enum Gdpr {
    /// All that is known of an insured, as a ZIP archive that machines can read (GDPR, articles 15 and 20)
    #[command(
        after_help = "Example:\n  constat gdpr export --user A1234567890 --organisation Plateforme --mode live --output insured.zip\n\nHolds contracts.json and a folder for each claim: claim, dossier, timeline, appointments, a summary to print, the\noriginals of all documents; manifest.json lists every file with its SHA-256."
    )]
    Export {
        /// Who.
        #[command(flatten)]
        insured: InsuredOf,
        /// The archive to write
        #[arg(long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Erase who an insured is and what they said and showed (GDPR, article 17)
    #[command(after_help = crate::help::ERASE_HELP)]
    Erase {
        /// Who.
        #[command(flatten)]
        insured: InsuredOf,
        /// Why; the event of the erasure keeps it
        #[arg(long)]
        reason: ErasureReason,
        /// Tell what would be erased, and what must be kept; change nothing
        #[arg(long)]
        dry_run: bool,
        /// Why claims go that should be kept for now; the event keeps it
        #[arg(long, value_name = "WHY")]
        override_retention: Option<OverrideReason>,
    },
    /// For a firm: erase the personal data of appointments in its calendar that are over or cancelled
    #[command(
        after_help = "Example:\n  constat gdpr erase-appointments apt_... apt_... --organisation Cabinet --mode live --reason request\n\nErased: who is met, phones, e-mail, street, notes and comments, and the answers kept for repeated requests. Kept:\ntime, expert, town, codes, case number and the insurer's reference. The database file is written anew."
    )]
    EraseAppointments {
        /// Which, by their ids; all or none
        #[arg(required = true, value_name = "APPOINTMENT_ID")]
        appointments: Vec<constat_domain::ids::AppointmentId>,
        /// The firm: its name or id
        #[arg(long, value_name = "NAME")]
        organisation: String,
        /// Test or live data
        #[arg(long)]
        mode: ModeName,
        /// Why; the events of the erasure keep it
        #[arg(long)]
        reason: ErasureReason,
    },
    /// Finish an erasure that was interrupted: remove bytes that were given up, write the database anew
    #[command(after_help = "Example:\n  constat gdpr finish")]
    Finish,
}

/// An insured of an organisation.
#[derive(Debug, Args)]
pub struct InsuredOf {
    /// The insured's user id
    #[arg(long, value_name = "USER_ID")]
    pub user: String,
    /// Whose data: an organisation's name or id
    #[arg(long, value_name = "NAME")]
    pub organisation: String,
    /// Test or live data
    #[arg(long)]
    pub mode: ModeName,
}

/// Why personal data is erased: a code, as words could say too much.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ErasureReason {
    /// The insured asked for it
    Request,
    /// The time it may be kept is over
    RetentionOver,
    /// It should never have been kept
    Unlawful,
}

impl ErasureReason {
    /// As the event keeps it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::RetentionOver => "retention_over",
            Self::Unlawful => "unlawful",
        }
    }
}

/// Why personal data goes before its time.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum OverrideReason {
    /// A court ordered it
    CourtOrder,
    /// The supervisory authority ordered it
    AuthorityOrder,
    /// It belongs to another person, or should never have been collected
    CollectedInError,
    /// It is test data
    TestData,
}

impl OverrideReason {
    /// As the event keeps it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CourtOrder => "court_order",
            Self::AuthorityOrder => "authority_order",
            Self::CollectedInError => "collected_in_error",
            Self::TestData => "test_data",
        }
    }
}

/// What to export, and where to.
#[derive(Debug, Args)]
pub struct ExportTo {
    /// Whose data: an organisation's name or id
    #[arg(long, value_name = "NAME")]
    pub organisation: String,
    /// Test or live data
    #[arg(long)]
    pub mode: ModeName,
    /// One JSON object on each line, a table, or a workbook [default: as the output's name ends, else jsonl]
    #[arg(long)]
    pub format: Option<ExportFormat>,
    /// Write a table so that a double click opens it in that program and changes nothing
    #[arg(long = "for", value_name = "PROGRAM")]
    pub target: Option<ExportTarget>,
    /// The file to write [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// How records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// One JSON object on each line
    Jsonl,
    /// A table for machines, separated by commas
    Csv,
    /// A workbook for Excel and other spreadsheets, texts as texts
    Xlsx,
}

/// The program that opens an exported table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportTarget {
    /// Excel in French: semicolons, UTF-8 with its mark, decimal commas, zeros and signs kept
    Excel,
}

/// What to import, and for whom.
#[derive(Debug, Args)]
pub struct ImportFrom {
    /// The file: .csv, .xlsx, or .jsonl with one JSON object on each line
    pub file: PathBuf,
    /// The sheet of a workbook (.xlsx) [default: the first visible one]
    #[arg(long, value_name = "NAME")]
    pub sheet: Option<String>,
    /// Whose data: an organisation's name or id
    #[arg(long, value_name = "NAME")]
    pub organisation: String,
    /// Test or live data
    #[arg(long)]
    pub mode: ModeName,
    /// Check the file and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// What an organisation is.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Kind {
    /// Carries the risk
    Insurer,
    /// Runs claims and asks partners for appointments
    Platform,
    /// A firm of loss adjusters or a repair network
    Partner,
}

impl From<Kind> for OrganisationKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Insurer => Self::Insurer,
            Kind::Platform => Self::Platform,
            Kind::Partner => Self::Partner,
        }
    }
}

/// The three contracts.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ApiName {
    /// Claims API v2
    Claims,
    /// Partner appointment API
    Partner,
    /// Dossier API
    Dossier,
}

impl From<ApiName> for Api {
    fn from(name: ApiName) -> Self {
        match name {
            ApiName::Claims => Self::Claims,
            ApiName::Partner => Self::Partner,
            ApiName::Dossier => Self::Dossier,
        }
    }
}

/// Test or live.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ModeName {
    /// Trials
    Test,
    /// The real thing
    Live,
}

impl From<ModeName> for Mode {
    fn from(name: ModeName) -> Self {
        match name {
            ModeName::Test => Self::Test,
            ModeName::Live => Self::Live,
        }
    }
}

/// Reads a stage of a catastrophe, `HOURS:PERCENT`.
fn read_stage(text: &str) -> Result<Stage, String> {
    let parts = text.split_once(':').and_then(|(hours, percent)| Some((hours.parse().ok()?, percent.parse().ok()?)));
    let (from_hours, reserved_percent) = parts.ok_or("expected HOURS:PERCENT, such as 24:20")?;
    Ok(Stage { from_hours, reserved_percent })
}
