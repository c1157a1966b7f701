//! The battery: what flying costs, what the voltage looks like under load, and charging in the dock.

/// Energy of a full battery, watt-hours.
const CAPACITY_WH: f64 = 210.0;
/// Cells in series.
const CELLS: f64 = 6.0;
/// Resistance of battery and leads, ohms.
const RESISTANCE_OHM: f64 = 0.03;
/// Electronics, watts.
const IDLE_W: f64 = 15.0;
/// Motors at idle, watts.
const SPOOLED_W: f64 = 45.0;
/// Hover at no wind, watts: 31 min of it on a full battery.
const HOVER_W: f64 = 390.0;
/// The dock's charger, watts into the cells.
const CHARGER_W: f64 = 600.0;

/// What the vehicle does, as far as the battery is concerned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Load {
    /// Motors off, perhaps on the charger.
    Parked { charging: bool },
    /// Motors turn on the ground.
    Idling,
    /// In the air.
    Flying { air_speed_ms: f64, climb_ms: f64 },
}

/// A lithium battery of six cells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Battery {
    energy_wh: f64,
    drawn_w: f64,
    used_wh: f64,
}

impl Battery {
    /// A battery at `percent` of its energy.
    pub(super) fn charged(percent: f64) -> Self {
        Self {
            energy_wh: CAPACITY_WH * percent.clamp(0.0, 100.0) / 100.0,
            drawn_w: IDLE_W,
            used_wh: 0.0,
        }
    }

    /// Draws (or charges) for `dt_s` seconds.
    pub(super) fn step(&mut self, load: Load, dt_s: f64) {
        self.drawn_w = match load {
            Load::Parked { charging: true } => IDLE_W - CHARGER_W,
            Load::Parked { charging: false } => IDLE_W,
            Load::Idling => SPOOLED_W,
            // Translational lift makes slow forward flight cheaper than hover, drag makes fast flight dearer.
            Load::Flying {
                air_speed_ms,
                climb_ms,
            } => {
                let v = air_speed_ms / 15.0;
                HOVER_W * (1.0 - 0.25 * v + 0.5 * v * v) + 25.0 * climb_ms.max(-3.0)
            }
        };
        let energy_wh = self.drawn_w * dt_s / 3600.0;
        self.used_wh += energy_wh.max(0.0);
        self.energy_wh = (self.energy_wh - energy_wh).clamp(0.0, CAPACITY_WH);
    }

    /// Loses so many percent of a full battery at once, but none below `floor`.
    pub(super) fn sag(&mut self, percent: f64, floor: f64) {
        let least_wh = CAPACITY_WH * floor / 100.0;
        if self.energy_wh > least_wh {
            self.energy_wh = (self.energy_wh - CAPACITY_WH * percent / 100.0).max(least_wh);
        }
    }

    /// What is left, percent.
    pub(super) fn percent(&self) -> f64 {
        100.0 * self.energy_wh / CAPACITY_WH
    }

    /// Voltage at the terminals, with the drop under load.
    pub(super) fn volts(&self) -> f64 {
        let charge = self.energy_wh / CAPACITY_WH;
        let resting = CELLS * (3.45 + 0.65 * charge + 0.1 * (charge - 0.5).powi(3));
        resting - self.amperes() * RESISTANCE_OHM
    }

    /// Current, amperes; negative while charging.
    pub(super) fn amperes(&self) -> f64 {
        self.drawn_w / (CELLS * 3.7)
    }

    /// Charge drawn since boot, milliampere-hours.
    pub(super) fn used_mah(&self) -> f64 {
        1000.0 * self.used_wh / (CELLS * 3.7)
    }

    /// Time left at the present load, seconds; `None` while charging.
    pub(super) fn seconds_left(&self) -> Option<f64> {
        (self.drawn_w > 0.0).then(|| self.energy_wh / self.drawn_w * 3600.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hovers_for_about_half_an_hour_and_sags_under_load() {
        let mut battery = Battery::charged(100.0);
        let resting = battery.volts();
        let hover = Load::Flying {
            air_speed_ms: 0.0,
            climb_ms: 0.0,
        };
        for _ in 0..1800 {
            battery.step(hover, 1.0);
        }
        assert!((3.0..10.0).contains(&battery.percent()), "{}", battery.percent());
        assert!(battery.volts() < resting - 2.0 && battery.volts() > 19.0);
    }

    #[test]
    fn fast_flight_costs_more_than_hover_and_slow_flight_less() {
        let cost = |air_speed_ms| {
            let mut battery = Battery::charged(100.0);
            battery.step(
                Load::Flying {
                    air_speed_ms,
                    climb_ms: 0.0,
                },
                600.0,
            );
            100.0 - battery.percent()
        };
        assert!(cost(15.0) > 1.1 * cost(0.0));
        assert!(cost(4.0) < cost(0.0));
    }

    #[test]
    fn the_charger_fills_up_and_stops_at_full() {
        let mut battery = Battery::charged(20.0);
        battery.step(Load::Parked { charging: true }, 600.0);
        assert!(battery.percent() > 60.0);
        battery.step(Load::Parked { charging: true }, 3600.0);
        assert_eq!(battery.percent(), 100.0);
    }
}
