//! Every commune and every CEDEX code of the gazetteer, spelt the ways people spell them: the commune
//! is found, or the caller is asked to choose; another commune is never taken.

use std::collections::BTreeMap;

use constat_domain::gazetteer::{Commune, Gazetteer, NotLocated};

/// What became of the addresses of one spelling.
#[derive(Debug, Default, Clone)]
struct Tally {
    found: usize,
    /// How many were answered with the communes to choose from.
    asked: usize,
    wrong: Vec<String>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.found += other.found;
        self.asked += other.asked;
        self.wrong.extend(other.wrong);
    }
}

type Tallies = BTreeMap<&'static str, Tally>;

fn plain(name: &str) -> String {
    let mut plain = String::new();
    for letter in name.chars().flat_map(char::to_uppercase) {
        match letter {
            'À' | 'Â' | 'Ä' => plain.push('A'),
            'Ç' => plain.push('C'),
            'É' | 'È' | 'Ê' | 'Ë' => plain.push('E'),
            'Î' | 'Ï' => plain.push('I'),
            'Ô' | 'Ö' => plain.push('O'),
            'Û' | 'Ù' | 'Ü' => plain.push('U'),
            'Ÿ' => plain.push('Y'),
            'Œ' => plain.push_str("OE"),
            'Æ' => plain.push_str("AE"),
            other => plain.push(other),
        }
    }
    plain
}

/// The words of a name in capitals without accents, each changed.
fn words(name: &str, change: impl Fn(&str) -> String) -> String {
    let plain = plain(name).replace(['-', '\'', '’'], " ");
    plain.split_whitespace().map(change).collect::<Vec<_>>().join(" ")
}

fn abbreviated(word: &str) -> String {
    match word {
        "SAINT" => "ST",
        "SAINTE" => "STE",
        other => other,
    }
    .to_owned()
}

fn slashed(name: &str) -> String {
    let spelt = words(name, abbreviated);
    spelt.replace(" SUR ", " S/ ").replace(" SOUS ", " S/S ")
}

fn cut(text: &str) -> String {
    text.chars().take(32).collect()
}

/// The town and number of an arrondissement: `PARIS 17`, `LYON 03`.
fn numbered(name: &str) -> Option<(String, u8)> {
    let (town, rest) = name.split_once(' ').filter(|_| name.ends_with("Arrondissement"))?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Some((town.to_uppercase(), digits.parse().ok()?))
}

/// Spellings of one name, each with what it is called.
fn spellings(name: &str) -> Vec<(&'static str, String)> {
    let spelt = words(name, str::to_owned);
    let mut all = vec![
        ("capitals", name.to_uppercase()),
        ("no accents", plain(name)),
        ("no hyphens", spelt.clone()),
        ("ST, STE", words(name, abbreviated)),
        ("S/, S/S", slashed(name)),
        ("S/ glued", slashed(name).replace("S/ ", "S/")),
        ("slash", words(name, abbreviated).replace(" SUR ", "/").replace(" SOUS ", "/")),
        ("S", words(name, abbreviated).replace(" SUR ", " S ")),
        ("L'", plain(name).replace("L'", "L ").replace("D'", "D ")),
        ("LEZ, LES", spelt.replace(" LES ", " LEZ ")),
        ("cut at 32", cut(name)),
        ("cut capitals", cut(&spelt)),
        ("cut and abbreviated", cut(&words(name, abbreviated))),
        ("cut with S/", cut(&slashed(name))),
        ("CEDEX", format!("{} CEDEX 2", words(name, abbreviated))),
    ];
    if let Some((town, number)) = numbered(name) {
        all.push(("town", town.clone()));
        all.push(("PARIS 17", format!("{town} {number}")));
        all.push(("PARIS 03", format!("{town} {number:02}")));
        all.push(("PARIS 17EME", format!("{town} {number}EME")));
    }
    all
}

