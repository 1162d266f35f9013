//! The code tables of the three contracts: which codes exist, what they are called in French, and
//! what was probably meant by one that does not exist.
//!
//! The tables are data, `data/codes/*.csv`, embedded in the program. Nature, cause and detail of a
//! loss are one table of triples, not three free lists.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use include_dir::{Dir, include_dir};

use crate::refusal::FieldError;
use crate::service::LossTriple;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../data/codes");
static EMBEDDED: LazyLock<Codes> = LazyLock::new(Codes::read);

/// How many near codes an error names at most.
const NEAREST: usize = 5;

macro_rules! tables {
    ($($(#[doc = $doc:literal])+ $variant:ident = $file:literal,)+) => {
        /// A list of codes. Its name is that of its file in `data/codes`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Table { $($(#[doc = $doc])+ $variant,)+ }

        impl Table {
            /// Every table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The table's name: `mission_type`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $file,)+ }
            }
        }
    };
}

tables! {
    /// Additional guarantees of a contract.
    AdditionalGuaranteeType = "additional_guarantee_type",
    /// Why an appointment is moved or cancelled.
    AppointmentChangeReason = "appointment_change_reason",
    /// What an attached file is.
    AttachmentType = "attachment_type",
    /// Why the cause of a loss was not removed (dossier contract, `causeRemoval.reason`).
    CauseRemovalReason = "cause_removal_reason",
    /// Agreements between insurers.
    Convention = "convention",
    /// The damaged thing, in detail.
    DamageDetail = "damage_detail",
    /// The damaged thing, by kind.
    DamageNature = "damage_nature",
    /// Guarantees.
    GuaranteeType = "guarantee_type",
    /// How the insured is indemnified.
    IndemnityMode = "indemnity_mode",
    /// What the insured is to the dwelling (dossier contract, `insured.status`).
    InsuredStatus = "insured_status",
    /// Limits of a guarantee.
    LimitType = "limit_type",
    /// Causes of a loss; see [`Codes::resolve_triple`] for which go together.
    LossCause = "loss_cause",
    /// Details of a cause; see [`Codes::resolve_triple`].
    LossCauseDetail = "loss_cause_detail",
    /// Natures of a loss; see [`Codes::resolve_triple`].
    LossNature = "loss_nature",
    /// Media types of the dossier's files.
    MimeType = "mime_type",
    /// Kinds of mission, for repair and expertise.
    MissionType = "mission_type",
    /// The insured's answer to a proposal.
    ProposalAcceptance = "proposal_acceptance",
    /// Kinds of recourse.
    RecourseType = "recourse_type",
    /// Measures of a risk.
    RiskMeasure = "risk_measure",
    /// What the insured is to the risk.
    RiskRelationship = "risk_relationship",
    /// Kinds of dwelling or building.
    RiskType = "risk_type",
    /// Uses of a building.
    RiskUse = "risk_use",
    /// Coverings of a wall, floor or ceiling.
    SurfaceCovering = "surface_covering",
}

/// One code and its French label. Where a table has no labels the label is the code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// The code as the wire writes it.
    pub code: String,
    /// What people call it, in French.
    pub label: String,
}

/// A nature, cause and detail that do not go together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown nature / cause / detail; nearest: {}", self.list())]
pub struct UnknownTriple {
    /// The most similar triples that exist, best first.
    pub nearest: Vec<LossTriple>,
}

impl UnknownTriple {
    /// The nearest triples as `A / B / C, D / E`.
    pub fn list(&self) -> String {
        let texts: Vec<String> = self.nearest.iter().map(triple_text).collect();
        texts.join(", ")
    }
}

/// A triple as people read it: `DegatsDesEaux / FuiteRupture / CanalisationEnterree`.
pub fn triple_text(triple: &LossTriple) -> String {
    let parts = [Some(&triple.nature), triple.cause.as_ref(), triple.detail.as_ref()];
    parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" / ")
}

/// Every code table.
#[derive(Debug)]
pub struct Codes {
    tables: BTreeMap<Table, Vec<Code>>,
    /// Position of each code, and of each alias, in its table.
    index: HashMap<(Table, String), usize>,
    triples: Vec<LossTriple>,
    insurers: Vec<(String, String)>,
    /// What the insured is to the risk, by code of [`Table::InsuredStatus`].
    relationships: HashMap<String, String>,
    /// What an attachment is, by the catalogue's stable id of the document.
    attachments: HashMap<String, String>,
}

