//! Datagrams: one socket for all vehicles of a line. No receive error ends it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Link;
use super::stream::note_error;
use crate::fault::LineKind;
use crate::port::Line;
use crate::wire::{FrameReader, ReadStatistics};

/// Pause after a receive error, so that one that stays does not take a whole core.
const PAUSE: Duration = Duration::from_millis(20);

/// An address of ours from which `remote` can be reached.
pub(super) fn any_local(remote: SocketAddr) -> SocketAddr {
    let any = match remote {
        SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    SocketAddr::new(any, 0)
}

/// Reads datagrams until stopped.
pub(super) async fn receive(link: Link, stop: CancellationToken) {
    let Line::Udp { socket, .. } = link.shared.port.line() else {
        return;
    };
    let mut reader = FrameReader::default();
    let mut before = ReadStatistics::default();
    let mut buffer = vec![0; usize::from(u16::MAX)];
    loop {
        let received = tokio::select! {
            () = stop.cancelled() => return,
            received = socket.recv_from(&mut buffer) => received,
        };
        match received {
            Ok((0, _from)) => link.note(|statistics| statistics.empty_datagrams += 1),
            Ok((length, from)) => {
                let frames = reader.datagram(&buffer[..length]);
                link.note_read(&reader, &mut before);
                link.take(frames, from);
            }
            Err(error) => {
                note_error(&link, LineKind::Udp, &error);
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
