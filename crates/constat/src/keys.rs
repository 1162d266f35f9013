//! `constat organisations` and `constat keys`.

use std::sync::Arc;

use comfy_table::{Table, presets};
use constat_administration::{Actor, NewOrganisation, add_key, add_organisation, revoke_key, rotate_key};
use constat_core::{AppError, Clock as _, IssuedKey, KeyMaterial, NewKey};
use constat_domain::Refusal;
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
            let new = NewOrganisation { kind: kind.into(), name: name.clone(), acam_code: acam };
            let operator = operator();
            let added =
                store.write(move |tx| add_organisation(tx, &operator, &new)).await.map_err(|error| match error {
                    AppError::Store(StoreError::Conflict(_)) => {
                        Failure::new(format!("an organisation named {:?} is already registered", name.trim()))
                    }
                    error => of_flags(error),
                })?;
            println!("{}", added.id);
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
            let operator = operator();
            let added = store
                .write(move |tx| add_key(tx, &operator, &KeyMaterial::draw(&OsRandom), new.clone()))
                .await
                .map_err(of_flags)?;
            print_secret(&added, json)?;
        }
        Keys::List { json } => list_keys(store, json)?,
        Keys::Rotate { id, json } => {
            let (key, operator) = (read_id(&id)?, operator());
            let issued = store
                .write(move |tx| rotate_key(tx, &operator, &KeyMaterial::draw(&OsRandom), key))
                .await
                .map_err(of_flags)?;
            print_secret(&issued.ok_or_else(|| unknown_key(&id))?, json)?;
            eprintln!("{id} is revoked.");
        }
        Keys::Revoke { id } => {
            let (key, operator) = (read_id(&id)?, operator());
            let revoked = store.write(move |tx| revoke_key(tx, &operator, key)).await?;
            revoked.ok_or_else(|| unknown_key(&id))?;
            println!("{id} is revoked.");
        }
    }
    Ok(())
}

fn read_id(id: &str) -> Result<KeyId, Failure> {
    id.parse().map_err(|error| Failure::new(format!("{id}: {error}")))
}

fn unknown_key(id: &str) -> Failure {
    Failure::new(format!("there is no key {id}; see constat keys list"))
}

/// Prints a new key's secret alone on stdout, so that a script can read it.
fn print_secret(issued: &IssuedKey, json: bool) -> Result<(), Failure> {
    let id = issued.key.id;
    if json {
        return print_json(&json!({ "id": id, "secret": issued.secret }));
    }
    println!("{}", issued.secret);
    eprintln!("Key {id}. Store the secret above now: it cannot be shown again.");
    Ok(())
}

/// The operator, now.
pub fn operator() -> Actor {
    Actor::operator(SystemClock.now(), Arc::new(OsRandom))
}

/// An error whose fields are flags of the command.
fn of_flags(error: AppError) -> Failure {
    match error {
        AppError::Refused(Refusal::Invalid(errors)) if !errors.is_empty() => {
            let lines = errors.iter().map(|fault| format!("--{} {}", fault.field, fault.message));
            Failure::new(lines.collect::<Vec<_>>().join("\n"))
        }
        error => error.into(),
    }
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
