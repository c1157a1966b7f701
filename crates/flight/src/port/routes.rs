//! Who was heard where: by (system, component) and address. A vehicle that changes its address (a lease that ran
//! out, a router that forgot, an autopilot that started again) is followed; one that only seems to, because two use
//! its number, is not.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mavlink::MavHeader;

use super::Seen;

/// Component 1 is the autopilot: what is said to a vehicle goes where it was heard.
const AUTOPILOT_COMPONENT: u8 = 1;
/// A step of the running number beyond this is a frame that came late, not frames that were lost.
const LATE_STEP: u8 = 128;
/// The old address must be silent for so long before a new one is followed: a vehicle that moved stops at the old
/// one at once, a second vehicle with its number does not.
const HOLDS: Duration = Duration::from_millis(1200);
/// Senders of frames that did not count and other ground stations are remembered for so long.
const REMEMBERED: Duration = Duration::from_secs(10);
/// So many of each: strangers must not fill the memory.
const MOST_STRANGERS: usize = 64;
/// Components that are told apart.
const MOST_ROUTES: usize = 1024;

#[derive(Debug)]
struct Route {
    address: SocketAddr,
    heard_at: Instant,
    sequence: u8,
    frames: u64,
    lost: u64,
    moves: u32,
}

/// Another ground station that was heard on this link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Station {
    /// MAVLink system number.
    pub system_id: u8,
    /// MAVLink component number.
    pub component_id: u8,
    /// Where it was heard from: a vehicle's own address when that vehicle passes it on.
    pub address: SocketAddr,
    /// Time since then.
    pub age: Duration,
    /// Whether it uses our own system number, so that vehicles take its heartbeats for ours.
    pub has_our_number: bool,
}

/// Everything that was heard on a link.
#[derive(Debug, Default)]
pub(super) struct Routes {
    routes: BTreeMap<(u8, u8), Route>,
    candidates: BTreeMap<(SocketAddr, u8), Instant>,
    stations: BTreeMap<(u8, u8), (SocketAddr, Instant)>,
}

impl Routes {
    /// A frame that counts came from `address`. `open` says whether something can still be sent to an address.
    pub fn heard(
        &mut self,
        header: MavHeader,
        address: SocketAddr,
        now: Instant,
        open: impl Fn(SocketAddr) -> bool,
    ) {
        let Ok(system_id) = u8::try_from(header.system_id) else {
            return;
        };
        let key = (system_id, header.component_id);
        if self.routes.len() >= MOST_ROUTES && !self.routes.contains_key(&key) {
            return;
        }
        let route = self.routes.entry(key).or_insert(Route {
            address,
            heard_at: now,
            sequence: header.sequence.wrapping_sub(1),
            frames: 0,
            lost: 0,
            moves: 0,
        });
        let step = header.sequence.wrapping_sub(route.sequence);
        route.frames += 1;
        if (1..LATE_STEP).contains(&step) {
            route.lost += u64::from(step - 1);
            route.sequence = header.sequence;
        }
        if route.address == address {
            route.heard_at = now;
        } else if now.saturating_duration_since(route.heard_at) >= HOLDS || !open(route.address) {
            tracing::info!(
                system_id,
                component_id = header.component_id,
                from = %route.address,
                to = %address,
                "heard from a new address; answers go there"
            );
            route.address = address;
            route.heard_at = now;
            route.moves += 1;
        }
    }

    /// A frame that did not count came from `address`. What we sign may set its sender's clock right.
    pub fn refused(&mut self, system_id: u8, address: SocketAddr, now: Instant) {
        self.candidates
            .retain(|_, at| now.saturating_duration_since(*at) <= REMEMBERED);
        let key = (address, system_id);
        if self.candidates.len() < MOST_STRANGERS || self.candidates.contains_key(&key) {
            self.candidates.insert(key, now);
        }
    }

    /// Another ground station spoke.
    pub fn station(&mut self, key: (u8, u8), address: SocketAddr, now: Instant) {
        if self.stations.len() < MOST_STRANGERS || self.stations.contains_key(&key) {
            self.stations.insert(key, (address, now));
        }
    }

    /// Other ground stations that were heard in the last seconds.
    pub fn stations(&self, own_system: u8, now: Instant) -> Vec<Station> {
        let view = |(key, (address, at)): (&(u8, u8), &(SocketAddr, Instant))| Station {
            system_id: key.0,
            component_id: key.1,
            address: *address,
            age: now.saturating_duration_since(*at),
            has_our_number: key.0 == own_system,
        };
        let fresh = |station: &Station| station.age <= REMEMBERED;
        self.stations.iter().map(view).filter(fresh).collect()
    }

