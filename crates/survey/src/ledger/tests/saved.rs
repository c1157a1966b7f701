//! The saved form: read back to the same ledger, or refused.

use proptest::prelude::*;

use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_was_saved_is_read(photos in photos()) {
        let mut ledger = ledger_of(&photos);
        let bytes = ledger.to_bytes();
        let mut read = Ledger::from_bytes(&bytes).unwrap();
        prop_assert_eq!(read.to_bytes(), bytes);
        read.relabel(ledger.labels().clone()).unwrap();
        check_histograms(&read);
        // Both go on alike.
        let more = Photo { name: "more".to_owned(), day: 20_003, ..photos[0].clone() };
        more.enter(&mut ledger);
        more.enter(&mut read);
        prop_assert_eq!(read.to_bytes(), ledger.to_bytes());
    }

    #[test]
    fn any_change_is_found(photos in photos(), at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
        let mut bytes = ledger_of(&photos).to_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert!(Ledger::from_bytes(&bytes).is_err());
    }

    #[test]
    fn any_end_is_found(photos in photos(), at in any::<prop::sample::Index>()) {
        let bytes = ledger_of(&photos).to_bytes();
        prop_assert!(Ledger::from_bytes(&bytes[..at.index(bytes.len())]).is_err());
    }

    /// Damage that a checksum does not tell: read to a ledger that is saved the same, or refused.
    #[test]
    fn bytes_with_a_right_checksum_are_read_or_refused(
        photos in prop::collection::vec(photo(), 0..4),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = ledger_of(&photos).to_bytes();
        bytes.truncate(bytes.len() - 4);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        if let Ok(ledger) = Ledger::from_bytes(&bytes) {
            prop_assert_eq!(ledger.to_bytes(), bytes);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(tail in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Ledger::from_bytes(&tail).is_err());
        let mut bytes = empty().to_bytes();
        bytes.truncate(16);
        bytes.extend(tail);
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        prop_assert!(Ledger::from_bytes(&bytes).is_err());
    }
}

#[test]
fn refusals_can_be_read() {
    let bytes = empty().to_bytes();
    assert!(Ledger::from_bytes(&bytes).unwrap().is_empty());
    let refused = |bytes: &[u8]| Ledger::from_bytes(bytes).unwrap_err();
    assert_eq!(refused(b"PNG"), SavedError::NoLedger);
    let mut newer = bytes.clone();
    newer[14] = 9;
    assert_eq!(
        refused(&newer).to_string(),
        "the saved ledger has version 9; this program reads version 2"
    );
    let mut damaged = bytes.clone();
    damaged[40] ^= 1;
    assert!(
        refused(&damaged)
            .to_string()
            .starts_with("the saved ledger is damaged")
    );
    // A photo's cells that were changed together with the outer checksum.
    let photo = Photo {
        name: "one".to_owned(),
        day: 20_000,
        gsd_cm: 2.0,
        view: ViewClass::Nadir,
        dock: Some("D01"),
        ring: places(&rectangle([0.0, 0.0], [100.0, 80.0], 0.2)),
    };
    let mut ledger = empty();
    photo.enter(&mut ledger);
    let mut bytes = ledger.to_bytes();
    let end = bytes.len();
    bytes[end - 9] ^= 2;
    let crc = crc32fast::hash(&bytes[..end - 4]).to_le_bytes();
    bytes[end - 4..].copy_from_slice(&crc);
    assert!(matches!(
        refused(&bytes),
        SavedError::Cells { .. } | SavedError::Value { .. }
    ));
}
