//! Connections: made by us or by the vehicle's side, made again whenever they break.

use std::io;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Link;
use super::stream::{FIRST_PAUSE, LONGEST_PAUSE, converse, note_error};
use crate::address::HostPort;
use crate::fault::LineKind;

/// A peer that answers nothing at all is given up.
const CONNECT_TIME: Duration = Duration::from_secs(5);

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
                send_small_frames_at_once(&stream);
                tasks.spawn(async move { converse(&link, stream, peer, &stop).await });
            }
            Err(error) => {
                note_error(&link, LineKind::Tcp, &error);
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
        let no_answer = |_elapsed| Err(io::Error::from(io::ErrorKind::TimedOut));
        let connected = tokio::select! {
            () = stop.cancelled() => return,
            connected = connecting => connected.unwrap_or_else(no_answer),
        };
        match connected.and_then(|stream| stream.peer_addr().map(|peer| (stream, peer))) {
            Ok((stream, peer)) => {
                pause = FIRST_PAUSE;
                send_small_frames_at_once(&stream);
                converse(&link, stream, peer, &stop).await;
            }
            Err(error) => note_error(&link, LineKind::Tcp, &error),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
        }
    }
}

fn send_small_frames_at_once(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "small frames may be sent late");
    }
}