/// Spellings that need the whole name to be read: glued words, a letter missing, two swapped.
fn slips(name: &str) -> Vec<(&'static str, String)> {
    let spelt = words(name, str::to_owned);
    let mut letters: Vec<char> = spelt.chars().collect();
    let middle = letters.len() / 2;
    letters.remove(middle);
    let missing: String = letters.iter().collect();
    let mut swapped: Vec<char> = spelt.chars().collect();
    if swapped.len() > 3 {
        swapped.swap(middle - 1, middle);
    }
    vec![
        ("glued", spelt.replace(' ', "")),
        ("a letter missing", missing.trim().to_owned()),
        ("two letters swapped", swapped.into_iter().collect()),
    ]
}

fn judge(tallies: &mut Tallies, kind: &'static str, zip: &str, city: &str, commune: &Commune) {
    let tally = tallies.entry(kind).or_default();
    match Gazetteer::embedded().find(zip, Some(city)) {
        Ok(located) if located.commune.is_some_and(|found| found.insee == commune.insee) => tally.found += 1,
        Err(NotLocated::Ambiguous { communes }) if communes.iter().any(|one| one.insee == commune.insee) => {
            tally.asked += 1;
        }
        other => {
            let found = match other {
                Ok(located) => located.commune.map_or("no commune", |found| found.name),
                Err(NotLocated::Ambiguous { .. }) => "a question without it",
                Err(NotLocated::UnknownPostcode) => "an unknown postcode",
            };
            tally.wrong.push(format!("{zip} {city}: {found}, not {}", commune.name));
        }
    }
}

/// Runs a part of the communes on each of several threads.
fn on_all(work: impl Fn(&Commune, &mut Tallies) + Sync) -> Tallies {
    const THREADS: usize = 4;
    let communes = Gazetteer::embedded().communes();
    let mut all = Tallies::new();
    std::thread::scope(|scope| {
        let parts = (0..THREADS).map(|part| {
            let work = &work;
            scope.spawn(move || {
                let mut tallies = Tallies::new();
                for commune in communes.iter().skip(part).step_by(THREADS) {
                    work(commune, &mut tallies);
                }
                tallies
            })
        });
        for part in parts.collect::<Vec<_>>() {
            let Ok(tallies) = part.join() else { panic!("a thread failed") };
            for (kind, tally) in tallies {
                all.entry(kind).or_default().add(tally);
            }
        }
    });
    for (kind, tally) in &all {
        println!("{kind}: {} found, {} asked, {} wrong", tally.found, tally.asked, tally.wrong.len());
    }
    let wrong: Vec<&String> = all.values().flat_map(|tally| &tally.wrong).collect();
    assert!(wrong.is_empty(), "{} wrong: {:#?}", wrong.len(), wrong.iter().take(60).collect::<Vec<_>>());
    all
}

#[test]
fn every_commune_is_found_as_people_write_it() {
    let tallies = on_all(|commune, tallies| {
        for zip in commune.postcodes() {
            let mut tried: Vec<String> = Vec::new();
            for (kind, city) in spellings(commune.name) {
                if !tried.contains(&city) {
                    judge(tallies, kind, zip, &city, commune);
                    tried.push(city);
                }
            }
        }
    });
    for (kind, Tally { found, asked, .. }) in tallies {
        assert!(asked * 200 <= found, "{kind}: {found} found, {asked} asked");
    }
}

#[test]
fn a_slip_of_the_pen_finds_the_commune_or_asks() {
    let tallies = on_all(|commune, tallies| {
        let Some(zip) = commune.postcodes().next().filter(|_| commune.name.len() > 2) else { return };
        for (kind, city) in slips(commune.name) {
            judge(tallies, kind, zip, &city, commune);
        }
    });
    for (kind, Tally { found, asked, .. }) in tallies {
        assert!(asked * 10 <= found, "{kind}: {found} found, {asked} asked");
    }
}
