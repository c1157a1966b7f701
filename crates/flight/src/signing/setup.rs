//! Giving a vehicle a key, without locking anybody out: the new key counts besides the old one from before it is
//! sent until the vehicle is heard signing with it. Autopilots do not acknowledge SETUP_SIGNING; what they sign with
//! next is the answer.

use std::time::{Duration, Instant};

use mavlink::dialects::ardupilotmega::{MavMessage, SETUP_SIGNING_DATA, TIMESYNC_DATA};
use thiserror::Error;

use super::key::SecretKey;
use crate::vehicle::{SendError, Vehicle, utc_now};

const AUTOPILOT_COMPONENT: u8 = 1;
/// How often the key is sent, and how long each time is waited for a frame signed with it: two heartbeats.
const TRIES: u32 = 5;
const PATIENCE: Duration = Duration::from_millis(2200);
/// Questions under the new key, and the wait for each answer.
const QUESTIONS: u32 = 4;
const ANSWER: Duration = Duration::from_millis(1000);
/// Words that come with a refusal.
const WORDS: usize = 3;

/// What a key exchange showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyChange {
    /// How often the key was sent.
    pub sent: u32,
    /// Whether the vehicle also answered a question signed with the new key.
    pub answered: bool,
}

/// Why a vehicle does not sign with a key that it was sent. Whatever stands here, the old key still counts.
#[derive(Debug, Error)]
pub enum KeyChangeError {
    /// Its motors may turn: both autopilots refuse keys then.
    #[error("vehicle {system_id} is armed; keys are set on the ground with motors off")]
    Armed {
        /// The vehicle.
        system_id: u8,
    },
    /// Nothing is heard from it that counts.
    #[error("vehicle {system_id} is not heard{}", because(.trouble))]
    NotHeard {
        /// The vehicle.
        system_id: u8,
        /// What is wrong with what it sends.
        trouble: Option<&'static str>,
    },
    /// Two vehicles share one number.
    #[error("two vehicles use the number {system_id}: no key is sent before one of them is renumbered")]
    TwoVehicles {
        /// The number.
        system_id: u8,
    },
    /// It still speaks as before.
    #[error("vehicle {system_id} does not take the key (sent {sent} times) and goes on as before{}", said(.words))]
    NotTaken {
        /// The vehicle.
        system_id: u8,
        /// How often the key was sent.
        sent: u32,
        /// What it said meanwhile.
        words: Vec<String>,
    },
    /// It was not heard any more: it may have either key.
    #[error("vehicle {system_id} fell silent while the key was exchanged: it may have either key")]
    Unclear {
        /// The vehicle.
        system_id: u8,
    },
    /// It could not be sent.
    #[error(transparent)]
    NotSent(#[from] SendError),
}

impl Vehicle {
    /// Gives the vehicle a new key, under the one it has. Keep `new` safe before calling this: from the first
    /// sending on the vehicle may have it. Only over a line that nobody else can listen to.
    ///
    /// # Errors
    /// [`KeyChangeError`]; the old key and the new one both count until the program ends.
    pub async fn change_signing_key(&self, new: &SecretKey) -> Result<KeyChange, KeyChangeError> {
        let system_id = self.system_id();
        self.may_change_key()?;
        let guard = self.guard();
        let old = guard.offer(system_id, new);
        let (began, before) = (Instant::now(), guard.signed_with(system_id, new));
        for sent in 1..=TRIES {
            let message = MavMessage::SETUP_SIGNING(SETUP_SIGNING_DATA {
                initial_timestamp: guard.next_timestamp(system_id, utc_now()),
                target_system: system_id,
                target_component: AUTOPILOT_COMPONENT,
                secret_key: *new.bytes(),
            });
            self.send_under(old.as_ref(), &message).await?;
            let signs = || guard.signed_with(system_id, new) > before;
            if self.until(PATIENCE, signs).await {
                let answered = self.answers_under(Some(new)).await?;
                guard.settle(system_id, new);
                return Ok(KeyChange { sent, answered });
            }
        }
        Err(self.not_taken(began))
    }

