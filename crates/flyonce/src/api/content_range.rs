//! The `Content-Range` header of a piece of a file (RFC 9110 section 14.4, used in requests).

/// `bytes 0-99/1000`, or `bytes */1000`: nothing more, only finish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentRange {
    /// First and last byte of the piece, both counted from 0.
    pub piece: Option<(u64, u64)>,
    /// Size of the whole file, bytes, at least 1.
    pub total: u64,
}

impl ContentRange {
    /// Reads the header; `None` for anything else than a range that can be.
    pub fn read(text: &str) -> Option<Self> {
        let (piece, total) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
        let total = digits(total)?;
        if piece == "*" {
            return (total > 0).then_some(Self { piece: None, total });
        }
        let (first, last) = piece.split_once('-')?;
        let (first, last) = (digits(first)?, digits(last)?);
        (first <= last && last < total).then_some(Self {
            piece: Some((first, last)),
            total,
        })
    }
}

/// Digits and nothing else: `parse` alone would take a sign.
fn digits(text: &str) -> Option<u64> {
    let text = text.trim();
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(())?;
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_can_be_are_read_and_no_others() {
        let read = |text| ContentRange::read(text).map(|range| (range.piece, range.total));
        assert_eq!(read("bytes 0-0/1"), Some((Some((0, 0)), 1)));
        assert_eq!(read("bytes 5-9/10"), Some((Some((5, 9)), 10)));
        assert_eq!(read("bytes */10"), Some((None, 10)));
        for text in [
            "",
            "bytes",
            "bytes 0-9",
            "bytes 0-10/10",
            "bytes 5-4/10",
            "bytes -5/10",
            "bytes +1-2/10",
            "bytes 0-9/*",
            "bytes */0",
            "items 0-9/10",
            "bytes 0-99999999999999999999/10",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(bytes )?[-0-9*/ +]{0,30}|.{0,30}") {
            if let Some(ContentRange { piece: Some((first, last)), total }) = ContentRange::read(&text) {
                proptest::prop_assert!(first <= last && last < total);
            }
        }
    }
}
