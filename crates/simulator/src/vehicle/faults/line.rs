//! What the line between vehicle and ground station does to frames, and who else speaks on it.

use super::{FaultError, Given};

/// Every fault of the line: name, value it takes (empty for none), and what it does.
pub const LINE_FAULTS: &[(&str, &str, &str)] = &[
    (
        "drop_out",
        "SHARE",
        "that share of the vehicle's own frames is lost, 0 to 1",
    ),
    (
        "drop_in",
        "SHARE",
        "that share of the frames to the vehicle is lost, 0 to 1",
    ),
    (
        "delay",
        "MS",
        "every frame needs that many milliseconds, each way, in order",
    ),
    (
        "jitter",
        "MS",
        "every frame needs up to that many milliseconds more, each way, in order",
    ),
    (
        "duplicate",
        "SHARE",
        "that share of all frames arrives twice, each way",
    ),
    (
        "reorder",
        "SHARE",
        "that share of all frames is overtaken by those of the next 80 ms, each way",
    ),
    (
        "foreign_heartbeat",
        "",
        "a second ground station, a companion computer and another armed autopilot are heard on the link",
    ),
];

/// Faults of the line; the default has none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LineFaults {
    /// `drop_out=0.3`: share of the vehicle's frames that is lost.
    pub drop_out: Option<f64>,
    /// `drop_in=0.3`: share of the frames to the vehicle that is lost.
    pub drop_in: Option<f64>,
    /// `delay=150`: milliseconds (wall clock) that every frame needs, each way.
    pub delay_ms: Option<f64>,
    /// `jitter=50`: up to so many milliseconds more, each way; frames stay in order.
    pub jitter_ms: Option<f64>,
    /// `duplicate=0.1`: share of the frames that arrives twice.
    pub duplicate: Option<f64>,
    /// `reorder=0.1`: share of the frames that is overtaken.
    pub reorder: Option<f64>,
    /// `foreign_heartbeat`: others speak on the link.
    pub foreign_heartbeat: bool,
}

impl LineFaults {
    /// Sets the fault if it is one of these; `false` if not.
    pub(super) fn add(&mut self, given: &Given<'_>) -> Result<bool, FaultError> {
        match given.name {
            "drop_out" => self.drop_out = Some(given.number("0.2", 0.0, 1.0)?),
            "drop_in" => self.drop_in = Some(given.number("0.2", 0.0, 1.0)?),
            "delay" => self.delay_ms = Some(given.number("150", 0.0, 60_000.0)?),
            "jitter" => self.jitter_ms = Some(given.number("50", 0.0, 60_000.0)?),
            "duplicate" => self.duplicate = Some(given.number("0.1", 0.0, 1.0)?),
            "reorder" => self.reorder = Some(given.number("0.1", 0.0, 1.0)?),
            "foreign_heartbeat" => self.foreign_heartbeat = true,
            _ => return Ok(false),
        }
        Ok(true)
    }
}
