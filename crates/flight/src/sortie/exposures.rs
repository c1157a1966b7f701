//! The exposures of one flight: reports are taken in, each once, those without a place get the one of the track, and
//! those that got lost on the way are asked for again while the flight goes on. Nothing here waits.
//!
//! CAMERA_IMAGE_CAPTURED is asked for by its number (MAV_CMD_REQUEST_MESSAGE, and where the camera does not know that,
//! the older MAV_CMD_REQUEST_CAMERA_IMAGE_CAPTURE). Of CAMERA_FEEDBACK an autopilot repeats the last one only, so that
//! it is asked for as soon as one is overdue.

#![expect(
    deprecated,
    reason = "cameras of before MAV_CMD_REQUEST_MESSAGE know only the older request"
)]

mod book;
mod feedback;
mod path;

use std::time::Duration;

use mavlink::dialects::ardupilotmega::{
    CAMERA_FEEDBACK_DATA, COMMAND_ACK_DATA, GLOBAL_POSITION_INT_DATA, MavCmd, MavMessage, MavResult,
};
use survey::time::UtcMicros;
use tokio::time::Instant;

use super::streams::{ask_capture, ask_capture_old_way, ask_capture_status, ask_feedback};
use super::track::BootToUtc;
use crate::capture::{CaptureReport, CaptureSource, boot_ms_in, capture_in};
use book::Book;
use feedback::{Feedback, Heard};
use path::Path;

/// How often missing exposures are asked for in flight. Wall.
const GAP_PAUSE: Duration = Duration::from_secs(2);
/// Missing exposures asked for at once.
const GAPS_AT_ONCE: usize = 16;
/// Before take-off the autopilot's count of exposures is asked for so often, with this pause. Wall.
const COUNT_ASKS: u8 = 3;
const COUNT_PAUSE: Duration = Duration::from_secs(1);
/// The component that flies.
const AUTOPILOT: u8 = 1;

/// How a camera is asked for a report by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Message,
    OldCommand,
    /// It knows neither.
    None,
}

/// The moment at which a message came.
pub(super) struct Moment<'m> {
    /// From time since boot to the flight's time.
    pub clock: &'m BootToUtc,
    /// Now, in the flight's time.
    pub now_utc: UtcMicros,
    /// Now, since the vehicle's start, ms.
    pub boot_ms: Option<u32>,
    /// Now, vehicle time since the watch began.
    pub now: Duration,
    /// Vehicle time since take-off, if that was seen.
    pub aloft: Option<Duration>,
    /// Whether the autopilot is an ArduPilot, which answers for its triggers with CAMERA_FEEDBACK, not by number.
    pub ardupilot: bool,
}

/// What a message told.
#[derive(Debug, Default)]
pub(super) struct News {
    pub captures: Vec<CaptureReport>,
    pub notice: Option<String>,
}

/// The exposures of one flight.
#[derive(Debug)]
pub(super) struct Exposures {
    pub book: Book,
    /// The component that reports exposures by CAMERA_IMAGE_CAPTURED, once one did.
    pub camera: Option<u8>,
    /// A request for a report was denied since this was last cleared.
    pub denied: bool,
    way: Way,
    feedback: Feedback,
    other_camera_told: bool,
    /// Count of exposures before take-off.
    counted_before: Option<u32>,
    count_asks: u8,
    path: Path,
    asked_at: Instant,
}

impl Exposures {
    pub fn new(now: Instant) -> Self {
        Self {
            book: Book::default(),
            camera: None,
            denied: false,
            way: Way::Message,
            feedback: Feedback::default(),
            other_camera_told: false,
            counted_before: None,
            count_asks: 0,
            path: Path::default(),
            asked_at: now,
        }
    }

    /// A flight that took off at `since` by the vehicle's clock, seen by an earlier run of the program.
    pub fn of_flight_since(&mut self, since: Option<UtcMicros>) {
        self.book = Book::of_flight_since(since);
    }

    /// The autopilot started again: its clock and its counters began anew.
    pub fn restart(&mut self) {
        self.book.restart();
        self.feedback.restart();
        self.path.restart();
    }

    /// Takes in where the vehicle is.
    pub fn position(&mut self, data: &GLOBAL_POSITION_INT_DATA) {
        self.path.take(data);
    }

