//! A photo door for tests: speaks HTTP/1.1 over a real socket and keeps to the contract, broken connections and all.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

/// What the door keeps; outlives the server, as files outlive a process.
#[derive(Default)]
pub(crate) struct Kept {
    /// By `sortie/index`: checksum and bytes of what is stored.
    pub(crate) stored: HashMap<String, (String, Vec<u8>)>,
    partial: HashMap<String, Vec<u8>>,
    /// Status of each answer.
    pub(crate) answers: Vec<u16>,
    /// Hang up, without an answer, after so many more PUT requests.
    pub(crate) hang_up_after: Option<u32>,
}

/// A running door.
pub(crate) struct TestDoor {
    pub(crate) address: SocketAddr,
    pub(crate) kept: Arc<Mutex<Kept>>,
    server: AbortHandle,
}

impl TestDoor {
    pub(crate) async fn open(address: &str, kept: Arc<Mutex<Kept>>) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = kept.clone();
        let server = tokio::spawn(async move {
            // Dropped with the server: killing it cuts its connections.
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, shared.clone()));
            }
        })
        .abort_handle();
        Self {
            address,
            kept,
            server,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/api/v1/photo-door", self.address)
    }

    pub(crate) fn bytes_of(&self, photo: &str) -> Option<Vec<u8>> {
        let kept = self.kept.lock().unwrap();
        kept.stored.get(photo).map(|(_, bytes)| bytes.clone())
    }
}

impl Drop for TestDoor {
    fn drop(&mut self) {
        self.server.abort();
    }
}

struct Head {
    method: String,
    path: String,
    length: usize,
    range: Option<(usize, usize)>,
}

async fn serve(mut stream: TcpStream, kept: Arc<Mutex<Kept>>) {
    while let Some(head) = read_head(&mut stream).await {
        let place: Vec<&str> = head.path.rsplit('/').collect();
        let (sha256, photo) = (place[0].to_owned(), format!("{}/{}", place[2], place[1]));
        let (status, body) = if head.method == "GET" {
            ask(&kept.lock().unwrap(), &photo, &sha256)
        } else {
            let mut bytes = vec![0; head.length];
            let mut got = 0;
            while got < head.length {
                match stream.read(&mut bytes[got..]).await {
                    Ok(0) | Err(_) => {
                        // Cut midway: what came is kept.
                        put(&mut kept.lock().unwrap(), &photo, &sha256, &head, &bytes[..got]);
                        return;
                    }
                    Ok(read) => got += read,
                }
            }
            let mut kept = kept.lock().unwrap();
            if let Some(left) = &mut kept.hang_up_after {
                if *left == 0 {
                    kept.hang_up_after = None;
                    return;
                }
                *left -= 1;
            }
            put(&mut kept, &photo, &sha256, &head, &bytes)
        };
        kept.lock().unwrap().answers.push(status);
        let text = body.to_string();
        let head = format!(
            "HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{text}",
            text.len()
        );
        if stream.write_all(head.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read_head(stream: &mut TcpStream) -> Option<Head> {
    let mut text = Vec::new();
    while !text.ends_with(b"\r\n\r\n") {
        text.push(stream.read_u8().await.ok()?);
    }
    let text = String::from_utf8(text).unwrap();
    let mut words = text.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let header = |name: &str| {
        text.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let range = header("content-range").map(|value| {
        let (range, total) = value.strip_prefix("bytes ").unwrap().split_once('/').unwrap();
        (
            range.split_once('-').unwrap().0.parse().unwrap(),
            total.parse().unwrap(),
        )
    });
    Some(Head {
        method,
        path,
        length: header("content-length").map_or(0, |value| value.parse().unwrap()),
        range,
    })
}

fn ask(kept: &Kept, photo: &str, sha256: &str) -> (u16, Value) {
    if photo.starts_with("unknown/") {
        return (404, json!({"code": "unknown_sortie"}));
    }
    let stored = kept.stored.get(photo).is_some_and(|(kept, _)| kept == sha256);
    let received = kept.partial.get(photo).map_or(0, Vec::len);
    let state = match (stored, received) {
        (true, _) => "stored",
        (false, 0) => "absent",
        _ => "partial",
    };
    (200, json!({"state": state, "received_bytes": received}))
}

fn put(kept: &mut Kept, photo: &str, sha256: &str, head: &Head, bytes: &[u8]) -> (u16, Value) {
    if photo.starts_with("unknown/") {
        return (404, json!({"code": "unknown_sortie"}));
    }
    match kept.stored.get(photo) {
        Some((stored, _)) if stored == sha256 => return (200, json!({"photo_id": photo})),
        Some(_) => return (409, json!({"code": "index_taken"})),
        None => {}
    }
    let (start, total) = head.range.unwrap_or((0, head.length));
    let partial = kept.partial.entry(photo.to_owned()).or_default();
    if start != partial.len() {
        return (409, json!({"code": "offset", "received_bytes": partial.len()}));
    }
    partial.extend(bytes);
    if partial.len() < total {
        return (202, json!({"received_bytes": partial.len()}));
    }
    let whole = kept.partial.remove(photo).unwrap_or_default();
    let found: String = Sha256::digest(&whole)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    if found != sha256 {
        return (422, json!({"code": "hash"}));
    }
    kept.stored.insert(photo.to_owned(), (found, whole));
    (201, json!({"photo_id": photo}))
}
