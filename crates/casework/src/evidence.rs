//! The evidence chain: every event carries the SHA-256 of itself and of the event before it,
//! so that anyone holding the rows can show offline that none was changed, removed or put in later.
//!
//! # Encoding that is hashed (`flyonce-event-v1`)
//! UTF-8 text, one line per field, each line ended by `\n` (byte 0x0A):
//!
//! ```text
//! flyonce-event-v1
//! prev:<n>:<hash of the event before>      or  prev:-   for the first event
//! subject_kind:<n>:<text>
//! subject_id:<n>:<text>
//! subject_seq:<n>:<decimal>
//! at:<n>:<microseconds since 1970-01-01T00:00:00Z, decimal>
//! actor:<n>:<text>
//! role:<n>:<text>
//! kind:<n>:<text>
//! from:<n>:<text>                          or  from:-
//! to:<n>:<text>                            or  to:-
//! reason:<n>:<text>                        or  reason:-
//! note:<n>:<text>                          or  note:-
//! payload_json:<n>:<text, byte for byte as stored>  or  payload_json:-
//! ```
//!
//! `<n>` is the length of the text in bytes, decimal; `-` marks an absent value, which differs from an
//! empty one (`0:`). The length in front means that no text can imitate a field border. The hash is the
//! lower-case hex SHA-256 of these bytes. In Python, for a row `e` (a dict):
//!
//! ```python
//! FIELDS = ["subject_kind", "subject_id", "subject_seq", "at", "actor", "role", "kind",
//!           "from", "to", "reason", "note", "payload_json"]
//! def line(name, value):
//!     if value is None: return f"{name}:-\n".encode()
//!     b = str(value).encode(); return f"{name}:{len(b)}:".encode() + b + b"\n"
//! data = b"flyonce-event-v1\n" + line("prev", prev) + b"".join(line(f, e[f]) for f in FIELDS)
//! hashlib.sha256(data).hexdigest()
//! ```
//!
//! A chain cannot show that its *last* events were cut off; for that, the hash of the newest event has to be
//! noted elsewhere (an export prints it).

use std::collections::HashMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use survey::time::UtcMicros;

/// First line of the hashed encoding; a change of the encoding changes this word.
pub const ENCODING: &str = "flyonce-event-v1";

/// What happened, without its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventBody {
    /// What the event is about: `lead`, `photo`, …
    pub subject_kind: String,
    /// Identity of the subject.
    pub subject_id: String,
    /// 1, 2, 3 … within one subject.
    pub subject_seq: i64,
    /// When it happened, UTC.
    pub at: UtcMicros,
    /// Who did it: a person's name or the name of a program part.
    pub actor: String,
    /// In which role the actor did it.
    pub role: String,
    /// Kind of event, e.g. [`crate::lead::MoveKind`] as text.
    pub kind: String,
    /// State before, absent for the event that creates the subject.
    pub from: Option<String>,
    /// State after, absent where the event moves nothing.
    pub to: Option<String>,
    /// Reason code.
    pub reason: Option<String>,
    /// Free words.
    pub note: Option<String>,
    /// Anything else as JSON text; hashed byte for byte, never re-formatted.
    pub payload_json: Option<String>,
}

/// One event as kept: its body and its link to the event before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredEvent {
    /// Place in the whole chain; strictly rising, gaps allowed.
    pub seq: i64,
    /// What happened.
    pub body: EventBody,
    /// `hash` of the event before in the chain; absent for the first.
    pub prev_hash: Option<String>,
    /// [`chain_hash`] of `prev_hash` and `body`.
    pub hash: String,
}

/// Where a chain stops being whole, and how.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the evidence chain breaks at event {seq}: {why}")]
pub struct ChainBreak {
    /// `seq` of the first event that does not fit.
    pub seq: i64,
    /// What does not fit.
    pub why: BreakReason,
}

/// The ways in which an event can fail to fit its chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BreakReason {
    /// The event's own fields do not give its hash.
    #[error("its content was changed after it was written")]
    ContentChanged,
    /// `prev_hash` is not the hash of the event before.
    #[error("the event before it was changed, removed or put in later")]
    PreviousMissing,
    /// `seq` does not rise.
    #[error("its number is not higher than the one before")]
    OutOfOrder,
    /// The numbers within one subject are not 1, 2, 3 …
    #[error("the numbering of the events of its subject has a gap or a repeat")]
    SubjectSequence,
}

/// Lower-case hex SHA-256 of the canonical encoding of `prev` and `body` (see the top of this file).
pub fn chain_hash(prev: Option<&str>, body: &EventBody) -> String {
    hex::encode(Sha256::digest(canonical_text(prev, body).as_bytes()))
}

/// Checks a whole chain from its first event, given in rising `seq`.
///
/// # Errors
/// The first event that does not fit and why.
pub fn verify(events: &[StoredEvent]) -> Result<(), ChainBreak> {
    let mut before: Option<&StoredEvent> = None;
    let mut subject_seqs: HashMap<(&str, &str), i64> = HashMap::new();
    for event in events {
        if let Some(why) = misfit(before, event) {
            return Err(ChainBreak { seq: event.seq, why });
        }
        let seen = subject_seqs
            .entry((&event.body.subject_kind, &event.body.subject_id))
            .or_insert(0);
        if event.body.subject_seq != *seen + 1 {
            return Err(ChainBreak {
                seq: event.seq,
                why: BreakReason::SubjectSequence,
            });
        }
        *seen += 1;
        before = Some(event);
    }
    Ok(())
}