impl Codes {
    /// The tables that came with the program.
    ///
    /// ```
    /// # use constat_domain::codes::{Codes, Table};
    /// assert!(Codes::embedded().contains(Table::MissionType, "RenDirecte"));
    /// ```
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    /// Reads the embedded files. A line that is not of its table's shape would be skipped; a test
    /// counts the lines, so that there is none.
    fn read() -> Self {
        let mut tables = BTreeMap::new();
        let mut index = HashMap::new();
        for &table in Table::ALL {
            let codes: Vec<Code> = rows(table.name())
                .into_iter()
                .filter_map(|row| {
                    let code = row.first()?.clone();
                    let label = row.get(1).filter(|label| !label.is_empty()).unwrap_or(&code).clone();
                    Some(Code { code, label })
                })
                .collect();
            index.extend(codes.iter().enumerate().map(|(at, code)| ((table, code.code.clone()), at)));
            tables.insert(table, codes);
        }
        for row in rows("alias") {
            let [name, alias, code] = row.as_slice() else { continue };
            let Some(&table) = Table::ALL.iter().find(|table| table.name() == name) else { continue };
            if let Some(&at) = index.get(&(table, code.clone())) {
                index.insert((table, alias.clone()), at);
            }
        }
        let triples = rows("loss_nature_cause_detail")
            .into_iter()
            .filter_map(|row| {
                let part = |at: usize| row.get(at).filter(|part| !part.is_empty()).cloned();
                Some(LossTriple { nature: part(0)?, cause: part(1), detail: part(2) })
            })
            .collect();
        let insurers = rows("insurer_acam")
            .into_iter()
            .filter_map(|row| Some((row.first()?.clone(), row.get(1)?.clone())))
            .collect();
        let relationships = rows("insured_status")
            .into_iter()
            .filter_map(|row| Some((row.first()?.clone(), row.get(2)?.clone())))
            .collect();
        let attachments = rows("attachment_of_document")
            .into_iter()
            .filter_map(|row| Some((row.first()?.clone(), row.get(1)?.clone())))
            .collect();
        Self { tables, index, triples, insurers, relationships, attachments }
    }

    /// Every code of a table, in the order of its file.
    pub fn all(&self, table: Table) -> &[Code] {
        self.tables.get(&table).map_or(&[], Vec::as_slice)
    }

    /// True when the table has the code, or an alias of it.
    pub fn contains(&self, table: Table, code: &str) -> bool {
        self.canonical(table, code).is_some()
    }

    /// The table's own spelling of a code or of an alias.
    pub fn canonical(&self, table: Table, code: &str) -> Option<&str> {
        self.entry(table, code).map(|entry| entry.code.as_str())
    }

    /// The French label of a code or of an alias.
    pub fn label(&self, table: Table, code: &str) -> Option<&str> {
        self.entry(table, code).map(|entry| entry.label.as_str())
    }

    fn entry(&self, table: Table, code: &str) -> Option<&Code> {
        let at = *self.index.get(&(table, code.to_owned()))?;
        self.all(table).get(at)
    }

    /// The codes most like a text, best first; at most five. For error messages.
    pub fn nearest(&self, table: Table, text: &str) -> Vec<&str> {
        let codes = self.all(table).iter().map(|code| code.code.as_str());
        ranked(codes, |code| likeness(code, text))
    }

    /// Says that a code is not one of the table, and which are most like it. For error messages.
    pub fn unknown(&self, table: Table, code: &str) -> String {
        format!("unknown code of {}.csv; nearest: {}", table.name(), self.nearest(table, code).join(", "))
    }

    /// The table's spelling of the reason for a change, or the field `reason` named: the list is
    /// short enough to be told in full.
    pub fn change_reason(&self, reason: &str) -> Result<&str, FieldError> {
        self.canonical(Table::AppointmentChangeReason, reason).ok_or_else(|| {
            let known: Vec<&str> =
                self.all(Table::AppointmentChangeReason).iter().map(|code| code.code.as_str()).collect();
            FieldError::new("reason", format!("expected one of: {}", known.join(", ")))
        })
    }

    /// Every loss triple, in the order of its file.
    pub fn triples(&self) -> &[LossTriple] {
        &self.triples
    }