    /// Everything that was heard.
    pub fn seen(&self, now: Instant) -> Vec<Seen> {
        let view = |(key, route): (&(u8, u8), &Route)| Seen {
            system_id: key.0,
            component_id: key.1,
            address: route.address,
            age: now.saturating_duration_since(route.heard_at),
            frames: route.frames,
            lost: route.lost,
            moves: route.moves,
        };
        self.routes.iter().map(view).collect()
    }

    /// Where to send what is meant for a vehicle.
    pub fn of_vehicle(&self, system_id: u8) -> Option<SocketAddr> {
        let of_vehicle = self.routes.range((system_id, 0)..=(system_id, u8::MAX));
        self.routes
            .get(&(system_id, AUTOPILOT_COMPONENT))
            .or_else(|| {
                of_vehicle
                    .map(|(_, route)| route)
                    .max_by_key(|route| route.heard_at)
            })
            .map(|route| route.address)
    }

    /// Addresses that a heartbeat goes to, each with the systems heard there.
    pub fn peers(&self, now: Instant) -> BTreeMap<SocketAddr, Vec<u8>> {
        let mut peers: BTreeMap<SocketAddr, Vec<u8>> = BTreeMap::new();
        let known = self.routes.iter().map(|(key, route)| (route.address, key.0));
        let recent = |at: &Instant| now.saturating_duration_since(*at) <= REMEMBERED;
        let refused = self.candidates.iter().filter(|(_, at)| recent(at));
        for (address, system_id) in known.chain(refused.map(|(key, _)| *key)) {
            let systems = peers.entry(address).or_default();
            if !systems.contains(&system_id) {
                systems.push(system_id);
            }
        }
        peers
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    fn header(component_id: u8, sequence: u8) -> MavHeader {
        MavHeader {
            system_id: 7,
            component_id,
            sequence,
        }
    }

    #[test]
    fn a_new_address_is_followed_once_the_old_one_is_silent() {
        let (mut routes, start) = (Routes::default(), Instant::now());
        let at = |ms: u64| start + Duration::from_millis(ms);
        let hear = |routes: &mut Routes, port, ms| {
            routes.heard(header(1, 0), address(port), at(ms), |_| true);
        };
        hear(&mut routes, 1, 0);
        hear(&mut routes, 2, 500);
        assert_eq!(routes.of_vehicle(7), Some(address(1)));
        hear(&mut routes, 2, 1300);
        assert_eq!(routes.of_vehicle(7), Some(address(2)));
        assert_eq!(routes.seen(at(1300))[0].moves, 1);
    }

    #[test]
    fn a_closed_connection_is_left_at_once() {
        let (mut routes, start) = (Routes::default(), Instant::now());
        routes.heard(header(1, 0), address(1), start, |_| true);
        routes.heard(header(1, 1), address(2), start, |gone| gone != address(1));
        assert_eq!(routes.of_vehicle(7), Some(address(2)));
    }

    #[test]
    fn two_that_speak_in_turn_do_not_steal_the_route_from_each_other() {
        let (mut routes, start) = (Routes::default(), Instant::now());
        for step in 0..200_u16 {
            let now = start + Duration::from_millis(u64::from(step) * 500);
            routes.heard(header(1, 0), address(1 + step % 2), now, |_| true);
            assert_eq!(routes.of_vehicle(7), Some(address(1)));
        }
    }

    #[test]
    fn a_camera_does_not_move_the_vehicle() {
        let (mut routes, now) = (Routes::default(), Instant::now());
        routes.heard(header(100, 0), address(5), now, |_| true);
        assert_eq!(routes.of_vehicle(7), Some(address(5)));
        routes.heard(header(1, 0), address(1), now, |_| true);
        routes.heard(header(100, 1), address(6), now + Duration::from_secs(9), |_| true);
        assert_eq!(routes.of_vehicle(7), Some(address(1)));
    }

    proptest! {
        #[test]
        fn any_crowd_leaves_a_bounded_memory(heard in prop::collection::vec((any::<u8>(), any::<u8>(), any::<u16>()), 0..3000)) {
            let (mut routes, now) = (Routes::default(), Instant::now());
            for (system_id, component_id, port) in heard {
                let header = MavHeader { system_id: u32::from(system_id), component_id, sequence: 0 };
                routes.heard(header, address(port), now, |_| true);
                routes.refused(system_id, address(port), now);
                routes.station((system_id, component_id), address(port), now);
            }
            prop_assert!(routes.routes.len() <= MOST_ROUTES);
            prop_assert!(routes.candidates.len() <= MOST_STRANGERS && routes.stations.len() <= MOST_STRANGERS);
        }
    }
}
