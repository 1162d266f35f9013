//! `constat gdpr`: what is known of one insured, given out or erased.

use std::process::ExitCode;

use constat_claims::import_export::erasure::{Erasure, erase, finish, look};
use constat_core::{AppError, Clock as _, SecureRandom as _};
use constat_domain::ids::EventId;
use constat_domain::tenancy::TenantId;
use constat_scheduling::{count_to_erase, erase_appointments};
use constat_store::Tx;

use crate::archives::{archivist, write_archive};
use crate::args::{Gdpr, InsuredOf, OverrideReason};
use crate::catalogue::catalogues;
use crate::clock_and_random::{OsRandom, SystemClock};
use crate::config::Config;
use crate::failure::Failure;
use crate::folder::Folder;
use crate::keys::find_organisation;

/// Runs `constat gdpr ...`.
pub async fn gdpr(config: &Config, command: Gdpr) -> Result<ExitCode, Failure> {
    let folder = Folder::existing(config)?;
    match command {
        Gdpr::Export { insured, output } => {
            let archivist = archivist(config, &folder, &insured.organisation, insured.mode.into())?;
            let Some(bytes) = archivist.insured(&insured.user)? else { return Err(unknown(&insured)) };
            write_archive(bytes, &output).await?;
        }
        Gdpr::Erase { insured, reason, dry_run, override_retention } => {
            let organisation = find_organisation(&folder.store, &insured.organisation)?;
            let tenant = TenantId { org: organisation.id, mode: insured.mode.into() };
            let wanted = Erasure {
                tenant,
                user_id: insured.user.clone(),
                reason: reason.as_str(),
                overriding: override_retention.map(OverrideReason::as_str),
            };
            let now = SystemClock.now();
            let found = look(&folder.store, &wanted, now)?;
            if found.is_empty() {
                return Err(unknown(&insured));
            }
            println!(
                "{} claims with {} documents and {} appointments, {} contracts.",
                found.claims.len(),
                found.documents,
                found.appointments,
                found.contracts
            );
            if found.at_firms + found.elsewhere > 0 {
                println!(
                    "{} appointments in the calendars of firms on this server, {} at firms elsewhere.",
                    found.at_firms, found.elsewhere
                );
            }
            let kept: Vec<_> = found.claims.iter().filter_map(|(id, why)| why.map(|why| (id, why))).collect();
            for (claim, retention) in &kept {
                match wanted.overriding {
                    None => println!("  {claim} must be kept: {retention}"),
                    Some(why) => println!("  {claim} is not kept, though {retention}: --override-retention, {why}"),
                }
            }
            if !kept.is_empty() && wanted.overriding.is_none() {
                return Err(Failure::new(format!(
                    "nothing erased: {} of {} claims must be kept for the reasons above, and a person's data goes \
                     whole or not at all. Try again when they may go, or say why they go now: --override-retention \
                     court-order, authority-order, collected-in-error or test-data",
                    kept.len(),
                    found.claims.len()
                )));
            }
            if dry_run {
                println!("Nothing erased: this was a dry run.");
                return Ok(ExitCode::SUCCESS);
            }
            let documents = folder.documents(&config.documents)?;
            let catalogues = catalogues(&config.settings.catalogue)?;
            let done = erase(&folder.store, &documents, catalogues.of(&tenant), &wanted, now, &OsRandom).await;
            let done =
                done.map_err(|error| Failure::new(format!("{error}\nOnce that is mended: constat gdpr finish")))?;
            println!(
                "Erased: the personal data of {} claims and {} contracts, {} files, {} answers stored for repeated \
                 requests, the data of {} events.",
                done.claims, done.contracts, done.files, done.answers, done.events
            );
            if let Some(why) = wanted.overriding.filter(|_| !kept.is_empty()) {
                println!(
                    "Retention overridden for {} of the claims because of {why}; the event insured.erased keeps why.",
                    kept.len()
                );
            }
            println!(
                "Kept, for accounts and the audit trail: the claims' amounts, dates, codes, statuses and ids, towns, \
                 contract numbers, and the events."
            );
            if done.at_firms > 0 {
                println!("Erased in the calendars of firms on this server: {} appointments.", done.at_firms);
            }
            if done.elsewhere > 0 {
                println!(
                    "A running server asks firms elsewhere to erase {} appointments, until they have.",
                    done.elsewhere
                );
            }
            println!("The events verify as before: constat audit verify");
        }
        Gdpr::EraseAppointments { appointments, organisation, mode, reason } => {
            let organisation = find_organisation(&folder.store, &organisation)?;
            let firm = TenantId { org: organisation.id, mode: mode.into() };
            let now = SystemClock.now();
            let count = folder.store.read(|connection| count_to_erase(connection, firm, &appointments))?;
            let ids: Vec<EventId> = (0..count).map(|_| EventId::new(now, &OsRandom.entropy())).collect();
            let erase = move |tx: &mut Tx| erase_appointments(tx, firm, &appointments, reason.as_str(), (now, &ids));
            let erased: Result<usize, AppError> = folder.store.write(erase).await;
            let erased = erased.map_err(|error| Failure::new(format!("nothing erased: {error}")))?;
            folder.store.scrub()?;
            println!("Erased: the personal data of {erased} appointments.");
        }
        Gdpr::Finish => {
            let documents = folder.documents(&config.documents)?;
            let files = finish(&folder.store, &documents).await?;
            println!("{files} files removed, the database written anew.");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn unknown(insured: &InsuredOf) -> Failure {
    Failure::new(format!("{} knows no insured with this user id in this mode", insured.organisation))
}