    /// Takes in the answer of a component to a command.
    pub fn answer(&mut self, component: u8, ack: &COMMAND_ACK_DATA) {
        let ours = match ack.command {
            MavCmd::MAV_CMD_REQUEST_MESSAGE => self.way == Way::Message,
            MavCmd::MAV_CMD_REQUEST_CAMERA_IMAGE_CAPTURE => self.way == Way::OldCommand,
            _ => false,
        };
        if !ours || component != self.camera.unwrap_or(AUTOPILOT) {
            return;
        }
        self.denied |= ack.result != MavResult::MAV_RESULT_ACCEPTED;
        if ack.result == MavResult::MAV_RESULT_UNSUPPORTED && self.camera.is_some() {
            self.way = match self.way {
                Way::Message => Way::OldCommand,
                Way::OldCommand | Way::None => Way::None,
            };
        }
    }

    /// Takes in a message of a component.
    pub fn take(&mut self, message: &MavMessage, component: u8, moment: &Moment<'_>) -> News {
        match message {
            MavMessage::CAMERA_CAPTURE_STATUS(status) => {
                if let Ok(count) = u32::try_from(status.image_count) {
                    self.counted(component, count, moment);
                }
                News::default()
            }
            MavMessage::CAMERA_IMAGE_CAPTURED(data) => {
                self.camera = Some(component);
                let index = u32::try_from(data.image_index).ok();
                let captures = index.and_then(|index| self.note(index, message, moment));
                News {
                    captures: captures.into_iter().collect(),
                    notice: None,
                }
            }
            // A camera that reports for itself knows better than the autopilot that triggered it.
            MavMessage::CAMERA_FEEDBACK(data) if self.camera.is_none() => {
                self.take_feedback(data, message, moment)
            }
            _others => News::default(),
        }
    }

    fn counted(&mut self, component: u8, count: u32, moment: &Moment<'_>) {
        let triggers_only = component == AUTOPILOT && moment.ardupilot;
        if triggers_only && moment.aloft.is_none() {
            self.counted_before = Some(count);
            return;
        }
        if !triggers_only {
            self.camera = Some(component);
        }
        self.book.counted(count);
    }

    fn take_feedback(
        &mut self,
        data: &CAMERA_FEEDBACK_DATA,
        message: &MavMessage,
        moment: &Moment<'_>,
    ) -> News {
        let mut news = News::default();
        match self.feedback.take(data, moment.now) {
            Heard::Echo => return news,
            Heard::OtherCamera(number) => {
                if !std::mem::replace(&mut self.other_camera_told, true) {
                    let text =
                        format!("camera {number} is triggered too; only the reports of the first are used");
                    news.notice = Some(text);
                }
                return news;
            }
            Heard::New => {}
        }
        let before = self.feedback.newest_at();
        let misfires = self.feedback.misfires_before(data);
        let Some(report) = self.note(u32::from(data.img_idx), message, moment) else {
            return news;
        };
        let since = before.unwrap_or(report.at_utc);
        self.feedback.set_newest_at(report.at_utc);
        for misfire in misfires {
            let span_us = (report.at_utc.0 - since.0) as f64;
            let at_utc = UtcMicros(since.0 + (span_us * misfire.share) as i64);
            self.book.note(misfire.number, at_utc, moment.aloft);
            news.captures.push(self.placed(
                CaptureReport {
                    image_index: misfire.number,
                    at_utc,
                    position: None,
                    altitude_amsl_m: None,
                    height_above_home_m: None,
                    succeeded: false,
                    source: CaptureSource::CameraFeedback,
                },
                None,
                moment.clock,
            ));
        }
        news.captures.push(report);
        news
    }

    /// The report in a message, if it is new. `index` is its number on the wire, by which it is asked for.
    fn note(&mut self, index: u32, message: &MavMessage, moment: &Moment<'_>) -> Option<CaptureReport> {
        let mut report = capture_in(message, moment.clock.offset_us(), moment.boot_ms)?;
        let boot_ms = boot_ms_in(message, moment.boot_ms);
        report.at_utc = moment.clock.unjumped(report.at_utc, boot_ms, moment.now_utc);
        if !self.book.note(index, report.at_utc, moment.aloft) {
            return None;
        }
        Some(self.placed(report, boot_ms, moment.clock))
    }

    /// The report with the place of the track where it has none of its own.
    fn placed(&self, mut report: CaptureReport, boot_ms: Option<u32>, clock: &BootToUtc) -> CaptureReport {
        if report.position.is_some() {
            return report;
        }
        let boot_ms = boot_ms
            .filter(|ms| *ms > 0)
            .or_else(|| clock.boot_ms(report.at_utc));
        if let Some(spot) = boot_ms.and_then(|boot_ms| self.path.at(boot_ms)) {
            report.position = Some(spot.place);
            report.height_above_home_m = Some(spot.height_above_home_m);
            report.altitude_amsl_m = Some(spot.altitude_amsl_m);
        }
        report
    }