/// The text whose UTF-8 bytes are hashed; for people who want to recompute a hash by hand.
pub fn canonical_text(prev: Option<&str>, body: &EventBody) -> String {
    let (subject_seq, at) = (body.subject_seq.to_string(), body.at.0.to_string());
    let fields: [(&str, Option<&str>); 13] = [
        ("prev", prev),
        ("subject_kind", Some(&body.subject_kind)),
        ("subject_id", Some(&body.subject_id)),
        ("subject_seq", Some(&subject_seq)),
        ("at", Some(&at)),
        ("actor", Some(&body.actor)),
        ("role", Some(&body.role)),
        ("kind", Some(&body.kind)),
        ("from", body.from.as_deref()),
        ("to", body.to.as_deref()),
        ("reason", body.reason.as_deref()),
        ("note", body.note.as_deref()),
        ("payload_json", body.payload_json.as_deref()),
    ];
    let mut text = format!("{ENCODING}\n");
    for (name, value) in fields {
        // Writing into a String cannot fail.
        let _ = match value {
            Some(value) => writeln!(text, "{name}:{}:{value}", value.len()),
            None => writeln!(text, "{name}:-"),
        };
    }
    text
}

fn misfit(before: Option<&StoredEvent>, event: &StoredEvent) -> Option<BreakReason> {
    if before.is_some_and(|before| event.seq <= before.seq) {
        return Some(BreakReason::OutOfOrder);
    }
    if event.prev_hash.as_deref() != before.map(|before| before.hash.as_str()) {
        return Some(BreakReason::PreviousMissing);
    }
    if chain_hash(event.prev_hash.as_deref(), &event.body) != event.hash {
        return Some(BreakReason::ContentChanged);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn body(subject: &str, subject_seq: i64, note: Option<&str>) -> EventBody {
        EventBody {
            subject_kind: "lead".into(),
            subject_id: subject.into(),
            subject_seq,
            at: UtcMicros(1_795_000_000_000_000),
            actor: "王芳".into(),
            role: "reviewer".into(),
            kind: "confirm".into(),
            from: Some("candidate".into()),
            to: Some("confirmed".into()),
            reason: None,
            note: note.map(str::to_owned),
            payload_json: None,
        }
    }

    fn chain(bodies: Vec<EventBody>) -> Vec<StoredEvent> {
        let mut events: Vec<StoredEvent> = Vec::new();
        for (i, body) in bodies.into_iter().enumerate() {
            let prev_hash = events.last().map(|event| event.hash.clone());
            let hash = chain_hash(prev_hash.as_deref(), &body);
            events.push(StoredEvent {
                seq: 10 + i as i64,
                body,
                prev_hash,
                hash,
            });
        }
        events
    }

    fn three() -> Vec<StoredEvent> {
        chain(vec![
            body("A", 1, None),
            body("B", 1, Some("x")),
            body("A", 2, Some("")),
        ])
    }

    #[test]
    fn the_hash_is_the_one_an_independent_program_computes() {
        // `python3` with the snippet at the top of this file.
        assert_eq!(
            chain_hash(None, &body("A", 1, None)),
            "681201f8c2e73cbabfd77b235540829c6a841a5fcf10b7d28d78786c2424d4de"
        );
        assert_eq!(
            chain_hash(Some("00ff"), &body("A", 1, Some("棚\n2"))),
            "3a8005f5bebcd62255350a9144351a4cf9b44579c3b2d504dae5e216679750d6"
        );
    }

    #[test]
    fn an_untouched_chain_verifies() {
        assert_eq!(verify(&three()), Ok(()));
        assert_eq!(verify(&[]), Ok(()));
    }

    #[test]
    fn every_kind_of_tampering_is_found_at_its_place() {
        let mut changed = three();
        changed[1].body.actor = "李强".into();
        assert_eq!(
            verify(&changed),
            Err(ChainBreak {
                seq: 11,
                why: BreakReason::ContentChanged
            })
        );

        let mut removed = three();
        removed.remove(1);
        assert_eq!(
            verify(&removed),
            Err(ChainBreak {
                seq: 12,
                why: BreakReason::PreviousMissing
            })
        );

        let mut beheaded = three();
        beheaded.remove(0);
        assert_eq!(
            verify(&beheaded),
            Err(ChainBreak {
                seq: 11,
                why: BreakReason::PreviousMissing
            })
        );

        let mut swapped = three();
        swapped.swap(1, 2);
        assert_eq!(
            verify(&swapped),
            Err(ChainBreak {
                seq: 12,
                why: BreakReason::PreviousMissing
            })
        );

        let mut repeated = three();
        repeated[1].seq = 10;
        assert_eq!(
            verify(&repeated),
            Err(ChainBreak {
                seq: 10,
                why: BreakReason::OutOfOrder
            })
        );

        let gap = chain(vec![body("A", 1, None), body("A", 3, None)]);
        assert_eq!(
            verify(&gap),
            Err(ChainBreak {
                seq: 11,
                why: BreakReason::SubjectSequence
            })
        );
    }

    #[test]
    fn absent_and_empty_are_not_the_same_evidence() {
        assert_ne!(
            chain_hash(None, &body("A", 1, None)),
            chain_hash(None, &body("A", 1, Some("")))
        );
    }

    proptest! {
        #[test]
        fn no_text_can_imitate_a_field_border(a in ".{0,12}", b in ".{0,12}", c in ".{0,12}", d in ".{0,12}") {
            let with = |actor: &str, role: &str| {
                EventBody { actor: actor.into(), role: role.into(), ..body("A", 1, None) }
            };
            let same_text = a == c && b == d;
            prop_assert_eq!(chain_hash(None, &with(&a, &b)) == chain_hash(None, &with(&c, &d)), same_text);
            let forged = format!("{a}\nrole:{}:{b}", b.len());
            prop_assert_ne!(chain_hash(None, &with(&forged, "")), chain_hash(None, &with(&a, &b)));
        }
    }
}
