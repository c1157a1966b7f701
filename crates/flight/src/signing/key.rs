//! The secret itself: 32 bytes that are never shown.

use std::fmt;

use sha2::{Digest, Sha256};
use thiserror::Error;

/// A signing key. Shows as its fingerprint only.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey([u8; 32]);

/// Why there is no key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyError {
    /// Not 64 hexadecimal digits. The text is not repeated: it may be most of a key.
    #[error("a key is 64 hexadecimal digits; this text has {length} characters or others among them")]
    NotHex {
        /// Characters found.
        length: usize,
    },
    /// All zeros, which means "no signing" to autopilots.
    #[error("a key of zeros only switches signing off")]
    Zero,
    /// Too short to keep a secret.
    #[error("a passphrase has at least 8 characters")]
    ShortPassphrase,
    /// The system gives no random bytes.
    #[error("the system gives no random bytes: {reason}")]
    NoRandom {
        /// What it says.
        reason: String,
    },
}

impl SecretKey {
    /// From 64 hexadecimal digits.
    ///
    /// # Errors
    /// [`KeyError::NotHex`], [`KeyError::Zero`].
    pub fn from_hex(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        let mut bytes = [0; 32];
        if hex::decode_to_slice(text, &mut bytes).is_err() {
            return Err(KeyError::NotHex {
                length: text.chars().count(),
            });
        }
        Self::from_bytes(bytes)
    }

    /// From a passphrase, as MAVProxy, Mission Planner and QGroundControl make it: its SHA-256.
    ///
    /// # Errors
    /// [`KeyError::ShortPassphrase`].
    pub fn from_passphrase(text: &str) -> Result<Self, KeyError> {
        if text.chars().count() < 8 {
            return Err(KeyError::ShortPassphrase);
        }
        Ok(Self(Sha256::digest(text.as_bytes()).into()))
    }

    /// A new one.
    ///
    /// # Errors
    /// [`KeyError::NoRandom`].
    pub fn random() -> Result<Self, KeyError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|error| KeyError::NoRandom {
            reason: error.to_string(),
        })?;
        Self::from_bytes(bytes)
    }

    /// From its bytes.
    ///
    /// # Errors
    /// [`KeyError::Zero`].
    pub fn from_bytes(bytes: [u8; 32]) -> Result<Self, KeyError> {
        if bytes == [0; 32] {
            return Err(KeyError::Zero);
        }
        Ok(Self(bytes))
    }

    /// The bytes, for the file of keys and for the vehicle.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Eight digits by which people tell keys apart; nothing of the key can be had from them.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut digest = Sha256::new();
        digest.update(b"fingerprint of a MAVLink key:");
        digest.update(self.0);
        hex::encode(&digest.finalize()[..4])
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({}…)", self.fingerprint())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_that_are_no_keys_are_told_and_not_repeated() {
        let almost = "ab".repeat(31);
        let error = SecretKey::from_hex(&almost).unwrap_err();
        assert_eq!(error, KeyError::NotHex { length: 62 });
        assert!(!error.to_string().contains("abab"));
        assert_eq!(SecretKey::from_hex(&"00".repeat(32)), Err(KeyError::Zero));
        assert_eq!(
            SecretKey::from_passphrase("short"),
            Err(KeyError::ShortPassphrase)
        );
    }

    /// `python3 -c "import hashlib; print(hashlib.sha256(b'correct horse').hexdigest())"`
    #[test]
    fn a_passphrase_gives_the_key_that_other_ground_stations_make_of_it() {
        let key = SecretKey::from_passphrase("correct horse").unwrap();
        let wanted = "4104d36f8da2c254349f85836793ebe029e0c957063a34c91c2e9203187b5631";
        assert_eq!(hex::encode(key.bytes()), wanted);
    }

    #[test]
    fn new_keys_differ() {
        assert_ne!(SecretKey::random().unwrap(), SecretKey::random().unwrap());
    }

    proptest! {
        #[test]
        fn a_key_reads_back_and_is_never_shown(bytes in any::<[u8; 32]>()) {
            prop_assume!(bytes != [0; 32]);
            let key = SecretKey::from_bytes(bytes).unwrap();
            let text = hex::encode(bytes);
            prop_assert_eq!(&SecretKey::from_hex(&text).unwrap(), &key);
            let shown = format!("{key:?}");
            prop_assert!(!shown.contains(&text[..16]) && shown.contains(&key.fingerprint()));
        }

        #[test]
        fn any_text_is_a_key_or_an_error(text in "\\PC{0,70}") {
            let _ = SecretKey::from_hex(&text);
            let _ = SecretKey::from_passphrase(&text);
        }
    }
}
