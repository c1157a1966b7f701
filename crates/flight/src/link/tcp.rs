//! Connections: made by us or by the vehicle's side, made again whenever they break.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Link;
use crate::address::HostPort;
use crate::port::{Line, locked};
use crate::wire::{FrameReader, ReadStatistics};

/// Frames that may wait to be written to one connection.
const QUEUE: usize = 256;
/// Pause before the next try to connect, doubled each time up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A peer that answers nothing at all is given up.
const CONNECT_TIME: Duration = Duration::from_secs(5);

/// A line without connections.
pub(super) fn line() -> Line {
    Line::Tcp {
        peers: Mutex::new(BTreeMap::new()),
    }
}

/// Takes connections until stopped.
pub(super) async fn listen(link: Link, listener: TcpListener, tasks: TaskTracker, stop: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (link, stop) = (link.clone(), stop.clone());
                tasks.spawn(async move { converse(&link, stream, peer, &stop).await });
            }
            Err(error) => {
                tracing::debug!(link = %link.address(), %error, "connection not taken");
                link.note(|statistics| statistics.passing_errors += 1);
                tokio::time::sleep(FIRST_PAUSE).await;
            }
        }
    }
}

/// Connects, again and again, until stopped.
pub(super) async fn connect(link: Link, place: HostPort, stop: CancellationToken) {
    let mut pause = FIRST_PAUSE;
    loop {
        let connecting = tokio::time::timeout(
            CONNECT_TIME,
            TcpStream::connect((place.host.as_str(), place.port)),
        );
        let connected = tokio::select! {
            () = stop.cancelled() => return,
            connected = connecting => connected.unwrap_or_else(|elapsed| Err(io::Error::other(elapsed))),
        };
        match connected.and_then(|stream| stream.peer_addr().map(|peer| (stream, peer))) {
            Ok((stream, peer)) => {
                pause = FIRST_PAUSE;
                converse(&link, stream, peer, &stop).await;
            }
            Err(error) => {
                tracing::debug!(link = %link.address(), %error, "not connected");
                link.note(|statistics| statistics.passing_errors += 1);
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
        }
    }
}

async fn converse(link: &Link, mut stream: TcpStream, peer: SocketAddr, stop: &CancellationToken) {
    let Line::Tcp { peers } = link.shared.port.line() else {
        return;
    };
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, %error, "small frames may be sent late");
    }
    let (queue, mut frames) = mpsc::channel::<Vec<u8>>(QUEUE);
    locked(peers).insert(peer, queue);
    link.note(|statistics| statistics.connections += 1);
    let (mut from, mut to) = stream.split();
    let writing = async {
        while let Some(frame) = frames.recv().await {
            to.write_all(&frame).await?;
        }
        Ok::<(), io::Error>(())
    };
    tokio::select! {
        () = stop.cancelled() => {}
        ended = read(link, &mut from, peer) => tracing::debug!(%peer, ?ended, "connection ended"),
        ended = writing => tracing::debug!(%peer, ?ended, "connection ended"),
    }
    locked(peers).remove(&peer);
}

async fn read(link: &Link, from: &mut (impl AsyncReadExt + Unpin), peer: SocketAddr) -> io::Result<()> {
    let mut reader = FrameReader::default();
    let mut before = ReadStatistics::default();
    let mut buffer = Vec::with_capacity(8192);
    loop {
        let length = from.read_buf(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        let frames = reader.stream(&mut buffer, length);
        link.note_read(&reader, &mut before);
        link.take(frames, peer);
    }
}