    /// Requests that are due. `repeats_feedback`: the autopilot sends its last CAMERA_FEEDBACK again when asked.
    pub fn due(
        &mut self,
        (now, vehicle_now): (Instant, Duration),
        system_id: u8,
        aloft: bool,
        repeats_feedback: bool,
    ) -> Vec<MavMessage> {
        if self.camera.is_some() {
            if now.duration_since(self.asked_at) < GAP_PAUSE {
                return Vec::new();
            }
            self.asked_at = now;
            return self.ask_missing(system_id, false, GAPS_AT_ONCE).1;
        }
        if !repeats_feedback {
            return Vec::new();
        }
        if aloft {
            let due = self.feedback.is_due(vehicle_now);
            return due.then(|| ask_feedback(system_id)).into_iter().collect();
        }
        let wanted = self.counted_before.is_none() && self.count_asks < COUNT_ASKS;
        if !wanted || now.duration_since(self.asked_at) < COUNT_PAUSE {
            return Vec::new();
        }
        self.asked_at = now;
        self.count_asks += 1;
        vec![ask_capture_status(system_id, AUTOPILOT)]
    }

    /// What is missing, and requests for it; nothing where no camera can be asked by number.
    pub fn ask_missing(&mut self, system_id: u8, ends: bool, most: usize) -> (Vec<u32>, Vec<MavMessage>) {
        let (Some(camera), true) = (self.camera, self.way != Way::None) else {
            return Default::default();
        };
        let missing = self.book.missing(ends, most);
        let ask = |index: &u32| match self.way {
            Way::OldCommand => ask_capture_old_way(system_id, camera, *index),
            Way::Message | Way::None => ask_capture(system_id, camera, *index),
        };
        let requests = missing.iter().map(ask).collect();
        (missing, requests)
    }

    /// How many exposures of this flight the vehicle counted beyond those it reported; None where it did not count.
    pub fn unreported(&self) -> Option<u32> {
        let counted = self.book.count_of_vehicle()?;
        let before = match self.camera {
            Some(_) => return None,
            None => self.counted_before?,
        };
        counted.checked_sub(before)?.checked_sub(self.book.count())
    }
}

#[cfg(test)]
mod tests {
    use mavlink::dialects::ardupilotmega::{
        CAMERA_CAPTURE_STATUS_DATA, CAMERA_IMAGE_CAPTURED_DATA, SYSTEM_TIME_DATA,
    };

    use super::*;

    const START_US: i64 = 1_772_416_800_000_000;

    struct Told {
        exposures: Exposures,
        clock: BootToUtc,
    }

    impl Told {
        fn new() -> Self {
            let mut clock = BootToUtc::default();
            clock.take(&SYSTEM_TIME_DATA {
                time_unix_usec: START_US as u64,
                time_boot_ms: 0,
            });
            let mut exposures = Exposures::new(Instant::now());
            for boot_ms in (0..60_000_u32).step_by(250) {
                exposures.position(&GLOBAL_POSITION_INT_DATA {
                    time_boot_ms: boot_ms,
                    lat: 310_000_000 + boot_ms as i32,
                    lon: 1_210_000_000,
                    relative_alt: 60_000,
                    ..Default::default()
                });
            }
            Self { exposures, clock }
        }

        fn hear(&mut self, message: &MavMessage, component: u8, boot_ms: u32) -> News {
            let moment = Moment {
                clock: &self.clock,
                now_utc: UtcMicros(START_US + i64::from(boot_ms) * 1000),
                boot_ms: Some(boot_ms),
                now: Duration::from_millis(u64::from(boot_ms)),
                aloft: Some(Duration::from_millis(u64::from(boot_ms))),
                ardupilot: true,
            };
            self.exposures.take(message, component, &moment)
        }

        fn feedback(
            &mut self,
            number: u16,
            time_usec: u64,
            completed: u16,
            boot_ms: u32,
        ) -> Vec<CaptureReport> {
            let data = CAMERA_FEEDBACK_DATA {
                time_usec,
                img_idx: number,
                completed_captures: completed,
                ..Default::default()
            };
            self.hear(&MavMessage::CAMERA_FEEDBACK(data), 1, boot_ms).captures
        }
    }

    #[test]
    fn a_report_without_a_place_has_the_one_of_the_track() {
        let mut told = Told::new();
        let at = |second: u64| START_US as u64 + second * 1_000_000;
        let captures = told.feedback(1, at(10), 0, 10_100);
        assert_eq!(captures[0].position.unwrap().latitude_deg, 31.001);
        assert_eq!(captures[0].height_above_home_m, Some(60.0));
        let unknown = told.feedback(2, at(70), 0, 70_000);
        assert_eq!(unknown[0].position, None);
    }

