//! What to do next with one photo, given the door's last answer. No network, so that every order of answers can be
//! tried.

use std::ops::Range;

/// Bytes sent at once.
pub const CHUNK: u64 = 128 * 1024;
/// After this many complaints about the checksum the bytes are not what they were taken for.
const MOST_WRONG_HASHES: u32 = 4;
/// After this many corrections of the place without a byte taken it is time for a pause.
const MOST_CORRECTIONS: u32 = 3;

/// What the door said, or that it said nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To a question: how much is there.
    State {
        /// The whole photo is there.
        stored: bool,
        /// Bytes that are there.
        received: u64,
    },
    /// The chunk was taken; so many bytes are there now (202).
    Taken {
        /// Bytes that are there.
        received: u64,
    },
    /// The photo is complete (200, 201).
    Stored,
    /// The chunk did not fit to what is there (409 offset).
    Offset {
        /// Bytes that are there.
        received: u64,
    },
    /// All bytes are there and their checksum is wrong; they were dropped (422).
    WrongHash,
    /// Other content is kept under this index (409 index_taken).
    IndexTaken,
    /// The door knows no such sortie (404).
    UnknownSortie,
    /// The photo is too large for the door (413).
    TooLarge,
    /// The door cannot at the moment (503, 507 and whatever it does not explain).
    Busy,
    /// No answer.
    Lost,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Ask how much is there.
    Ask,
    /// Send these bytes.
    Send(Range<u64>),
    /// Wait, then ask.
    WaitThenAsk,
    /// Nothing: it is stored.
    Done,
    /// Nothing: it will never be taken, for this reason.
    SetAside(&'static str),
}

/// One photo on its way.
#[derive(Clone, Debug)]
pub struct Transfer {
    total: u64,
    chunk: u64,
    offset: u64,
    wrong_hashes: u32,
    corrections: u32,
}

impl Transfer {
    /// A photo of `total` bytes, sent in chunks of at most `chunk` bytes. The first thing to do is to ask.
    pub fn new(total: u64, chunk: u64) -> Self {
        Self {
            total,
            chunk: chunk.max(1),
            offset: 0,
            wrong_hashes: 0,
            corrections: 0,
        }
    }

    /// What to do after the door's answer.
    pub fn after(&mut self, answer: &Answer) -> Next {
        match *answer {
            Answer::State { stored: true, .. } | Answer::Stored => Next::Done,
            Answer::State { received, .. } => self.send_from(received),
            Answer::Taken { received } => {
                if received <= self.offset {
                    return Next::WaitThenAsk;
                }
                self.corrections = 0;
                self.send_from(received)
            }
            Answer::Offset { received } => {
                self.corrections += 1;
                if self.corrections > MOST_CORRECTIONS {
                    self.corrections = 0;
                    return Next::WaitThenAsk;
                }
                self.send_from(received)
            }
            Answer::WrongHash => {
                self.wrong_hashes += 1;
                if self.wrong_hashes > MOST_WRONG_HASHES {
                    return Next::SetAside("the door says its checksum is wrong, again and again");
                }
                self.send_from(0)
            }
            Answer::IndexTaken => Next::SetAside("another photo is kept under its index"),
            Answer::UnknownSortie => Next::SetAside("the door knows no such sortie"),
            Answer::TooLarge => Next::SetAside("it is too large for the door"),
            Answer::Busy | Answer::Lost => Next::WaitThenAsk,
        }
    }

