//! The photo door over HTTP/1.1: one connection that is opened anew when it breaks.

use std::ops::Range;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::fleet::upload::transfer::Answer;

/// An exchange that takes longer is given up.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest answer that is read, bytes.
const LONGEST_ANSWER: usize = 64 * 1024;

/// What keeps an exchange from succeeding.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DoorProblem {
    #[error("the photo door's address {0:?} has no host")]
    Address(String),
    #[error("cannot reach the photo door: {0}")]
    Connect(#[from] std::io::Error),
    #[error("the photo door broke off: {0}")]
    Broken(#[from] hyper::Error),
    #[error("no request can be made of it: {0}")]
    Request(#[from] hyper::http::Error),
    #[error("the photo door's answer is unreadable: {0}")]
    Unreadable(String),
    #[error("the photo door did not answer within {} s", PATIENCE.as_secs())]
    Late,
}

/// A connection to a photo door.
#[derive(Default)]
pub(crate) struct Door {
    connection: Option<(String, SendRequest<Full<Bytes>>)>,
}

/// One photo at its door: `http://host:port/…/{sortie}/{image_index}/{sha256}`.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    authority: String,
    path: String,
}

/// Whatever an answer's body may say; all of it optional.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Said {
    state: String,
    code: String,
    received_bytes: u64,
}

impl Place {
    /// The place of a photo at the door `url`.
    pub(crate) fn new(
        url: &str,
        sortie_id: &str,
        image_index: u32,
        sha256: &str,
    ) -> Result<Self, DoorProblem> {
        let no_address = || DoorProblem::Address(url.to_owned());
        let uri: Uri = url.trim_end_matches('/').parse().map_err(|_e| no_address())?;
        let authority = uri.authority().ok_or_else(no_address)?;
        let path = uri.path().trim_end_matches('/');
        Ok(Self {
            authority: authority.as_str().to_owned(),
            path: format!("{path}/{sortie_id}/{image_index}/{sha256}"),
        })
    }

    /// Where to connect to.
    fn socket(&self) -> String {
        let has_port = self
            .authority
            .rsplit_once(':')
            .is_some_and(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
        match has_port {
            true => self.authority.clone(),
            false => format!("{}:80", self.authority),
        }
    }
}

impl Door {
    /// Asks how much of a photo is there.
    pub(crate) async fn ask(&mut self, place: &Place) -> Result<Answer, DoorProblem> {
        let request = Request::builder()
            .method(Method::GET)
            .uri(&place.path)
            .header(HOST, &place.authority)
            .body(Full::default())?;
        let (status, said) = self.exchange(place, request).await?;
        Ok(match (status, said.state.as_str()) {
            (StatusCode::OK, "stored") => Answer::State {
                stored: true,
                received: said.received_bytes,
            },
            (StatusCode::OK, "absent" | "partial") => Answer::State {
                stored: false,
                received: said.received_bytes,
            },
            (StatusCode::OK, other) => {
                return Err(DoorProblem::Unreadable(format!("unknown state {other:?}")));
            }
            (status, _) => answer_of(status, &said),
        })
    }

    /// Sends bytes `range` of a photo of `total` bytes.
    pub(crate) async fn put(
        &mut self,
        place: &Place,
        bytes: Bytes,
        range: &Range<u64>,
        total: u64,
    ) -> Result<Answer, DoorProblem> {
        let request = Request::builder()
            .method(Method::PUT)
            .uri(&place.path)
            .header(HOST, &place.authority)
            .header(CONTENT_TYPE, "image/jpeg")
            .header(CONTENT_LENGTH, bytes.len())
            .header(CONTENT_RANGE, content_range(range, total))
            .body(Full::new(bytes))?;
        let (status, said) = self.exchange(place, request).await?;
        Ok(answer_of(status, &said))
    }

    /// Begins to send bytes `range`, and cuts the connection in the middle of them.
    pub(crate) async fn put_half(
        place: &Place,
        bytes: &[u8],
        range: &Range<u64>,
        total: u64,
    ) -> Result<(), DoorProblem> {
        let head = format!(
            "PUT {} HTTP/1.1\r\nHost: {}\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\
             Content-Range: {}\r\n\r\n",
            place.path,
            place.authority,
            bytes.len(),
            content_range(range, total),
        );
        let send = async {
            let mut stream = TcpStream::connect(place.socket()).await?;
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&bytes[..bytes.len() / 2]).await?;
            stream.flush().await
        };
        timeout(PATIENCE, send).await.map_err(|_e| DoorProblem::Late)??;
        Ok(())
    }

