//! `[[model.also]]`: models that look at the same photos as the main one, as active ones or in shadow.

use std::path::{Path, PathBuf};

use store::rows::ModelRole;

use crate::config::reader::Section;
use crate::lang::Words;

/// One `[[model.also]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FurtherModel {
    /// Its card.
    pub card: PathBuf,
    /// Whether leads are made of what it finds.
    pub role: ModelRole,
    /// The configuration, for messages about the file.
    pub(super) config_file: String,
}

/// Reads all of them; `main` is the main model's card, if set.
pub fn read(model: &Section<'_, '_>, main: Option<&Path>, (file, base): (&str, &Path)) -> Vec<FurtherModel> {
    let mut models: Vec<FurtherModel> = Vec::new();
    for section in model.sections("also") {
        let card = base.join(section.required_text("card"));
        if main == Some(card.as_path()) || models.iter().any(|other| other.card == card) {
            let problem = Words::new("同一模型卡已在使用", "this card is in use already");
            section.reject("card", problem);
        }
        let role = match section.text("role").as_deref() {
            None | Some("active") => ModelRole::Active,
            Some("shadow") => ModelRole::Shadow,
            Some(_) => {
                let problem = Words::new("须为 active 或 shadow", "must be active or shadow");
                section.reject("role", problem);
                ModelRole::Shadow
            }
        };
        section.finish();
        models.push(FurtherModel {
            card,
            role,
            config_file: file.to_owned(),
        });
    }
    models
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::settings::Settings;

    #[test]
    fn further_models_are_active_unless_they_say_shadow() {
        let text = "[model]\n[[model.also]]\ncard = \"a.toml\"\n[[model.also]]\ncard = \"b.toml\"\nrole = \"shadow\"\n";
        let settings = Settings::read("f", text, Path::new("/etc")).unwrap();
        let read: Vec<(&Path, ModelRole)> = settings
            .further_models
            .iter()
            .map(|model| (model.card.as_path(), model.role))
            .collect();
        let expected = [
            (Path::new("/etc/a.toml"), ModelRole::Active),
            (Path::new("/etc/b.toml"), ModelRole::Shadow),
        ];
        assert_eq!(read, expected);
        let missing: Vec<String> = settings
            .missing_files()
            .iter()
            .map(|it| it.field.clone())
            .collect();
        assert_eq!(missing, ["model.also.card", "model.also.card"]);
    }

    #[test]
    fn every_mistake_has_its_line() {
        let text = "[model]\ncard = \"a.toml\"\n[[model.also]]\ncard = \"a.toml\"\nrole = \"boss\"\n[[model.also]]\nrol = 1\n";
        let mistakes = Settings::read("f", text, Path::new("")).unwrap_err();
        let found: Vec<(usize, &str)> = mistakes.iter().map(|it| (it.line, it.field.as_str())).collect();
        let expected = [
            (4, "model.also[0].card"),
            (5, "model.also[0].role"),
            (6, "model.also[1].card"),
            (7, "model.also[1].rol"),
        ];
        assert_eq!(found, expected);
    }
}
