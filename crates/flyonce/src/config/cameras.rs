//! Camera cards: lenses that somebody has calibrated or looked up, `[[camera]]` after `[[camera]]`.

use survey::camera::{BrownConrady, CameraCard, CardFocal};

use crate::config::reader::Section;
use crate::lang::Words;

/// Reads every `[[camera]]`.
pub fn read(root: &Section<'_, '_>) -> Vec<CameraCard> {
    let mut cards: Vec<CameraCard> = Vec::new();
    for section in root.sections("camera") {
        let card = card(&section);
        if cards
            .iter()
            .any(|other| other.make == card.make && other.model == card.model)
        {
            section.reject(
                "model",
                Words::new("相机卡片重复", "another card is for this camera"),
            );
        }
        section.finish();
        cards.push(card);
    }
    cards
}

fn card(section: &Section<'_, '_>) -> CameraCard {
    let terms = ["k1", "k2", "p1", "p2", "k3"].map(|name| section.number(name, 0.0, -10.0..=10.0));
    let [k1, k2, p1, p2, k3] = terms;
    CameraCard {
        make: section.text("make"),
        model: section.required_text("model"),
        focal: focal(section),
        principal_px: section.pair("principal_px"),
        distortion: terms
            .iter()
            .any(|term| *term != 0.0)
            .then_some(BrownConrady { k1, k2, p1, p2, k3 }),
        focal_sigma_rel: section.number("focal_sigma_percent", 0.5, 0.01..=20.0) / 100.0,
        tilt_sigma_rad: degrees(section, "tilt_sigma_deg"),
        yaw_sigma_rad: degrees(section, "yaw_sigma_deg"),
        source: section.required_text("source"),
    }
}

/// An angle's sigma, rad; `None` where the card does not state it.
fn degrees(section: &Section<'_, '_>, key: &str) -> Option<f64> {
    const ABSENT: f64 = 0.0;
    let stated = section.number(key, ABSENT, 0.001..=90.0);
    (stated > ABSENT).then(|| stated.to_radians())
}

/// Either in pixels, with the size of the pictures that holds for, or in millimetres, with the sensor's width.
fn focal(section: &Section<'_, '_>) -> CardFocal {
    const ABSENT: f64 = 0.0;
    let in_px = section.number("focal_px", ABSENT, 50.0..=200_000.0);
    let in_mm = section.number("focal_mm", ABSENT, 0.5..=2000.0);
    match (in_px > ABSENT, in_mm > ABSENT) {
        (true, false) => CardFocal::Pixels {
            focal_px: in_px,
            longer_side_px: section.required_number("longer_side_px", 64.0..=100_000.0),
        },
        (false, true) => CardFocal::Millimetres {
            focal_mm: in_mm,
            sensor_width_mm: section.required_number("sensor_width_mm", 0.5..=100.0),
        },
        _ => {
            let problem = Words::new(
                "须写明 focal_px(附 longer_side_px)或 focal_mm(附 sensor_width_mm)之一",
                "needs either focal_px (with longer_side_px) or focal_mm (with sensor_width_mm)",
            );
            section.reject("focal_px", problem);
            CardFocal::Pixels {
                focal_px: 1.0,
                longer_side_px: 1.0,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::settings::Settings;

    #[test]
    fn a_card_in_pixels_is_read_with_its_lens() {
        let text = "[[camera]]\nmake = \"DJI\"\nmodel = \"X9\"\nfocal_px = 3666.5\nlonger_side_px = 5280\n\
            principal_px = [2640.5, 1970.0]\nk1 = -0.11\n\
            tilt_sigma_deg = 0.5\nsource = \"calibration of 2026-05-01\"\n";
        let settings = Settings::read("f.toml", text, Path::new("")).unwrap();
        let card = &settings.geolocation.cameras[0];
        assert!(card.is_for(Some("dji "), Some("x9")) && !card.is_for(Some("DJI"), Some("X8")));
        let camera = card.camera(5280, 3956).unwrap();
        assert_eq!((camera.focal_px, camera.principal_px), (3666.5, [2640.5, 1970.0]));
        assert_eq!(camera.distortion.unwrap().k1, -0.11);
        assert_eq!(
            (card.tilt_sigma_rad, card.yaw_sigma_rad),
            (Some(0.5_f64.to_radians()), None)
        );
    }

    #[test]
    fn a_card_without_a_focal_length_names_its_line() {
        let text = "[[camera]]\nmodel = \"X9\"\nsource = \"me\"\n\n[[camera]]\nmodel = \"X8\"\nfocal_mm = 9.0\nsource = \"me\"\n";
        let mistakes = Settings::read("f.toml", text, Path::new("")).unwrap_err();
        let fields: Vec<(usize, &str)> = mistakes.iter().map(|it| (it.line, it.field.as_str())).collect();
        assert_eq!(
            fields,
            [(1, "camera[0].focal_px"), (5, "camera[1].sensor_width_mm")]
        );
    }
}