    fn send_from(&mut self, received: u64) -> Next {
        // All bytes there and yet not stored: the door is still at it, or has to be sent the photo anew.
        if received >= self.total {
            self.offset = 0;
            return Next::WaitThenAsk;
        }
        self.offset = received;
        Next::Send(received..(received + self.chunk).min(self.total))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What may happen to one exchange with the door.
    #[derive(Clone, Copy, Debug)]
    enum Mishap {
        None,
        /// The connection breaks after this share of the chunk (percent).
        Breaks(u8),
        /// The chunk arrives, the answer does not.
        AnswerLost,
        /// The door forgets what it had of the photo.
        Forgets,
        /// A byte is changed on the way.
        Garbles,
        Busy,
    }

    /// A door by the contract, with a memory of one photo.
    struct TestDoor {
        wanted: Vec<u8>,
        partial: Vec<u8>,
        stored: bool,
    }

    impl TestDoor {
        fn ask(&self) -> Answer {
            Answer::State {
                stored: self.stored,
                received: self.partial.len() as u64,
            }
        }

        fn put(&mut self, bytes: &[u8], range: &Range<u64>) -> Answer {
            if self.stored {
                return Answer::Stored;
            }
            let received = self.partial.len() as u64;
            if range.start != received {
                return Answer::Offset { received };
            }
            self.partial.extend(bytes);
            let received = self.partial.len() as u64;
            if received < self.wanted.len() as u64 {
                return Answer::Taken { received };
            }
            if self.partial != self.wanted {
                self.partial.clear();
                return Answer::WrongHash;
            }
            self.stored = true;
            Answer::Stored
        }
    }

    fn exchange(door: &mut TestDoor, photo: &[u8], next: &Next, mishap: Mishap) -> Answer {
        let range = match next {
            Next::Send(range) => range.clone(),
            _ => {
                return if matches!(mishap, Mishap::Busy) {
                    Answer::Busy
                } else {
                    door.ask()
                };
            }
        };
        let mut bytes = photo[range.start as usize..range.end as usize].to_vec();
        match mishap {
            Mishap::None => door.put(&bytes, &range),
            Mishap::Busy => Answer::Busy,
            Mishap::AnswerLost => {
                door.put(&bytes, &range);
                Answer::Lost
            }
            Mishap::Breaks(percent) => {
                let kept = bytes.len() * usize::from(percent) / 100;
                if range.start == door.partial.len() as u64 && !door.stored && kept < bytes.len() {
                    door.partial.extend(&bytes[..kept]);
                }
                Answer::Lost
            }
            Mishap::Forgets => {
                door.partial.clear();
                Answer::Lost
            }
            Mishap::Garbles => {
                bytes[0] ^= 1;
                door.put(&bytes, &range)
            }
        }
    }

    fn mishap() -> impl Strategy<Value = Mishap> {
        prop_oneof![
            4 => Just(Mishap::None),
            1 => (0u8..100).prop_map(Mishap::Breaks),
            1 => Just(Mishap::AnswerLost),
            1 => Just(Mishap::Forgets),
            1 => Just(Mishap::Busy),
        ]
    }

    proptest! {
        #[test]
        fn a_photo_arrives_whole_whatever_happens_on_the_way(
            size in 1usize..5000, chunk in 1u64..2000, mishaps in prop::collection::vec(mishap(), 0..60),
            garbled in prop::option::of(0usize..30),
        ) {
            let photo: Vec<u8> = (0..size).map(|i| (i * 31 % 251) as u8).collect();
            let mut door = TestDoor { wanted: photo.clone(), partial: Vec::new(), stored: false };
            let mut transfer = Transfer::new(size as u64, chunk);
            let mut next = Next::Ask;
            let mut mishaps = mishaps.into_iter().enumerate();
            let fewest = size as u64 / chunk;
            for _ in 0..(200 + 60 * (fewest + 2)) {
                let mishap = match mishaps.next() {
                    Some((number, _)) if Some(number) == garbled => Mishap::Garbles,
                    Some((_, mishap)) => mishap,
                    None => Mishap::None,
                };
                let answer = exchange(&mut door, &photo, &next, mishap);
                next = transfer.after(&answer);
                if let Next::Send(range) = &next {
                    prop_assert!(range.start < range.end && range.end <= size as u64);
                    prop_assert!(range.end - range.start <= chunk);
                }
                if next == Next::Done {
                    break;
                }
            }
            prop_assert_eq!(next, Next::Done);
            prop_assert!(door.stored);
            prop_assert_eq!(door.partial, photo);
        }

        #[test]
        fn any_answers_lead_to_sensible_steps(
            size in 1u64..1000, chunk in 0u64..300,
            answers in prop::collection::vec((0u8..10, 0u64..2000), 1..50),
        ) {
            let mut transfer = Transfer::new(size, chunk);
            let mut sent_in_a_row = 0;
            for (kind, received) in answers {
                let answer = match kind {
                    0 => Answer::State { stored: received % 2 == 0, received },
                    1 => Answer::Taken { received },
                    2 => Answer::Stored,
                    3 => Answer::Offset { received },
                    4 => Answer::WrongHash,
                    5 => Answer::IndexTaken,
                    6 => Answer::UnknownSortie,
                    7 => Answer::TooLarge,
                    8 => Answer::Busy,
                    _ => Answer::Lost,
                };
                match transfer.after(&answer) {
                    Next::Send(range) => {
                        prop_assert!(range.start < range.end && range.end <= size);
                        sent_in_a_row += 1;
                    }
                    _ => sent_in_a_row = 0,
                }
                prop_assert!(sent_in_a_row <= 50);
            }
        }
    }

    #[test]
    fn a_door_that_never_likes_the_checksum_or_the_place_does_not_keep_us_busy() {
        let mut transfer = Transfer::new(100, 50);
        let steps: Vec<Next> = (0..5).map(|_| transfer.after(&Answer::WrongHash)).collect();
        assert!(matches!(steps[3], Next::Send(_)) && matches!(steps[4], Next::SetAside(_)));

        let mut transfer = Transfer::new(100, 50);
        let steps: Vec<Next> = (0..4)
            .map(|_| transfer.after(&Answer::Offset { received: 0 }))
            .collect();
        assert_eq!(steps[3], Next::WaitThenAsk);
        assert_eq!(
            transfer.after(&Answer::Taken { received: 0 }),
            Next::WaitThenAsk,
            "no byte was taken"
        );
    }
}
