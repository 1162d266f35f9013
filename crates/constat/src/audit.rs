//! `constat audit`.

use std::process::ExitCode;

use constat_administration::audit::{chain_length, verify_chain};
use constat_store::Store;
use constat_store::chain::hex;
use constat_store::queries::{events, organisations};

use crate::args::Audit;
use crate::failure::Failure;
use crate::keys::find_organisation;
use crate::progress::of_count;

/// Runs `constat audit ...`.
pub fn audit(store: &Store, command: &Audit) -> Result<ExitCode, Failure> {
    let Audit::Verify { organisation } = command;
    let only = organisation.as_deref().map(|name| find_organisation(store, name)).transpose()?;
    let mut tenants = store.read(events::tenants)?;
    tenants.retain(|tenant| only.as_ref().is_none_or(|only| only.id == tenant.org));
    let names = store.read(organisations::all)?;
    let mut total = 0;
    for tenant in &tenants {
        total += chain_length(store, tenant)?.unsigned_abs();
    }
    let progress = of_count(total, "events");
    let mut faults = 0_usize;
    let mut lines = Vec::new();
    for tenant in &tenants {
        let name = names.iter().find(|known| known.id == tenant.org).map_or("?", |known| known.name.as_str());
        progress.set_message(format!("events of {name}"));
        let verdict = verify_chain(store, tenant, &|checked| progress.inc(checked))?;
        let erased = if verdict.erased == 0 { String::new() } else { format!(", {} of them erased", verdict.erased) };
        let mode = tenant.mode.as_str();
        lines.push(match &verdict.fault {
            None => {
                let end = hex(&verdict.end);
                format!(
                    "{name} ({mode}): {} events are as they were recorded{erased}; the chain ends in {end}",
                    verdict.sound
                )
            }
            Some(fault) => {
                faults += 1;
                format!("{name} ({mode}): {fault}. The {} before it are as they were recorded{erased}.", verdict.sound)
            }
        });
    }
    progress.finish_and_clear();
    for line in &lines {
        println!("{line}");
    }
    if tenants.is_empty() {
        println!("There are no events yet.");
    }
    Ok(if faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
