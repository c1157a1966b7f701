//! When a target will be reached at the rate of the last weeks: a robust slope through the days, carried on.
//!
//! The slope is the median of the slopes between all pairs of days (Theil 1950, Sen 1968), so that a single great day
//! or a week of bad weather does not decide; its range is Sen's 90 % confidence interval, by the normal approximation
//! of Kendall's statistic.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::time::CivilDay;

/// Fewer days say nothing of a rate.
pub const FEWEST_DAYS: usize = 5;
/// Longest stretch looked at; more pairs would tell of a rate long past.
pub const MOST_DAYS: usize = 366;
/// Standard normal quantile of a two-sided 90 % interval.
const Z_90: f64 = 1.644_853_626_951;
/// Later than this is as good as never: ten years.
pub const HORIZON_DAYS: f64 = 3653.0;

/// Why nothing can be forecast.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum ForecastError {
    /// A value or the target is no number.
    #[error("{value} is not a share from 0 to 100 %")]
    NotAShare {
        /// As given.
        value: f64,
    },
    /// Days are not in order.
    #[error("days must ascend; {later} stands before {earlier}")]
    OutOfOrder {
        /// The day that stands first.
        later: CivilDay,
        /// The day after it.
        earlier: CivilDay,
    },
}

/// What is to be expected.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outlook")]
pub enum Outlook {
    /// It is reached.
    Reached,
    /// At the rate of the last weeks, on this day.
    Expected {
        /// By the median rate.
        day: CivilDay,
        /// By the fastest rate of the interval.
        earliest: CivilDay,
        /// By the slowest rate of the interval; `None`: never at that rate.
        latest: Option<CivilDay>,
    },
    /// Not at this rate: it does not rise, or takes more than ten years.
    NeverAtThisRate,
    /// Fewer than [`FEWEST_DAYS`] days to go by.
    TooFewDays {
        /// Days given.
        days: usize,
    },
}

/// A forecast and its rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// What is to be expected.
    pub outlook: Outlook,
    /// The median rate, percentage points per day, where there is one.
    pub rate_per_day: Option<f64>,
    /// Slowest and fastest rate of the 90 % interval.
    pub rate_range_per_day: Option<[f64; 2]>,
    /// Days the rate was taken from.
    pub days: usize,
}

/// When `target_percent` will be reached, from values in per cent by day, ascending; the last is today's. Only the last
/// `weeks` weeks count.
///
/// # Errors
/// [`ForecastError`].
pub fn forecast(
    history: &[(CivilDay, f64)],
    target_percent: f64,
    weeks: u32,
) -> Result<Forecast, ForecastError> {
    check(history, target_percent)?;
    let Some((today, now)) = history.last().copied() else {
        return Ok(without_rate(Outlook::TooFewDays { days: 0 }, 0));
    };
    let first = i64::from(today.0) - 7 * i64::from(weeks);
    let recent: Vec<(CivilDay, f64)> = history
        .iter()
        .filter(|(day, _)| i64::from(day.0) >= first)
        .copied()
        .collect();
    let recent = &recent[recent.len().saturating_sub(MOST_DAYS)..];
    let days = recent.len();
    if now >= target_percent {
        return Ok(without_rate(Outlook::Reached, days));
    }
    if days < FEWEST_DAYS {
        return Ok(without_rate(Outlook::TooFewDays { days }, days));
    }
    let (slowest, median, fastest) = rates(recent);
    let day_at = |rate: f64| {
        let wait = (target_percent - now) / rate;
        (rate > 0.0 && wait <= HORIZON_DAYS).then(|| CivilDay(today.0 + wait.ceil() as i32))
    };
    let outlook = match (day_at(median), day_at(fastest)) {
        (Some(day), Some(earliest)) => Outlook::Expected {
            day,
            earliest,
            latest: day_at(slowest),
        },
        _ => Outlook::NeverAtThisRate,
    };
    Ok(Forecast {
        outlook,
        rate_per_day: Some(median),
        rate_range_per_day: Some([slowest, fastest]),
        days,
    })
}

fn check(history: &[(CivilDay, f64)], target_percent: f64) -> Result<(), ForecastError> {
    let values = history.iter().map(|(_, value)| *value).chain([target_percent]);
    if let Some(value) = values.into_iter().find(|value| !(0.0..=100.0).contains(value)) {
        return Err(ForecastError::NotAShare { value });
    }
    match history.windows(2).find(|pair| pair[0].0 >= pair[1].0) {
        Some(pair) => Err(ForecastError::OutOfOrder {
            later: pair[0].0,
            earlier: pair[1].0,
        }),
        None => Ok(()),
    }
}

fn without_rate(outlook: Outlook, days: usize) -> Forecast {
    Forecast {
        outlook,
        rate_per_day: None,
        rate_range_per_day: None,
        days,
    }
}

