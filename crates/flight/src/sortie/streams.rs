//! The rates a flight needs, asked for when it begins and after a restart of the autopilot, until the messages come:
//! proof is the message, not the acknowledgement. The link itself asks for what stays away later on, but leaves
//! slow default rates as they are, and in a time-lapse its patience is long. Also: single messages on request.

#![expect(
    deprecated,
    reason = "REQUEST_DATA_STREAM is what autopilots without SET_MESSAGE_INTERVAL understand"
)]

use std::time::Duration;

use mavlink::Message;
use mavlink::dialects::ardupilotmega::{
    COMMAND_LONG_DATA, MavCmd, MavDataStream, MavMessage, MavResult, REQUEST_DATA_STREAM_DATA,
};
use tokio::time::Instant;

use crate::profile::Profile;

const HEARTBEAT: u32 = 0;
const SYS_STATUS: u32 = 1;
const SYSTEM_TIME: u32 = 2;
const GLOBAL_POSITION_INT: u32 = 33;
const MISSION_CURRENT: u32 = 42;
const AUTOPILOT_VERSION: u32 = 148;
const CAMERA_FEEDBACK: u32 = 180;
const EKF_STATUS_REPORT: u32 = 193;
const ESTIMATOR_STATUS: u32 = 230;
const HOME_POSITION: u32 = 242;
const EXTENDED_SYS_STATE: u32 = 245;
const CAMERA_CAPTURE_STATUS: u32 = 262;
const CAMERA_IMAGE_CAPTURED: u32 = 263;

/// Every stream is asked for at least so often, because a default rate may be too slow and requests get lost.
const LEAST_ASKS: u32 = 2;
/// A stream that does not come is asked for so often; what stays away then is not known to the vehicle.
const MOST_ASKS: u32 = 6;
/// Between two requests for one stream.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug)]
struct Stream {
    message: u32,
    interval: Duration,
    asks: u32,
    asked_at: Option<Instant>,
    came: bool,
}

/// The streams one vehicle was asked for.
#[derive(Debug)]
pub(super) struct Streams {
    system_id: u8,
    streams: Vec<Stream>,
    refused: bool,
    old_way_asks: u32,
}

impl Streams {
    /// What a flight needs of this kind of vehicle. Intervals are in the vehicle's time.
    pub fn new(system_id: u8, profile: Profile) -> Self {
        let mut wanted = vec![
            (GLOBAL_POSITION_INT, 250),
            (EXTENDED_SYS_STATE, 500),
            (MISSION_CURRENT, 500),
            (SYS_STATUS, 1000),
            (SYSTEM_TIME, 1000),
            (HOME_POSITION, 5000),
        ];
        match profile {
            // CAMERA_FEEDBACK comes with every trigger; as a stream it would repeat the last one for ever.
            Profile::ArduCopter => wanted.push((EKF_STATUS_REPORT, 500)),
            Profile::Px4 => wanted.push((ESTIMATOR_STATUS, 500)),
            Profile::Generic => wanted.extend([(EKF_STATUS_REPORT, 500), (ESTIMATOR_STATUS, 500)]),
        }
        let stream = |(message, interval_ms)| Stream {
            message,
            interval: Duration::from_millis(interval_ms),
            asks: 0,
            asked_at: None,
            came: false,
        };
        Self {
            system_id,
            streams: wanted.into_iter().map(stream).collect(),
            refused: false,
            old_way_asks: 0,
        }
    }

    /// Takes in a message of the vehicle.
    pub fn note(&mut self, message: &MavMessage) {
        if let MavMessage::COMMAND_ACK(ack) = message {
            let about = ack.command == MavCmd::MAV_CMD_SET_MESSAGE_INTERVAL;
            self.refused |= about && ack.result == MavResult::MAV_RESULT_UNSUPPORTED;
        }
        let id = message.message_id();
        if let Some(stream) = self.streams.iter_mut().find(|stream| stream.message == id) {
            stream.came = true;
        }
    }

    /// Begins anew, after a restart of the autopilot.
    pub fn restart(&mut self) {
        for stream in &mut self.streams {
            stream.asks = 0;
            stream.asked_at = None;
            stream.came = false;
        }
        self.old_way_asks = 0;
    }

    /// Requests that are due.
    pub fn due(&mut self, now: Instant) -> Vec<MavMessage> {
        let system_id = self.system_id;
        let due = self.streams.iter_mut().filter(|stream| stream.is_due(now));
        let mut requests: Vec<MavMessage> = due
            .map(|stream| {
                stream.asks += 1;
                stream.asked_at = Some(now);
                set_interval(system_id, stream.message, stream.interval)
            })
            .collect();
        if self.refused && self.old_way_asks < LEAST_ASKS {
            self.old_way_asks += 1;
            requests.extend(old_way(system_id));
        }
        requests
    }
}

impl Stream {
    fn is_due(&self, now: Instant) -> bool {
        let wanted = self.asks < LEAST_ASKS || (!self.came && self.asks < MOST_ASKS);
        wanted
            && self
                .asked_at
                .is_none_or(|asked_at| now.duration_since(asked_at) >= PAUSE)
    }
}

/// "Send HEARTBEAT now."
pub(super) fn ask_heartbeat(system_id: u8) -> MavMessage {
    request(system_id, 1, HEARTBEAT, 0)
}

/// "Send HOME_POSITION now."
pub(super) fn ask_home(system_id: u8) -> MavMessage {
    request(system_id, 1, HOME_POSITION, 0)
}

