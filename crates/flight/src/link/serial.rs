//! A serial port: a telemetry radio or a USB cable. Opened again whenever it was unplugged.
//!
//! Frames are written as fast as the port takes them: the system's buffer fills and holds the writer back at the
//! pace of the line, so that no pacing of our own is needed. What a slow radio cannot carry fills the queue and is
//! then refused to whoever sends.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serial2_tokio::SerialPort;
use tokio_util::sync::CancellationToken;

use super::Link;
use super::stream::{FIRST_PAUSE, LONGEST_PAUSE, converse, note_error};
use crate::address::SerialPlace;
use crate::fault::LineKind;

/// What stands for the other end, which has no address.
const OTHER_END: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

/// Opens the port, again and again, until stopped.
pub(super) async fn keep_open(link: Link, place: SerialPlace, stop: CancellationToken) {
    let mut pause = FIRST_PAUSE;
    loop {
        match SerialPort::open(&place.path, place.baud) {
            Ok(port) => {
                pause = FIRST_PAUSE;
                converse(&link, port, OTHER_END, &stop).await;
            }
            Err(error) => note_error(&link, LineKind::Serial, &error),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
        }
    }
}
