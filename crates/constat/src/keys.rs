//! `constat organisations` and `constat keys`.

use comfy_table::{Table, presets};
use constat_core::{Clock as _, NewKey, SecureRandom as _, issue_key};
use constat_domain::codes::Codes;
use constat_domain::contact::name_fault;
use constat_domain::ids::{KeyId, OrgId};
use constat_domain::tenancy::{Organisation, OrganisationKind};
use constat_store::queries::{api_keys, organisations};
use constat_store::{Store, StoreError};
use serde_json::json;

use crate::args::{Keys, Organisations};
use crate::clock_and_random::{OsRandom, SystemClock};
use crate::failure::Failure;

/// Runs `constat organisations ...`.
pub async fn organisations(store: &Store, command: Organisations) -> Result<(), Failure> {
    match command {
        Organisations::Add { kind, name, acam } => {
            let organisation = new_organisation(kind.into(), &name, acam)?;
            let id = organisation.id;
            store.write(move |tx| organisations::insert(tx, &organisation)).await.map_err(|error| match error {
                StoreError::Conflict(_) => {
                    Failure::new(format!("an organisation named {name:?} is already registered"))
                }
                error => error.into(),
            })?;
            println!("{id}");
        }
        Organisations::List { json } => {
            let all = store.read(organisations::all)?;
            if json {
                print_json(&all)?;
            } else {
                let mut table = plain_table(&["id", "kind", "name", "ACAM"]);
                for organisation in all {
                    let kind = kind_name(organisation.kind);
                    let acam = organisation.acam_code.unwrap_or_default();
                    table.add_row([organisation.id.to_string(), kind.to_owned(), organisation.name, acam]);
                }
                println!("{table}");
            }
        }
    }
    Ok(())
}

/// Runs `constat keys ...`.
pub async fn keys(store: &Store, command: Keys) -> Result<(), Failure> {
    match command {
        Keys::Create { api, issuer, holder, mode, label, json } => {
            let (issuer, holder) = (find_organisation(store, &issuer)?, find_organisation(store, &holder)?);
            let new = NewKey { api: api.into(), issuer: issuer.id, holder: holder.id, mode: mode.into(), label };
            let fresh = issue_key(new, SystemClock.now(), &OsRandom);
            let id = fresh.key.id;
            let key = fresh.key;
            store.write(move |tx| api_keys::insert(tx, &key)).await?;
            if json {
                print_json(&json!({ "id": id, "secret": fresh.secret }))?;
            } else {
                println!("{}", fresh.secret);
                eprintln!("Key {id}. Keep the secret above: it cannot be shown again.");
            }
        }
        Keys::List { json } => list_keys(store, json)?,
        Keys::Revoke { id } => {
            let key: KeyId = id.parse().map_err(|error| Failure::new(format!("{id}: {error}")))?;
            let at = SystemClock.now();
            let known = store
                .write(move |tx| {
                    let Some(mut key) = api_keys::by_id(tx, key)? else { return Ok::<_, StoreError>(false) };
                    key.revoked_at.get_or_insert(at);
                    api_keys::update(tx, &key)?;
                    Ok(true)
                })
                .await?;
            if !known {
                return Err(Failure::new(format!("there is no key {id}; see constat keys list")));
            }
            println!("{id} is revoked.");
        }
    }
    Ok(())
}

fn list_keys(store: &Store, json: bool) -> Result<(), Failure> {
    let (keys, organisations) =
        store.read(|connection| Ok::<_, StoreError>((api_keys::all(connection)?, organisations::all(connection)?)))?;
    let name = |id: OrgId| {
        organisations
            .iter()
            .find(|organisation| organisation.id == id)
            .map_or("?", |organisation| organisation.name.as_str())
    };
    if json {
        let rows = keys.iter().map(|key| {
            json!({
                "id": key.id, "api": key.api, "mode": key.mode, "label": key.label,
                "issuer": { "id": key.issuer, "name": name(key.issuer) },
                "holder": { "id": key.holder, "name": name(key.holder) },
                "createdAt": key.created_at, "revokedAt": key.revoked_at,
            })
        });
        return print_json(&rows.collect::<Vec<_>>());
    }
    let mut table = plain_table(&["id", "api", "mode", "issuer", "holder", "label", "created", "revoked"]);
    for key in &keys {
        table.add_row([
            key.id.to_string(),
            key.api.as_str().to_owned(),
            key.mode.as_str().to_owned(),
            name(key.issuer).to_owned(),
            name(key.holder).to_owned(),
            key.label.clone(),
            key.created_at.strftime("%Y-%m-%d %H:%MZ").to_string(),
            key.revoked_at.map(|at| at.strftime("%Y-%m-%d %H:%MZ").to_string()).unwrap_or_default(),
        ]);
    }
    println!("{table}");
    Ok(())
}

/// The organisation with this name or id.
pub fn find_organisation(store: &Store, wanted: &str) -> Result<Organisation, Failure> {
    let all = store.read(organisations::all)?;
    let id = wanted.parse::<OrgId>().ok();
    if let Some(found) = all.iter().find(|organisation| organisation.name == wanted || Some(organisation.id) == id) {
        return Ok(found.clone());
    }
    let known = match all.iter().map(|organisation| format!("{:?}", organisation.name)).collect::<Vec<_>>() {
        names if names.is_empty() => "none is registered; see constat organisations add --help".to_owned(),
        names => format!("known are {}", names.join(", ")),
    };
    Err(Failure::new(format!("there is no organisation {wanted:?}: {known}")))
}

fn new_organisation(kind: OrganisationKind, name: &str, acam: Option<String>) -> Result<Organisation, Failure> {
    let name = name.trim();
    if name.is_empty() || name.len() > 200 {
        return Err(Failure::new("--name must have 1 to 200 characters"));
    }
    if let Some(fault) = name_fault(name) {
        return Err(Failure::new(format!("--name {fault}")));
    }
    match (&acam, kind) {
        (Some(code), OrganisationKind::Insurer) if Codes::embedded().insurers_of(code).is_empty() => {
            return Err(Failure::new(format!("--acam {code}: unknown code; see data/codes/insurer_acam.csv")));
        }
        (Some(_), OrganisationKind::Platform | OrganisationKind::Partner) => {
            return Err(Failure::new("--acam is for insurers only"));
        }
        _ => {}
    }
    let at = SystemClock.now();
    Ok(Organisation {
        id: OrgId::new(at, &OsRandom.entropy()),
        kind,
        name: name.to_owned(),
        acam_code: acam,
        created_at: at,
    })
}

fn kind_name(kind: OrganisationKind) -> &'static str {
    match kind {
        OrganisationKind::Insurer => "insurer",
        OrganisationKind::Platform => "platform",
        OrganisationKind::Partner => "partner",
    }
}

pub fn plain_table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(header.iter().copied());
    table
}

pub fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Failure::new(error.to_string()))?;
    println!("{text}");
    Ok(())
}
