//! Missions made for tests: around one home, by metres east and north of it.

use survey::geodesy::{LocalTangent, Wgs84};

use super::MissionItem;

/// Where missions begin.
pub fn home() -> Wgs84 {
    Wgs84::new(31.2, 121.5).unwrap()
}

/// A place so far from home.
pub fn at(east_m: f64, north_m: f64) -> Wgs84 {
    LocalTangent::at(home()).wgs84_from_enu(east_m, north_m)
}

/// An item 50 m up.
pub fn item(command: u16, place: Option<Wgs84>) -> MissionItem {
    let units = |degrees: f64| (degrees * 1e7).round() as i32;
    MissionItem {
        frame: 3,
        command,
        params: [0.0; 4],
        x: place.map_or(0, |place| units(place.latitude_deg)),
        y: place.map_or(0, |place| units(place.longitude_deg)),
        z: 50.0,
        auto_continue: true,
    }
}

/// Up, these places, and home.
pub fn mission(places: &[(f64, f64)]) -> Vec<MissionItem> {
    let places = places
        .iter()
        .map(|(east, north)| item(16, Some(at(*east, *north))));
    std::iter::once(item(22, None))
        .chain(places)
        .chain([item(20, None)])
        .collect()
}
