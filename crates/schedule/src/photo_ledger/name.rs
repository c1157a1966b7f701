//! The names of sorties and photos. A photo is (sortie, index), which is not its file: the file is its SHA-256.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use survey::time::CivilDay;

/// Longest sortie name, in characters.
const MAX_SORTIE_CHARS: usize = 64;
/// Longest part of an imported sortie's name that comes from one EXIF field, in characters.
const MAX_PART_CHARS: usize = 20;

/// One flight, or one camera-day of an imported folder. 1 … 64 characters out of `A–Z a–z 0–9 - _`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct SortieId(String);

/// One photo of a sortie. As text `SORTIE/00012`, which sorts by index up to 99999.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct PhotoId {
    /// The flight it belongs to.
    pub sortie: SortieId,
    /// Its place in the flight.
    pub index: u32,
}

/// Why a text names no sortie or photo.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Empty, too long, or with a character that does not belong into a sortie name.
    #[error("{found:?} is not a sortie name: 1 to {MAX_SORTIE_CHARS} of the characters A-Z a-z 0-9 - _")]
    Sortie {
        /// What was found.
        found: String,
    },
    /// Not `SORTIE/00012`.
    #[error("{found:?} is not a photo name: expected SORTIE/00012, the index with at least 5 digits")]
    Photo {
        /// What was found.
        found: String,
    },
}

/// The sortie of photos that come from a folder and not from a flight of ours: one per camera and civil day,
/// `IMPORT-20180326-FC220-0K1XE2B0010042`. The same camera and day give the same name every time.
///
/// Characters outside A–Z and 0–9 are left out and long fields cut; where that lost something, eight hex digits
/// (FNV-1a, 32 bits, of the full fields) keep apart cameras whose names would otherwise fall together.
pub fn import_sortie_id(serial: Option<&str>, model: Option<&str>, day: Option<CivilDay>) -> SortieId {
    let day = day.map_or_else(|| "NODATE".to_owned(), |day| day.to_string().replace('-', ""));
    let (model_part, model_whole) = sanitised(model, "UNKNOWN");
    let (serial_part, serial_whole) = sanitised(serial, "NOSERIAL");
    let mut name = format!("IMPORT-{day}-{model_part}-{serial_part}");
    if !(model_whole && serial_whole) {
        let fields = [model, serial].map(|field| field.unwrap_or_default().trim().to_uppercase());
        name.push_str(&format!("-{:08X}", fnv1a_32(fields.join("\n").as_bytes())));
    }
    SortieId(name)
}

impl SortieId {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SortieId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for SortieId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if text.is_empty() || text.len() > MAX_SORTIE_CHARS || !text.chars().all(allowed) {
            return Err(NameError::Sortie {
                found: text.to_owned(),
            });
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for PhotoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{:05}", self.sortie, self.index)
    }
}

impl FromStr for PhotoId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let refused = || NameError::Photo {
            found: text.to_owned(),
        };
        let (sortie, index) = text.split_once('/').ok_or_else(refused)?;
        let photo = Self {
            sortie: sortie.parse()?,
            index: index.parse().map_err(|_no_number| refused())?,
        };
        // One photo, one spelling: `S/12`, `S/+0012` and `S/000012` are refused.
        if photo.to_string() == text {
            Ok(photo)
        } else {
            Err(refused())
        }
    }
}

impl From<SortieId> for String {
    fn from(sortie: SortieId) -> String {
        sortie.0
    }
}

impl TryFrom<String> for SortieId {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<PhotoId> for String {
    fn from(photo: PhotoId) -> String {
        photo.to_string()
    }
}

impl TryFrom<String> for PhotoId {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

/// The field in upper case without foreign characters, and whether nothing was lost.
fn sanitised(field: Option<&str>, absent: &str) -> (String, bool) {
    let Some(field) = field
        .map(|field| field.trim().to_uppercase())
        .filter(|field| !field.is_empty())
    else {
        return (absent.to_owned(), true);
    };
    let part: String = field
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(MAX_PART_CHARS)
        .collect();
    let whole = part == field;
    (if part.is_empty() { absent.to_owned() } else { part }, whole)
}

/// FNV-1a, 32 bits (Fowler, Noll, Vo; draft-eastlake-fnv).
fn fnv1a_32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, &byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 2018-03-26 (`date -u -d 2018-03-26 +%s` / 86400).
    const DAY: CivilDay = CivilDay(17_616);

    fn import(serial: Option<&str>, model: Option<&str>, day: Option<CivilDay>) -> String {
        import_sortie_id(serial, model, day).to_string()
    }

    #[test]
    fn imported_sorties_say_day_camera_and_serial() {
        assert_eq!(
            import(Some("0k1xe2b"), Some("FC220"), Some(DAY)),
            "IMPORT-20180326-FC220-0K1XE2B"
        );
        assert_eq!(
            import(None, Some(" FC220 "), Some(DAY)),
            "IMPORT-20180326-FC220-NOSERIAL"
        );
        assert_eq!(import(None, None, None), "IMPORT-NODATE-UNKNOWN-NOSERIAL");
    }

    #[test]
    fn cameras_whose_names_lose_characters_stay_apart() {
        let names = [
            import(None, Some("L1D-20c"), Some(DAY)),
            import(None, Some("L1D20C"), Some(DAY)),
            import(None, Some("御"), Some(DAY)),
            import(None, Some("精灵"), Some(DAY)),
            import(None, None, Some(DAY)),
            import(Some("AAAAAAAAAAAAAAAAAAAAA1"), Some("FC220"), Some(DAY)),
            import(Some("AAAAAAAAAAAAAAAAAAAAA2"), Some("FC220"), Some(DAY)),
        ];
        let apart: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(apart.len(), names.len(), "{names:?}");
    }

    #[test]
    fn the_hash_is_fnv1a() {
        // Test vectors of draft-eastlake-fnv.
        assert_eq!(fnv1a_32(b""), 0x811c_9dc5);
        assert_eq!(fnv1a_32(b"a"), 0xe40c_292c);
        assert_eq!(fnv1a_32(b"foobar"), 0xbf9c_f968);
    }

    #[test]
    fn a_photo_has_one_spelling() {
        let photo: PhotoId = "S-1/00012".parse().unwrap();
        assert_eq!((photo.sortie.as_str(), photo.index), ("S-1", 12));
        for text in [
            "S-1/12",
            "S-1/+0012",
            "S-1/000012",
            "S-1",
            "/00012",
            "S 1/00012",
            "S/1/00012",
            "S-1/",
        ] {
            assert!(text.parse::<PhotoId>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn photo_names_survive_text(sortie in "[A-Za-z0-9_-]{1,64}", index in any::<u32>()) {
            let photo = PhotoId { sortie: sortie.parse().unwrap(), index };
            prop_assert_eq!(photo.to_string().parse::<PhotoId>(), Ok(photo));
        }

        #[test]
        fn any_text_is_a_photo_or_a_readable_refusal(text in "[ -~]{0,80}|.{0,20}") {
            if let Ok(photo) = text.parse::<PhotoId>() {
                prop_assert_eq!(photo.to_string(), text);
            }
        }

        #[test]
        fn any_camera_gives_a_legal_sortie(
            serial in prop::option::of(".{0,80}"), model in prop::option::of(".{0,80}"), day in 0..60_000i32
        ) {
            let sortie = import_sortie_id(serial.as_deref(), model.as_deref(), Some(CivilDay(day)));
            prop_assert_eq!(sortie.as_str().parse::<SortieId>(), Ok(sortie.clone()));
        }
    }
}
