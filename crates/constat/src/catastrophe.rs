//! `constat catastrophe`.

use constat_administration::{start_catastrophe, stop_catastrophe};
use constat_core::Clock as _;
use constat_domain::catastrophe::{Catastrophe, Stage, USUAL_STAGES};
use constat_domain::codes::{Codes, Table};
use constat_domain::gazetteer::Gazetteer;
use constat_domain::postcode::read_french;
use constat_store::queries::catastrophes;
use constat_store::{Store, StoreError};

use crate::args::CatastropheCommand;
use crate::clock_and_random::SystemClock;
use crate::failure::Failure;
use crate::keys::{operator, plain_table, print_json};

/// Runs `constat catastrophe ...`.
pub async fn catastrophe(store: &Store, command: CatastropheCommand) -> Result<(), Failure> {
    match command {
        CatastropheCommand::Start { name, departments, postcodes, natures, stages } => {
            let natures = natures.iter().map(|code| nature(code)).collect::<Result<_, _>>()?;
            let departments = departments.iter().map(|code| code.to_ascii_uppercase()).collect();
            let postcodes = postcodes.into_iter().map(|code| read_french(&code).unwrap_or(code)).collect();
            let stages = if stages.is_empty() { USUAL_STAGES.to_vec() } else { stages };
            let started_at = SystemClock.now();
            let name = name.trim().to_owned();
            let new = Catastrophe { name, departments, postcodes, natures, stages, started_at, ended_at: None };
            if let Some(fault) = new.check().first() {
                return Err(Failure::new(format!("{}: {}", fault.field, fault.message)));
            }
            check_postcodes(&new.postcodes)?;
            let declared = new.clone();
            let operator = operator();
            match store.write(move |tx| start_catastrophe(tx, &operator, &new)).await {
                Ok(()) => {}
                Err(constat_core::AppError::Store(StoreError::Conflict(_))) => {
                    let name = &declared.name;
                    return Err(Failure::new(format!("there was a catastrophe {name:?} before: choose another name")));
                }
                Err(error) => return Err(error.into()),
            }
            println!("{:?} is on. Every server keeps to it within five seconds.", declared.name);
            println!("{}", told(&declared));
        }
        CatastropheCommand::Stop { name } => {
            let (operator, wanted) = (operator(), name.clone());
            match store.write(move |tx| stop_catastrophe(tx, &operator, &wanted)).await? {
                Some(known) => println!("{:?} is over.", known.name),
                None => {
                    return Err(Failure::new(format!(
                        "there is no catastrophe {name:?}; see constat catastrophe status"
                    )));
                }
            }
        }
        CatastropheCommand::Status { json } => {
            let all = store.read(catastrophes::all)?;
            if json {
                return print_json(&all);
            }
            let now = SystemClock.now();
            let mut table = plain_table(&["name", "where", "losses", "began", "ended", "kept now"]);
            for one in &all {
                let at = |at: jiff::Timestamp| at.strftime("%Y-%m-%d %H:%MZ").to_string();
                table.add_row([
                    one.name.clone(),
                    places(one),
                    if one.natures.is_empty() { "any".to_owned() } else { one.natures.join(", ") },
                    at(one.started_at),
                    one.ended_at.map(at).unwrap_or_default(),
                    format!("{} %", one.reserved_percent(now)),
                ]);
            }
            if all.is_empty() {
                println!("There is no catastrophe, and there was none.");
            } else {
                println!("{table}");
            }
        }
    }
    Ok(())
}

/// Refuses postcodes that neither a commune nor a CEDEX has: nothing would be kept there.
fn check_postcodes(postcodes: &[String]) -> Result<(), Failure> {
    let is_unknown =
        |code: &&String| Gazetteer::embedded().by_postcode_in("FR", code).is_none_or(|found| found.is_empty());
    let unknown: Vec<&str> = postcodes.iter().filter(is_unknown).map(String::as_str).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "--postcode {}: no commune and no CEDEX has it; correct it, or name the département with --department",
        unknown.join(", ")
    )))
}

/// A loss by its code, in the code's own spelling.
fn nature(code: &str) -> Result<String, Failure> {
    let codes = Codes::embedded();
    let known = codes.canonical(Table::LossNature, code).map(str::to_owned);
    known.ok_or_else(|| Failure::new(format!("--nature: {}", codes.unknown(Table::LossNature, code))))
}

fn places(one: &Catastrophe) -> String {
    one.departments.iter().chain(&one.postcodes).map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// What is kept, and until when.
fn told(one: &Catastrophe) -> String {
    let line = |stage: &Stage| {
        let Stage { from_hours, reserved_percent } = stage;
        match from_hours {
            0 => format!("  {reserved_percent} % of each expert's day is kept for urgent claims from {}", places(one)),
            hours => format!("  {reserved_percent} % after {hours} hours"),
        }
    };
    one.stages.iter().map(line).collect::<Vec<_>>().join("\n")
}