    /// Switches the vehicle's signing off, under the key it has. Confirmed only by what it does next: it speaks unsigned
    /// and answers an unsigned question, which one that has a key does not.
    ///
    /// # Errors
    /// [`KeyChangeError`]; the key still counts then.
    pub async fn remove_signing_key(&self) -> Result<KeyChange, KeyChangeError> {
        let system_id = self.system_id();
        self.may_change_key()?;
        let guard = self.guard();
        let Some(key) = guard.active(system_id) else {
            let answered = self.answers_under(None).await?;
            return Ok(KeyChange { sent: 0, answered });
        };
        guard.take_unsigned(system_id, true);
        let (began, removed) = (Instant::now(), self.remove_under(&key).await);
        match removed {
            Ok(Some(change)) => {
                guard.forget(system_id);
                Ok(change)
            }
            other => {
                guard.take_unsigned(system_id, false);
                other?;
                Err(self.not_taken(began))
            }
        }
    }

    /// None: it goes on signing, or does not answer.
    async fn remove_under(&self, key: &SecretKey) -> Result<Option<KeyChange>, KeyChangeError> {
        let (system_id, guard) = (self.system_id(), self.guard());
        for sent in 1..=TRIES {
            // Autopilots switch signing off only where key and timestamp are both zero.
            let message = MavMessage::SETUP_SIGNING(SETUP_SIGNING_DATA {
                initial_timestamp: 0,
                target_system: system_id,
                target_component: AUTOPILOT_COMPONENT,
                secret_key: [0; 32],
            });
            self.send_under(Some(key), &message).await?;
            let unsigned = || guard.active(system_id).is_none();
            if self.until(PATIENCE, unsigned).await && self.answers_under(None).await? {
                return Ok(Some(KeyChange { sent, answered: true }));
            }
        }
        Ok(None)
    }

    /// Why the vehicle did not do as it was told since `began`.
    fn not_taken(&self, began: Instant) -> KeyChangeError {
        let system_id = self.system_id();
        if self.telemetry().last_heard_age > PATIENCE {
            return KeyChangeError::Unclear { system_id };
        }
        let texts = self.telemetry().status_texts;
        let since = texts.iter().filter(|text| text.received_at >= began);
        let mut words: Vec<String> = since.map(|text| text.text.clone()).collect();
        words.dedup();
        words.truncate(WORDS);
        KeyChangeError::NotTaken {
            system_id,
            sent: TRIES,
            words,
        }
    }

    /// The fingerprint of the key that the vehicle signs with now; `None` when it speaks unsigned.
    #[must_use]
    pub fn signs_with(&self) -> Option<String> {
        let key = self.guard().active(self.system_id());
        key.map(|key| key.fingerprint())
    }

    fn may_change_key(&self) -> Result<(), KeyChangeError> {
        let system_id = self.system_id();
        let seen = self.telemetry();
        if !seen.heard || seen.last_heard_age > PATIENCE {
            let trouble = self.signing_trouble().map(super::SigningTrouble::text);
            return Err(KeyChangeError::NotHeard { system_id, trouble });
        }
        if self.conflict() {
            return Err(KeyChangeError::TwoVehicles { system_id });
        }
        if seen.armed {
            return Err(KeyChangeError::Armed { system_id });
        }
        Ok(())
    }

    /// Asks for the time under a key, or unsigned: who answers has understood it.
    async fn answers_under(&self, key: Option<&SecretKey>) -> Result<bool, KeyChangeError> {
        let mut messages = self.subscribe();
        for _question in 0..QUESTIONS {
            let ts1 = utc_now().0.wrapping_mul(1000);
            let message = MavMessage::TIMESYNC(TIMESYNC_DATA {
                tc1: 0,
                ts1,
                target_system: self.system_id(),
                target_component: AUTOPILOT_COMPONENT,
            });
            self.send_under(key, &message).await?;
            let answered = tokio::time::timeout(ANSWER, async {
                loop {
                    let Ok(received) = messages.recv().await else {
                        continue;
                    };
                    if let MavMessage::TIMESYNC(data) = received.message.as_ref()
                        && received.header.component_id == AUTOPILOT_COMPONENT
                        && data.ts1 == ts1
                        && data.tc1 != 0
                    {
                        return;
                    }
                }
            });
            if answered.await.is_ok() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn until(&self, patience: Duration, holds: impl Fn() -> bool) -> bool {
        let give_up = Instant::now() + patience;
        while !holds() {
            if Instant::now() >= give_up {
                return false;
            }
            let _deadline = tokio::time::timeout_at(give_up.into(), self.changed()).await;
        }
        true
    }
}

fn because(trouble: &Option<&'static str>) -> String {
    trouble.map(|text| format!(": {text}")).unwrap_or_default()
}

fn said(words: &[String]) -> String {
    if words.is_empty() {
        return String::new();
    }
    format!("; it said: {}", words.join("; "))
}
