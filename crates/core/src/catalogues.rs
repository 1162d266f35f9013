//! Which catalogue judges whose claims: the one inside the program, the operator's files over it, and
//! an organisation's own over both.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use constat_domain::catalogue::{Catalogue, CatalogueError};
use constat_domain::ids::OrgId;
use constat_domain::tenancy::TenantId;
use serde::{Deserialize, Serialize};

/// Where further catalogue files are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CatalogueSettings {
    /// A folder of files for all organisations, with a subfolder for each organisation's own, named by its id.
    /// Empty: none.
    pub folder: String,
}

/// Every organisation's catalogue. Read once, at the start: what judges a claim does not change under
/// it.
#[derive(Debug, Clone)]
pub struct Catalogues {
    everyone: Arc<Catalogue>,
    own: HashMap<OrgId, Arc<Catalogue>>,
}

impl Default for Catalogues {
    /// The embedded catalogue for all.
    fn default() -> Self {
        Self { everyone: Arc::new(Catalogue::embedded().clone()), own: HashMap::new() }
    }
}

impl Catalogues {
    /// The embedded catalogue with the files of the folder that is set, if one is.
    ///
    /// # Errors
    /// Everything that is wrong in the folder, by file.
    pub fn load(settings: &CatalogueSettings) -> Result<Self, Vec<CatalogueError>> {
        if settings.folder.is_empty() { Ok(Self::default()) } else { Self::of_folder(Path::new(&settings.folder)) }
    }

    /// The embedded catalogue with the files of a folder.
    ///
    /// # Errors
    /// Everything that is wrong in the folder, by file.
    pub fn of_folder(folder: &Path) -> Result<Self, Vec<CatalogueError>> {
        let (everyone, mut faults) = match layer(Catalogue::embedded(), folder) {
            Ok(catalogue) => (catalogue, Vec::new()),
            Err(faults) => (Catalogue::embedded().clone(), faults),
        };
        let mut own = HashMap::new();
        for path in entries(folder).unwrap_or_default().into_iter().filter(|path| path.is_dir()) {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let Ok(organisation) = name.parse::<OrgId>() else {
                let message = "is not an organisation's id; expected one that `constat organisations list` shows";
                faults.push(CatalogueError { file: path.display().to_string(), message: message.to_owned() });
                continue;
            };
            match layer(&everyone, &path) {
                Ok(catalogue) => {
                    own.insert(organisation, Arc::new(catalogue));
                }
                Err(of_folder) => faults.extend(of_folder),
            }
        }
        if faults.is_empty() { Ok(Self { everyone: Arc::new(everyone), own }) } else { Err(faults) }
    }

    /// The catalogue of the organisation whose data it is.
    pub fn of(&self, tenant: &TenantId) -> &Arc<Catalogue> {
        self.own.get(&tenant.org).unwrap_or(&self.everyone)
    }

    /// The catalogue of organisations without their own.
    pub fn everyone(&self) -> &Catalogue {
        &self.everyone
    }

    /// The organisations that have files of their own, each with its catalogue.
    pub fn own(&self) -> impl Iterator<Item = (OrgId, &Catalogue)> {
        self.own.iter().map(|(organisation, catalogue)| (*organisation, catalogue.as_ref()))
    }
}

fn layer(below: &Catalogue, folder: &Path) -> Result<Catalogue, Vec<CatalogueError>> {
    let files = read_files(folder).map_err(|fault| vec![fault])?;
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    below.extended(&files)
}

/// The catalogue files of a folder itself (`*.toml`), by path, with their text.
///
/// # Errors
/// The folder or a file cannot be read.
pub fn read_files(folder: &Path) -> Result<Vec<(String, String)>, CatalogueError> {
    let is_toml = |path: &Path| path.is_file() && path.extension().is_some_and(|extension| extension == "toml");
    let paths = entries(folder)?.into_iter().filter(|path| is_toml(path));
    paths
        .map(|path| {
            let name = path.display().to_string();
            match std::fs::read_to_string(&path) {
                Ok(text) => Ok((name, text)),
                Err(error) => Err(CatalogueError { file: name, message: format!("cannot be read: {error}") }),
            }
        })
        .collect()
}

/// What lies in a folder, by name.
fn entries(folder: &Path) -> Result<Vec<std::path::PathBuf>, CatalogueError> {
    let read = || -> std::io::Result<Vec<_>> {
        let mut paths =
            std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
        paths.retain(|path: &std::path::PathBuf| {
            !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
        });
        paths.sort();
        Ok(paths)
    };
    read().map_err(|error| CatalogueError {
        file: folder.display().to_string(),
        message: format!("the folder cannot be read: {error}"),
    })
}
