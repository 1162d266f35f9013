//! `constat catalogue`: checks catalogue files and shows what they say.

mod matrix;
mod released;

use std::path::Path;
use std::process::ExitCode;

use comfy_table::{Table, presets};
use constat_core::{CatalogueSettings, Catalogues, read_files};
use constat_domain::catalogue::{Catalogue, CatalogueError, Family};

use crate::args::CatalogueCommand;
use crate::failure::Failure;

/// The catalogues that the settings name.
pub fn catalogues(settings: &CatalogueSettings) -> Result<Catalogues, Failure> {
    Catalogues::load(settings).map_err(|faults| failure(&faults))
}

/// Every fault on a line of its own.
fn failure(faults: &[CatalogueError]) -> Failure {
    let lines: Vec<String> = faults.iter().map(|fault| format!("  {}", fault.to_string().trim_end())).collect();
    let count = if faults.len() == 1 { "1 fault".to_owned() } else { format!("{} faults", faults.len()) };
    Failure::new(format!("the catalogue has {count}:\n{}", lines.join("\n")))
}

/// Runs `constat catalogue ...`.
pub fn catalogue(settings: &CatalogueSettings, command: &CatalogueCommand) -> Result<ExitCode, Failure> {
    match command {
        CatalogueCommand::Check { path: Some(path), quiet } => check(path, *quiet)?,
        CatalogueCommand::Check { path: None, quiet } if settings.folder.is_empty() => {
            show(&Catalogue::embedded().families, *quiet);
        }
        CatalogueCommand::Check { path: None, quiet } => check(Path::new(&settings.folder), *quiet)?,
        CatalogueCommand::List => list(&catalogues(settings)?),
    }
    Ok(ExitCode::SUCCESS)
}

fn check(path: &Path, quiet: bool) -> Result<(), Failure> {
    if !path.is_dir() {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display())))?;
        let name = path.display().to_string();
        let file = [(name.as_str(), text.as_str())];
        Catalogue::embedded().extended(&file).map_err(|faults| failure(&faults))?;
        let families = Catalogue::parse(&file).map_err(|faults| failure(&faults))?.families;
        show(&families, quiet);
        return Ok(());
    }
    let released = released::check(path).map_err(|fault| failure(&[fault]))?;
    let mut faults = released.faults;
    faults.extend(Catalogues::of_folder(path).err().unwrap_or_default());
    if !faults.is_empty() {
        return Err(failure(&faults));
    }
    show(&families_of(path)?, quiet);
    for line in released.unlisted {
        println!("Not released yet: once claims may be declared with it, add this line to released.txt:\n  {line}");
    }
    Ok(())
}

/// The families that a folder's files say, its organisations' too.
fn families_of(folder: &Path) -> Result<Vec<Family>, Failure> {
    let mut families = Vec::new();
    let mut folders = vec![folder.to_owned()];
    folders.extend(std::fs::read_dir(folder)?.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()));
    folders.sort();
    for folder in folders {
        for (name, text) in read_files(&folder).map_err(|fault| failure(&[fault]))? {
            let parsed = Catalogue::parse(&[(&name, &text)]).map_err(|faults| failure(&faults))?;
            families.extend(parsed.families);
        }
    }
    Ok(families)
}

fn show(families: &[Family], quiet: bool) {
    if !quiet {
        for family in families {
            println!("{}", matrix::of(family));
        }
    }
    let subtypes: usize = families.iter().map(|family| family.subtypes().count()).sum();
    let what = match families {
        [one] => format!("{} {} is sound", one.id, one.version),
        several => format!("{} families are sound", several.len()),
    };
    println!("{what}: {subtypes} losses.");
}

fn list(catalogues: &Catalogues) {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(["family", "version", "new claims", "for", "products"]);
    let mut add = |catalogue: &Catalogue, whose: &str, known: Option<&Catalogue>| {
        for family in catalogue.versions() {
            if known.is_some_and(|known| known.versions().any(|other| other == family)) {
                continue;
            }
            let products: Vec<&str> = family.products.iter().map(|product| product.id.as_str()).collect();
            let newest = catalogue.family(&family.id) == Some(family);
            let taken = if newest { "yes" } else { "no" };
            table.add_row([&family.id, &family.version, taken, whose, &products.join(", ")]);
        }
    };
    add(catalogues.everyone(), "all organisations", None);
    for (organisation, own) in catalogues.own() {
        add(own, &organisation.to_string(), Some(catalogues.everyone()));
    }
    println!("{table}");
}
