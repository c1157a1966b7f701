//! The one place that reads the wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

use survey::time::UtcMicros;

/// The present, microseconds of UTC. A clock before 1970 reads as 1970.
pub fn now() -> UtcMicros {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UtcMicros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
}
