//! Where a vehicle is reached, as one word of the configuration: `udpin:127.0.0.1:14551`.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// How bytes come from and go to vehicles. Reads and shows as `udpin:HOST:PORT`, `udpout:…`, `tcpin:…`,
/// `tcpout:…`, `serial:DEVICE:BAUD`; `udp:` is read as `udpin:` and `tcp:` as `tcpout:`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LinkAddress {
    /// Wait for datagrams on this address of ours; answers go back to where each vehicle sends from.
    UdpIn(HostPort),
    /// Send datagrams to this address first.
    UdpOut(HostPort),
    /// Wait for connections.
    TcpIn(HostPort),
    /// Connect, and connect again whenever the line breaks.
    TcpOut(HostPort),
    /// A serial port of this machine.
    Serial(SerialPlace),
}

impl LinkAddress {
    /// Whether only this machine and what is plugged into it can listen to the line: keys may be sent there.
    #[must_use]
    pub fn is_private(&self) -> bool {
        match self {
            Self::Serial(_) => true,
            Self::UdpIn(place) | Self::UdpOut(place) | Self::TcpIn(place) | Self::TcpOut(place) => {
                let number = place.host.parse::<std::net::IpAddr>();
                place.host == "localhost" || number.is_ok_and(|number| number.is_loopback())
            }
        }
    }
}

/// A serial port and its speed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SerialPlace {
    /// The device, such as `/dev/ttyUSB0`; `/dev/serial/by-id/…` stays the same whatever is plugged in besides.
    pub path: String,
    /// Bits per second.
    pub baud: u32,
}

/// A host (name, IPv4, or IPv6 in brackets) and a port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HostPort {
    /// Name or number, without brackets.
    pub host: String,
    /// 0 lets the system choose, for listening addresses only.
    pub port: u16,
}

/// Why a text is no link address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AddressError {
    /// The part before the first colon is not a kind of link.
    #[error(
        "link `{text}`: unknown kind; use udpin:HOST:PORT, udpout:HOST:PORT, tcpin:HOST:PORT, tcpout:HOST:PORT or serial:DEVICE:BAUD"
    )]
    UnknownKind {
        /// As given.
        text: String,
    },
    /// No device, or no speed.
    #[error("link `{text}`: write a serial port as serial:DEVICE:BAUD, such as serial:/dev/ttyUSB0:57600")]
    Serial {
        /// As given.
        text: String,
    },
    /// No host.
    #[error("link `{text}`: the host is missing; for all addresses of this machine write 0.0.0.0")]
    NoHost {
        /// As given.
        text: String,
    },
    /// No port, or not a number of 0 to 65535 (1 to 65535 where something is sent to).
    #[error("link `{text}`: the port is missing or is not a number from 1 to 65535")]
    BadPort {
        /// As given.
        text: String,
    },
}

impl FromStr for LinkAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let unknown = || AddressError::UnknownKind {
            text: text.to_owned(),
        };
        let (kind, rest) = text.trim().split_once(':').ok_or_else(unknown)?;
        match kind {
            "udpin" | "udp" => Ok(Self::UdpIn(host_port(text, rest, true)?)),
            "udpout" => Ok(Self::UdpOut(host_port(text, rest, false)?)),
            "tcpin" => Ok(Self::TcpIn(host_port(text, rest, true)?)),
            "tcpout" | "tcp" => Ok(Self::TcpOut(host_port(text, rest, false)?)),
            "serial" => Ok(Self::Serial(serial_place(text, rest)?)),
            _ => Err(unknown()),
        }
    }
}

impl fmt::Display for LinkAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, place) = match self {
            Self::UdpIn(place) => ("udpin", place),
            Self::UdpOut(place) => ("udpout", place),
            Self::TcpIn(place) => ("tcpin", place),
            Self::TcpOut(place) => ("tcpout", place),
            Self::Serial(place) => return write!(f, "serial:{}:{}", place.path, place.baud),
        };
        write!(f, "{kind}:{place}")
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

