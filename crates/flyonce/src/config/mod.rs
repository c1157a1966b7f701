//! Configuration: one TOML file of settings and one catalogue of matters, read so that every mistake
//! is reported with its line and field. Both have built-in defaults.

pub mod calendar;
pub mod cameras;
pub mod catalogue;
pub mod cloud;
pub mod coverage;
pub mod failsafe;
pub mod fleet;
pub mod further_models;
pub mod heights;
pub mod layers;
pub mod mavlink;
pub mod quality;
pub mod reach;
pub mod reader;
pub mod roster;
pub mod settings;
mod validity;

use std::path::{Path, PathBuf};

use crate::config::catalogue::Catalogue;
use crate::config::reader::Mistake;
use crate::config::settings::Settings;

/// Settings and catalogue that belong together.
#[derive(Debug, Clone)]
pub struct Config {
    /// The settings.
    pub settings: Settings,
    /// Matters and classes.
    pub catalogue: Catalogue,
}

/// Why no configuration could be had.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Something in the files is wrong.
    #[error("{} mistake(s) in the configuration:\n{}", .0.len(), list(.0))]
    Mistakes(Vec<Mistake>),
}

fn list(mistakes: &[Mistake]) -> String {
    mistakes
        .iter()
        .map(Mistake::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

/// Name of the configuration looked for in the working folder when none is given.
pub const DEFAULT_FILE: &str = "flyonce.toml";

impl Config {
    /// Reads `file`, or `flyonce.toml` in the working folder if there is one, or the defaults.
    /// Relative paths inside the file start at the file's folder.
    ///
    /// # Errors
    /// An unreadable file, or every mistake in settings and catalogue.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let default = Path::new(DEFAULT_FILE);
        let chosen = file.or_else(|| default.is_file().then_some(default));
        let settings = match chosen {
            Some(path) => {
                let text = read(path)?;
                Settings::read(
                    &path.display().to_string(),
                    &text,
                    path.parent().unwrap_or(Path::new("")),
                )
            }
            None => Settings::read("built-in", "", Path::new("")),
        };
        let catalogue = |settings: &Settings| match &settings.matters_file {
            Some(path) => Ok(Catalogue::read(&path.display().to_string(), &read(path)?)),
            None => Ok(Catalogue::built_in()),
        };
        match settings {
            Err(mistakes) => Err(ConfigError::Mistakes(mistakes)),
            Ok(settings) => {
                let catalogue = catalogue(&settings)?.map_err(ConfigError::Mistakes)?;
                let missing = settings.missing_files();
                if missing.is_empty() {
                    Ok(Self { settings, catalogue })
                } else {
                    Err(ConfigError::Mistakes(missing))
                }
            }
        }
    }
}

fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
        path: path.to_owned(),
        source,
    })
}
