//! Seeded weather over a city, a function of city time alone: fair, breezy and wet days, gusts, showers, seasons.
//! The first day of a run is always fair, so that a demonstration can fly.

use std::f64::consts::TAU;

use crate::dock::faults::DockFaults;

const DAY_S: f64 = 86_400.0;
/// The city's civil time is ahead of UTC by this, seconds.
const CITY_OFFSET_S: f64 = 8.0 * 3600.0;
/// Gusts over the mean wind when the wind is a fault.
const FAULT_GUST_FACTOR: f64 = 4.0 / 3.0;

/// What the mast of a dock measures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weather {
    /// Mean wind, metres per second.
    pub wind_ms: f64,
    /// Strongest gust, metres per second; never below the mean.
    pub gust_ms: f64,
    /// 0 none, 1 light, 2 moderate, 3 heavy.
    pub rain_level: u8,
    /// Air temperature, degrees Celsius.
    pub temperature_c: f64,
    /// Relative humidity, percent.
    pub humidity_percent: f64,
}

/// The weather mast of one dock.
#[derive(Clone, Debug)]
pub struct WeatherStation {
    seed: u64,
    place: u64,
    first_day: i64,
    wind_ms: Option<f64>,
    rain_level: Option<u8>,
}

/// How windy and how wet a day is, each 0 to 1.
#[derive(Clone, Copy)]
struct Character {
    windy: f64,
    wet: f64,
}

impl WeatherStation {
    /// A mast in the weather of `seed`; `place` tells docks apart, `start_unix_us` names the first day.
    pub fn new(seed: u64, place: u64, start_unix_us: i64, faults: &DockFaults) -> Self {
        Self {
            seed,
            place,
            first_day: civil_day(start_unix_us as f64 / 1e6),
            wind_ms: faults.wind_ms,
            rain_level: faults.rain_level,
        }
    }

    /// Weather at a city time, microseconds since 1970 UTC.
    pub fn at(&self, unix_us: i64) -> Weather {
        let unix_s = unix_us as f64 / 1e6;
        let day = self.character(unix_s);
        let slow = self.noise(unix_s, 900.0, 1);
        let here = signed_noise(self.seed ^ self.place.wrapping_mul(0x9E37_79B9), unix_s, 300.0, 2);
        let wind_ms = self
            .wind_ms
            .unwrap_or_else(|| (3.2 + 6.5 * day.windy + (1.1 + day.windy) * slow + 0.4 * here).max(0.2));
        let flutter = 0.5 + 0.5 * signed_noise(self.seed ^ self.place, unix_s, 15.0, 3);
        let gust_ms = match self.wind_ms {
            Some(wind_ms) => wind_ms * FAULT_GUST_FACTOR,
            None => wind_ms * (1.15 + 0.25 * flutter),
        };
        let shower = day.wet * (0.7 + 0.6 * self.noise(unix_s, 2400.0, 4));
        let rain_level = self.rain_level.unwrap_or_else(|| rain_from(shower));
        Weather {
            wind_ms: tenth(wind_ms),
            gust_ms: tenth(gust_ms.max(wind_ms)),
            rain_level,
            temperature_c: tenth(temperature(unix_s) + 1.5 * slow - 3.0 * day.wet),
            humidity_percent: tenth((62.0 - 10.0 * slow + 28.0 * shower).clamp(20.0, 100.0)),
        }
    }

    /// The day's character, going over into the next day's in the last two hours.
    fn character(&self, unix_s: f64) -> Character {
        let day = civil_day(unix_s);
        let within_s = unix_s + CITY_OFFSET_S - day as f64 * DAY_S;
        let over = ((within_s - (DAY_S - 7200.0)) / 7200.0).clamp(0.0, 1.0);
        let (today, tomorrow) = (self.day(day), self.day(day + 1));
        Character {
            windy: today.windy + over * (tomorrow.windy - today.windy),
            wet: today.wet + over * (tomorrow.wet - today.wet),
        }
    }

    fn day(&self, day: i64) -> Character {
        let draw = if day == self.first_day {
            0.0
        } else {
            unit_hash(self.seed, day, 9)
        };
        match draw {
            d if d < 0.70 => Character { windy: 0.0, wet: 0.0 },
            d if d < 0.85 => Character { windy: 1.0, wet: 0.0 },
            _ => Character { windy: 0.4, wet: 1.0 },
        }
    }

    fn noise(&self, unix_s: f64, period_s: f64, stream: u64) -> f64 {
        signed_noise(self.seed, unix_s, period_s, stream)
    }
}

