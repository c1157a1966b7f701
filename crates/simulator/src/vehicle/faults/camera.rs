//! What may be wrong with the reports of exposures.

use super::{FaultError, Given};

/// Every fault of the reports: name, value it takes (empty for none), and what it does.
pub const CAMERA_FAULTS: &[(&str, &str, &str)] = &[
    (
        "feedback_without_photo",
        "N",
        "after every N-th picture one more is reported, with a number of its own, that nobody took",
    ),
    (
        "zero_position",
        "N",
        "every N-th report says latitude and longitude 0, 0",
    ),
    ("double_feedback", "N", "every N-th report is sent twice"),
    (
        "feedback_pin",
        "",
        "ArduCopter: a pin on the camera tells of real exposures; reports come by it and are stamped since boot",
    ),
    (
        "old_camera",
        "",
        "PX4: lost reports are repeated on MAV_CMD_REQUEST_CAMERA_IMAGE_CAPTURE, not on MAV_CMD_REQUEST_MESSAGE",
    ),
];

/// Faults of the reports; the default has none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CameraFaults {
    /// `feedback_without_photo=4`: after every 4th picture there is a report of one that was never taken.
    pub feedback_without_photo: Option<u32>,
    /// `zero_position=3`: every 3rd report is at 0, 0.
    pub zero_position: Option<u32>,
    /// `double_feedback=3`: every 3rd report comes twice.
    pub double_feedback: Option<u32>,
    /// `feedback_pin`: reports of ArduCopter come by a pin that the camera moves.
    pub feedback_pin: bool,
    /// `old_camera`: knows only the older request for a lost report.
    pub old_camera: bool,
}

impl CameraFaults {
    /// Sets the fault if it is one of these; `false` if not.
    pub(super) fn add(&mut self, given: &Given<'_>) -> Result<bool, FaultError> {
        let slot = match given.name {
            "feedback_without_photo" => &mut self.feedback_without_photo,
            "zero_position" => &mut self.zero_position,
            "double_feedback" => &mut self.double_feedback,
            "feedback_pin" => {
                self.feedback_pin = true;
                return Ok(true);
            }
            "old_camera" => {
                self.old_camera = true;
                return Ok(true);
            }
            _ => return Ok(false),
        };
        *slot = Some(given.number("5", 1.0, 1e6)? as u32);
        Ok(true)
    }
}
