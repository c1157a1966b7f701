//! Two vehicles with one system number: told by heartbeats that come from two addresses in turn, or by two clocks
//! in turn behind one address. Commands to such a number would reach whichever spoke last.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// A sender that was silent for so long is gone; its number may be another's now.
const GONE: Duration = Duration::from_secs(6);
/// Steps of a clock back or forth beyond this do not come from messages that overtook each other.
const JUMP_MS: i64 = 3_000;
/// So many jumps back and forth within [`GONE`] are two clocks; one is a restart.
const JUMPS: usize = 4;

#[derive(Debug)]
struct Sender {
    address: SocketAddr,
    first: Instant,
    last: Instant,
}

/// Watches who sends under one system number.
#[derive(Debug, Default)]
pub(crate) struct IdentityWatch {
    senders: Vec<Sender>,
    clock: Option<(SocketAddr, u32, Instant)>,
    jumps: Vec<(SocketAddr, Instant)>,
}

impl IdentityWatch {
    /// A heartbeat of the autopilot came from `address`.
    pub(crate) fn heartbeat(&mut self, address: SocketAddr, now: Instant) {
        self.senders
            .retain(|sender| now.saturating_duration_since(sender.last) <= GONE);
        match self.senders.iter_mut().find(|sender| sender.address == address) {
            Some(sender) => sender.last = now,
            None => self.senders.push(Sender {
                address,
                first: now,
                last: now,
            }),
        }
    }

    /// The autopilot's time since start, as it came from `address`.
    pub(crate) fn clock(&mut self, address: SocketAddr, boot_ms: u32, now: Instant) {
        self.jumps
            .retain(|(_, at)| now.saturating_duration_since(*at) <= GONE);
        if let Some((before, latest_ms, at)) = self.clock
            && before == address
        {
            let ours_ms = i64::try_from(now.saturating_duration_since(at).as_millis()).unwrap_or(i64::MAX);
            let step_ms = i64::from(boot_ms) - i64::from(latest_ms);
            // A clock in time lapse runs ahead evenly; only one that also goes back is two.
            if step_ms < -JUMP_MS || (!self.jumps.is_empty() && step_ms > ours_ms.saturating_add(JUMP_MS)) {
                self.jumps.push((address, now));
            }
        }
        self.clock = Some((address, boot_ms, now));
    }

    /// The addresses that send under one number at the same time; the same one twice for two vehicles behind one
    /// router; empty when all is well.
    pub(crate) fn conflict(&self, now: Instant) -> Vec<SocketAddr> {
        let present = |sender: &&Sender| now.saturating_duration_since(sender.last) <= GONE;
        let senders: Vec<&Sender> = self.senders.iter().filter(present).collect();
        // One that came up after the other had fallen silent is the same vehicle from a new address.
        let overlaps = |a: &Sender, b: &Sender| a.last > b.first && b.last > a.first;
        let mut addresses: Vec<SocketAddr> = senders
            .iter()
            .filter(|a| senders.iter().any(|b| b.address != a.address && overlaps(a, b)))
            .map(|sender| sender.address)
            .collect();
        let recent = |(_, at): &&(SocketAddr, Instant)| now.saturating_duration_since(*at) <= GONE;
        let jumps: Vec<&(SocketAddr, Instant)> = self.jumps.iter().filter(recent).collect();
        if addresses.is_empty() && jumps.len() >= JUMPS {
            addresses = vec![jumps[0].0; 2];
        }
        addresses.sort_unstable();
        addresses
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    #[test]
    fn two_senders_in_turn_are_a_conflict_until_one_is_gone() {
        let (mut watch, start) = (IdentityWatch::default(), Instant::now());
        let at = |tenths: u64| start + Duration::from_millis(tenths * 100);
        watch.heartbeat(address(1), at(0));
        watch.heartbeat(address(2), at(5));
        assert!(watch.conflict(at(5)).is_empty());
        watch.heartbeat(address(1), at(10));
        watch.heartbeat(address(2), at(15));
        assert_eq!(watch.conflict(at(15)), vec![address(1), address(2)]);
        watch.heartbeat(address(2), at(80));
        assert!(watch.conflict(at(80)).is_empty());
    }

    #[test]
    fn a_vehicle_that_comes_back_from_another_port_is_one_vehicle() {
        let (mut watch, start) = (IdentityWatch::default(), Instant::now());
        for second in 0..3 {
            watch.heartbeat(address(1), start + Duration::from_secs(second));
        }
        for second in 3..9 {
            watch.heartbeat(address(2), start + Duration::from_secs(second));
            assert!(watch.conflict(start + Duration::from_secs(second)).is_empty());
        }
    }

    #[test]
    fn two_clocks_behind_one_address_are_a_conflict_and_a_restart_is_none() {
        let (mut watch, start) = (IdentityWatch::default(), Instant::now());
        let at = |tenths: u64| start + Duration::from_millis(tenths * 100);
        watch.clock(address(1), 500_000, at(0));
        watch.clock(address(1), 900, at(1));
        watch.clock(address(1), 1_000, at(2));
        assert!(watch.conflict(at(2)).is_empty());
        for step in 0..5 {
            watch.clock(address(1), 500_000 + step * 200, at(u64::from(3 + step * 2)));
            watch.clock(address(1), 1_000 + step * 200, at(u64::from(4 + step * 2)));
        }
        assert_eq!(watch.conflict(at(13)), vec![address(1), address(1)]);
        assert!(watch.conflict(at(120)).is_empty());
    }

    #[test]
    fn a_fast_clock_is_no_conflict() {
        let (mut watch, start) = (IdentityWatch::default(), Instant::now());
        for step in 0..200_u32 {
            watch.clock(
                address(1),
                step * 5_000,
                start + Duration::from_millis(u64::from(step) * 100),
            );
        }
        assert!(watch.conflict(start + Duration::from_secs(20)).is_empty());
    }
}
