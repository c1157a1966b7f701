//! `flyonce check CONFIG`: every mistake with file, line and field.

use std::path::Path;

use anyhow::{Result, bail};
use serde_json::json;

use crate::cli::output::Output;
use crate::config::reader::Mistake;
use crate::config::{Config, ConfigError, heights, layers};

/// Checks settings, catalogue and layers.
///
/// # Errors
/// When there is any mistake, after all were printed.
pub fn run(output: Output, file: &Path) -> Result<()> {
    let mistakes = match Config::load(Some(file)) {
        Ok(config) => {
            layers::load_all(&config.settings)?;
            heights::load(config.settings.heights.as_ref())?;
            Vec::new()
        }
        Err(ConfigError::Mistakes(mistakes)) => mistakes,
        Err(error) => return Err(error.into()),
    };
    let answer = json!({ "file": file.display().to_string(), "mistakes": mistakes });
    output.show(&answer, |lang| {
        if mistakes.is_empty() {
            let shown = file.display();
            return lang.pick("配置无误:", "no mistakes in ").to_owned() + &shown.to_string();
        }
        mistakes
            .iter()
            .map(|mistake: &Mistake| mistake.text(lang) + "\n")
            .collect()
    })?;
    if !mistakes.is_empty() {
        bail!("{} mistake(s) / {} 处错误", mistakes.len(), mistakes.len());
    }
    Ok(())
}
