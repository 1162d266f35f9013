//! The real OSRM, on a little country of our own: `cargo xtask setup` installs it.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use constat_connectors::routing_service;
use constat_core::{RoutingKind, RoutingSettings};
use constat_domain::geo::Position;
use constat_testkit::{PARIS, expert};
use serde_json::{Value, json};

use crate::partner_support::{Partner, on_site};

/// Two villages on both sides of a river, a kilometre and a half apart; the bridge is far upstream.
const SOUTH_BANK: Position = Position { lat: 48.8566, lon: 2.45 };
const NORTH_BANK: Position = Position { lat: 48.87, lon: 2.45 };

/// A road from the middle of Paris to the south bank, and the long way round to the north bank.
const COUNTRY: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<osm version="0.6">
  <node id="1" version="1" lat="48.8566" lon="2.3522"/>
  <node id="2" version="1" lat="48.8566" lon="2.4000"/>
  <node id="3" version="1" lat="48.8566" lon="2.4500"/>
  <node id="4" version="1" lat="49.0500" lon="2.3522"/>
  <node id="5" version="1" lat="49.0500" lon="2.4500"/>
  <node id="6" version="1" lat="48.8700" lon="2.4500"/>
  <way id="1" version="1">
    <nd ref="1"/><nd ref="2"/><nd ref="3"/>
    <tag k="highway" v="primary"/><tag k="name" v="Rive sud"/>
  </way>
  <way id="2" version="1">
    <nd ref="1"/><nd ref="4"/><nd ref="5"/><nd ref="6"/>
    <tag k="highway" v="primary"/><tag k="name" v="Par le pont"/>
  </way>
</osm>
"#;

/// Where the set-up puts OSRM's programs.
fn programs() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let folder = target.join("tools/osrm-26.10.0/osrm");
    assert!(folder.join("bin/osrm-routed").exists(), "OSRM is not installed: run `cargo xtask setup`");
    folder
}

/// A running server with its own map.
struct Osrm {
    url: String,
    child: Child,
    _folder: tempfile::TempDir,
}

impl Drop for Osrm {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Osrm {
    fn start() -> Self {
        let programs = programs();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("country.osm"), COUNTRY).unwrap();
        let run = |program: &str, arguments: &[&str]| {
            let mut command = Command::new(programs.join("bin").join(program));
            let output = command.args(arguments).current_dir(folder.path()).output().unwrap();
            assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stdout));
        };
        let profile = programs.join("share/profiles/car.lua");
        run("osrm-extract", &["--profile", profile.to_str().unwrap(), "country.osm"]);
        run("osrm-contract", &["country.osrm"]);
        let mut child = Command::new(programs.join("bin/osrm-routed"))
            .args(["--ip", "127.0.0.1", "--port", "0", "country.osrm"])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let address = lines.find_map(|line| Some(line.split_once("Listening on: ")?.1.trim().to_owned())).unwrap();
        assert!(lines.any(|line| line.contains("waiting for requests")));
        // What it prints later is read too, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Self { url: format!("http://{address}"), child, _folder: folder }
    }

    fn settings(&self) -> RoutingSettings {
        let url = self.url.clone();
        RoutingSettings {
            kind: RoutingKind::Osrm,
            url,
            timeout_ms: 10_000,
            budget_ms: 30_000,
            ..RoutingSettings::default()
        }
    }
}

#[tokio::test]
async fn the_real_osrm_knows_that_the_bridge_is_far() {
    let osrm = Osrm::start();
    let service = routing_service(&osrm.settings()).unwrap().unwrap();
    let told = service.table(&[PARIS, SOUTH_BANK], &[SOUTH_BANK, NORTH_BANK, PARIS]).await.unwrap();
    let minutes = |from: usize, to: usize| told[from][to].unwrap() / 60;
    // 7 km along the river; 21 km up, 7 across and 20 down.
    assert!((4..15).contains(&minutes(0, 0)), "{told:?}");
    assert!((35..70).contains(&minutes(0, 1)), "{told:?}");
    assert!((40..85).contains(&minutes(1, 1)), "{told:?}");
    assert_eq!(minutes(1, 0), 0);
    // It would put an island in another ocean onto the nearest road that it knows.
    let island = [Position { lat: -20.88, lon: 55.45 }, Position { lat: -21.0, lon: 55.5 }, PARIS];
    assert_eq!(
        service.table(&island, &island).await.unwrap(),
        [vec![None, None, None], vec![None, None, None], vec![None, None, Some(0)]]
    );

    let request = |at: Position| {
        let mut request = on_site();
        request["dateTo"] = "2026-11-25T00:00:00+01:00".into();
        request["limit"] = 30.into();
        request["appointmentLocation"]["position"] = json!({ "lat": at.lat, "long": at.lon });
        request
    };
    let starts = |found: Value| -> Vec<String> {
        let slots = found["timeslots"].as_array().unwrap().clone();
        slots.iter().map(|slot| slot["startTime"].as_str().unwrap().to_owned()).collect()
    };
    let mut partner = Partner::with(vec![expert(1)]).await;
    partner.server.configure(|all| all.routing = osrm.settings()).await;
    let first = partner.booked(&request(SOUTH_BANK), "SOUTH").await;
    assert_eq!(first["schedule"]["startTime"], "2026-11-24T08:00:00Z");
    let by_road = starts(partner.search(&request(NORTH_BANK)).await);
    assert_eq!(partner.server.metric("constat_routing_drives_estimated_total").await, 0);
    assert_eq!(partner.server.metric("constat_routing_failures_total").await, 0);
    partner.server.configure(|all| all.routing = RoutingSettings::default()).await;
    let estimated = starts(partner.search(&request(NORTH_BANK)).await);
    // The estimate would drive through the river; who knows the roads offers later starts only.
    assert!(by_road[0] > estimated[0] && by_road.len() < estimated.len(), "{by_road:?} {estimated:?}");
}
