//! Row names that sort by time: ULIDs made from an instant and bytes the caller takes from a hash, so that
//! the same photo always gets the same name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::time::UtcMicros;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const TEXT_LENGTH: usize = 26;
const LAST_MILLISECOND: i64 = (1 << 48) - 1;

/// Why a text is not a ULID.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{text}` is not an identifier: 26 characters of Crockford base 32, at most 7ZZZZZZZZZZZZZZZZZZZZZZZZZ"
)]
pub struct UlidError {
    /// The text as given.
    pub text: String,
}

/// A 128-bit name: 48 bits of milliseconds since 1970, 80 bits from the caller
/// (<https://github.com/ulid/spec>). Shows as 26 characters; sorts by time as text and as value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Ulid(u128);

impl Ulid {
    /// Joins an instant (cut to milliseconds; before 1970 counts as 1970) and ten bytes, usually the first
    /// ten of a SHA-256.
    #[must_use]
    pub fn from_parts(instant: UtcMicros, bytes: &[u8; 10]) -> Self {
        let millisecond = instant
            .0
            .div_euclid(1000)
            .clamp(0, LAST_MILLISECOND)
            .unsigned_abs();
        let low = bytes
            .iter()
            .fold(0_u128, |value, byte| (value << 8) | u128::from(*byte));
        Self((u128::from(millisecond) << 80) | low)
    }
}

impl fmt::Display for Ulid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for place in (0..TEXT_LENGTH).rev() {
            let digit = usize::from((self.0 >> (5 * place)) as u8 & 31);
            write!(f, "{}", char::from(ALPHABET[digit]))?;
        }
        Ok(())
    }
}

impl FromStr for Ulid {
    type Err = UlidError;

    /// Reads 26 characters, either case; the look-alikes I, L, O of Crockford's alphabet are refused so that
    /// one name has one spelling up to case.
    fn from_str(text: &str) -> Result<Self, UlidError> {
        let refused = || UlidError {
            text: text.to_owned(),
        };
        if text.len() != TEXT_LENGTH || text.as_bytes()[0] > b'7' {
            return Err(refused());
        }
        let mut value = 0_u128;
        for byte in text.bytes() {
            let digit = ALPHABET
                .iter()
                .position(|letter| *letter == byte.to_ascii_uppercase());
            value = (value << 5) | digit.ok_or_else(refused)? as u128;
        }
        Ok(Self(value))
    }
}

impl From<Ulid> for String {
    fn from(ulid: Ulid) -> Self {
        ulid.to_string()
    }
}

impl TryFrom<String> for Ulid {
    type Error = UlidError;

    fn try_from(text: String) -> Result<Self, UlidError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_timestamp_prefix() {
        // 2016-07-30T23:54:10.259Z, the example of the ulid specification's reference library.
        let ulid = Ulid::from_parts(UtcMicros(1_469_918_176_385_000), &[0; 10]);
        assert_eq!(ulid.to_string(), "01ARYZ6S410000000000000000");
    }

    #[test]
    fn refuses_wrong_text() {
        for text in [
            "",
            "01ARYZ6S41",
            "81ARYZ6S410000000000000000",
            "01ARYZ6S41000000000000000O",
            "飞飞飞飞飞飞飞飞01",
        ] {
            assert!(text.parse::<Ulid>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_round_trip_and_order(a in 0..4_000_000_000_000_000_i64, b in 0..4_000_000_000_000_000_i64, bytes: [u8; 10]) {
            let (x, y) = (Ulid::from_parts(UtcMicros(a), &bytes), Ulid::from_parts(UtcMicros(b), &bytes));
            prop_assert_eq!(x.to_string().parse::<Ulid>(), Ok(x));
            prop_assert_eq!(x.to_string().to_lowercase().parse::<Ulid>(), Ok(x));
            prop_assert_eq!(x.cmp(&y), x.to_string().cmp(&y.to_string()));
            prop_assert_eq!(x.cmp(&y), (a / 1000).cmp(&(b / 1000)));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,40}") {
            let _ = text.parse::<Ulid>();
        }
    }
}
