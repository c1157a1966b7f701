//! Where the broker is: `mqtt://[user:password@]host[:port]`, or `mqtts://` with TLS.

use std::fmt;
use std::str::FromStr;

/// The ports of MQTT without and with TLS.
const DEFAULT_PORT: u16 = 1883;
const DEFAULT_TLS_PORT: u16 = 8883;

/// An MQTT broker and, where it wants one, a login.
#[derive(Clone, PartialEq, Eq)]
pub struct BrokerAddress {
    /// Name or number of the machine; an IPv6 number without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// User and password.
    pub login: Option<(String, String)>,
    /// Whether the line is encrypted.
    pub tls: bool,
}

/// Why a text names no broker. Passwords never appear in these texts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrokerAddressError {
    /// It begins with neither `mqtt://` nor `mqtts://`.
    #[error("a broker's address begins with mqtt:// or mqtts://, as in mqtt://127.0.0.1:1883")]
    Scheme,
    /// `ws://` and the like.
    #[error("{scheme}:// is not supported; only mqtt:// and mqtts:// are")]
    NotSupported {
        /// What stands before `://`.
        scheme: String,
    },
    /// No host, or characters that a host cannot have.
    #[error("{found:?} is not a machine's name or number")]
    Host {
        /// What was found.
        found: String,
    },
    /// Not a number from 1 to 65535.
    #[error("{found:?} is not a port: expected a number from 1 to 65535")]
    Port {
        /// What was found.
        found: String,
    },
    /// TLS to an IPv6 number: certificates are made for names.
    #[error("with mqtts:// the broker is named, or given as an IPv4 number")]
    TlsNumber,
    /// `user@host` without a password, or an empty user.
    #[error("a login in a broker's address is user:password@")]
    Login,
    /// A `%` that is not followed by two hexadecimal digits of UTF-8.
    #[error("a % in user or password is written %25")]
    Percent,
}

impl FromStr for BrokerAddress {
    type Err = BrokerAddressError;

    fn from_str(text: &str) -> Result<Self, BrokerAddressError> {
        let (tls, rest) = match text.trim().split_once("://") {
            Some(("mqtt", rest)) => (false, rest),
            Some(("mqtts", rest)) => (true, rest),
            Some((scheme @ ("ssl" | "tls" | "ws" | "wss" | "tcp"), _)) => {
                return Err(BrokerAddressError::NotSupported {
                    scheme: scheme.to_owned(),
                });
            }
            _ => return Err(BrokerAddressError::Scheme),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        // The last @ counts: a careless password may hold one, a host cannot.
        let (login, place) = match rest.rsplit_once('@') {
            Some((login, place)) => (Some(parse_login(login)?), place),
            None => (None, rest),
        };
        let (host, port) = parse_place(place)?;
        if tls && host.contains(':') {
            return Err(BrokerAddressError::TlsNumber);
        }
        let default = if tls { DEFAULT_TLS_PORT } else { DEFAULT_PORT };
        Ok(Self {
            host,
            port: port.unwrap_or(default),
            login,
            tls,
        })
    }
}

/// Without the password.
impl fmt::Display for BrokerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.tls { "mqtts://" } else { "mqtt://" })?;
        if let Some((user, _)) = &self.login {
            write!(f, "{user}:***@")?;
        }
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// As [`fmt::Display`]: a password does not belong into a log.
impl fmt::Debug for BrokerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BrokerAddress({self})")
    }
}

fn parse_login(text: &str) -> Result<(String, String), BrokerAddressError> {
    let (user, password) = text.split_once(':').ok_or(BrokerAddressError::Login)?;
    if user.is_empty() {
        return Err(BrokerAddressError::Login);
    }
    Ok((percent_decoded(user)?, percent_decoded(password)?))
}

fn parse_place(place: &str) -> Result<(String, Option<u16>), BrokerAddressError> {
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']').ok_or_else(|| bad_host(place))?;
            if host.parse::<std::net::Ipv6Addr>().is_err() {
                return Err(bad_host(host));
            }
            let port = match after {
                "" => None,
                _ => Some(after.strip_prefix(':').ok_or_else(|| bad_host(place))?),
            };
            (host, port)
        }
        None => match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        },
    };
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    if host.is_empty() || !host.chars().all(allowed) {
        return Err(bad_host(host));
    }
    Ok((host.to_owned(), port.map(parse_port).transpose()?))
}

