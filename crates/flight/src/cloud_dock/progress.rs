//! `flighttask_progress`: how far a flight task is.

use serde_json::{Value, json};

use super::envelope::Envelope;
use super::property::{at, number, text, whole};

/// `output.status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskStatus {
    /// The dock has it.
    Sent,
    /// It is carried out.
    InProgress,
    /// The aircraft hovers.
    Paused,
    /// Done.
    Ok,
    /// Over, with a part of the wayline not flown.
    PartiallyDone,
    /// Over, it went wrong.
    Failed,
    /// Not taken on.
    Rejected,
    /// Called off or ended.
    Canceled,
    /// Over, it took too long.
    Timeout,
    /// A word we do not know.
    Other(String),
}

impl TaskStatus {
    /// Whether nothing follows.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Ok | Self::PartiallyDone | Self::Failed | Self::Rejected | Self::Canceled | Self::Timeout
        )
    }

    /// DJI's word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Sent => "sent",
            Self::InProgress => "in_progress",
            Self::Paused => "paused",
            Self::Ok => "ok",
            Self::PartiallyDone => "partially_done",
            Self::Failed => "failed",
            Self::Rejected => "rejected",
            Self::Canceled => "canceled",
            Self::Timeout => "timeout",
            Self::Other(word) => word,
        }
    }

    pub(super) fn of(word: &str) -> Self {
        match word {
            "sent" => Self::Sent,
            "in_progress" => Self::InProgress,
            "paused" => Self::Paused,
            "ok" => Self::Ok,
            "partially_done" => Self::PartiallyDone,
            "failed" => Self::Failed,
            "rejected" => Self::Rejected,
            "canceled" => Self::Canceled,
            "timeout" => Self::Timeout,
            other => Self::Other(other.chars().take(64).collect()),
        }
    }
}

/// Where a wayline was left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BreakPoint {
    /// Waypoint before it, from 0.
    pub index: i64,
    /// 0 on the way to the next one, 1 on the waypoint.
    pub state: i64,
    /// Part of the way to the next one, 0 to 1.
    pub progress: f64,
    /// The wayline, from 0.
    pub wayline_id: i64,
    /// Why, as a number.
    pub reason: Option<i64>,
}

impl BreakPoint {
    /// In the form in which a task is resumed from it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "index": self.index,
            "state": self.state,
            "progress": self.progress,
            "wayline_id": self.wayline_id,
        })
    }

    /// Out of what a dock reports or [`BreakPoint::to_json`] wrote; `None` without the number of a waypoint.
    #[must_use]
    pub fn from_json(point: &Value) -> Option<Self> {
        Some(Self {
            index: whole(point, &["index"])?,
            state: whole(point, &["state"]).unwrap_or(0),
            progress: number(point, &["progress"]).unwrap_or(0.0).clamp(0.0, 1.0),
            wayline_id: whole(point, &["wayline_id"]).unwrap_or(0),
            reason: whole(point, &["break_reason"]),
        })
    }
}

/// One report of a task.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// The task. Older firmware names it only as the `bid`.
    pub flight_id: Option<String>,
    /// The `bid` of the message.
    pub bid: String,
    /// Its sender's clock, Unix milliseconds.
    pub timestamp_ms: Option<i64>,
    /// Result code, 0 for none.
    pub result: i64,
    /// How it stands.
    pub status: TaskStatus,
    /// `current_step`, 0 to 49.
    pub step: Option<i64>,
    /// 0 to 100.
    pub percent: Option<i64>,
    /// The waypoint it is at, from 0.
    pub waypoint_index: Option<i64>,
    /// `wayline_mission_state`, 0 to 9.
    pub mission_state: Option<i64>,
    /// Photos taken so far.
    pub media_count: Option<u32>,
    /// Where it was left, if it was.
    pub break_point: Option<BreakPoint>,
}

impl Progress {
    pub(super) fn of(envelope: &Envelope) -> Option<Self> {
        let data = &envelope.data;
        let output = at(data, &["output"])?;
        Some(Self {
            flight_id: text(output, &["ext", "flight_id"]).filter(|id| !id.is_empty()),
            bid: envelope.bid.clone(),
            timestamp_ms: envelope.timestamp_ms,
            result: whole(data, &["result"]).unwrap_or(0),
            status: TaskStatus::of(&text(output, &["status"])?),
            step: whole(output, &["progress", "current_step"]),
            percent: whole(output, &["progress", "percent"]),
            waypoint_index: whole(output, &["ext", "current_waypoint_index"]),
            mission_state: whole(output, &["ext", "wayline_mission_state"]),
            media_count: whole(output, &["ext", "media_count"]).and_then(|count| u32::try_from(count).ok()),
            break_point: at(output, &["ext", "break_point"]).and_then(BreakPoint::from_json),
        })
    }

    /// Whether it is about this task. A dock has one at a time: a report that names none is about the one it has.
    #[must_use]
    pub fn is_of(&self, flight_id: &str) -> bool {
        match &self.flight_id {
            Some(named) => named == flight_id,
            None => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_example_is_read() {
        let text = r#"{"bid":"b","tid":"t","timestamp":1654070968655,"data":{"result":0,"output":{"status":"ok",
            "progress":{"current_step":19,"percent":100},"ext":{"current_waypoint_index":3,"flight_id":"f",
            "media_count":6,"track_id":"track_id","wayline_id":0,"wayline_mission_state":9,"break_point":
            {"attitude_head":30,"break_reason":1,"height":100.23,"index":1,"latitude":23.4,"longitude":113.99,
            "progress":0.34,"state":0,"wayline_id":0}}}}}"#;
        let progress = Progress::of(&Envelope::read(text.as_bytes()).unwrap()).unwrap();
        assert_eq!(
            (progress.status.clone(), progress.step),
            (TaskStatus::Ok, Some(19))
        );
        assert!(progress.status.is_final() && progress.is_of("f") && !progress.is_of("g"));
        assert_eq!(progress.media_count, Some(6));
        let point = progress.break_point.unwrap();
        assert_eq!((point.index, point.reason), (1, Some(1)));
        assert_eq!(point.to_json()["progress"], 0.34);
    }

    #[test]
    fn a_word_of_tomorrow_is_no_end() {
        let text = br#"{"data":{"output":{"status":"hovering_around"}}}"#;
        let progress = Progress::of(&Envelope::read(text).unwrap()).unwrap();
        assert_eq!(progress.status, TaskStatus::Other("hovering_around".to_owned()));
        assert!(!progress.status.is_final() && progress.is_of("any"));
        assert_eq!(Progress::of(&Envelope::read(b"{}").unwrap()), None);
    }
}
