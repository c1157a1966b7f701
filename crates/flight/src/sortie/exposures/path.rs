//! Where the vehicle was, by its time since start: what a report of an exposure that has no place is completed with.

use std::collections::VecDeque;

use mavlink::dialects::ardupilotmega::GLOBAL_POSITION_INT_DATA;
use survey::geodesy::{LocalTangent, Wgs84};

/// Positions that are kept: half an hour of four a second, and more than any flight here takes.
const KEPT: usize = 8_000;
/// Between two positions further apart in time nothing is said of where it was, ms.
const WIDEST_GAP_MS: u32 = 2_500;
/// The last position holds for so long, ms: a report overtakes the position of its moment.
const HOLDS_MS: u32 = 600;

/// A place and its height above home.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spot {
    pub place: Wgs84,
    pub height_above_home_m: f64,
    pub altitude_amsl_m: f64,
}

/// Positions in the order of time.
#[derive(Debug, Default)]
pub(super) struct Path(VecDeque<(u32, Spot)>);

impl Path {
    /// Takes in a position; what is late is left out.
    pub fn take(&mut self, data: &GLOBAL_POSITION_INT_DATA) {
        let is_newer = self
            .0
            .back()
            .is_none_or(|(last_ms, _)| data.time_boot_ms > *last_ms);
        if !is_newer || (data.lat == 0 && data.lon == 0) {
            return;
        }
        let Ok(place) = Wgs84::new(f64::from(data.lat) / 1e7, f64::from(data.lon) / 1e7) else {
            return;
        };
        let spot = Spot {
            place,
            height_above_home_m: f64::from(data.relative_alt) / 1e3,
            altitude_amsl_m: f64::from(data.alt) / 1e3,
        };
        self.0.push_back((data.time_boot_ms, spot));
        while self.0.len() > KEPT {
            self.0.pop_front();
        }
    }

    /// The clock began anew.
    pub fn restart(&mut self) {
        self.0.clear();
    }

    /// Where it was, along the straight line between the positions before and after; None where these are far apart.
    pub fn at(&self, boot_ms: u32) -> Option<Spot> {
        let after = self.0.partition_point(|(ms, _)| *ms < boot_ms);
        let before = after.checked_sub(1).and_then(|at| self.0.get(at));
        match (before, self.0.get(after)) {
            (_, Some((ms, spot))) if *ms == boot_ms => Some(*spot),
            (Some((from_ms, from)), Some((to_ms, to))) if to_ms - from_ms <= WIDEST_GAP_MS => {
                let share = f64::from(boot_ms - from_ms) / f64::from(to_ms - from_ms);
                Some(between(from, to, share))
            }
            (Some((ms, spot)), None) if boot_ms - ms <= HOLDS_MS => Some(*spot),
            _ => None,
        }
    }
}

fn between(from: &Spot, to: &Spot, share: f64) -> Spot {
    let plane = LocalTangent::at(from.place);
    let [east_m, north_m] = plane.enu_from_wgs84(to.place);
    let mix = |from: f64, to: f64| from + share * (to - from);
    Spot {
        place: plane.wgs84_from_enu(share * east_m, share * north_m),
        height_above_home_m: mix(from.height_above_home_m, to.height_above_home_m),
        altitude_amsl_m: mix(from.altitude_amsl_m, to.altitude_amsl_m),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time_boot_ms: u32, lat: i32) -> GLOBAL_POSITION_INT_DATA {
        GLOBAL_POSITION_INT_DATA {
            time_boot_ms,
            lat,
            lon: 1_210_000_000,
            relative_alt: 40_000,
            ..Default::default()
        }
    }

    #[test]
    fn it_is_between_the_positions_around_and_nowhere_in_a_gap() {
        let mut path = Path::default();
        for data in [
            at(1_000, 310_000_000),
            at(1_250, 310_000_250),
            at(1_100, 1),
            at(9_000, 310_001_000),
        ] {
            path.take(&data);
        }
        let found = path.at(1_125).unwrap();
        assert!((found.place.latitude_deg - 31.000_012_5).abs() < 1e-9);
        assert_eq!(path.at(1_250).unwrap().place.latitude_deg, 31.000_025);
        assert_eq!(path.at(5_000), None, "silent for 7.75 s");
        assert_eq!(path.at(900), None, "before it was seen");
        assert!(path.at(9_500).is_some() && path.at(9_700).is_none());
        path.restart();
        assert_eq!(path.at(1_125), None);
    }
}
