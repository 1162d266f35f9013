//! `cargo xtask crash`: see the help text.
#![expect(clippy::expect_used, reason = "a test that cannot be made stops loudly")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use constat_crash::verdict::Verdict;
use constat_crash::{Kind, Plan, check, run};

const HELP: &str = "\
cargo xtask crash: clients book in a loop while servers and the database are killed; then everything
that was acknowledged must be there, once.

    --minutes N        how long new cases are begun [5]
    --seconds N        the same in seconds
    --nodes N          servers on one database [3]
    --database KIND    cluster: two PostgreSQL servers under patroni, haproxy in front; one of them is
                       killed, and the other promoted. plain: one PostgreSQL server. sqlite: a file and
                       one node [cluster]
    --clients N        clients [16]
    --experts N        experts that they book [24]
    --days N           how many days ahead a searched week may begin [14]
    --seed N           what choices and faults grow from [1]
    --out DIR          where history, state and verdict go [target/crash/<database>-<seed>]
    --program FILE     the constat program [beside this one]
    --check DIR...     judge kept runs again, from their files alone
    --json             one JSON object on stdout

The exit code is 1 when anything was lost, doubled, overlaps, or cannot be driven.
";

struct Wanted {
    plan: Plan,
    out: Option<PathBuf>,
    check: Vec<PathBuf>,
    json: bool,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|word| word == "--help" || word == "-h") {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    let wanted = match read(arguments) {
        Ok(wanted) => wanted,
        Err(message) => {
            eprint!("{message}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    let verdicts: Result<Vec<Verdict>, String> = if wanted.check.is_empty() {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        runtime.block_on(run(&wanted.plan)).map(|verdict| vec![verdict])
    } else {
        wanted.check.iter().map(|folder| check(folder)).collect()
    };
    match verdicts {
        Ok(verdicts) => {
            for verdict in &verdicts {
                tell(verdict, wanted.json);
            }
            if wanted.check.is_empty() {
                eprintln!("Kept in {}", wanted.plan.out.display());
            }
            if verdicts.iter().all(Verdict::holds) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(message) => {
            eprintln!("crash: {message}");
            ExitCode::FAILURE
        }
    }
}

fn read(arguments: Vec<String>) -> Result<Wanted, String> {
    let beside = std::env::current_exe().expect("the path of this program");
    let program = beside.with_file_name("constat");
    let plan = |kind| Plan::new(&program, kind, Path::new(""));
    let mut wanted = Wanted { plan: plan(Kind::Cluster), out: None, check: Vec::new(), json: false };
    // The database first: what is usual depends on it.
    if let Some(at) = arguments.iter().position(|word| word == "--database") {
        wanted.plan = plan(match arguments.get(at + 1).map(String::as_str) {
            Some("cluster") => Kind::Cluster,
            Some("plain") => Kind::Plain,
            Some("sqlite") => Kind::Sqlite,
            _ => return Err("--database: cluster, plain or sqlite".to_owned()),
        });
    }
    let mut words = arguments.into_iter().peekable();
    while let Some(word) = words.next() {
        if word == "--json" {
            wanted.json = true;
            continue;
        }
        if word == "--check" {
            wanted
                .check
                .extend(std::iter::from_fn(|| words.next_if(|word| !word.starts_with("--"))).map(PathBuf::from));
            if wanted.check.is_empty() {
                return Err("--check: which folders?".to_owned());
            }
            continue;
        }
        let value = words.next().ok_or(format!("{word}: needs a value, or is not known"))?;
        let describe = |error: std::io::Error| format!("{word} {value}: {error}");
        let number =
            || value.parse::<u32>().ok().filter(|number| *number > 0).ok_or(format!("{word} {value}: a number"));
        match word.as_str() {
            "--minutes" => wanted.plan.length = Duration::from_mins(number()?.into()),
            "--seconds" => wanted.plan.length = Duration::from_secs(number()?.into()),
            "--nodes" => wanted.plan.nodes = number()? as usize,
            "--clients" => wanted.plan.clients = number()? as usize,
            "--experts" => wanted.plan.experts = number()? as usize,
            "--seed" => wanted.plan.seed = number()?.into(),
            "--database" => {}
            "--days" => wanted.plan.days = number()? as usize,
            // Servers run in folders of their own.
            "--out" => wanted.out = Some(std::path::absolute(&value).map_err(describe)?),
            "--program" => wanted.plan.program = std::fs::canonicalize(&value).map_err(describe)?,
            other => return Err(format!("{other} is not known")),
        }
    }
    let name = match wanted.plan.kind {
        Kind::Cluster => "cluster",
        Kind::Plain => "plain",
        Kind::Sqlite => "sqlite",
    };
    if wanted.plan.kind == Kind::Sqlite && wanted.plan.nodes > 1 {
        return Err("--nodes: a SQLite file has one server".to_owned());
    }
    let target = beside.parent().and_then(Path::parent).expect("a target folder");
    wanted.plan.out = wanted.out.clone().unwrap_or_else(|| target.join(format!("crash/{name}-{}", wanted.plan.seed)));
    Ok(wanted)
}

fn tell(verdict: &Verdict, json: bool) {
    if json {
        println!("{}", serde_json::to_string(verdict).expect("a verdict is JSON"));
        return;
    }
    for (what, count) in &verdict.counts {
        println!("{count:>10}  {what}");
    }
    println!("{:>10}  faults found", verdict.fault_count);
    for fault in &verdict.faults {
        println!("  {fault}");
    }
    println!(
        "{}",
        if verdict.holds() { "Everything that was acknowledged holds." } else { "Something does not hold." }
    );
}
