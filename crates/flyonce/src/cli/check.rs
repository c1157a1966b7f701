//! `flyonce check CONFIG`: every mistake with file, line and field.

use std::path::Path;

use anyhow::{Result, bail};
use serde_json::json;
use store::rows::ModelRole;
use vision::Card;

use crate::cli::output::Output;
use crate::config::reader::Mistake;
use crate::config::{Config, ConfigError, heights, layers};
use crate::lang::Lang;
use crate::model::ModelInUse;

/// Checks settings, catalogue, layers and model cards.
///
/// # Errors
/// When there is any mistake, after all were printed.
pub fn run(output: Output, file: &Path) -> Result<()> {
    let mut models = Vec::new();
    let mistakes = match Config::load(Some(file)) {
        Ok(config) => {
            models = ModelInUse::cards(&config.settings)?;
            layers::load_all(&config.settings)?;
            heights::load(config.settings.heights.as_ref())?;
            heights::load(config.settings.surface.as_ref())?;
            Vec::new()
        }
        Err(ConfigError::Mistakes(mistakes)) => mistakes,
        Err(error) => return Err(error.into()),
    };
    let of_model = |(card, role): &(Card, ModelRole)| json!({ "name": card.name, "version": card.version, "sha256": card.sha256, "role": role.as_str() });
    let answer = json!({
        "file": file.display().to_string(), "mistakes": mistakes,
        "models": models.iter().map(of_model).collect::<Vec<_>>(),
    });
    output.show(&answer, |lang| {
        if mistakes.is_empty() {
            let (fine, shown) = (lang.pick("配置无误:", "no mistakes in "), file.display());
            return format!("{fine}{shown}\n{}", models_line(&models, lang));
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

fn models_line(models: &[(Card, ModelRole)], lang: Lang) -> String {
    let name = |(card, role): &(Card, ModelRole)| match role {
        ModelRole::Active => card.name.clone(),
        ModelRole::Shadow => format!("{}{}", card.name, lang.pick("(影子)", " (shadow)")),
    };
    let names: Vec<String> = models.iter().map(name).collect();
    format!("{}{}", lang.pick("模型:", "models: "), names.join(", "))
}
