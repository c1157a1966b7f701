//! What a vehicle's battery and the wind leave for the way out and back.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::grid::GridPoint;

/// A vehicle as far as its range goes. Times are of still air; full battery at take-off.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Vehicle {
    /// How long a full battery flies at cruise, s.
    pub endurance_s: f64,
    /// How long a full battery hovers, s. Climb, descent and the work at the far end drain it at this rate.
    pub hover_endurance_s: f64,
    /// What has to be left in the battery at touch-down, percent of full.
    pub reserve_percent: f64,
    /// Airspeed on the way, m/s.
    pub cruise_ms: f64,
    /// Rate of climb, m/s.
    pub climb_ms: f64,
    /// Rate of descent, m/s.
    pub descent_ms: f64,
    /// Height of the way above the dock, m.
    pub height_m: f64,
    /// Least time at the far end for a place to count as reached, s.
    pub time_on_task_s: f64,
    /// Wind from which on nothing takes off, m/s.
    pub wind_limit_ms: f64,
}

impl Vehicle {
    /// Figures of a docked light multirotor: 50 min in flight, 40 min in hover, 30 % kept, 14 m/s, climb 5 m/s,
    /// descent 4 m/s, at 100 m, no take-off from 8 m/s of wind on; ten minutes of work at the far end.
    #[must_use]
    pub fn light_multirotor() -> Self {
        Self {
            endurance_s: 50.0 * 60.0,
            hover_endurance_s: 40.0 * 60.0,
            reserve_percent: 30.0,
            cruise_ms: 14.0,
            climb_ms: 5.0,
            descent_ms: 4.0,
            height_m: 100.0,
            time_on_task_s: 600.0,
            wind_limit_ms: 8.0,
        }
    }

    /// Cruise time that is left for the way out and back, s: endurance less reserve, less climb, descent and work,
    /// each weighed by `endurance_s / hover_endurance_s`. Negative when the work alone takes more than there is.
    #[must_use]
    pub fn travel_budget_s(&self) -> f64 {
        let hovering_s =
            self.height_m / self.climb_ms + self.height_m / self.descent_ms + self.time_on_task_s;
        let weight = self.endurance_s / self.hover_endurance_s;
        self.endurance_s * (1.0 - self.reserve_percent / 100.0) - weight * hovering_s
    }

    /// Time from take-off until it is at its height, s.
    #[must_use]
    pub fn climb_s(&self) -> f64 {
        self.height_m / self.climb_ms
    }
}

/// The wind that the way is flown in, the same everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Wind {
    /// None.
    Calm,
    /// From one side.
    Steady {
        /// Speed, m/s.
        speed_ms: f64,
        /// Where it comes from, degrees clockwise from north.
        from_deg: f64,
    },
    /// From whichever side is worst: every metre there and back takes what it takes along the wind. What is reachable
    /// so is reachable whatever side the wind comes from.
    AnySide {
        /// Speed, m/s.
        speed_ms: f64,
    },
}

impl Wind {
    /// Its speed, m/s.
    #[must_use]
    pub fn speed_ms(&self) -> f64 {
        match self {
            Self::Calm => 0.0,
            Self::Steady { speed_ms, .. } | Self::AnySide { speed_ms } => *speed_ms,
        }
    }
}

/// What makes everything unreachable.
#[derive(Debug, Clone, Copy, PartialEq, Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Grounded {
    /// The wind is at the limit, or as fast as the vehicle.
    #[error("wind of {wind_ms} m/s: the limit is {limit_ms} m/s")]
    Wind {
        /// The wind, m/s.
        wind_ms: f64,
        /// The lesser of the vehicle's limit and its airspeed, m/s.
        limit_ms: f64,
    },
    /// The work at the far end alone takes more than the battery holds above its reserve.
    #[error("the battery lacks {lacking_s:.0} s even without a way out")]
    Battery {
        /// Cruise time that is missing, s.
        lacking_s: f64,
    },
    /// The dock stands where nothing may fly, margin included.
    #[error("the dock stands inside a no-fly area or outside the permitted area")]
    DockInNoFly,
}

/// Times along straight lines, s per metre by direction: ground speed by the wind triangle with the track held,
/// `w·d + √(v² − (w×d)²)` with airspeed v, wind w and unit direction d.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pace {
    airspeed_ms: f64,
    /// Where the air moves to, m/s on the axes in use.
    wind_ms: [f64; 2],
}

impl Pace {
    /// Paces out and back, on axes that are turned: `axes(p)` gives a grid direction on them.
    ///
    /// # Errors
    /// [`Grounded::Wind`].
    pub(super) fn of(
        vehicle: &Vehicle,
        wind: &Wind,
        axes: impl Fn(GridPoint) -> [f64; 2],
    ) -> Result<(Self, Self), Grounded> {
        let (speed_ms, airspeed_ms) = (wind.speed_ms(), vehicle.cruise_ms);
        let limit_ms = vehicle.wind_limit_ms.min(airspeed_ms);
        if speed_ms > 0.0 && speed_ms >= limit_ms {
            return Err(Grounded::Wind {
                wind_ms: speed_ms,
                limit_ms,
            });
        }
        let still = |airspeed_ms: f64| Self {
            airspeed_ms,
            wind_ms: [0.0; 2],
        };
        Ok(match wind {
            Wind::Calm => (still(airspeed_ms), still(airspeed_ms)),
            // There and back along the wind: d/(v + w) + d/(v − w) = 2d / ((v² − w²)/v).
            Wind::AnySide { .. } => {
                let speed = (airspeed_ms * airspeed_ms - speed_ms * speed_ms) / airspeed_ms;
                (still(speed), still(speed))
            }
            Wind::Steady { from_deg, .. } => {
                let (sin, cos) = from_deg.to_radians().sin_cos();
                let [x, y] = axes(GridPoint {
                    easting_m: -speed_ms * sin,
                    northing_m: -speed_ms * cos,
                });
                let out = Self {
                    airspeed_ms,
                    wind_ms: [x, y],
                };
                // The way back seen from the dock outwards: every step is flown the other way.
                let back = Self {
                    airspeed_ms,
                    wind_ms: [-x, -y],
                };
                (out, back)
            }
        })
    }

    /// Time along a straight line, s.
    #[inline]
    pub(super) fn seconds(&self, along: [f64; 2]) -> f64 {
        let length = along[0].hypot(along[1]);
        if length == 0.0 {
            return 0.0;
        }
        let [wind_x, wind_y] = self.wind_ms;
        let with = (wind_x * along[0] + wind_y * along[1]) / length;
        let across = (wind_x * along[1] - wind_y * along[0]) / length;
        length / (with + (self.airspeed_ms * self.airspeed_ms - across * across).sqrt())
    }

    /// Ground speed with the wind behind, m/s: no line is flown faster.
    pub(super) fn fastest_ms(&self) -> f64 {
        self.airspeed_ms + self.wind_ms[0].hypot(self.wind_ms[1])
    }

    /// Ground speed against the wind, m/s.
    pub(super) fn slowest_ms(&self) -> f64 {
        self.airspeed_ms - self.wind_ms[0].hypot(self.wind_ms[1])
    }
}
