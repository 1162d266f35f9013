//! Registering insurers, platforms and partner firms.

use constat_core::{AppError, Tx};
use constat_domain::Refusal;
use constat_domain::codes::Codes;
use constat_domain::contact::name_fault;
use constat_domain::event_kinds::EventKind;
use constat_domain::ids::OrgId;
use constat_domain::tenancy::{Mode, Organisation, OrganisationKind, TenantId};
use constat_store::queries::organisations;
use serde_json::json;

use crate::Actor;

/// Longest name of an organisation, in characters.
const MAX_NAME_CHARS: usize = 200;

/// An organisation to register.
#[derive(Debug, Clone)]
pub struct NewOrganisation {
    /// What it is.
    pub kind: OrganisationKind,
    /// Its name: 1 to 200 characters, unique on this server.
    pub name: String,
    /// An insurer's code of `insurer_acam.csv`, eight digits.
    pub acam_code: Option<String>,
}

/// Registers an organisation. The event is in its live data.
///
/// # Errors
/// The field that is wrong, and [`constat_store::StoreError::Conflict`] when the name is taken.
pub fn add_organisation(tx: &mut Tx, actor: &Actor, new: &NewOrganisation) -> Result<Organisation, AppError> {
    let name = new.name.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME_CHARS {
        return Err(Refusal::field("name", "must have 1 to 200 characters").into());
    }
    if let Some(fault) = name_fault(name) {
        return Err(Refusal::field("name", fault).into());
    }
    match (&new.acam_code, new.kind) {
        (Some(code), OrganisationKind::Insurer) if Codes::embedded().insurers_of(code).is_empty() => {
            return Err(Refusal::field("acam", "unknown code; see data/codes/insurer_acam.csv").into());
        }
        (Some(_), OrganisationKind::Platform | OrganisationKind::Partner) => {
            return Err(Refusal::field("acam", "is for insurers only").into());
        }
        _ => {}
    }
    let organisation = Organisation {
        id: OrgId::new(actor.at(), &actor.entropy()),
        kind: new.kind,
        name: name.to_owned(),
        acam_code: new.acam_code.clone(),
        created_at: actor.at(),
    };
    organisations::insert(tx, &organisation)?;
    let tenant = TenantId { org: organisation.id, mode: Mode::Live };
    actor.record(tx, tenant, organisation.id, EventKind::OrganisationAdded, json!({ "kind": organisation.kind }))?;
    Ok(organisation)
}
