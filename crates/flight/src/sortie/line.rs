//! The way out: events in order, never holding up the flight when nobody reads them.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::timeout;

use super::event::{FlightEvent, Instruction, Step};

/// With so many events waiting, track points and status texts are dropped; all else is kept. A flight makes a few
/// hundred of those at most.
const MOST_WAITING: usize = 512;

/// Events on their way to the caller.
#[derive(Debug)]
pub(crate) struct Outbox {
    events: mpsc::Sender<FlightEvent>,
    waiting: VecDeque<FlightEvent>,
    dropped: u64,
}

impl Outbox {
    pub fn new(events: mpsc::Sender<FlightEvent>) -> Self {
        Self {
            events,
            waiting: VecDeque::new(),
            dropped: 0,
        }
    }

    /// Tells an event, now or as soon as there is room.
    pub fn tell(&mut self, event: FlightEvent) {
        let fleeting = matches!(event, FlightEvent::Track(_) | FlightEvent::StatusText { .. });
        if fleeting && self.waiting.len() >= MOST_WAITING {
            self.dropped += 1;
            return;
        }
        self.waiting.push_back(event);
        self.flush();
    }

    /// Tells a step.
    pub fn step(&mut self, step: Step, text: impl Into<String>) {
        let text = text.into();
        tracing::info!(%step, %text, "flight step");
        self.tell(FlightEvent::Step { step, text });
    }

    /// Sends what there is room for. A caller that has gone away is no reason to stop flying.
    pub fn flush(&mut self) {
        while let Some(event) = self.waiting.pop_front() {
            match self.events.try_send(event) {
                Ok(()) => {}
                Err(TrySendError::Full(event)) => {
                    self.waiting.push_front(event);
                    return;
                }
                Err(TrySendError::Closed(_)) => {
                    self.waiting.clear();
                    return;
                }
            }
        }
    }

    /// Track points and status texts that found no room.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Waits until everything is told, at most so long for each event.
    pub async fn finish(mut self, patience: Duration) {
        while let Some(event) = self.waiting.pop_front() {
            let sent = timeout(patience, self.events.send(event)).await;
            if !matches!(sent, Ok(Ok(()))) {
                return;
            }
        }
    }
}

/// The next instruction; waits for ever once nobody can give one any more.
pub(super) async fn next_instruction(instructions: &mut Option<mpsc::Receiver<Instruction>>) -> Instruction {
    if let Some(open) = instructions {
        if let Some(instruction) = open.recv().await {
            return instruction;
        }
        *instructions = None;
    }
    std::future::pending().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use survey::geodesy::Wgs84;
    use survey::time::UtcMicros;

    use crate::sortie::event::TrackPoint;

    fn point(second: i64) -> FlightEvent {
        FlightEvent::Track(TrackPoint {
            at: UtcMicros(second * 1_000_000),
            position: Wgs84::new(31.0, 121.0).unwrap(),
            height_above_home_m: 40.0,
            altitude_amsl_m: 44.0,
            heading_deg: None,
            ground_speed_ms: None,
            battery_percent: None,
        })
    }

    #[tokio::test]
    async fn a_caller_that_does_not_read_loses_track_points_and_no_steps() {
        let (events, mut read) = mpsc::channel(4);
        let mut outbox = Outbox::new(events);
        for second in 0..2000 {
            outbox.tell(point(second));
        }
        outbox.step(Step::Landed, "on the ground");
        assert_eq!(outbox.dropped(), 2000 - 4 - 512);
        let reader = tokio::spawn(async move {
            let mut last = None;
            let mut count = 0;
            while let Some(event) = read.recv().await {
                count += 1;
                last = Some(event);
            }
            (count, last)
        });
        outbox.finish(Duration::from_secs(5)).await;
        let (count, last) = reader.await.unwrap();
        assert_eq!(count, 4 + 512 + 1);
        assert!(matches!(
            last,
            Some(FlightEvent::Step {
                step: Step::Landed,
                ..
            })
        ));
    }

    #[tokio::test]
    async fn a_caller_that_went_away_stops_nothing() {
        let (events, read) = mpsc::channel(4);
        drop(read);
        let mut outbox = Outbox::new(events);
        outbox.step(Step::Landed, "on the ground");
        outbox.finish(Duration::from_secs(5)).await;
    }
}