    /// The triple of the table that is meant. Aliases are accepted and come back in the table's own
    /// spelling; an empty cause or detail counts as none.
    ///
    /// ```
    /// # use constat_domain::codes::Codes;
    /// let triple = Codes::embedded().resolve_triple("DegatsDesEaux", Some("Condensation"), Some("PanneVmc"));
    /// assert_eq!(triple.unwrap().detail.as_deref(), Some("PanneVMC"));
    /// ```
    ///
    /// # Errors
    /// [`UnknownTriple`] with the nearest triples that exist.
    pub fn resolve_triple(
        &self,
        nature: &str,
        cause: Option<&str>,
        detail: Option<&str>,
    ) -> Result<LossTriple, UnknownTriple> {
        let spelt = |table, code: Option<&str>| {
            let code = code.map(str::trim).filter(|code| !code.is_empty())?;
            Some(self.canonical(table, code).unwrap_or(code).to_owned())
        };
        let wanted = LossTriple {
            nature: nature.trim().to_owned(),
            cause: spelt(Table::LossCause, cause),
            detail: spelt(Table::LossCauseDetail, detail),
        };
        if self.triples.contains(&wanted) {
            return Ok(wanted);
        }
        // The nature weighs most: it decides the guarantee, and people seldom get it wrong.
        let score = |triple: &&LossTriple| {
            let part = |have: Option<&String>, want: Option<&String>| match (have, want) {
                (Some(have), Some(want)) => likeness(have, want),
                (None, None) => 1.0,
                _ => 0.25,
            };
            3.0 * likeness(&triple.nature, &wanted.nature)
                + 2.0 * part(triple.cause.as_ref(), wanted.cause.as_ref())
                + part(triple.detail.as_ref(), wanted.detail.as_ref())
        };
        Err(UnknownTriple { nearest: ranked(self.triples.iter(), score).into_iter().cloned().collect() })
    }

    /// The names known for an ACAM code; empty when the code is unknown. Several companies or brands
    /// may share one code.
    pub fn insurers_of(&self, acam_code: &str) -> Vec<&str> {
        self.insurers().filter(|(code, _)| *code == acam_code).map(|(_, name)| name).collect()
    }

    /// What the insured is to the risk (code of [`Table::RiskRelationship`]), from the insurer's code
    /// of his standing (code of [`Table::InsuredStatus`]).
    ///
    /// ```
    /// # use constat_domain::codes::Codes;
    /// assert_eq!(Codes::embedded().relationship_of_status("5"), Some("Locataire"));
    /// ```
    pub fn relationship_of_status(&self, status: &str) -> Option<&str> {
        self.relationships.get(status).map(String::as_str)
    }

    /// What an attachment is (code of [`Table::AttachmentType`]), from the catalogue's stable id of
    /// the document; `Autre` for a document that the table does not know.
    pub fn attachment_of_document(&self, document: &str) -> &str {
        self.attachments.get(document).map_or("Autre", String::as_str)
    }

    /// Every insurer as (ACAM code, name).
    pub fn insurers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.insurers.iter().map(|(code, name)| (code.as_str(), name.as_str()))
    }
}

/// The records of one embedded file, without its header.
fn rows(name: &str) -> Vec<Vec<String>> {
    let text = FILES.get_file(format!("{name}.csv")).and_then(include_dir::File::contents_utf8).unwrap_or_default();
    csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(text.as_bytes())
        .records()
        .filter_map(Result::ok)
        .map(|record| record.iter().map(str::to_owned).collect())
        .collect()
}

/// How alike two codes are, 0 to 1, whatever their capitals.
fn likeness(code: &str, text: &str) -> f64 {
    strsim::jaro_winkler(&code.to_lowercase(), &text.to_lowercase())
}

