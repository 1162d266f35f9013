//! A claim on paper: what its file holds, for who has no screen.

use constat_domain::Money;
use constat_domain::appointment::{AppointmentStatus, ClaimAppointment};
use constat_domain::catalogue::{Catalogue, Category};
use constat_domain::claim::{Claim, ClaimStatus, Document, DocumentStatus, Insured, SettlementKind};
use constat_domain::geo::PostalAddress;
use constat_domain::service::ServiceKind;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::printed::block::{Block, PrintError};
use crate::printed::paper::Paper;

/// Something that happened to the claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// When.
    pub at: Timestamp,
    /// What, in French.
    pub label: String,
}

/// All that the summary tells of.
#[derive(Debug, Clone, Copy)]
pub struct Summary<'a> {
    /// The claim.
    pub claim: &'a Claim,
    /// What it asks for.
    pub catalogue: &'a Catalogue,
    /// Its appointments, oldest first.
    pub appointments: &'a [ClaimAppointment],
    /// What happened, oldest first.
    pub timeline: &'a [Happened],
    /// When it is printed.
    pub at: Timestamp,
}

impl Summary<'_> {
    /// The summary as a PDF. Instants are in the legal time of mainland France.
    pub fn to_pdf(&self) -> Result<Vec<u8>, PrintError> {
        self.paper().to_pdf()
    }

    /// The summary before it is laid out.
    pub fn paper(&self) -> Paper {
        let claim = self.claim;
        let number = claim.claim_id().map_or_else(|| claim.declaration_id.to_string(), |id| id.to_string());
        let zone = TimeZone::get("Europe/Paris").unwrap_or(TimeZone::UTC);
        let time = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%d/%m/%Y à %H:%M").to_string();
        let mut blocks = vec![Block::Title("Dossier de sinistre".to_owned()), Block::Fields(self.head(&time))];
        let mut section = |title: &str, block: Block| {
            blocks.push(Block::Heading(title.to_owned()));
            blocks.push(block);
        };
        section("Assuré", Block::Fields(insured(&claim.insured, &claim.user_id)));
        section("Contrat", Block::Fields(self.contract()));
        section("Sinistre", Block::Fields(self.loss(&time)));
        section("Circonstances déclarées", Block::Paragraph(or_none(&claim.description)));
        section("Réponses au questionnaire", self.answers());
        section("Pièces", self.documents(&time));
        section("Rendez-vous", self.appointments(&time));
        section("Règlements", self.settlements(&time));
        section("Historique", self.timeline(&time));
        let title = format!("Dossier de sinistre {number}");
        let foot = format!("{title} · imprimé le {}", time(self.at));
        Paper { title, foot, made_at: self.at, blocks }
    }

    fn head(&self, time: &impl Fn(Timestamp) -> String) -> Vec<(String, String)> {
        let claim = self.claim;
        let at = |at: Option<Timestamp>| at.map(time);
        fields([
            ("Numéro de sinistre", claim.claim_id().map(|id| id.to_string())),
            ("Pré-déclaration", Some(claim.declaration_id.to_string())),
            ("Référence de l'assureur", claim.dossier.insurer_reference.clone()),
            ("Statut", Some(status(claim.status()).to_owned())),
            ("Déclaré le", Some(time(claim.declaration_at))),
            ("Transmis le", at(claim.submitted_at())),
            ("Clos le", at(claim.state.closed_at())),
            ("Refusé le", at(claim.state.rejected_at())),
            ("Rouvert le", at(claim.reopened_at())),
            ("Abandonné le", at(claim.abandoned_at())),
            ("Motif d'abandon", claim.abandon_reason().map(str::to_owned)),
            ("Note à l'assuré", claim.note.clone()),
        ])
    }

    fn contract(&self) -> Vec<(String, String)> {
        let (contract, product) = (&self.claim.contract, &self.claim.product);
        let words = [&product.brand, &product.model];
        let words: Vec<&str> = words.into_iter().filter_map(Option::as_deref).collect();
        let named = self.catalogue.product_types().find(|named| named.id == product.kind);
        let kind = named.map_or(product.kind.as_str(), |named| named.label.as_str());
        fields([
            ("Numéro", Some(contract.number.clone())),
            ("Produit", Some(contract.name.clone())),
            ("Assureur", Some(format!("{} ({})", contract.insurer.name, contract.insurer.acam_code))),
            ("Garantie", Some(contract.guarantee.clone())),
            ("Franchise", contract.deductible.map(money)),
            ("Bien assuré", Some([&[kind][..], &words].concat().join(" · "))),
            ("Référence du bien", product.internal_id.clone()),
        ])
    }

    fn loss(&self, time: &impl Fn(Timestamp) -> String) -> Vec<(String, String)> {
        let claim = self.claim;
        let family = self.catalogue.family_for_product(&claim.product.kind);
        let kind = family.and_then(|family| family.loss_type(&claim.loss_type));
        let subtype = claim.declared_as(self.catalogue).map(|(_, subtype)| subtype.label.clone());
        let place = &claim.location;
        let loss = claim.dossier.loss.as_ref();
        let loss = loss.map(|loss| {
            let parts = [Some(loss.nature.as_str()), loss.cause.as_deref(), loss.detail.as_deref()];
            parts.into_iter().flatten().collect::<Vec<_>>().join(" / ")
        });
        fields([
            ("Survenu le", Some(time(claim.claim_at))),
            ("Nature", Some(kind.map_or_else(|| claim.loss_type.clone(), |kind| kind.label.clone()))),
            ("Précision", Some(subtype.unwrap_or_else(|| claim.subtype.clone()))),
            ("Codes", loss),
            ("Lieu", Some(format!("{}, {} {}, {}", place.address, place.zipcode, place.city, place.country))),
            ("Adresse du risque", claim.dossier.risk.as_ref().map(|risk| address(&risk.address))),
        ])
    }

    fn answers(&self) -> Block {
        let Some((_, subtype)) = self.claim.declared_as(self.catalogue) else { return none() };
        let wire = subtype.wire_questions(&self.claim.answers);
        let rows: Vec<Vec<String>> = wire
            .into_iter()
            .map(|(question, answer)| {
                let answer = match answer {
                    Value::Bool(true) => "Oui".to_owned(),
                    Value::Bool(false) => "Non".to_owned(),
                    Value::String(text) => text,
                    other => other.to_string(),
                };
                vec![question, answer]
            })
            .collect();
        table([("Question", 3.0), ("Réponse", 2.0)], rows)
    }

    fn documents(&self, time: &impl Fn(Timestamp) -> String) -> Block {
        let claim = self.claim;
        let entries = claim.entries(self.catalogue);
        let mut rows: Vec<Vec<String>> = entries
            .iter()
            .filter(|entry| entry.document.is_none())
            .map(|entry| {
                let wanted = match entry.rule.category {
                    Category::Mandatory => "à fournir (obligatoire)",
                    Category::Expected => "attendue",
                    Category::Optional => "facultative",
                };
                vec![entry.rule.label.clone(), "—".to_owned(), wanted.to_owned()]
            })
            .collect();
        let told = |document: &Document| {
            let mut words = document_status(document).to_owned();
            if let Some(reason) = &document.refusal_reason {
                words = format!("{words} : {reason}");
            }
            let label = claim.document_label(self.catalogue, document).to_owned();
            vec![label, format!("{}\n{}", document.title, time(document.uploaded_at)), words]
        };
        rows.extend(claim.documents.iter().map(told));
        table([("Pièce", 3.0), ("Reçue", 3.0), ("Statut", 2.0)], rows)
    }

    fn appointments(&self, time: &impl Fn(Timestamp) -> String) -> Block {
        let row = |appointment: &ClaimAppointment| {
            let status = match appointment.status {
                AppointmentStatus::Booked => "prévu",
                AppointmentStatus::Cancelled => "annulé",
                AppointmentStatus::Done => "effectué",
            };
            let who = appointment.expert_name.clone().unwrap_or_default();
            let place = appointment.place.as_ref().map(|place| address(&place.address)).unwrap_or_default();
            let what = format!("{}\n{} {who}\n{place}", service(appointment.kind), appointment.partner);
            vec![time(appointment.slot.start), what, status.to_owned()]
        };
        let rows = self.appointments.iter().map(row).collect();
        table([("Quand", 2.0), ("Quoi", 4.0), ("Statut", 1.0)], rows)
    }

    fn settlements(&self, time: &impl Fn(Timestamp) -> String) -> Block {
        let rows = self.claim.settlements.iter().map(|settlement| {
            let kind = match settlement.kind {
                SettlementKind::Refund => "Indemnité",
                SettlementKind::Charge => "À la charge de l'assuré",
                SettlementKind::Cancel => "Annulé",
                SettlementKind::Returned => "Retourné",
            };
            let unpaid = if settlement.is_active() { "en cours" } else { "—" };
            let paid = settlement.payment_at.map_or_else(|| unpaid.to_owned(), time);
            vec![kind.to_owned(), money(settlement.amount), time(settlement.created_at), paid]
        });
        table([("Règlement", 2.0), ("Montant", 1.5), ("Décidé le", 2.0), ("Payé le", 2.0)], rows.collect())
    }

    fn timeline(&self, time: &impl Fn(Timestamp) -> String) -> Block {
        let rows = self.timeline.iter().map(|entry| vec![time(entry.at), entry.label.clone()]);
        table([("Quand", 1.0), ("Quoi", 3.0)], rows.collect())
    }
}

