//! The topics of the Cloud API: `thing/product/{sn}/…` and `sys/product/{sn}/status`.

/// Longest serial number that is looked at, characters.
const LONGEST_SN: usize = 64;

/// What devices send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Properties at a fixed rate.
    Osd,
    /// Properties when they change.
    State,
    /// Answers to our commands.
    ServicesReply,
    /// Things that happened.
    Events,
    /// Questions to us.
    Requests,
    /// Answers to properties we set.
    PropertySetReply,
    /// The gateway and what hangs on it.
    Status,
}

/// The filters that bring everything devices say.
pub(super) fn filters() -> [&'static str; 7] {
    [
        "thing/product/+/osd",
        "thing/product/+/state",
        "thing/product/+/services_reply",
        "thing/product/+/events",
        "thing/product/+/requests",
        "thing/product/+/property/set_reply",
        "sys/product/+/status",
    ]
}

/// Whether a topic is one of the Cloud API at all.
pub(super) fn is_ours(topic: &[u8]) -> bool {
    topic.starts_with(b"thing/product/") || topic.starts_with(b"sys/product/")
}

/// Serial number and kind of a topic; `None` for a topic that is not known or a number that no device has.
pub(super) fn parse(topic: &[u8]) -> Option<(&str, Kind)> {
    let text = std::str::from_utf8(topic).ok()?;
    let (space, rest) = text.split_once("/product/")?;
    let (sn, what) = rest.split_once('/')?;
    let kind = match (space, what) {
        ("thing", "osd") => Kind::Osd,
        ("thing", "state") => Kind::State,
        ("thing", "services_reply") => Kind::ServicesReply,
        ("thing", "events") => Kind::Events,
        ("thing", "requests") => Kind::Requests,
        ("thing", "property/set_reply") => Kind::PropertySetReply,
        ("sys", "status") => Kind::Status,
        _ => return None,
    };
    is_serial_number(sn).then_some((sn, kind))
}

/// Letters, digits, `-` and `_`, so that a number can never change what a topic means.
pub(super) fn is_serial_number(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    (1..=LONGEST_SN).contains(&text.len()) && text.chars().all(allowed)
}

/// The topic of `what` ("services", "events_reply") of a gateway.
pub(super) fn thing(sn: &str, what: &str) -> String {
    format!("thing/product/{sn}/{what}")
}

/// The topic of answers to `status`.
pub(super) fn status_reply(sn: &str) -> String {
    format!("sys/product/{sn}/status_reply")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn topics_name_device_and_kind() {
        assert_eq!(parse(b"thing/product/7CTDM1/osd"), Some(("7CTDM1", Kind::Osd)));
        assert_eq!(
            parse(b"thing/product/7CTDM1/property/set_reply"),
            Some(("7CTDM1", Kind::PropertySetReply))
        );
        assert_eq!(
            parse(b"sys/product/7CTDM1/status"),
            Some(("7CTDM1", Kind::Status))
        );
        for foreign in [
            "thing/product/7CTDM1/services",
            "thing/product//osd",
            "thing/product/a/b/osd",
            "sys/product/7CTDM1/osd",
            "thing/product/+/osd",
        ] {
            assert_eq!(parse(foreign.as_bytes()), None, "{foreign}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_parser(topic in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = (parse(&topic), is_ours(&topic));
        }

        #[test]
        fn every_number_survives_its_topic(sn in "[A-Z0-9]{14}") {
            let topic = thing(&sn, "events");
            prop_assert_eq!(parse(topic.as_bytes()), Some((&*sn, Kind::Events)));
        }
    }
}