fn host_port(text: &str, rest: &str, listens: bool) -> Result<HostPort, AddressError> {
    let bad_port = || AddressError::BadPort {
        text: text.to_owned(),
    };
    let no_host = || AddressError::NoHost {
        text: text.to_owned(),
    };
    let (host, port) = match rest.strip_prefix('[') {
        Some(inner) => {
            let (host, tail) = inner.split_once(']').ok_or_else(no_host)?;
            (host, tail.strip_prefix(':').ok_or_else(bad_port)?)
        }
        None => rest.rsplit_once(':').ok_or_else(bad_port)?,
    };
    if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c == '[' || c == ']') {
        return Err(no_host());
    }
    let Ok(port) = port.parse::<u16>() else {
        return Err(bad_port());
    };
    if port == 0 && !listens {
        return Err(bad_port());
    }
    Ok(HostPort {
        host: host.to_owned(),
        port,
    })
}

fn serial_place(text: &str, rest: &str) -> Result<SerialPlace, AddressError> {
    let refused = || AddressError::Serial {
        text: text.to_owned(),
    };
    let (path, baud) = rest.rsplit_once(':').ok_or_else(refused)?;
    let baud = baud
        .parse::<u32>()
        .ok()
        .filter(|baud| (300..=12_000_000).contains(baud));
    if path.is_empty() || path.contains(char::is_whitespace) {
        return Err(refused());
    }
    Ok(SerialPlace {
        path: path.to_owned(),
        baud: baud.ok_or_else(refused)?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn kinds_and_their_short_names_are_read() {
        for (text, shown) in [
            ("udpin:0.0.0.0:14550", "udpin:0.0.0.0:14550"),
            ("udp:127.0.0.1:14551", "udpin:127.0.0.1:14551"),
            ("udpout:dock7.local:14550", "udpout:dock7.local:14550"),
            ("tcp:10.0.0.7:5760", "tcpout:10.0.0.7:5760"),
            ("tcpin:[::1]:5760", "tcpin:[::1]:5760"),
            ("udpin:127.0.0.1:0", "udpin:127.0.0.1:0"),
            ("serial:/dev/ttyUSB0:57600", "serial:/dev/ttyUSB0:57600"),
            ("serial:COM3:115200", "serial:COM3:115200"),
        ] {
            assert_eq!(text.parse::<LinkAddress>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn mistakes_are_named() {
        let error = |text: &str| text.parse::<LinkAddress>().unwrap_err();
        for text in [
            "serial:/dev/ttyUSB0",
            "serial::57600",
            "serial:/dev/ttyUSB0:fast",
            "serial:x:9",
        ] {
            assert!(matches!(error(text), AddressError::Serial { .. }), "{text}");
        }
        assert!(matches!(error("14550"), AddressError::UnknownKind { .. }));
        assert!(matches!(
            error("http:127.0.0.1:80"),
            AddressError::UnknownKind { .. }
        ));
        assert!(matches!(error("udpin::14550"), AddressError::NoHost { .. }));
        assert!(matches!(error("udpin:14550"), AddressError::BadPort { .. }));
        assert!(matches!(
            error("udpin:localhost:70000"),
            AddressError::BadPort { .. }
        ));
        assert!(matches!(
            error("udpout:localhost:0"),
            AddressError::BadPort { .. }
        ));
    }

    #[test]
    fn only_lines_of_this_machine_are_private() {
        let private = |text: &str| text.parse::<LinkAddress>().unwrap().is_private();
        assert!(
            private("serial:/dev/ttyACM0:115200") && private("tcp:127.0.0.1:5760") && private("udp:[::1]:1")
        );
        assert!(!private("udpin:0.0.0.0:14550") && !private("tcp:10.0.0.7:5760"));
    }

    proptest! {
        #[test]
        fn any_text_is_an_address_that_shows_as_itself_or_an_error(text in "(udpin|udpout|tcp|serial|x)?:?\\PC{0,24}") {
            if let Ok(address) = text.parse::<LinkAddress>() {
                prop_assert_eq!(address.to_string().parse::<LinkAddress>().unwrap(), address);
            }
        }
    }
}