    /// With a feedback pin ArduPilot stamps microseconds since its start, in 32 bits.
    #[test]
    fn a_misfire_that_the_feedback_pin_tells_is_one_at_its_own_place() {
        let mut told = Told::new();
        told.feedback(1, 10_000_000, 1, 10_000);
        let captures = told.feedback(4, 16_000_000, 2, 16_000);
        let seen: Vec<_> = captures
            .iter()
            .map(|c| (c.image_index, c.succeeded, (c.at_utc.0 - START_US) / 1000))
            .collect();
        assert_eq!(seen, [(2, false, 12_000), (3, false, 14_000), (4, true, 16_000)]);
        let latitude = captures[0].position.unwrap().latitude_deg;
        assert!((latitude - 31.0012).abs() < 1e-9, "{latitude}");
    }

    #[test]
    fn a_camera_that_reports_for_itself_outranks_the_autopilot() {
        let mut told = Told::new();
        let own = MavMessage::CAMERA_IMAGE_CAPTURED(CAMERA_IMAGE_CAPTURED_DATA {
            time_boot_ms: 4_000,
            image_index: 811,
            ..Default::default()
        });
        assert_eq!(told.hear(&own, 100, 4_000).captures.len(), 1);
        assert!(told.feedback(2, START_US as u64 + 4_000_000, 0, 4_000).is_empty());
        assert_eq!(told.exposures.camera, Some(100));
    }

    fn ack(command: MavCmd, result: MavResult) -> COMMAND_ACK_DATA {
        COMMAND_ACK_DATA {
            command,
            result,
            ..Default::default()
        }
    }

    fn asked(told: &mut Told) -> Vec<(MavCmd, f32, f32)> {
        let (_, requests) = told.exposures.ask_missing(7, false, 16);
        let asked = |message: &MavMessage| match message {
            MavMessage::COMMAND_LONG(data) => Some((data.command, data.param1, data.param2)),
            _others => None,
        };
        requests.iter().filter_map(asked).collect()
    }

    #[test]
    fn a_camera_that_does_not_know_the_request_is_asked_the_old_way_and_then_left_alone() {
        let mut told = Told::new();
        for index in [1, 3] {
            let report = MavMessage::CAMERA_IMAGE_CAPTURED(CAMERA_IMAGE_CAPTURED_DATA {
                time_boot_ms: 2_000 * index as u32,
                image_index: index,
                ..Default::default()
            });
            told.hear(&report, 100, 2_000 * index as u32);
        }
        let unsupported = MavResult::MAV_RESULT_UNSUPPORTED;
        assert!(asked(&mut told).contains(&(MavCmd::MAV_CMD_REQUEST_MESSAGE, 263.0, 2.0)));
        told.exposures
            .answer(1, &ack(MavCmd::MAV_CMD_REQUEST_MESSAGE, unsupported));
        assert_eq!(
            told.exposures.way,
            Way::Message,
            "the autopilot's answer to something else"
        );
        told.exposures
            .answer(100, &ack(MavCmd::MAV_CMD_REQUEST_MESSAGE, unsupported));
        let old = asked(&mut told);
        assert!(
            old.iter()
                .all(|(command, ..)| *command == MavCmd::MAV_CMD_REQUEST_CAMERA_IMAGE_CAPTURE)
        );
        let numbers: Vec<f32> = old.iter().map(|(_, number, _)| *number).collect();
        assert!(numbers.contains(&1.0) || numbers.contains(&2.0), "{numbers:?}");
        let old_way = MavCmd::MAV_CMD_REQUEST_CAMERA_IMAGE_CAPTURE;
        told.exposures.answer(100, &ack(old_way, unsupported));
        assert!(asked(&mut told).is_empty());
    }

    #[test]
    fn what_the_autopilot_counted_and_nobody_heard_is_known() {
        let mut told = Told::new();
        let status = |count| {
            MavMessage::CAMERA_CAPTURE_STATUS(CAMERA_CAPTURE_STATUS_DATA {
                image_count: count,
                ..Default::default()
            })
        };
        told.exposures.counted_before = Some(40);
        told.feedback(41, START_US as u64 + 4_000_000, 0, 4_000);
        told.feedback(43, START_US as u64 + 8_000_000, 0, 8_000);
        assert_eq!(told.exposures.unreported(), None);
        told.hear(&status(44), 1, 9_000);
        assert_eq!(told.exposures.unreported(), Some(2));
        assert_eq!(told.exposures.camera, None, "it is not asked by number");
    }
}
