//! `[quality]`: from where on a photo is not looked at.

use vision::QualityLimits;

use crate::config::reader::Section;

/// Reads the limits; `None` where the check is switched off.
pub fn read(root: &Section<'_, '_>) -> Option<QualityLimits> {
    let section = root.section("quality");
    let default = QualityLimits::default();
    let limits = QualityLimits {
        defocus_px: section.number("defocus_px", default.defocus_px, 1.0..=32.0),
        motion_px: section.number("motion_px", default.motion_px, 1.0..=32.0),
        motion_ratio: section.number("motion_ratio", default.motion_ratio, 1.0..=32.0),
        bright_level: section.number("bright_level", default.bright_level, 0.0..=255.0),
        median_level: section.number("median_level", default.median_level, 0.0..=255.0),
        over_exposed_share: section.number("over_exposed_share", default.over_exposed_share, 0.0..=1.0),
        veil_level: section.number("veil_level", default.veil_level, 0.0..=255.0),
        contrast_levels: section.number("contrast_levels", default.contrast_levels, 0.0..=255.0),
    };
    let checks = section.flag("check", true);
    section.finish();
    checks.then_some(limits)
}