/// The best few, best first; ties keep the table's order.
fn ranked<T>(candidates: impl Iterator<Item = T>, score: impl Fn(&T) -> f64) -> Vec<T> {
    let mut scored: Vec<(f64, T)> = candidates.map(|candidate| (score(&candidate), candidate)).collect();
    scored.sort_by(|(left, _), (right, _)| right.total_cmp(left));
    scored.into_iter().take(NEAREST).map(|(_, candidate)| candidate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes() -> &'static Codes {
        Codes::embedded()
    }

    #[test]
    fn every_file_is_a_table_and_no_line_is_lost() {
        for file in FILES.files() {
            let name = file.path().file_stem().unwrap().to_str().unwrap();
            let lines = file.contents_utf8().unwrap().lines().count() - 1;
            let read = match name {
                "alias" => rows("alias").len(),
                "loss_nature_cause_detail" => codes().triples().len(),
                "insurer_acam" => codes().insurers().count(),
                "attachment_of_document" => codes().attachments.len(),
                _ => {
                    let table = Table::ALL.iter().find(|table| table.name() == name).expect(name);
                    codes().all(*table).len()
                }
            };
            assert_eq!(read, lines, "{name}");
        }
        assert_eq!(FILES.files().count(), Table::ALL.len() + 4);
        assert_eq!(codes().triples().len(), 197);
    }

    #[test]
    fn codes_are_members_of_their_own_table_only() {
        assert!(codes().contains(Table::MissionType, "RenDirecte"));
        assert!(!codes().contains(Table::MissionType, "rendirecte"));
        assert!(!codes().contains(Table::RiskType, "RenDirecte"));
        assert_eq!(codes().label(Table::RiskType, "MaisonParticuliere"), Some("MAISON PARTICULIERE"));
        assert_eq!(codes().label(Table::MissionType, "RenDirecte"), Some("RenDirecte"));
        assert_eq!(codes().label(Table::InsuredStatus, "5"), Some("Locataire"));
        assert!(codes().contains(Table::CauseRemovalReason, "ReparationPrevue"));
    }

    #[test]
    fn a_mistyped_code_gets_the_one_that_was_meant() {
        assert_eq!(codes().nearest(Table::MissionType, "RenDirect")[0], "RenDirecte");
        assert_eq!(codes().nearest(Table::AppointmentChangeReason, "clientindisponnible")[0], "ClientIndisponible");
        assert_eq!(codes().nearest(Table::GuaranteeType, "").len(), NEAREST);
    }

    #[test]
    fn triples_are_known_whole() {
        let triple =
            codes().resolve_triple("DegatsDesEaux", Some("FuiteRupture"), Some("CanalisationEnterree")).unwrap();
        assert_eq!(triple_text(&triple), "DegatsDesEaux / FuiteRupture / CanalisationEnterree");
        assert!(codes().resolve_triple("Incendie", None, Some("")).is_ok());
        // Each part exists, but not together.
        let unknown = codes().resolve_triple("DegatsDesEaux", Some("FuiteRupture"), Some("FoyerOuvert")).unwrap_err();
        assert!(unknown.nearest.iter().all(|near| near.nature == "DegatsDesEaux"));
        let unknown =
            codes().resolve_triple("DegatsDesEaux", Some("FuiteRuptur"), Some("CanalisationEnteree")).unwrap_err();
        assert_eq!(unknown.nearest[0], triple);
        assert!(unknown.to_string().contains("DegatsDesEaux / FuiteRupture / CanalisationEnterree"));
    }

    #[test]
    fn spelling_variants_of_the_contract_are_aliases() {
        for (nature, cause, alias, code) in [
            ("DegatsDesEaux", "Condensation", "PanneVmc", "PanneVMC"),
            ("DegatsDesEaux", "Condensation", "DefautDUsage", "DefautUsage"),
            ("DegatsDesEaux", "RenversementDebordement", "DeRecipent", "DeRecipients"),
            ("DegatsDesEaux", "Infiltration", "ConduiteDeChemineeVentialtion", "ConduitDeChemineeVentilation"),
            ("DegatsDesEaux", "Inondation", "RuissellementEauHorsReaseau", "RuissellementEau"),
            ("DegatsDesEaux", "Inondation", "DebordementDeCoursDEau", "DebordementCoursDEau"),
        ] {
            let from_alias = codes().resolve_triple(nature, Some(cause), Some(alias)).unwrap();
            let from_code = codes().resolve_triple(nature, Some(cause), Some(code)).unwrap();
            assert_eq!(from_alias, from_code);
            assert_eq!(from_alias.detail.as_deref(), Some(code));
            assert!(codes().contains(Table::LossCauseDetail, alias));
        }
    }

    #[test]
    fn every_standing_and_every_document_of_the_catalogue_has_its_code() {
        for status in codes().all(Table::InsuredStatus) {
            let relationship = codes().relationship_of_status(&status.code).expect(&status.code);
            assert!(codes().contains(Table::RiskRelationship, relationship), "{relationship}");
        }
        for code in codes().attachments.values() {
            assert!(codes().contains(Table::AttachmentType, code), "{code}");
        }
        for family in &crate::catalogue::Catalogue::embedded().families {
            for rule in family.subtypes().flat_map(|(_, subtype)| &subtype.documents) {
                assert!(codes().attachments.contains_key(&rule.id), "{} is in no line of the table", rule.id);
            }
        }
    }

    #[test]
    fn an_acam_code_may_have_several_names() {
        assert_eq!(codes().insurers_of("02000402"), ["ALLIANZ IARD", "ALLIANZ EUROCOURTAGE"]);
        assert!(codes().insurers_of("99999999").is_empty());
    }
}
