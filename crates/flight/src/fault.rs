//! Errors of sockets and ports, sorted in one place: which are silence, which pass, and which need a person.

use std::io;

/// What kind of line an error is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// Datagrams.
    Udp,
    /// Connections.
    Tcp,
    /// A serial port.
    Serial,
}

/// How bad an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultClass {
    /// Means no more than that nobody answers.
    Silent,
    /// Passes, or is mended by connecting again.
    Transient,
    /// Stays until somebody changes something. The line goes on trying, slowly.
    Fatal,
}

/// An error in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// How bad.
    pub class: FaultClass,
    /// One word, for counting.
    pub kind: &'static str,
    /// What it means.
    pub text: &'static str,
}

/// Every kind with its words, for pages and tests.
pub const FAULTS: &[Fault] = &[
    fault(FaultClass::Silent, "refused", "nobody listens at the other end"),
    fault(FaultClass::Silent, "interrupted", "the system was busy"),
    fault(
        FaultClass::Transient,
        "unreachable",
        "no way to the other end; check the network",
    ),
    fault(
        FaultClass::Transient,
        "too_long",
        "a datagram was too long for the network",
    ),
    fault(
        FaultClass::Transient,
        "broken",
        "the other end closed the connection",
    ),
    fault(
        FaultClass::Transient,
        "no_answer",
        "the other end does not answer at all",
    ),
    fault(FaultClass::Transient, "no_room", "the system's buffers are full"),
    fault(
        FaultClass::Transient,
        "absent",
        "the port is not there; it is opened again when it is plugged in",
    ),
    fault(
        FaultClass::Fatal,
        "not_allowed",
        "the system does not allow it; check rights (group dialout) and the firewall",
    ),
    fault(
        FaultClass::Fatal,
        "unusable",
        "the address or the speed cannot be used; check the link address",
    ),
    fault(FaultClass::Transient, "other", "an error that has no name here"),
];

const fn fault(class: FaultClass, kind: &'static str, text: &'static str) -> Fault {
    Fault { class, kind, text }
}

/// The last row of the table.
const OTHER: Fault = FAULTS[FAULTS.len() - 1];

/// What an error means. Datagrams know no fatal error: whatever it is, the next one may arrive.
#[must_use]
pub fn sorted(line: LineKind, error: &io::Error) -> Fault {
    use io::ErrorKind as Kind;
    let name = match error.kind() {
        Kind::ConnectionRefused => "refused",
        Kind::WouldBlock | Kind::Interrupted => "interrupted",
        Kind::HostUnreachable | Kind::NetworkUnreachable | Kind::NetworkDown | Kind::AddrNotAvailable => {
            "unreachable"
        }
        Kind::ConnectionReset
        | Kind::ConnectionAborted
        | Kind::BrokenPipe
        | Kind::NotConnected
        | Kind::UnexpectedEof => "broken",
        Kind::TimedOut => "no_answer",
        Kind::OutOfMemory | Kind::StorageFull | Kind::QuotaExceeded => "no_room",
        Kind::NotFound => "absent",
        Kind::PermissionDenied => "not_allowed",
        Kind::InvalidInput | Kind::Unsupported => "unusable",
        _ => by_number(line, error),
    };
    let found = FAULTS
        .iter()
        .find(|fault| fault.kind == name)
        .copied()
        .unwrap_or(OTHER);
    if line == LineKind::Udp && found.class == FaultClass::Fatal {
        return Fault {
            class: FaultClass::Transient,
            ..found
        };
    }
    found
}

/// Numbers of Linux that the standard library gives no name.
fn by_number(line: LineKind, error: &io::Error) -> &'static str {
    const EIO: i32 = 5;
    const ENXIO: i32 = 6;
    const ENODEV: i32 = 19;
    const EMSGSIZE: i32 = 90;
    const ENOBUFS: i32 = 105;
    match (error.raw_os_error(), line) {
        (Some(EMSGSIZE), _) => "too_long",
        (Some(ENOBUFS), _) => "no_room",
        // What a port says whose plug was pulled.
        (Some(EIO | ENXIO | ENODEV), LineKind::Serial) => "absent",
        _ => OTHER.kind,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn errors_of_the_system_are_sorted() {
        let of = |line, number| sorted(line, &io::Error::from_raw_os_error(number)).kind;
        assert_eq!(of(LineKind::Udp, 111), "refused");
        assert_eq!(of(LineKind::Udp, 113), "unreachable");
        assert_eq!(of(LineKind::Udp, 90), "too_long");
        assert_eq!(of(LineKind::Tcp, 104), "broken");
        assert_eq!(of(LineKind::Serial, 5), "absent");
        assert_eq!(of(LineKind::Serial, 13), "not_allowed");
        assert_eq!(of(LineKind::Tcp, 5), "other");
        let denied = io::Error::from_raw_os_error(13);
        assert_eq!(sorted(LineKind::Serial, &denied).class, FaultClass::Fatal);
    }

    proptest! {
        #[test]
        fn no_error_ends_a_line_of_datagrams(number in 0..200_i32) {
            let fault = sorted(LineKind::Udp, &io::Error::from_raw_os_error(number));
            prop_assert_ne!(fault.class, FaultClass::Fatal);
            prop_assert!(FAULTS.iter().any(|known| known.kind == fault.kind));
        }
    }
}
