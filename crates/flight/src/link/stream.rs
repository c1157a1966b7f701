//! Bytes that come in order: one conversation over a connection or a serial port, from its beginning to its break.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Link;
use crate::fault::{FaultClass, LineKind, sorted};
use crate::port::{Line, locked};
use crate::wire::{FrameReader, ReadStatistics};

/// Frames that may wait to be written to one peer. A slow line holds the writer back; what is beyond this is
/// refused to whoever sends, not kept for later: an old order is worse than none.
const QUEUE: usize = 256;
/// Pause before the next try to connect, doubled each time up to [`LONGEST_PAUSE`].
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(200);
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A line without peers.
pub(super) fn line(kind: LineKind) -> Line {
    Line::Streams {
        peers: Mutex::new(BTreeMap::new()),
        kind,
    }
}

/// Speaks with one peer until it or we end it.
pub(super) async fn converse(
    link: &Link,
    stream: impl AsyncRead + AsyncWrite + Unpin,
    peer: SocketAddr,
    stop: &CancellationToken,
) {
    let Line::Streams { peers, kind } = link.shared.port.line() else {
        return;
    };
    let (queue, mut frames) = mpsc::channel::<Vec<u8>>(QUEUE);
    locked(peers).insert(peer, queue);
    link.note(|statistics| statistics.connections += 1);
    let (mut from, mut to) = tokio::io::split(stream);
    let writing = async {
        while let Some(frame) = frames.recv().await {
            to.write_all(&frame).await?;
        }
        Ok::<(), io::Error>(())
    };
    let ended = tokio::select! {
        () = stop.cancelled() => Ok(()),
        ended = read(link, &mut from, peer) => ended,
        ended = writing => ended,
    };
    locked(peers).remove(&peer);
    match ended {
        Err(error) => note_error(link, *kind, &error),
        Ok(()) => tracing::debug!(link = %link.address(), %peer, "connection ended"),
    }
}

/// Counts an error of the line and says it as loudly as it is bad.
pub(super) fn note_error(link: &Link, kind: LineKind, error: &io::Error) {
    let fault = sorted(kind, error);
    link.shared.port.note_error(fault.kind);
    let first = link.first_time(fault.kind);
    match fault.class {
        FaultClass::Fatal if first => {
            tracing::error!(link = %link.address(), %error, "{}", fault.text);
        }
        _ => tracing::debug!(link = %link.address(), %error, "{}", fault.text),
    }
}

async fn read(link: &Link, from: &mut (impl AsyncRead + Unpin), peer: SocketAddr) -> io::Result<()> {
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