/// "Send AUTOPILOT_VERSION now."
pub(super) fn ask_version(system_id: u8) -> MavMessage {
    request(system_id, 1, AUTOPILOT_VERSION, 0)
}

/// "Send CAMERA_IMAGE_CAPTURED of this index now", to the component that reports exposures.
pub(super) fn ask_capture(system_id: u8, component_id: u8, image_index: u32) -> MavMessage {
    request(system_id, component_id, CAMERA_IMAGE_CAPTURED, image_index)
}

/// The same to a camera of before MAV_CMD_REQUEST_MESSAGE.
pub(super) fn ask_capture_old_way(system_id: u8, component_id: u8, image_index: u32) -> MavMessage {
    let params = [image_index as f32, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    let command = MavCmd::MAV_CMD_REQUEST_CAMERA_IMAGE_CAPTURE;
    command_long(system_id, component_id, command, params)
}

/// "Send the last CAMERA_FEEDBACK again."
pub(super) fn ask_feedback(system_id: u8) -> MavMessage {
    request(system_id, 1, CAMERA_FEEDBACK, 0)
}

/// "Send CAMERA_CAPTURE_STATUS now", which holds the number of exposures.
pub(super) fn ask_capture_status(system_id: u8, component_id: u8) -> MavMessage {
    request(system_id, component_id, CAMERA_CAPTURE_STATUS, 0)
}

/// A COMMAND_LONG that waits for no acknowledgement: what it asks for is its own proof.
pub(super) fn command_long(system_id: u8, component_id: u8, command: MavCmd, params: [f32; 7]) -> MavMessage {
    let [param1, param2, param3, param4, param5, param6, param7] = params;
    MavMessage::COMMAND_LONG(COMMAND_LONG_DATA {
        param1,
        param2,
        param3,
        param4,
        param5,
        param6,
        param7,
        command,
        target_system: system_id,
        target_component: component_id,
        confirmation: 0,
    })
}

fn request(system_id: u8, component_id: u8, message: u32, which: u32) -> MavMessage {
    let params = [message as f32, which as f32, 0.0, 0.0, 0.0, 0.0, 0.0];
    command_long(system_id, component_id, MavCmd::MAV_CMD_REQUEST_MESSAGE, params)
}

fn set_interval(system_id: u8, message: u32, interval: Duration) -> MavMessage {
    let interval_us = interval.as_micros() as f32;
    let params = [message as f32, interval_us, 0.0, 0.0, 0.0, 0.0, 0.0];
    command_long(system_id, 1, MavCmd::MAV_CMD_SET_MESSAGE_INTERVAL, params)
}

/// REQUEST_DATA_STREAM, for autopilots that know no SET_MESSAGE_INTERVAL.
fn old_way(system_id: u8) -> impl Iterator<Item = MavMessage> {
    let groups = [
        (MavDataStream::MAV_DATA_STREAM_EXTENDED_STATUS, 2),
        (MavDataStream::MAV_DATA_STREAM_POSITION, 4),
        (MavDataStream::MAV_DATA_STREAM_EXTRA3, 2),
    ];
    groups.into_iter().map(move |(req_stream_id, rate_hz)| {
        MavMessage::REQUEST_DATA_STREAM(REQUEST_DATA_STREAM_DATA {
            req_message_rate: rate_hz,
            target_system: system_id,
            target_component: 1,
            req_stream_id,
            start_stop: 1,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use mavlink::dialects::ardupilotmega::{COMMAND_ACK_DATA, EXTENDED_SYS_STATE_DATA};

    fn asked_ids(requests: &[MavMessage]) -> Vec<u32> {
        let id = |message: &MavMessage| match message {
            MavMessage::COMMAND_LONG(data) => Some(data.param1 as u32),
            _others => None,
        };
        requests.iter().filter_map(id).collect()
    }

    #[test]
    fn what_comes_is_left_alone_and_what_stays_away_is_asked_for_again() {
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        let mut streams = Streams::new(1, Profile::ArduCopter);
        assert_eq!(streams.due(after(0)).len(), 7);
        assert!(streams.due(after(500)).is_empty());
        assert_eq!(streams.due(after(1000)).len(), 7);
        streams.note(&MavMessage::EXTENDED_SYS_STATE(EXTENDED_SYS_STATE_DATA::default()));
        let asked = asked_ids(&streams.due(after(2000)));
        assert!(!asked.contains(&EXTENDED_SYS_STATE));
        assert!(asked.contains(&MISSION_CURRENT));
    }

    #[test]
    fn nobody_is_asked_for_ever_and_a_restart_begins_anew() {
        let start = Instant::now();
        let mut streams = Streams::new(1, Profile::Px4);
        let asked: usize = (0..60)
            .map(|s| streams.due(start + Duration::from_secs(s)).len())
            .sum();
        assert_eq!(asked, 7 * 6);
        streams.restart();
        assert_eq!(streams.due(start + Duration::from_secs(60)).len(), 7);
    }

    #[test]
    fn who_knows_no_intervals_is_asked_the_old_way() {
        let start = Instant::now();
        let mut streams = Streams::new(1, Profile::ArduCopter);
        let ack = MavMessage::COMMAND_ACK(COMMAND_ACK_DATA {
            command: MavCmd::MAV_CMD_SET_MESSAGE_INTERVAL,
            result: MavResult::MAV_RESULT_UNSUPPORTED,
            ..Default::default()
        });
        streams.note(&ack);
        let requests = streams.due(start);
        let old = requests
            .iter()
            .filter(|m| matches!(m, MavMessage::REQUEST_DATA_STREAM(_)));
        assert_eq!(old.count(), 3);
    }
}