fn parse_port(text: &str) -> Result<u16, BrokerAddressError> {
    let digits = text.chars().all(|c| c.is_ascii_digit());
    match text.parse::<u16>() {
        Ok(port) if port > 0 && digits => Ok(port),
        _ => Err(BrokerAddressError::Port {
            found: text.to_owned(),
        }),
    }
}

fn bad_host(found: &str) -> BrokerAddressError {
    BrokerAddressError::Host {
        found: found.to_owned(),
    }
}

fn percent_decoded(text: &str) -> Result<String, BrokerAddressError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let decoded = match byte {
            b'%' => {
                let high = rest.next().and_then(hex_digit);
                let low = rest.next().and_then(hex_digit);
                let (high, low) = high.zip(low).ok_or(BrokerAddressError::Percent)?;
                high * 16 + low
            }
            plain => plain,
        };
        bytes.push(decoded);
    }
    String::from_utf8(bytes).ok().ok_or(BrokerAddressError::Percent)
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> Result<BrokerAddress, BrokerAddressError> {
        text.parse()
    }

    #[test]
    fn addresses_with_and_without_port_and_login() {
        let plain = parsed("mqtt://127.0.0.1:1884").unwrap();
        assert_eq!(
            (plain.host.as_str(), plain.port, plain.login),
            ("127.0.0.1", 1884, None)
        );
        assert_eq!(parsed("mqtt://broker.local/").unwrap().port, 1883);
        let login = parsed("mqtt://bureau:p%40ss:w@[::1]:2000").unwrap();
        assert_eq!(login.host, "::1");
        assert_eq!(login.login, Some(("bureau".to_owned(), "p@ss:w".to_owned())));
        assert_eq!(login.to_string(), "mqtt://bureau:***@[::1]:2000");
        assert!(!format!("{login:?}").contains("p@ss"));
        let tls = parsed("mqtts://broker.local").unwrap();
        assert_eq!((tls.port, tls.tls), (8883, true));
        assert_eq!(tls.to_string(), "mqtts://broker.local:8883");
    }

    #[test]
    fn wrong_addresses_say_what_is_wrong() {
        assert_eq!(parsed("127.0.0.1:1883"), Err(BrokerAddressError::Scheme));
        let other = parsed("ws://host").unwrap_err();
        assert_eq!(
            other.to_string(),
            "ws:// is not supported; only mqtt:// and mqtts:// are"
        );
        assert_eq!(parsed("mqtts://[::1]"), Err(BrokerAddressError::TlsNumber));
        for port in [
            "mqtt://h:0",
            "mqtt://h:65536",
            "mqtt://h:+1",
            "mqtt://h:",
            "mqtt://::1",
        ] {
            assert!(
                matches!(
                    parsed(port),
                    Err(BrokerAddressError::Port { .. } | BrokerAddressError::Host { .. })
                ),
                "{port}"
            );
        }
        assert!(matches!(parsed("mqtt://"), Err(BrokerAddressError::Host { .. })));
        assert!(matches!(
            parsed("mqtt://a b"),
            Err(BrokerAddressError::Host { .. })
        ));
        assert_eq!(parsed("mqtt://user@h"), Err(BrokerAddressError::Login));
        assert_eq!(parsed("mqtt://u:%zz@h"), Err(BrokerAddressError::Percent));
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_parser(text in "\\PC{0,60}") {
            let _ = parsed(&text);
            let _ = parsed(&format!("mqtt://{text}"));
            let _ = parsed(&format!("mqtts://{text}"));
        }

        #[test]
        fn a_printed_address_reads_back(host in "[a-z][a-z0-9.-]{0,20}", port in 1u16.., tls: bool) {
            let address = BrokerAddress { host, port, login: None, tls };
            prop_assert_eq!(parsed(&address.to_string()).unwrap(), address);
        }
    }
}