fn insured(insured: &Insured, user_id: &str) -> Vec<(String, String)> {
    fields([
        ("Nom", Some(format!("{} {}", insured.first_name, insured.last_name))),
        ("Société", insured.company.clone()),
        ("Téléphone", Some(insured.phone_number.clone())),
        ("E-mail", insured.email.clone()),
        ("Identifiant", Some(user_id.to_owned())),
    ])
}

/// Those that are known.
fn fields<const N: usize>(all: [(&str, Option<String>); N]) -> Vec<(String, String)> {
    let known = all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    known.filter(|(_, value)| !value.trim().is_empty()).collect()
}

fn table<const N: usize>(columns: [(&str, f32); N], rows: Vec<Vec<String>>) -> Block {
    if rows.is_empty() {
        return none();
    }
    Block::Table { columns: columns.map(|(name, share)| (name.to_owned(), share)).to_vec(), rows }
}

fn none() -> Block {
    Block::Paragraph("Néant".to_owned())
}

fn or_none(text: &str) -> String {
    if text.trim().is_empty() { "Néant".to_owned() } else { text.to_owned() }
}

fn address(address: &PostalAddress) -> String {
    let lines = std::iter::once(&address.street1).chain(&address.more_lines);
    let street = lines.map(String::as_str).collect::<Vec<_>>().join(", ");
    format!("{street}, {} {}", address.zip_code, address.city)
}

