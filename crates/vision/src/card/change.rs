//! What a change model's card says about scores.

use serde::{Deserialize, Serialize};

/// What counts as changed between two dates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeCard {
    /// Score from which on a place counts as changed, above 0.
    pub threshold: f64,
    /// Score that a change reaches in a tenth of its area, at least `threshold`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strong_threshold: Option<f64>,
    /// Smaller changes are not told, m².
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smallest_m2: Option<f64>,
    /// Smaller changes are not told where the scale is unknown, square pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smallest_px: Option<f64>,
    /// How the score is made of what the maps show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cues: Option<CueCard>,
}

/// The score is the logistic function of `bias` and the weighed cues.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CueCard {
    /// Without any cue.
    pub bias: f32,
    /// Roof on one date that the other has nowhere near.
    pub roof_alone: f32,
    /// The greater roof of both dates.
    pub roof_most: f32,
    /// Feature distance at strides 4, 8 and 16.
    pub features: [f32; 3],
    /// Feature distance at stride 16 times the greater roof of both dates.
    pub features_on_roof: f32,
}
