//! The matter catalogue (事项清单): which classes make a lead for whom, how it is reviewed, and the
//! reasons a reviewer can give. Pure data read from `matters.toml`.

use casework::lead::ReviewPolicy;
use serde::Serialize;
use utoipa::ToSchema;

use crate::config::reader::{Mistake, Reader, Section};
use crate::lang::Words;

/// Everything in the catalogue.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Catalogue {
    /// Matters in the order of the file.
    pub matters: Vec<Matter>,
    /// Classes a model may report.
    pub classes: Vec<Class>,
    /// Reasons for a false alarm, in the order reviewers pick them by digit.
    pub false_alarm_reasons: Vec<Reason>,
}

/// One matter (事项).
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Matter {
    /// Stable code.
    pub code: String,
    /// Name.
    pub name: Words,
    /// Model classes that make a lead of this matter.
    pub classes: Vec<String>,
    /// Units that receive its leads.
    pub recipients: Vec<String>,
    /// One or two reviewers.
    #[schema(value_type = String)]
    pub review_policy: ReviewPolicy,
    /// Priority before score and sightings, 0 to 100.
    pub base_priority: u32,
    /// Whether off-site evidence is allowed for it (浦东非现场执法规定).
    pub offsite_allowed: bool,
    /// Title or address of the handling guide.
    pub guide: Option<String>,
}

/// One class of object.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Class {
    /// Id in model cards.
    pub id: String,
    /// Name.
    pub name: Words,
    /// Colour on picture and map, `#rrggbb`.
    pub colour: String,
}

/// A reason a reviewer can pick.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Reason {
    /// Stable code.
    pub code: String,
    /// Name.
    pub name: Words,
    /// What a model can learn from it.
    pub teaches: Lesson,
}

/// What a decision says about the picture, for a model that learns from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Lesson {
    /// Nothing of the class is there.
    Absent,
    /// It is there, and no case for other reasons: permitted, a duplicate.
    Present,
    /// Neither.
    Unsure,
}

const BUILT_IN: &str = include_str!("../../config/matters.toml");

impl Catalogue {
    /// The catalogue that ships with the program.
    ///
    /// # Errors
    /// None in practice: a test reads it.
    pub fn built_in() -> Result<Self, Vec<Mistake>> {
        Self::read("matters.toml (built-in)", BUILT_IN)
    }

    /// Reads a catalogue.
    ///
    /// # Errors
    /// Every mistake with its line and field.
    pub fn read(file: &str, text: &str) -> Result<Self, Vec<Mistake>> {
        Reader::new(file, text).read(|root| {
            let classes: Vec<Class> = root.sections("class").iter().map(class).collect();
            let mut matters: Vec<Matter> = Vec::new();
            for section in root.sections("matter") {
                let matter = matter(&section, &classes, &matters);
                section.finish();
                matters.push(matter);
            }
            let false_alarm_reasons = root.sections("false_alarm_reason").iter().map(reason).collect();
            root.finish();
            Self {
                matters,
                classes,
                false_alarm_reasons,
            }
        })
    }

    /// The matter that leads of `class` belong to; `None` for context classes.
    pub fn matter_of_class(&self, class: &str) -> Option<&Matter> {
        self.matters
            .iter()
            .find(|matter| matter.classes.iter().any(|id| id == class))
    }

    /// The matter with this code.
    pub fn matter(&self, code: &str) -> Option<&Matter> {
        self.matters.iter().find(|matter| matter.code == code)
    }

    /// What a false alarm with this reason teaches; of a reason that left the catalogue nothing is known.
    pub fn lesson_of(&self, reason_code: &str) -> Lesson {
        let reason = self
            .false_alarm_reasons
            .iter()
            .find(|reason| reason.code == reason_code);
        reason.map_or(Lesson::Unsure, |reason| reason.teaches)
    }

    /// Whether `code` is a reason of this catalogue.
    pub fn has_reason(&self, code: &str) -> bool {
        self.false_alarm_reasons.iter().any(|reason| reason.code == code)
    }
}

fn class(section: &Section<'_, '_>) -> Class {
    let colour = section.text("colour").unwrap_or_else(|| "#888888".to_owned());
    let is_hex = colour.len() == 7
        && colour
            .strip_prefix('#')
            .is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if !is_hex {
        section.reject("colour", Words::new("须为 #rrggbb", "must be #rrggbb"));
    }
    let class = Class {
        id: section.required_text("id"),
        name: section.words("name"),
        colour,
    };
    section.finish();
    class
}

