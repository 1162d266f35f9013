//! A claim's whole file, or all that is known of one insured, as a ZIP archive.
//!
//! The archive is made while it is sent: one piece of one document is in memory at a time.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use constat_domain::appointment::ClaimAppointment;
use constat_domain::catalogue::Catalogue;
use constat_domain::claim::{Claim, Contract, Document, ScanState, ending_of};
use constat_domain::deadlines::{Deadline, Deadlines};
use constat_domain::ids::DeclarationId;
use constat_domain::refusal::ClaimRefusal;
use constat_domain::tenancy::{Caller, TenantId};
use constat_media::printed::{Happened, Summary};
use constat_store::queries::{claim_appointments, claims, contracts};
use constat_store::{Connection, DocumentBytes, Documents, Store};
use futures_util::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

use crate::ClaimService;
use crate::claim::document_bytes::record_originals;
use crate::claim::find::find_to_handle;
use crate::claim::timeline::{TimelineEntry, timeline_of};
use crate::import_export::claims::to_record;
use constat_core::AppError;

/// Pieces of the archive that wait for a slow reader.
const WAITING: usize = 4;

/// Names a document's file in the archive; `None` for one that is not in it.
pub type PathOf<'a> = dyn Fn(&Document) -> Option<String> + 'a;

/// How the contracts write what an archive holds: the edge knows.
#[derive(Clone, Copy)]
pub struct WireForms {
    /// A claim with its deadlines, as the claims API does.
    pub claim: fn(&Catalogue, &[Deadline<'_>], &Claim) -> Result<String, AppError>,
    /// A claim, as the dossier API does; its documents are named by their path in the archive.
    pub dossier: fn(&Claim, &PathOf<'_>) -> Result<String, AppError>,
    /// A timeline.
    pub timeline: fn(Vec<TimelineEntry>) -> Result<String, AppError>,
    /// Appointments.
    pub appointments: fn(&[ClaimAppointment]) -> Result<String, AppError>,
    /// A contract of the registry.
    pub contract: fn(&Contract) -> Result<Value, AppError>,
}

/// What archives are made of and with.
#[derive(Clone)]
pub struct Archivist {
    /// The database.
    pub store: Store,
    /// The documents.
    pub documents: Documents,
    /// The catalogue of whose data it is.
    pub catalogue: Arc<Catalogue>,
    /// The rules of statutory deadlines.
    pub deadlines: Arc<Deadlines>,
    /// Whose data.
    pub tenant: TenantId,
    /// How things are written.
    pub forms: WireForms,
    /// Now.
    pub at: Timestamp,
}

/// A file of an archive.
enum Part {
    /// Made here.
    Made { path: String, bytes: Vec<u8> },
    /// The original of a document.
    Original { path: String, key: String, document: String },
    /// A document that is withheld, or whose bytes are missing.
    Withheld { document: String, why: &'static str },
}

/// The archive of a claim, by either id, for the handler whose data it is.
pub async fn export_claim(
    service: &ClaimService,
    caller: &Caller,
    id: &str,
    forms: WireForms,
) -> Result<(DeclarationId, DocumentBytes), AppError> {
    let claim = service.core.store.read(|connection| find_to_handle(connection, caller, id))?;
    let archive = Archivist::of(service, caller, forms).claim(id).await?;
    record_archived(service, caller, &claim).await?;
    Ok(archive)
}

/// Records that the originals of a claim's documents were handed out.
async fn record_archived(service: &ClaimService, caller: &Caller, claim: &Claim) -> Result<(), AppError> {
    let handed: Vec<&Document> = claim.documents.iter().filter(|document| withheld(document).is_none()).collect();
    record_originals(service, claim, &handed, caller.key).await
}

/// The archive of all data of an insured, for a handler of the same platform. The insured of other platforms are
/// unknown.
pub async fn export_insured(
    service: &ClaimService,
    caller: &Caller,
    user_id: &str,
    forms: WireForms,
) -> Result<DocumentBytes, AppError> {
    caller.require_handler()?;
    // No id has a NUL, and PostgreSQL would take the question itself for a fault.
    let known = if user_id.contains('\0') { None } else { Archivist::of(service, caller, forms).insured(user_id)? };
    let known = known.ok_or(ClaimRefusal::UserNotAuthorised)?;
    let tenant = &caller.tenant;
    let all = service.core.store.read(|connection| claims::ids_of_tenant_by_user(connection, tenant, user_id))?;
    for id in all {
        let find = |connection: &mut Connection| claims::of_tenant_by_either_id(connection, tenant, &id.to_string());
        if let Some(claim) = service.core.store.read(find)? {
            record_archived(service, caller, &claim).await?;
        }
    }
    Ok(known)
}

impl Archivist {
    /// Makes archives of the caller's data.
    fn of(service: &ClaimService, caller: &Caller, forms: WireForms) -> Self {
        Self {
            store: service.core.store.clone(),
            documents: service.documents.clone(),
            catalogue: Arc::clone(service.core.catalogues.of(&caller.tenant)),
            deadlines: Arc::clone(&service.core.deadlines),
            tenant: caller.tenant,
            forms,
            at: service.core.clock.now(),
        }
    }

    /// The archive of a claim, by either id.
    ///
    /// # Errors
    /// There is no such claim.
    pub async fn claim(self, id: &str) -> Result<(DeclarationId, DocumentBytes), AppError> {
        let found = self.store.read(|connection| claims::of_tenant_by_either_id(connection, &self.tenant, id))?;
        let declaration = found.ok_or(ClaimRefusal::ClaimNotFound)?.declaration_id;
        // Made before the first byte is answered: what can fail, fails as an error.
        let parts = self.clone().parts_of(declaration, String::new()).await?;
        let mut first = Some(parts);
        Ok((declaration, stream(self, move |_archivist| first.take().map(Next::Ready))))
    }

    /// The archive of all that is known of an insured; `None` when nothing is.
    pub fn insured(self, user_id: &str) -> Result<Option<DocumentBytes>, AppError> {
        let (held, all) = self.store.read(|connection| {
            let held = contracts::list_of_tenant_by_user(connection, &self.tenant, user_id)?;
            let all = claims::ids_of_tenant_by_user(connection, &self.tenant, user_id)?;
            Ok::<_, AppError>((held, all))
        })?;
        if held.is_empty() && all.is_empty() {
            return Ok(None);
        }
        let written: Result<Vec<Value>, AppError> = held.iter().map(self.forms.contract).collect();
        let bytes = pretty(&json!(written?))?;
        let mut first = Some(vec![Part::Made { path: "contracts.json".to_owned(), bytes }]);
        let mut rest = all.into_iter();
        Ok(Some(stream(self, move |_archivist| match first.take() {
            Some(parts) => Some(Next::Ready(parts)),
            None => rest.next().map(Next::Claim),
        })))
    }

    /// What the archive holds of a claim, below a path that is empty or ends in a slash. Laying the
    /// summary out takes some milliseconds: not on the thread that others wait for.
    async fn parts_of(self, declaration: DeclarationId, below: String) -> Result<Vec<Part>, AppError> {
        let work = move || self.store.clone().read(|connection| self.collect(connection, declaration, &below));
        let done = tokio::task::spawn_blocking(work).await;
        done.map_err(|error| AppError::Fault(format!("an archive: {error}")))?
    }

    fn collect(
        &self,
        connection: &mut Connection,
        declaration: DeclarationId,
        below: &str,
    ) -> Result<Vec<Part>, AppError> {
        let tenant = &self.tenant;
        let claim = claims::of_tenant_by_either_id(connection, tenant, &declaration.to_string())?;
        let claim = claim.ok_or(ClaimRefusal::ClaimNotFound)?;
        let appointments = claim_appointments::list_of_claim(connection, tenant, declaration)?;
        let timeline = timeline_of(connection, tenant, declaration, &[], i64::MAX, 0)?.entries;
        let happened: Vec<Happened> =
            timeline.iter().map(|entry| Happened { at: entry.at, label: entry.kind.label().to_owned() }).collect();
        let summary = Summary {
            claim: &claim,
            catalogue: &self.catalogue,
            appointments: &appointments,
            timeline: &happened,
            at: self.at,
        };
        let pdf = summary.to_pdf().map_err(|error| AppError::Fault(error.to_string()))?;
        let path_of = |document: &Document| {
            let index = claim.documents.iter().position(|other| other.id == document.id)?;
            (withheld(document).is_none()).then(|| format!("documents/{}", file_name(index, document)))
        };
        let WireForms { claim: claim_form, dossier, timeline: timeline_form, appointments: appointments_form, .. } =
            self.forms;
        let mut parts = Vec::new();
        let mut made = |path: &str, bytes: Vec<u8>| parts.push(Part::Made { path: format!("{below}{path}"), bytes });
        made(
            "claim.json",
            claim_form(&self.catalogue, &self.deadlines.of_claim(&claim, self.at), &claim)?.into_bytes(),
        );
        made("record.json", pretty(&to_record(&claim, path_of))?);
        made("dossier.json", dossier(&claim, &path_of)?.into_bytes());
        made("timeline.json", timeline_form(timeline)?.into_bytes());
        made("appointments.json", appointments_form(&appointments)?.into_bytes());
        made("summary.pdf", pdf);
        for document in &claim.documents {
            let id = document.id.to_string();
            parts.push(match (path_of(document), withheld(document)) {
                (Some(path), None) => {
                    Part::Original { path: format!("{below}{path}"), key: document.storage_key.clone(), document: id }
                }
                (_, why) => Part::Withheld { document: id, why: why.unwrap_or("not_here") },
            });
        }
        Ok(parts)
    }
}

/// Why a document's bytes are withheld.
const fn withheld(document: &Document) -> Option<&'static str> {
    match document.scan {
        ScanState::Pending => Some("waits_for_the_virus_scanner"),
        ScanState::Infected => Some("infected"),
        ScanState::None | ScanState::Clean => None,
    }
}

/// A name that every system can write, unlike any other of the archive.
fn file_name(index: usize, document: &Document) -> String {
    let ending = ending_of(&document.mime_type);
    let name = document.safe_filename();
    let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
    let plain = |letter: char| if letter.is_alphanumeric() || letter == '-' { letter } else { '_' };
    let stem: String = stem.chars().take(60).map(plain).collect();
    format!("{:02}-{}-{stem}.{ending}", index + 1, document.kind.replace(|letter: char| !letter.is_alphanumeric(), "_"))
}

fn pretty(value: &Value) -> Result<Vec<u8>, AppError> {
    serde_json::to_vec_pretty(value).map_err(|error| AppError::Fault(format!("an archive: {error}")))
}

/// What comes next in an archive.
enum Next {
    /// These.
    Ready(Vec<Part>),
    /// A claim's, below its own folder.
    Claim(DeclarationId),
}

/// Sends an archive; it ends with an error when anything fails on the way, and is then incomplete.
fn stream(archivist: Archivist, mut next: impl FnMut(&Archivist) -> Option<Next> + Send + 'static) -> DocumentBytes {
    let (sender, receiver) = mpsc::channel::<Result<Bytes, std::io::Error>>(WAITING);
    tokio::spawn(async move {
        let mut writing = Writing::new(sender.clone(), archivist.at);
        let outcome = async {
            while let Some(group) = next(&archivist) {
                let parts = match group {
                    Next::Ready(parts) => parts,
                    Next::Claim(id) => archivist.clone().parts_of(id, format!("claims/{id}/")).await?,
                };
                for part in parts {
                    writing.part(&archivist.documents, part).await?;
                }
            }
            writing.finish().await
        };
        if let Err(error) = outcome.await {
            // The reader may be gone.
            let _gone = sender.send(Err(std::io::Error::other(error.to_string()))).await;
        }
    });
    futures_util::stream::unfold(receiver, |mut receiver| async { Some((receiver.recv().await?, receiver)) }).boxed()
}

/// Where the archive's writer leaves its bytes until they are sent.
#[derive(Clone, Default)]
struct Tray(Arc<Mutex<Vec<u8>>>);

impl Write for Tray {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// An archive on its way.
struct Writing {
    zip: ZipWriter<StreamWriter<Tray>>,
    tray: Tray,
    sender: mpsc::Sender<Result<Bytes, std::io::Error>>,
    at: Timestamp,
    files: Vec<Value>,
    withheld: Vec<Value>,
}

impl Writing {
    fn new(sender: mpsc::Sender<Result<Bytes, std::io::Error>>, at: Timestamp) -> Self {
        let tray = Tray::default();
        let zip = ZipWriter::new_stream(tray.clone());
        Self { zip, tray, sender, at, files: Vec::new(), withheld: Vec::new() }
    }

    async fn part(&mut self, documents: &Documents, part: Part) -> Result<(), AppError> {
        match part {
            Part::Made { path, bytes } => {
                self.begin(&path, 6)?;
                self.piece(&bytes).await?;
                self.files.push(json!({
                    "path": path,
                    "size": bytes.len(),
                    "sha256": format!("{:x}", Sha256::digest(&bytes)),
                }));
            }
            Part::Original { path, key, document } => {
                let Some(mut bytes) = documents.get(&key, None).await? else {
                    self.withheld.push(json!({ "documentId": document, "why": "not_here" }));
                    return Ok(());
                };
                // Pictures and PDFs are compressed already.
                self.begin(&path, 1)?;
                let (mut digest, mut size) = (Sha256::new(), 0);
                while let Some(piece) = bytes.try_next().await.map_err(|error| broken(&error))? {
                    digest.update(&piece);
                    size += piece.len();
                    self.piece(&piece).await?;
                }
                let sha256 = format!("{:x}", digest.finalize());
                self.files.push(json!({ "path": path, "size": size, "sha256": sha256, "documentId": document }));
            }
            Part::Withheld { document, why } => self.withheld.push(json!({ "documentId": document, "why": why })),
        }
        Ok(())
    }

    fn begin(&mut self, path: &str, level: i64) -> Result<(), AppError> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(level))
            .last_modified_time(time(self.at))
            .unix_permissions(0o600);
        self.zip.start_file(path, options).map_err(|error| AppError::Fault(format!("an archive: {error}")))
    }

    async fn piece(&mut self, bytes: &[u8]) -> Result<(), AppError> {
        for piece in bytes.chunks(256 * 1024) {
            self.zip.write_all(piece).map_err(|error| broken(&error))?;
            self.send().await?;
        }
        Ok(())
    }

    /// Sends what the tray holds. Waits for a slow reader.
    async fn send(&mut self) -> Result<(), AppError> {
        let held = std::mem::take(&mut *self.tray.0.lock().unwrap_or_else(PoisonError::into_inner));
        if held.is_empty() {
            return Ok(());
        }
        let sent = self.sender.send(Ok(held.into())).await;
        sent.map_err(|_gone| AppError::Fault("the reader of the archive is gone".to_owned()))
    }

    async fn finish(&mut self) -> Result<(), AppError> {
        let manifest = json!({
            "format": 1,
            "madeAt": self.at,
            "files": std::mem::take(&mut self.files),
            "withheld": std::mem::take(&mut self.withheld),
        });
        self.begin("manifest.json", 6)?;
        self.piece(&pretty(&manifest)?).await?;
        let zip = std::mem::replace(&mut self.zip, ZipWriter::new_stream(Tray::default()));
        zip.finish().map_err(|error| AppError::Fault(format!("an archive: {error}")))?;
        self.send().await
    }
}

fn broken(error: &std::io::Error) -> AppError {
    AppError::Store(constat_store::StoreError::Unavailable(error.to_string()))
}

/// An instant as an archive keeps it: in UTC, from 1980 on, every second second.
fn time(at: Timestamp) -> zip::DateTime {
    let at = TimeZone::UTC.to_datetime(at);
    let small = |value: i8| u8::try_from(value).unwrap_or_default();
    let year = u16::try_from(at.year()).unwrap_or_default();
    let (month, day) = (small(at.month()), small(at.day()));
    zip::DateTime::from_date_and_time(year, month, day, small(at.hour()), small(at.minute()), small(at.second()))
        .unwrap_or_default()
}
