//! Sensor widths of well-known DJI cameras by EXIF model. Only entries whose sensor width, lens and published
//! 35 mm figure agree; a camera that is missing falls back to its own 35 mm figure.

use serde::Serialize;

/// One lens of one camera.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SensorEntry {
    /// EXIF model.
    pub model: &'static str,
    /// Width of the whole sensor, mm; pictures use the full width.
    pub sensor_width_mm: f64,
    /// Shortest EXIF focal length of this lens, mm.
    pub focal_from_mm: f64,
    /// Longest EXIF focal length of this lens, mm.
    pub focal_to_mm: f64,
    /// Focal length of a fixed lens, mm, for photos that do not state it.
    pub nominal_focal_mm: Option<f64>,
}

const fn fixed(model: &'static str, sensor_width_mm: f64, focal_mm: f64) -> SensorEntry {
    SensorEntry {
        model,
        sensor_width_mm,
        focal_from_mm: focal_mm * 0.95,
        focal_to_mm: focal_mm * 1.05,
        nominal_focal_mm: Some(focal_mm),
    }
}

const fn range(
    model: &'static str,
    sensor_width_mm: f64,
    focal_from_mm: f64,
    focal_to_mm: f64,
) -> SensorEntry {
    SensorEntry {
        model,
        sensor_width_mm,
        focal_from_mm,
        focal_to_mm,
        nominal_focal_mm: None,
    }
}

const ENTRIES: &[SensorEntry] = &[
    // 1/2.3 inch
    fixed("FC220", 6.17, 4.73),      // Mavic Pro
    fixed("FC300S", 6.17, 3.61),     // Phantom 3 Advanced
    fixed("FC300X", 6.17, 3.61),     // Phantom 3 Professional
    fixed("FC330", 6.17, 3.61),      // Phantom 4
    fixed("FC350", 6.17, 3.61),      // Zenmuse X3
    fixed("FC2103", 6.17, 4.5),      // Mavic Air
    range("FC2204", 6.17, 4.2, 8.7), // Mavic 2 Zoom
    fixed("FC7203", 6.17, 4.49),     // Mavic Mini
    fixed("FC7303", 6.17, 4.49),     // Mini 2
    range("ZH20", 6.17, 4.4, 4.6),   // Zenmuse H20, wide lens only
    range("ZH20T", 6.17, 4.4, 4.6),  // Zenmuse H20T, wide lens only
    // 1/2 inch
    fixed("FC3170", 6.4, 4.5),     // Mavic Air 2
    range("M3T", 6.4, 4.2, 4.6),   // Mavic 3T, wide lens
    range("M3T", 6.4, 29.0, 31.0), // Mavic 3T, long lens
    range("M3T", 7.68, 9.0, 9.2),  // Mavic 3T, thermal: 640 × 12 µm
    range("M3E", 6.4, 29.0, 31.0), // Mavic 3E, long lens
    // 1/1.3 inch
    fixed("FC3582", 9.7, 6.72), // Mini 3 Pro
    fixed("FC8482", 9.7, 6.72), // Mini 4 Pro
    // 1 inch
    fixed("FC6310", 13.2, 8.8),    // Phantom 4 Pro
    fixed("FC6310S", 13.2, 8.8),   // Phantom 4 Pro V2
    fixed("FC6310R", 13.2, 8.8),   // Phantom 4 RTK
    fixed("FC3411", 13.2, 8.38),   // Air 2S
    fixed("L1D-20c", 13.2, 10.26), // Mavic 2 Pro
    // 4/3 inch
    fixed("L2D-20c", 17.3, 12.29),    // Mavic 3
    range("M3E", 17.3, 12.0, 12.6),   // Mavic 3E, wide lens
    range("M3M", 17.3, 12.0, 12.6),   // Mavic 3M, colour camera
    range("M3D", 17.3, 12.0, 12.6),   // Matrice 3D, wide lens
    range("M4E", 17.3, 12.0, 12.6),   // Matrice 4E, wide lens
    range("FC550", 17.3, 8.0, 50.0),  // Zenmuse X5, lens by EXIF
    range("FC6520", 17.3, 8.0, 50.0), // Zenmuse X5S, lens by EXIF
    // full frame
    range("ZenmuseP1", 35.9, 20.0, 55.0), // Zenmuse P1, lens by EXIF
];

/// The table of known cameras.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CameraTable;

impl CameraTable {
    /// All entries.
    #[must_use]
    pub fn entries() -> &'static [SensorEntry] {
        ENTRIES
    }

    /// Sensor width and focal length, mm, of a camera by EXIF model (any case) and EXIF focal length. `None`
    /// for an unknown camera, a focal length none of its lenses has, or a zoom lens without one.
    #[must_use]
    pub fn sensor(model: &str, focal_length_mm: Option<f64>) -> Option<(f64, f64)> {
        let mut of_model = ENTRIES
            .iter()
            .filter(|entry| entry.model.eq_ignore_ascii_case(model.trim()));
        match focal_length_mm {
            Some(focal_mm) => of_model
                .find(|entry| (entry.focal_from_mm..=entry.focal_to_mm).contains(&focal_mm))
                .map(|entry| (entry.sensor_width_mm, focal_mm)),
            None => of_model.find_map(|entry| Some((entry.sensor_width_mm, entry.nominal_focal_mm?))),
        }
    }
}