/// Slowest, median and fastest slope, per day.
fn rates(values: &[(CivilDay, f64)]) -> (f64, f64, f64) {
    let mut slopes = Vec::with_capacity(values.len() * (values.len() - 1) / 2);
    for (at, (day, value)) in values.iter().enumerate() {
        slopes.extend(
            values[at + 1..]
                .iter()
                .map(|(later, then)| (then - value) / f64::from(later.0 - day.0)),
        );
    }
    slopes.sort_by(f64::total_cmp);
    let (n, pairs) = (values.len() as f64, slopes.len() as f64);
    let half = Z_90 * (n * (n - 1.0) * (2.0 * n + 5.0) / 18.0).sqrt();
    let at = |rank: f64| slopes[(rank.clamp(0.0, pairs - 1.0)) as usize];
    let middle = slopes.len() / 2;
    let median = if slopes.len() % 2 == 1 {
        slopes[middle]
    } else {
        f64::midpoint(slopes[middle - 1], slopes[middle])
    };
    (
        at(((pairs - half) / 2.0).floor()),
        median,
        at(((pairs + half) / 2.0).ceil()),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(days: i32, start: f64, rate: f64) -> Vec<(CivilDay, f64)> {
        (0..days)
            .map(|day| (CivilDay(1000 + day), start + rate * f64::from(day)))
            .collect()
    }

    #[test]
    fn a_steady_rate_is_carried_on() {
        let told = forecast(&line(29, 20.0, 1.0), 75.0, 4).unwrap();
        // 48 % on day 1028: 27 days more.
        let Outlook::Expected {
            day,
            earliest,
            latest,
        } = told.outlook
        else {
            panic!("{told:?}");
        };
        assert_eq!(
            (day, earliest, latest),
            (CivilDay(1055), CivilDay(1055), Some(CivilDay(1055)))
        );
        assert_eq!((told.days, told.rate_per_day), (29, Some(1.0)));
    }

    #[test]
    fn one_great_day_does_not_decide() {
        let mut history = line(29, 20.0, 0.5);
        history[20].1 = 60.0;
        let told = forecast(&history, 75.0, 4).unwrap();
        assert!((told.rate_per_day.unwrap() - 0.5).abs() < 0.02, "{told:?}");
        let Outlook::Expected {
            earliest,
            day,
            latest,
        } = told.outlook
        else {
            panic!("{told:?}");
        };
        assert!(earliest <= day && latest.is_none_or(|latest| latest >= day));
    }

    #[test]
    fn what_falls_stands_or_is_too_new_has_no_day() {
        let outlook = |history: &[(CivilDay, f64)]| forecast(history, 75.0, 4).unwrap().outlook;
        assert_eq!(outlook(&line(29, 60.0, -0.1)), Outlook::NeverAtThisRate);
        assert_eq!(outlook(&line(29, 60.0, 0.0)), Outlook::NeverAtThisRate);
        assert_eq!(outlook(&line(29, 10.0, 0.001)), Outlook::NeverAtThisRate);
        assert_eq!(outlook(&line(4, 10.0, 1.0)), Outlook::TooFewDays { days: 4 });
        assert_eq!(outlook(&[]), Outlook::TooFewDays { days: 0 });
        assert_eq!(outlook(&line(2, 80.0, 1.0)), Outlook::Reached);
        assert!(forecast(&line(5, 10.0, f64::NAN), 75.0, 4).is_err());
        assert!(forecast(&[(CivilDay(2), 1.0), (CivilDay(1), 2.0)], 75.0, 4).is_err());
    }

    #[test]
    fn only_the_last_weeks_count() {
        let mut history = line(100, 5.0, 0.0);
        history.extend(
            line(29, 5.0, 1.0)
                .into_iter()
                .map(|(day, value)| (CivilDay(day.0 + 100), value)),
        );
        assert_eq!(forecast(&history, 75.0, 4).unwrap().rate_per_day, Some(1.0));
    }

    proptest! {
        #[test]
        fn the_range_holds_the_rate(values in prop::collection::vec(0.0..100.0_f64, 5..60), target in 0.0..100.0_f64) {
            let history: Vec<_> = values.iter().enumerate().map(|(day, value)| (CivilDay(day as i32), *value)).collect();
            let told = forecast(&history, target, 52).unwrap();
            if let (Some(rate), Some([slowest, fastest])) = (told.rate_per_day, told.rate_range_per_day) {
                prop_assert!(slowest <= rate && rate <= fastest);
            }
            if let Outlook::Expected { day, earliest, latest } = told.outlook {
                prop_assert!(earliest <= day && latest.is_none_or(|latest| latest >= day));
            }
        }
    }
}
