//! STATUSTEXT: joins texts that come in pieces (MAVLink common.xml, `id` and `chunk_seq`).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use mavlink::dialects::ardupilotmega::STATUSTEXT_DATA;
use survey::time::UtcMicros;

/// Bytes of a piece; a shorter one is the last.
const PIECE_BYTES: usize = 50;
/// How long a text waits for its missing pieces.
const PATIENCE: Duration = Duration::from_secs(2);
/// Texts that may be waiting at once.
const MAX_WAITING: usize = 16;

/// Something the vehicle said in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusText {
    /// MAV_SEVERITY: 0 emergency … 7 debug; 4 is a warning.
    pub severity: u8,
    /// The words; `…` stands for a piece that never came.
    pub text: String,
    /// When, by our clock.
    pub at: UtcMicros,
    /// When, for measuring time spans.
    pub received_at: Instant,
}

#[derive(Debug)]
struct Waiting {
    severity: u8,
    pieces: BTreeMap<u8, Vec<u8>>,
    last: Option<u8>,
    since: Instant,
    at: UtcMicros,
}

/// Joins pieces, per component.
#[derive(Debug, Default)]
pub struct TextAssembly {
    waiting: BTreeMap<(u8, u16), Waiting>,
    whole: Vec<StatusText>,
}

impl TextAssembly {
    /// Takes one STATUSTEXT in.
    pub fn add(&mut self, component_id: u8, data: &STATUSTEXT_DATA, now: Instant, at: UtcMicros) {
        let bytes: Vec<u8> = data.text.iter().copied().take_while(|byte| *byte != 0).collect();
        let severity = data.severity as u8;
        if data.id == 0 {
            self.whole.push(StatusText {
                severity,
                text: words(&bytes),
                at,
                received_at: now,
            });
            return;
        }
        let key = (component_id, data.id);
        if self.waiting.len() >= MAX_WAITING && !self.waiting.contains_key(&key) {
            return;
        }
        let waiting = self.waiting.entry(key).or_insert_with(|| Waiting {
            severity,
            pieces: BTreeMap::new(),
            last: None,
            since: now,
            at,
        });
        if bytes.len() < PIECE_BYTES {
            waiting.last = Some(data.chunk_seq);
        }
        waiting.pieces.insert(data.chunk_seq, bytes);
        if waiting.is_whole()
            && let Some(done) = self.waiting.remove(&key)
        {
            self.whole.push(done.join(now));
        }
    }

    /// Texts that are whole, or whose missing pieces did not come in time.
    pub fn take_whole(&mut self, now: Instant) -> Vec<StatusText> {
        let late = |waiting: &Waiting| now.saturating_duration_since(waiting.since) > PATIENCE;
        let keys: Vec<(u8, u16)> = self
            .waiting
            .iter()
            .filter(|(_, waiting)| late(waiting))
            .map(|(key, _)| *key)
            .collect();
        for key in keys {
            if let Some(waiting) = self.waiting.remove(&key) {
                self.whole.push(waiting.join(now));
            }
        }
        std::mem::take(&mut self.whole)
    }
}

impl Waiting {
    fn is_whole(&self) -> bool {
        self.last
            .is_some_and(|last| self.pieces.len() == usize::from(last) + 1)
    }

    fn join(&self, now: Instant) -> StatusText {
        let last = self
            .last
            .or_else(|| self.pieces.keys().next_back().copied())
            .unwrap_or(0);
        let mut bytes = Vec::new();
        for number in 0..=last {
            match self.pieces.get(&number) {
                Some(piece) => bytes.extend(piece),
                None => bytes.extend("…".as_bytes()),
            }
        }
        if self.last.is_none() {
            bytes.extend("…".as_bytes());
        }
        StatusText {
            severity: self.severity,
            text: words(&bytes),
            at: self.at,
            received_at: now,
        }
    }
}

fn words(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use mavlink::dialects::ardupilotmega::MavSeverity;
    use proptest::prelude::*;

    use super::*;

    fn piece(id: u16, chunk_seq: u8, text: &str) -> STATUSTEXT_DATA {
        STATUSTEXT_DATA {
            severity: MavSeverity::MAV_SEVERITY_CRITICAL,
            text: text.into(),
            id,
            chunk_seq,
        }
    }

    #[test]
    fn pieces_in_any_order_make_one_text() {
        let (mut texts, now) = (TextAssembly::default(), Instant::now());
        let first = "PreArm: 0123456789012345678901234567890123456789ab";
        texts.add(1, &piece(5, 1, " and so on"), now, UtcMicros(1));
        assert!(texts.take_whole(now).is_empty());
        texts.add(1, &piece(5, 0, first), now, UtcMicros(1));
        let whole = texts.take_whole(now);
        assert_eq!(whole[0].text, format!("{first} and so on"));
        assert_eq!(whole[0].severity, 2);
    }

    #[test]
    fn a_piece_that_never_comes_is_marked() {
        let (mut texts, now) = (TextAssembly::default(), Instant::now());
        texts.add(1, &piece(5, 1, "tail"), now, UtcMicros(1));
        assert_eq!(texts.take_whole(now + Duration::from_secs(3))[0].text, "…tail");
    }

    #[test]
    fn plain_texts_pass_at_once() {
        let (mut texts, now) = (TextAssembly::default(), Instant::now());
        texts.add(1, &piece(0, 0, "Arm: Need Position Estimate"), now, UtcMicros(7));
        assert_eq!(texts.take_whole(now)[0].text, "Arm: Need Position Estimate");
    }

    proptest! {
        #[test]
        fn pieces_never_pile_up(pieces in prop::collection::vec((any::<u16>(), any::<u8>(), "[a-z]{0,50}"), 0..200)) {
            let (mut texts, now) = (TextAssembly::default(), Instant::now());
            for (id, chunk, text) in &pieces {
                texts.add(1, &piece(*id, *chunk, text), now, UtcMicros(0));
            }
            prop_assert!(texts.waiting.len() <= MAX_WAITING);
            texts.take_whole(now + Duration::from_secs(5));
            prop_assert!(texts.waiting.is_empty());
        }
    }
}
