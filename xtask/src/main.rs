//! The project's chores, each one command: `cargo xtask <chore>`.
//!
//! Thin on purpose: it installs what is missing, then runs `cargo` with the right words. It has no
//! dependencies worth mentioning, so that the first `cargo xtask` starts at once.

mod chores;
#[cfg(test)]
mod circles;
#[cfg(test)]
mod layers;
#[cfg(test)]
mod prose;
mod setup;

use std::process::ExitCode;

const HELP: &str = "\
The project's chores.

USAGE
    cargo xtask <CHORE> [ARGUMENTS]

CHORES
    demo      Set up what is missing, build, and run the main job against a fresh server.
              Arguments go to `constat demo`: --once (walk and exit), --json --port N, --data DIR.
    test      Set up what is missing and run every check and test: format, lints, tests, examples
              in the documentation.
    bench     Build for speed and measure; --json for one JSON object, --quick for a shorter run.
    load      Build for speed; 10,000 claims, 200 clients for ten minutes, a receiver of webhooks that is
              away for an hour. --minutes N, --clients N and others: see --help.
    scale     Build for speed; 1, 2 and 4 servers on one PostgreSQL, the burst of a catastrophe, how many
              offers are honoured, how soon a conflict is heard of. --quick, --json and others: see --help.
    crash     Kill servers and databases, cut their network, promote a standby, while clients book; then
              look for anything lost or doubled. --minutes N, --check DIR... and others: see --help.
    openapi   Write the OpenAPI documents that are checked in under openapi/ anew.
    setup     Only install what the chores above need, but for the cluster of `crash`.
    help      This text.

EXAMPLES
    cargo xtask demo
    cargo xtask demo --once
    cargo xtask test
    cargo xtask bench --json
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let chore = arguments.next();
    let rest: Vec<String> = arguments.collect();
    let outcome = match chore.as_deref() {
        Some("demo") => chores::demo(&rest),
        Some("test") => chores::test(&rest),
        Some("bench") => chores::bench(&rest),
        Some("load") => chores::load(&rest),
        Some("scale") => chores::scale(&rest),
        Some("crash") => chores::crash(&rest),
        Some("openapi") => chores::openapi(),
        Some("setup") => setup::for_tests(),
        Some("help" | "--help" | "-h") | None => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Some(unknown) => {
            eprintln!("There is no chore `{unknown}`.\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("\nxtask: {message}");
            ExitCode::FAILURE
        }
    }
}