    async fn exchange(
        &mut self,
        place: &Place,
        request: Request<Full<Bytes>>,
    ) -> Result<(StatusCode, Said), DoorProblem> {
        let outcome = timeout(PATIENCE, self.try_exchange(place, request)).await;
        let outcome = outcome.unwrap_or(Err(DoorProblem::Late));
        if outcome.is_err() {
            self.connection = None;
        }
        outcome
    }

    async fn try_exchange(
        &mut self,
        place: &Place,
        request: Request<Full<Bytes>>,
    ) -> Result<(StatusCode, Said), DoorProblem> {
        let connection = self.connected(place).await?;
        let response = connection.send_request(request).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), LONGEST_ANSWER)
            .collect()
            .await
            .map_err(|e| DoorProblem::Unreadable(e.to_string()))?
            .to_bytes();
        match serde_json::from_slice(&body) {
            Ok(said) => Ok((status, said)),
            // What goes wrong before the door itself answers (a proxy, a panic) need not be JSON.
            Err(_) if !status.is_success() => Ok((status, Said::default())),
            Err(error) => Err(DoorProblem::Unreadable(error.to_string())),
        }
    }

    async fn connected(&mut self, place: &Place) -> Result<&mut SendRequest<Full<Bytes>>, DoorProblem> {
        let usable = match &mut self.connection {
            Some((authority, sender)) => *authority == place.authority && sender.ready().await.is_ok(),
            None => false,
        };
        if !usable {
            let stream = TcpStream::connect(place.socket()).await?;
            let (sender, connection) = handshake(TokioIo::new(stream)).await?;
            // Ends by itself when the sender is dropped or the door hangs up; whoever waits hears of errors.
            tokio::spawn(connection);
            self.connection = Some((place.authority.clone(), sender));
        }
        match &mut self.connection {
            Some((_, sender)) => Ok(sender),
            None => Err(DoorProblem::Late),
        }
    }
}

fn content_range(range: &Range<u64>, total: u64) -> String {
    format!("bytes {}-{}/{total}", range.start, range.end - 1)
}

fn answer_of(status: StatusCode, said: &Said) -> Answer {
    match (status.as_u16(), said.code.as_str()) {
        (200 | 201, _) => Answer::Stored,
        (202, _) => Answer::Taken {
            received: said.received_bytes,
        },
        (409, "offset") => Answer::Offset {
            received: said.received_bytes,
        },
        (409, "index_taken") => Answer::IndexTaken,
        (422, "hash") => Answer::WrongHash,
        (404, "unknown_sortie") => Answer::UnknownSortie,
        (413, _) => Answer::TooLarge,
        _ => Answer::Busy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_photo_has_its_place_at_the_door() {
        let place = Place::new("http://127.0.0.1:8700/api/v1/photo-door/", "S1", 4, "ab").unwrap();
        assert_eq!(place.path, "/api/v1/photo-door/S1/4/ab");
        assert_eq!(place.socket(), "127.0.0.1:8700");
        assert_eq!(
            Place::new("http://door/", "S", 1, "a").unwrap().socket(),
            "door:80"
        );
        assert_eq!(
            Place::new("http://[::1]", "S", 1, "a").unwrap().socket(),
            "[::1]:80"
        );
        assert!(Place::new("/only/a/path", "S", 1, "a").is_err());
    }

    #[test]
    fn answers_are_told_apart_by_status_and_code() {
        let said = |code: &str| Said {
            code: code.to_owned(),
            received_bytes: 7,
            ..Said::default()
        };
        let cases = [
            (201, "", Answer::Stored),
            (202, "", Answer::Taken { received: 7 }),
            (409, "offset", Answer::Offset { received: 7 }),
            (409, "index_taken", Answer::IndexTaken),
            (409, "other", Answer::Busy),
            (404, "unknown_sortie", Answer::UnknownSortie),
            (404, "", Answer::Busy),
            (422, "hash", Answer::WrongHash),
            (507, "full", Answer::Busy),
        ];
        for (status, code, expected) in cases {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(answer_of(status, &said(code)), expected, "{status} {code}");
        }
        assert_eq!(content_range(&(0..10), 20), "bytes 0-9/20");
    }
}
