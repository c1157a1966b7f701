//! The height models of the settings: a `[[layer]]` with role "height" (the ground) and one with role "surface" (what
//! stands on it, too), GeoTIFFs whose vertical datum is stated.

use std::path::PathBuf;

use anyhow::{Context, Result};
use formats::geotiff;
use survey::terrain::{HeightRaster, Terrain, VerticalDatum};

use crate::config::reader::Section;
use crate::lang::Words;

/// What the settings say of a height model beside file, name and version.
#[derive(Debug, Clone, PartialEq)]
pub struct HeightSetting {
    /// Name people use.
    pub name: String,
    /// Version printed beside every place.
    pub version: String,
    /// GeoTIFF file.
    pub file: PathBuf,
    /// What its heights count from.
    pub datum: VerticalDatum,
    /// One standard deviation of its heights, metres.
    pub sigma_m: f64,
    /// Who made it.
    pub source: String,
    /// The configuration that names it, for messages about the file.
    pub config_file: String,
}

impl HeightSetting {
    /// Reads what only height layers have.
    pub fn read(section: &Section<'_, '_>, file: PathBuf, config_file: &str) -> Self {
        Self {
            name: section.text("name").unwrap_or_default(),
            version: section.text("version").unwrap_or_default(),
            file,
            datum: vertical_datum(section),
            sigma_m: section.number("height_sigma_m", 2.0, 0.05..=50.0),
            source: section.required_text("source"),
            config_file: config_file.to_owned(),
        }
    }
}

fn vertical_datum(section: &Section<'_, '_>) -> VerticalDatum {
    const SEPARATIONS_M: std::ops::RangeInclusive<f64> = -120.0..=100.0;
    // Asked for always, so that a wrong datum beside it is the only mistake told.
    section.number("geoid_separation_m", 0.0, SEPARATIONS_M);
    match section.required_text("vertical_datum").as_str() {
        "ellipsoidal" => VerticalDatum::Ellipsoidal,
        "orthometric" => VerticalDatum::Orthometric {
            geoid_separation_m: section.required_number("geoid_separation_m", SEPARATIONS_M),
        },
        "above_takeoff" => VerticalDatum::AboveTakeoff,
        "" => VerticalDatum::AboveTakeoff,
        _ => {
            let problem = Words::new(
                "须为 ellipsoidal(椭球高)、orthometric(海拔高)或 above_takeoff(相对起飞点)",
                "must be ellipsoidal, orthometric or above_takeoff",
            );
            section.reject("vertical_datum", problem);
            VerticalDatum::AboveTakeoff
        }
    }
}

/// The height model of the settings, if they name one.
///
/// # Errors
/// A file that cannot be read or is no height model, by name.
pub fn load(setting: Option<&HeightSetting>) -> Result<Option<Terrain>> {
    let Some(setting) = setting else {
        return Ok(None);
    };
    let shown = setting.file.display();
    let bytes =
        std::fs::read(&setting.file).with_context(|| format!("cannot read the height model {shown}"))?;
    let grid = geotiff::read_heights(&bytes).with_context(|| format!("height model {shown}"))?;
    let raster = HeightRaster {
        columns: grid.columns,
        rows: grid.rows,
        first: grid.first,
        cell: grid.cell,
        epsg: grid.epsg,
        heights_m: grid.heights,
    };
    let terrain = Terrain::new(
        (&setting.name, &setting.version),
        (setting.datum, setting.sigma_m),
        raster,
    );
    Ok(Some(terrain.with_context(|| format!("height model {shown}"))?))
}