/// An amount as France writes it, with spaces that no line breaks at: `1 234,50 €`.
fn money(amount: Money) -> String {
    let decimals = amount.currency.decimals() as usize;
    let digits = format!("{:0>width$}", amount.minor.unsigned_abs(), width = decimals + 1);
    let (whole, cents) = digits.split_at(digits.len() - decimals);
    let mut text = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push('\u{a0}');
        }
        text.push(digit);
    }
    if !cents.is_empty() {
        text.push(',');
        text.push_str(cents);
    }
    let sign = if amount.minor < 0 { "-" } else { "" };
    let unit = if amount.currency.code() == "EUR" { "€" } else { amount.currency.code() };
    format!("{sign}{text}\u{a0}{unit}")
}

const fn status(status: ClaimStatus) -> &'static str {
    match status {
        ClaimStatus::Draft => "Brouillon",
        ClaimStatus::Submitted => "Transmis",
        ClaimStatus::InProgress => "En cours de traitement",
        ClaimStatus::PendingInfo => "En attente d'informations",
        ClaimStatus::Closed => "Clos",
        ClaimStatus::Rejected => "Refusé",
        ClaimStatus::Abandoned => "Abandonné",
        ClaimStatus::Archived => "Archivé",
    }
}

const fn document_status(document: &Document) -> &'static str {
    if document.replaced_by.is_some() {
        return "remplacée";
    }
    match document.status {
        DocumentStatus::WaitingFor => "attendue",
        DocumentStatus::ToVerify => "à vérifier",
        DocumentStatus::Accepted => "acceptée",
        DocumentStatus::Rejected => "refusée",
    }
}

const fn service(kind: ServiceKind) -> &'static str {
    match kind {
        ServiceKind::OnSite => "Expertise sur site",
        ServiceKind::Video => "Visio-expertise",
        ServiceKind::AtDistance => "Expertise à distance",
        ServiceKind::Remote => "Expertise par téléphone",
        ServiceKind::Adversarial => "Expertise contradictoire",
        ServiceKind::RepairInKind => "Réparation en nature",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_as_france_does() {
        assert_eq!(money(Money::euro_cents(123_450)), "1\u{a0}234,50\u{a0}€");
        assert_eq!(money(Money::euro_cents(5)), "0,05\u{a0}€");
        assert_eq!(money(Money::euro_cents(-123_456_789)), "-1\u{a0}234\u{a0}567,89\u{a0}€");
    }
}
