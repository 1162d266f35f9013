//! How long suggestions and the location of addresses take: `cargo run --release -p constat-domain --example suggestions`.

use std::time::{Duration, Instant};

use constat_domain::gazetteer::Gazetteer;

const ROUNDS: usize = 201;

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let begun = Instant::now();
    let value = work();
    (begun.elapsed(), value)
}

fn main() {
    let (reading, gazetteer) = timed(Gazetteer::embedded);
    let (first, _) = timed(|| gazetteer.suggest("paris", 10));
    println!("reading the communes {reading:?}, the first suggestion (which orders the names) {first:?}");
    println!("{:>24}  {:>10}  {:>10}  best", "query", "median", "longest");
    for query in [
        "s",
        "l",
        "sa",
        "st",
        "saint",
        "saint ",
        "paris",
        "bordaux",
        "marsiele",
        "montpelier",
        "clermon ferand",
        "saint martn",
        "qwertyuiop",
        "saint-remy-en-bouzemont-saint-gene",
        "75",
        "75017",
        "75017 paris",
        "seynod",
        "neuilly/seine",
    ] {
        let mut times: Vec<Duration> = (0..ROUNDS).map(|_| timed(|| gazetteer.suggest(query, 10)).0).collect();
        times.sort_unstable();
        let best = gazetteer.suggest(query, 1);
        let best = best.first().map_or("-", |found| found.commune.name);
        println!("{query:>24.24}  {:>10.1?}  {:>10.1?}  {best}", times[ROUNDS / 2], times[ROUNDS - 1]);
    }
    println!("{:>24}  {:>10}  {:>10}  commune", "address", "median", "longest");
    for (zip, city) in [
        ("75017", "Paris"),
        ("41400", "SAINT GEORGES SUR CHER"),
        ("41400", "ST GEORGES S/ CHER"),
        ("41400", "SAINT GORGES SUR CHER"),
        ("41400", "Nowhere"),
        ("42000", "Nowhere"),
        ("97744", "SAINT DENIS CEDEX 9"),
        ("92908", "PARIS LA DEFENSE CEDEX"),
    ] {
        let mut times: Vec<Duration> =
            (0..ROUNDS).map(|_| timed(|| gazetteer.find(zip, Some(city)).is_ok()).0).collect();
        times.sort_unstable();
        let found = gazetteer.locate(zip, Some(city)).map_or("-", |commune| commune.name);
        println!("{city:>24.24}  {:>10.1?}  {:>10.1?}  {found}", times[ROUNDS / 2], times[ROUNDS - 1]);
    }
}
