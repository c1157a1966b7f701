//! `[coverage]`: what counts as seen, the targets of the numbers, gaps and how they are flown.

use survey::flight_lines::{LineRules, SortieRules};

use crate::config::reader::Section;

/// `[coverage]`.
#[derive(Debug, Clone, PartialEq)]
pub struct CoverageSettings {
    /// Target of reachable ground, per cent of the flyable.
    pub reachable_target_percent: f64,
    /// Target of imaged ground, per cent of the flyable.
    pub imaged_target_percent: f64,
    /// Imaged ground counts for so many days, the day of the figures among them.
    pub imaged_within_days: u32,
    /// A forecast goes by the rate of so many weeks.
    pub forecast_weeks: u32,
    /// Gaps below this are only summed up, m².
    pub smallest_gap_m2: f64,
    /// Age that ground counts as which was never seen, days.
    pub never_seen_days: u32,
    /// How gaps are flown.
    pub gap_flights: GapFlights,
}

/// How gaps are flown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GapFlights {
    /// True height above the ground, m.
    pub height_agl_m: f64,
    /// Speed, m/s.
    pub speed_ms: f64,
    /// Overlap of neighbouring lines, per cent.
    pub side_overlap_percent: f64,
    /// Overlap of photos along a line, per cent.
    pub front_overlap_percent: f64,
    /// Time of a turn, s.
    pub turn_s: f64,
    /// Longest flight where the fleet's endurance is not stated, s.
    pub longest_flight_s: f64,
}

/// A vehicle stores 700 items; a line takes four, and a dozen are needed beside lines.
const MOST_LINES: usize = 170;
/// Climb and descent of a light multirotor, m/s.
const CLIMB_MS: f64 = 2.5;
const DESCENT_MS: f64 = 1.5;
/// Spooling up, hovering above home, the last slow metres, s.
const START_AND_LANDING_S: f64 = 30.0;

impl GapFlights {
    /// Spacing of lines and sorties for photos as wide on the ground as `photo_width_m`; `endurance` is what the fleet's
    /// batteries give, s, and the per cent that have to be left.
    pub fn rules(&self, photo_width_m: f64, endurance: (Option<f64>, f64)) -> SortieRules {
        let (endurance_s, reserve_percent) = endurance;
        let budget_s = endurance_s.map_or(self.longest_flight_s, |full_s| {
            full_s * (1.0 - reserve_percent / 100.0)
        });
        SortieRules {
            lines: LineRules {
                spacing_m: photo_width_m * (1.0 - self.side_overlap_percent / 100.0),
                speed_ms: self.speed_ms,
                turn_s: self.turn_s,
            },
            budget_s,
            fixed_s: self.height_agl_m / CLIMB_MS + self.height_agl_m / DESCENT_MS + START_AND_LANDING_S,
            max_lines: MOST_LINES,
        }
    }
}

/// Reads what `[coverage]` says beside cell and sharpness; the caller finishes the section.
pub(super) fn read(coverage: &Section<'_, '_>) -> CoverageSettings {
    CoverageSettings {
        reachable_target_percent: coverage.number("reachable_target_percent", 75.0, 0.0..=100.0),
        imaged_target_percent: coverage.number("imaged_target_percent", 60.0, 0.0..=100.0),
        imaged_within_days: coverage.whole("imaged_within_days", 30, 1..=3650),
        forecast_weeks: coverage.whole("forecast_weeks", 4, 1..=52),
        smallest_gap_m2: coverage.number("smallest_gap_m2", 2500.0, 0.0..=1e9),
        never_seen_days: coverage.whole("never_seen_days", 365, 1..=36_500),
        gap_flights: GapFlights {
            height_agl_m: coverage.number("gap_height_m", 100.0, 10.0..=500.0),
            speed_ms: coverage.number("gap_speed_ms", 10.0, 1.0..=25.0),
            side_overlap_percent: coverage.number("gap_side_overlap_percent", 30.0, 0.0..=90.0),
            front_overlap_percent: coverage.number("gap_front_overlap_percent", 30.0, 0.0..=90.0),
            turn_s: coverage.number("gap_turn_s", 4.0, 0.0..=60.0),
            longest_flight_s: 60.0 * coverage.number("gap_flight_min", 25.0, 1.0..=600.0),
        },
    }
}
