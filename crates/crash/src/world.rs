//! What is there before the clients come: some platforms, each with a key of one firm, and the firm's experts. All is
//! made with the command line, as an operator would.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use constat_client::wire::partner::ServiceRequest;
use constat_domain::gazetteer::Gazetteer;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// What the clients know of the world.
#[derive(Debug, Clone)]
pub struct World {
    /// Each platform's key of the firm.
    pub keys: Vec<String>,
    places: Vec<Value>,
    from: Timestamp,
}

/// How many platforms book. Each may hold a limited number of times at the firm: with several, holds are tried
/// throughout a run.
const PLATFORMS: usize = 4;

/// Makes the world on an empty database. `command` gives the program with its settings.
pub fn make(folder: &Path, experts: usize, now: Timestamp, command: impl Fn() -> Command) -> Result<World, String> {
    let run = |arguments: &[&str]| {
        let output = command().args(arguments).output().map_err(|error| format!("constat: {error}"))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
        }
        Err(format!("constat {arguments:?}: {}", String::from_utf8_lossy(&output.stderr)))
    };
    let communes = Gazetteer::embedded().communes().iter();
    let around_paris = communes.filter(|commune| ["75", "92", "93", "94"].contains(&commune.department()));
    let places: Vec<(String, Value)> = around_paris
        .filter_map(|commune| {
            let zip = commune.postcodes().next()?;
            let city: String = commune.name.chars().take(32).collect();
            let address =
                json!({ "street1": "1 place de la Mairie", "zipCode": zip, "city": city, "countryCode": "FR" });
            let position = json!({ "lat": commune.position.lat, "long": commune.position.lon });
            Some((zip.to_owned(), json!({ "address": address, "position": position })))
        })
        .collect();
    let hours = ["08:30-12:30;13:30-18:00"; 5].join(",");
    let mut file = "reference,display_name,zip,kinds,monday,tuesday,wednesday,thursday,friday\n".to_owned();
    for number in 0..experts {
        let zip = &places[number * 7 % places.len()].0;
        let _infallible = writeln!(file, "E{number:03},Expert {number:03},{zip},ESS,{hours}");
    }
    let experts = folder.join("experts.csv");
    std::fs::write(&experts, file).map_err(|error| format!("{}: {error}", experts.display()))?;
    run(&["organisations", "add", "--kind", "partner", "--name", "Cabinet"])?;
    let mut keys = Vec::with_capacity(PLATFORMS);
    for number in 1..=PLATFORMS {
        let name = format!("Plateforme {number}");
        run(&["organisations", "add", "--kind", "platform", "--name", &name])?;
        let of_firm = ["--issuer", "Cabinet", "--holder", &name];
        keys.push(run(&[&["keys", "create", "--api", "partner", "--mode", "test"], &of_firm[..]].concat())?);
    }
    run(&["import", "experts", &experts.to_string_lossy(), "--organisation", "Cabinet", "--mode", "test"])?;
    let places = places.into_iter().map(|(_, place)| place).collect();
    Ok(World { keys, places, from: now })
}

impl World {
    /// A search for a visit at one of the places, in the week that starts `day` days from tomorrow. `place` wraps
    /// around.
    pub fn search(&self, place: usize, day: usize, moved: Option<&str>) -> ServiceRequest {
        let day = i64::try_from(day).unwrap_or(0);
        let from = self.from + SignedDuration::from_hours(24 * (1 + day));
        let declared = self.from - SignedDuration::from_hours(24);
        let mut request = json!({
            "type": { "name": "ESS" },
            "claim": {
                "date": declared.to_string(),
                "guarantee": "DegatsDesEaux",
                "company": { "id": "02000402", "name": "ALLIANZ IARD" },
                "claimId": "0190a7b4-0000-7000-8000-000000000000",
                "valuation": { "totalCost": { "value": 1850.0, "currency": "EUR" } },
            },
            "dateFrom": from.to_string(),
            "dateTo": (from + SignedDuration::from_hours(24 * 7)).to_string(),
            "limit": 20,
            "customerType": "individual",
            "insurerClaimId": "SIN-2026-001",
            "riskType": { "name": "Appartement" },
            "appointmentLocation": self.places[place * 5 % self.places.len()],
        });
        if let Some(appointment) = moved {
            request["appointmentId"] = appointment.into();
        }
        serde_json::from_value(request).expect("a request of the contract")
    }
}
