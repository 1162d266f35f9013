//! Constat: takes an insurance claim from its declaration to a booked expert whose firm holds the
//! file. This binary is the command line, the configuration and the wiring.

mod archives;
mod args;
mod audit;
mod backup;
mod catalogue;
mod catastrophe;
mod clock_and_random;
mod config;
mod demo;
mod documents;
mod draw;
mod export;
mod exposure;
mod failure;
mod folder;
mod gdpr;
mod help;
mod import;
mod keys;
mod logging;
mod private;
mod progress;
mod serve;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Cli, Command};
use crate::config::Config;
use crate::failure::Failure;
use crate::folder::Folder;

/// Requests are many small allocations; see docs/performance.md.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    private::restrict_new_files();
    let cli = Cli::parse();
    if let Command::Draw { media_type } = &cli.command {
        return draw::draw(media_type);
    }
    // Fails only when a provider is installed already, which is as good.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&Failure::from(error)),
    };
    let outcome = runtime.block_on(run(cli));
    // Nothing that is still asleep may keep the process alive.
    runtime.shutdown_background();
    outcome.unwrap_or_else(|failure| failed(&failure))
}

fn failed(failure: &Failure) -> ExitCode {
    eprintln!("constat: {failure}");
    ExitCode::FAILURE
}

async fn run(cli: Cli) -> Result<ExitCode, Failure> {
    let mut config = Config::load(&cli.flags())?;
    if matches!(cli.command, Command::Demo(_)) && config.log.level == "info" {
        // The demonstration tells its own story.
        "warn".clone_into(&mut config.log.level);
    }
    logging::start(&config.log)?;
    match cli.command {
        Command::Serve(_) => serve::serve(config).await?,
        Command::Demo(options) => return demo::demo(config, options, cli.data).await,
        Command::Organisations(command) => {
            keys::organisations(&Folder::open(&config)?.store, command).await?;
        }
        Command::Keys(command) => keys::keys(&Folder::open(&config)?.store, command).await?,
        Command::Import(command) => return import::import(&config, command).await,
        Command::Export(command) => return export::export(&config, command).await,
        Command::Gdpr(command) => return gdpr::gdpr(&config, command).await,
        Command::Catalogue(command) => return catalogue::catalogue(&config.settings.catalogue, &command),
        Command::Catastrophe(command) => catastrophe::catastrophe(&Folder::open(&config)?.store, command).await?,
        Command::Backup { to } => backup::backup(&config, &to).await?,
        Command::Restore { from } => backup::restore_backup(&config, &from).await?,
        Command::Audit(command) => return audit::audit(&Folder::existing(&config)?.store, &command),
        Command::Documents(command) => return documents::documents(&config, command).await,
        // Done before: it takes neither a configuration nor a runtime.
        Command::Draw { .. } => {}
        Command::Config => print!("{}", config::DEFAULT_FILE),
    }
    Ok(ExitCode::SUCCESS)
}
