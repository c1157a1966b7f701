//! Properties of features as files write them: text under Chinese or English names, read as numbers, days and times.

use super::LayerFeature;

use thiserror::Error;

/// A property that is missing or says something that cannot be meant.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("feature {feature}{}: {field} {}; {expected}", named(name), found(text))]
pub struct PropertyError {
    /// From 1.
    pub feature: usize,
    /// Its name, or empty.
    pub name: String,
    /// The property.
    pub field: &'static str,
    /// As written; `None` where it is missing.
    pub text: Option<String>,
    /// What it may be.
    pub expected: String,
}

fn named(name: &str) -> String {
    if name.is_empty() {
        String::new()
    } else {
        format!(" ({name})")
    }
}

fn found(text: &Option<String>) -> String {
    text.as_ref()
        .map_or_else(|| "is missing".to_owned(), |text| format!("is {text:?}"))
}

/// A property by the names that files give it; the first is the name in messages.
#[derive(Debug, Clone, Copy)]
pub struct Field(pub &'static [&'static str]);

/// Name of a thing.
pub const NAME: Field = Field(&[
    "name",
    "名称",
    "NAME",
    "Name",
    "XZQMC",
    "XZMC",
    "MC",
    "街镇",
    "街道",
    "乡镇",
    "街镇名称",
    "乡镇名称",
]);
/// Code of a thing.
pub const CODE: Field = Field(&["code", "编码", "代码", "CODE", "XZQDM"]);
/// Ground kept clear round a thing, m.
pub const MARGIN_M: Field = Field(&["margin_m", "MARGIN_M", "外扩米", "边距米"]);
/// Class of a target.
pub const CLASS: Field = Field(&["class", "CLASS", "类别", "等级"]);
/// Weight of a target.
pub const WEIGHT: Field = Field(&["weight", "WEIGHT", "权重"]);
/// Wished days between two looks.
pub const INTERVAL_DAYS: Field = Field(&[
    "interval_days",
    "INTERVAL_D",
    "INTERVAL",
    "周期天",
    "巡查周期",
    "周期",
]);
/// Ground to each side of a line or round a point that has to be seen, m.
pub const REACH_M: Field = Field(&["reach_m", "REACH_M", "半宽米", "半径米"]);
/// Greatest height above the ground, m.
pub const MAX_AGL_M: Field = Field(&["max_agl_m", "MAX_AGL_M", "限高米", "真高上限"]);
/// Greatest height above sea level, m.
pub const MAX_AMSL_M: Field = Field(&["max_amsl_m", "MAX_AMSL_M", "海拔上限"]);
/// Beginning of a closure.
pub const FROM: Field = Field(&["from", "FROM", "开始"]);
/// End of a closure.
pub const UNTIL: Field = Field(&["until", "UNTIL", "结束"]);
/// Code of an airport.
pub const AIRPORT: Field = Field(&["airport", "AIRPORT", "机场"]);
/// Name of a runway, such as `16L/34R`.
pub const RUNWAY: Field = Field(&["runway", "RUNWAY", "跑道"]);

impl Field {
    /// The name used in messages and in what this program writes.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.first().copied().unwrap_or_default()
    }

    /// The text under any of the names; blank text is no text.
    #[must_use]
    pub fn of(self, feature: &LayerFeature) -> Option<&str> {
        let text = |name: &&str| feature.properties.get(*name).map(|text| text.trim());
        self.0
            .iter()
            .find_map(|name| text(name).filter(|text| !text.is_empty()))
    }

    /// The number under any of the names; `None` where there is none.
    ///
    /// # Errors
    /// Text that is no number, or one outside `range`.
    pub fn number(
        self,
        (index, feature): (usize, &LayerFeature),
        range: std::ops::RangeInclusive<f64>,
    ) -> Result<Option<f64>, PropertyError> {
        let Some(text) = self.of(feature) else {
            return Ok(None);
        };
        match text.parse::<f64>() {
            Ok(number) if range.contains(&number) => Ok(Some(number)),
            _ => {
                let expected = format!("a number from {} to {} is expected", range.start(), range.end());
                Err(self.error((index, feature), &expected))
            }
        }
    }

    /// What is wrong with this property of the feature at `index` (from 0).
    #[must_use]
    pub fn error(self, (index, feature): (usize, &LayerFeature), expected: &str) -> PropertyError {
        PropertyError {
            feature: index + 1,
            name: feature.name.clone().unwrap_or_default(),
            field: self.name(),
            text: self.of(feature).map(str::to_owned),
            expected: expected.to_owned(),
        }
    }
}
