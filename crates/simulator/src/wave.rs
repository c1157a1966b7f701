//! The simulated world as files for the program under test (its docks, flight plans and calendar) and, in a folder of
//! their own, the planted findings.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context;
use serde::Serialize;

use crate::clock::civil_from_unix;
use crate::cloud_dock::{aircraft_sn, gateway_sn};
use crate::frame::GeoPoint;
use crate::neighbourhood::Neighbourhood;
use crate::plan::{ObjectClass, PlantedObject};
use crate::wave_plan::flight_plan;

/// What the files say beside the neighbourhoods.
#[derive(Clone, Debug)]
pub struct WorldOptions {
    /// Seed of the city.
    pub seed: u64,
    /// Host at which the program under test listens for vehicles.
    pub mavlink_host: String,
    /// Vehicle `n` sends to this port + `n`.
    pub mavlink_base_port: u16,
    /// When the wave starts, microseconds since 1970 UTC.
    pub start_unix_us: i64,
    /// Width and height of the pictures.
    pub photo_size_px: [u32; 2],
    /// Docks that speak DJI's Cloud API and have no vehicle of their own on MAVLink.
    pub cloud_docks: Vec<String>,
}

/// China Standard Time is UTC+8 all year.
const CITY_OFFSET_S: i64 = 8 * 3600;

/// Planted findings of all docks.
#[derive(Serialize)]
struct Truth<'a> {
    simulated: bool,
    seed: u64,
    docks: Vec<DockTruth<'a>>,
}

/// Planted findings of one dock.
#[derive(Serialize)]
struct DockTruth<'a> {
    dock_id: &'a str,
    /// Where the scene's frame has its origin.
    origin: GeoPoint,
    street_amsl_m: f64,
    planted: Vec<Planted<'a>>,
}

/// One planted finding.
#[derive(Serialize)]
struct Planted<'a> {
    id: u32,
    class: ObjectClass,
    also: &'a [ObjectClass],
    parent: Option<u32>,
    centre_wgs84: GeoPoint,
    outline_wgs84: Vec<GeoPoint>,
    base_m: f64,
    top_m: f64,
}

/// Writes `fleet.toml`, `flight-plans/D01.plan` and on, `flight-plans/calendar.toml` and `truth/truth.json` into
/// `dir`. The same arguments give the same bytes.
///
/// # Errors
/// When a folder or file cannot be written.
pub fn write_world(dir: &Path, places: &[Neighbourhood], options: &WorldOptions) -> anyhow::Result<()> {
    let (plans, truth) = (dir.join("flight-plans"), dir.join("truth"));
    for folder in [&plans, &truth] {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    write(&dir.join("fleet.toml"), fleet_text(places, options)?.as_bytes())?;
    write(
        &plans.join("calendar.toml"),
        calendar_text(places, options)?.as_bytes(),
    )?;
    for place in places {
        let file = plans.join(format!("{}.plan", place.dock_id));
        let mut text = serde_json::to_vec_pretty(&flight_plan(place))?;
        text.push(b'\n');
        write(&file, &text)?;
    }
    let truth_of_all = Truth {
        simulated: true,
        seed: options.seed,
        docks: places.iter().map(dock_truth).collect(),
    };
    write(&truth.join("truth.json"), &serde_json::to_vec(&truth_of_all)?)
}

/// `fleet.toml`: the docks and the link of each one's vehicle.
fn fleet_text(places: &[Neighbourhood], options: &WorldOptions) -> anyhow::Result<String> {
    let [width_px, height_px] = options.photo_size_px;
    let mut text = format!(
        "# Simulated docks. Positions WGS-84, degrees; heights above the sea, metres.\n\n[camera]\n\
         focal_length_mm = 12.3\nsensor_width_mm = 17.3\nimage_width_px = {width_px}\nimage_height_px = {height_px}\n"
    );
    for place in places {
        let reached = how_reached(place, options)?;
        write!(
            text,
            "\n[[dock]]\nid = \"{}\"\nname = \"{}\"\nlongitude_deg = {:.7}\nlatitude_deg = {:.7}\n\
             height_amsl_m = {:.2}\n{reached}\
             alternate_landing = [{:.7}, {:.7}]\n",
            place.dock_id,
            place.name_zh,
            place.dock.longitude_deg,
            place.dock.latitude_deg,
            place.dock_amsl_m,
            place.alternate_landing.longitude_deg,
            place.alternate_landing.latitude_deg,
        )?;
    }
    Ok(text)
}

/// The lines that say how a dock's vehicle is reached.
fn how_reached(place: &Neighbourhood, options: &WorldOptions) -> anyhow::Result<String> {
    let number = place.system_id;
    if options.cloud_docks.contains(&place.dock_id) {
        return Ok(format!(
            "protocol = \"dji_cloud\"\ngateway_sn = \"{}\"\naircraft_sn = \"{}\"\n",
            gateway_sn(options.seed, number),
            aircraft_sn(options.seed, number)
        ));
    }
    let port = options
        .mavlink_base_port
        .checked_add(u16::from(number))
        .with_context(|| format!("no port is left for the vehicle of dock {}", place.dock_id))?;
    let host = &options.mavlink_host;
    Ok(format!("link = \"udpin:{host}:{port}\"\nsystem_id = {number}\n"))
}

/// `calendar.toml`: every dock once, all in the minute in which the wave starts.
fn calendar_text(places: &[Neighbourhood], options: &WorldOptions) -> anyhow::Result<String> {
    let seconds = options.start_unix_us.div_euclid(1_000_000);
    let minute = civil_from_unix(seconds + CITY_OFFSET_S).iso_text();
    let minute = minute.get(..16).unwrap_or(&minute);
    let mut text =
        "# Simulated flights, all in one minute. Times are the city's civil time, Asia/Shanghai.\n"
            .to_owned();
    for place in places {
        write!(
            text,
            "\n[[mission]]\nname = \"{}综合巡查\"\nplan = \"{}.plan\"\ndock = \"{}\"\nonce = \"{minute}\"\n\
             if_missed = \"skip\"\n",
            place.name_zh, place.dock_id, place.dock_id,
        )?;
    }
    Ok(text)
}

fn dock_truth(place: &Neighbourhood) -> DockTruth<'_> {
    DockTruth {
        dock_id: &place.dock_id,
        origin: place.scene.frame.origin,
        street_amsl_m: place.scene.frame.street_amsl_m,
        planted: place.scene.objects.iter().map(planted).collect(),
    }
}

/// The finding with figures short enough to read: 1e-7 degrees and centimetres.
fn planted(object: &PlantedObject) -> Planted<'_> {
    let centimetres = |metres: f64| (metres * 100.0).round() / 100.0;
    Planted {
        id: object.id,
        class: object.class,
        also: &object.also,
        parent: object.parent,
        centre_wgs84: object.centre_wgs84.rounded(),
        outline_wgs84: object.outline_wgs84.iter().map(|p| p.rounded()).collect(),
        base_m: centimetres(object.base_m),
        top_m: centimetres(object.top_m),
    }
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}