fn reason(section: &Section<'_, '_>) -> Reason {
    let teaches = match section.text("teaches").as_deref() {
        None | Some("absent") => Lesson::Absent,
        Some("present") => Lesson::Present,
        Some("unsure") => Lesson::Unsure,
        Some(_) => {
            let problem = Words::new(
                "须为 absent、present 或 unsure",
                "must be absent, present or unsure",
            );
            section.reject("teaches", problem);
            Lesson::Unsure
        }
    };
    let reason = Reason {
        code: section.required_text("code"),
        name: section.words("name"),
        teaches,
    };
    section.finish();
    reason
}

fn matter(section: &Section<'_, '_>, classes: &[Class], earlier: &[Matter]) -> Matter {
    let matter = Matter {
        code: section.required_text("code"),
        name: section.words("name"),
        classes: section.texts("classes"),
        recipients: section.texts("recipients"),
        review_policy: review_policy(section),
        base_priority: section.whole("base_priority", 50, 0..=100),
        offsite_allowed: section.flag("offsite_allowed", false),
        guide: section.text("guide"),
    };
    if earlier.iter().any(|other| other.code == matter.code) {
        section.reject("code", Words::new("事项编码重复", "another matter has this code"));
    }
    for id in &matter.classes {
        if !classes.iter().any(|class| &class.id == id) {
            let problem = Words::new(
                format!("没有类别 {id} 的 [[class]]"),
                format!("there is no [[class]] with id {id}"),
            );
            section.reject("classes", problem);
        }
        if let Some(other) = earlier.iter().find(|other| other.classes.contains(id)) {
            let problem = Words::new(
                format!("类别 {id} 已属于事项 {}", other.code),
                format!("class {id} belongs to matter {} already", other.code),
            );
            section.reject("classes", problem);
        }
    }
    matter
}

fn review_policy(section: &Section<'_, '_>) -> ReviewPolicy {
    match section.required_text("review_policy").as_str() {
        "joint" => ReviewPolicy::Joint,
        "two_step" => ReviewPolicy::TwoStep,
        "" => ReviewPolicy::TwoStep,
        _ => {
            section.reject(
                "review_policy",
                Words::new("须为 joint 或 two_step", "must be joint or two_step"),
            );
            ReviewPolicy::TwoStep
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_catalogue_is_whole() {
        let catalogue = Catalogue::built_in().unwrap();
        assert_eq!(
            catalogue.matter_of_class("blue_metal_roof").unwrap().code,
            "illegal-structure"
        );
        assert!(
            catalogue.matter_of_class("vehicle").is_none(),
            "a vehicle is context, not a finding"
        );
        assert!(catalogue.has_reason("other"));
        assert_eq!(catalogue.lesson_of("permitted"), Lesson::Present);
        assert_eq!(catalogue.lesson_of("not_there"), Lesson::Absent);
        assert_eq!(catalogue.lesson_of("poor_picture"), Lesson::Unsure);
        assert_eq!(catalogue.lesson_of("no such reason"), Lesson::Unsure);
    }

    #[test]
    fn what_a_reason_teaches_is_one_of_three_words() {
        let text = "[[false_alarm_reason]]\ncode = \"x\"\nname = { zh = \"甲\", en = \"X\" }\nteaches = \"perhaps\"\n";
        let mistakes = Catalogue::read("m.toml", text).unwrap_err();
        assert_eq!(
            mistakes.iter().map(|mistake| mistake.line).collect::<Vec<_>>(),
            [4],
            "{mistakes:?}"
        );
    }

    #[test]
    fn a_class_in_two_matters_is_refused() {
        let text = r##"
[[class]]
id = "waste"
name = { zh = "垃圾", en = "Waste" }
[[matter]]
code = "a"
name = { zh = "甲", en = "A" }
classes = ["waste", "weste"]
review_policy = "joint"
[[matter]]
code = "b"
name = { zh = "乙", en = "B" }
classes = ["waste"]
review_policy = "jont"
"##;
        let mistakes = Catalogue::read("m.toml", text).unwrap_err();
        let lines: Vec<usize> = mistakes.iter().map(|mistake| mistake.line).collect();
        assert_eq!(lines, [8, 13, 14], "{mistakes:?}");
    }
}