fn civil_day(unix_s: f64) -> i64 {
    ((unix_s + CITY_OFFSET_S) / DAY_S).floor() as i64
}

fn rain_from(shower: f64) -> u8 {
    match shower {
        s if s < 0.35 => 0,
        s if s < 0.75 => 1,
        s if s < 1.1 => 2,
        _ => 3,
    }
}

/// About Shanghai's: 5 °C in January, 28 °C in July (monthly means), warmest at 14:00.
fn temperature(unix_s: f64) -> f64 {
    let local_s = unix_s + CITY_OFFSET_S;
    let year = (local_s / DAY_S - 20.0) / 365.25;
    let day = (local_s / DAY_S).fract() - 14.0 / 24.0;
    16.5 - 11.5 * (TAU * year.fract()).cos() + 3.5 * (TAU * day).cos()
}

/// Smooth noise in −1..1 with lattice points `period_s` apart.
fn signed_noise(seed: u64, unix_s: f64, period_s: f64, stream: u64) -> f64 {
    let place = unix_s / period_s;
    let cell = place.floor();
    let t = place - cell;
    let ease = t * t * (3.0 - 2.0 * t);
    let (a, b) = (
        unit_hash(seed, cell as i64, stream),
        unit_hash(seed, cell as i64 + 1, stream),
    );
    2.0 * (a + ease * (b - a)) - 1.0
}

fn unit_hash(seed: u64, cell: i64, stream: u64) -> f64 {
    crate::random::Dice::new(
        seed ^ (cell as u64).wrapping_mul(0xA24B_AED4_963E_E407),
        700 + stream,
    )
    .unit()
}

fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const START_US: i64 = 1_772_416_800_000_000; // 2026-03-02T02:00:00Z

    fn hours(station: &WeatherStation, from_h: i64, to_h: i64) -> Vec<Weather> {
        (from_h * 60..to_h * 60)
            .map(|minute| station.at(START_US + minute * 60_000_000))
            .collect()
    }

    #[test]
    fn the_first_day_is_fit_for_flying_and_the_year_is_not() {
        for seed in 0..40 {
            let station = WeatherStation::new(seed, 3, START_US, &DockFaults::default());
            // 10:00 to 21:00 in the city.
            for weather in hours(&station, 0, 11) {
                assert!(
                    weather.wind_ms < 8.0 && weather.gust_ms < 10.0,
                    "seed {seed}: {weather:?}"
                );
                assert_eq!(weather.rain_level, 0, "seed {seed}");
                assert!(weather.gust_ms >= weather.wind_ms);
            }
        }
        let station = WeatherStation::new(1, 3, START_US, &DockFaults::default());
        let month = hours(&station, 24, 24 * 31);
        assert!(month.iter().any(|w| w.wind_ms > 8.0) && month.iter().any(|w| w.rain_level >= 2));
        let fair = month
            .iter()
            .filter(|w| w.gust_ms < 10.0 && w.rain_level <= 1)
            .count();
        assert!(
            fair * 2 > month.len(),
            "most hours can be flown: {fair} of {}",
            month.len()
        );
        assert!(month.iter().all(|w| (-20.0..45.0).contains(&w.temperature_c)));
        assert!(month.iter().all(|w| (0.0..=100.0).contains(&w.humidity_percent)));
    }

    #[test]
    fn the_same_seed_gives_the_same_weather_and_docks_differ_a_little() {
        let at = |seed, place| {
            WeatherStation::new(seed, place, START_US, &DockFaults::default()).at(START_US + 5_000_000_000)
        };
        assert_eq!(at(1, 1), at(1, 1));
        assert!((at(1, 1).wind_ms - at(1, 2).wind_ms).abs() < 1.7);
        assert_ne!(at(1, 1), at(2, 1));
    }

    #[test]
    fn seasons_are_those_of_the_city() {
        assert!((temperature(1_768_442_400.0) - 5.0).abs() < 5.0, "mid January");
        assert!((temperature(1_784_080_800.0) - 28.0).abs() < 5.0, "mid July");
    }

    #[test]
    fn faults_speak_instead_of_the_mast() {
        let faults = DockFaults {
            wind_ms: Some(14.0),
            rain_level: Some(3),
            ..DockFaults::default()
        };
        let weather = WeatherStation::new(1, 1, START_US, &faults).at(START_US);
        assert_eq!((weather.wind_ms, weather.rain_level), (14.0, 3));
        assert!(weather.gust_ms > 18.0);
    }
}
