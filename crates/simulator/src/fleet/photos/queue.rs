//! Exposures that wait for their picture, the earliest first, and the room that is left in the spool.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::dock::Assignment;
use crate::fleet::photos::PhotoFate;
use crate::vehicle::Exposure;

/// Exposures that may wait; 16 vehicles need hours for so many.
const MOST_WAITING: usize = 20_000;

/// An exposure whose picture is to be made.
#[derive(Clone, Debug)]
pub(crate) struct Shot {
    /// Number of the dock, from 0.
    pub(crate) dock: usize,
    /// Where and when.
    pub(crate) exposure: Exposure,
    /// The sortie it belongs to, and where it goes.
    pub(crate) assignment: Assignment,
    /// What goes wrong with it.
    pub(crate) fate: PhotoFate,
}

/// Shots by moment of exposure; of the same moment, by vehicle and index.
pub(crate) struct RenderQueue {
    inside: Mutex<Inside>,
    wake: Condvar,
}

struct Inside {
    waiting: BinaryHeap<Reverse<Ordered>>,
    room: usize,
    closed: bool,
}

struct Ordered(Shot);

impl Ordered {
    fn key(&self) -> (i64, u8, u32) {
        let exposure = &self.0.exposure;
        (exposure.unix_us, exposure.system_id, exposure.image_index)
    }
}

impl PartialEq for Ordered {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}
impl Eq for Ordered {}
impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl RenderQueue {
    /// An empty queue in front of a spool with room for so many photos.
    pub(crate) fn new(room: usize) -> Self {
        Self {
            inside: Mutex::new(Inside {
                waiting: BinaryHeap::new(),
                room,
                closed: false,
            }),
            wake: Condvar::new(),
        }
    }

    /// Adds a shot. Never waits; gives the shot back when far too many wait already.
    pub(crate) fn push(&self, shot: Shot) -> Result<(), Box<Shot>> {
        let mut inside = self.lock();
        if inside.waiting.len() >= MOST_WAITING {
            return Err(Box::new(shot));
        }
        inside.waiting.push(Reverse(Ordered(shot)));
        drop(inside);
        self.wake.notify_one();
        Ok(())
    }

    /// Waits for the earliest shot and takes a place in the spool for it. Nothing once the queue is closed.
    pub(crate) fn pop(&self) -> Option<Shot> {
        let mut inside = self.lock();
        loop {
            if inside.closed {
                return None;
            }
            if inside.room > 0
                && let Some(Reverse(Ordered(shot))) = inside.waiting.pop()
            {
                inside.room -= 1;
                return Some(shot);
            }
            inside = self.wake.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A place in the spool is free again.
    pub(crate) fn give_back_room(&self) {
        self.lock().room += 1;
        self.wake.notify_one();
    }

    /// Lets everybody who waits go.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.wake.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        // Whoever held the lock left a whole heap behind: nothing in here can stop halfway.
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::time::Duration;

    fn shot(unix_us: i64, system_id: u8, image_index: u32) -> Shot {
        Shot {
            dock: usize::from(system_id) - 1,
            exposure: Exposure {
                system_id,
                flight_number: 1,
                image_index,
                unix_us,
                latitude_deg: 31.0,
                longitude_deg: 121.0,
                height_above_home_m: 100.0,
                course_rad: 0.0,
                gimbal_pitch_rad: -1.5,
                ground_speed_ms: 8.0,
            },
            assignment: Assignment {
                sortie_id: "S".to_owned(),
                photo_door_url: "http://x".to_owned(),
            },
            fate: PhotoFate::default(),
        }
    }

    #[test]
    fn the_earliest_comes_first() {
        let queue = RenderQueue::new(9);
        for (us, system, index) in [(30, 1, 3), (10, 2, 1), (10, 1, 1), (20, 1, 2)] {
            queue.push(shot(us, system, index)).unwrap();
        }
        let order: Vec<_> = (0..4)
            .map(|_| queue.pop().unwrap().exposure)
            .map(|e| (e.unix_us, e.system_id))
            .collect();
        assert_eq!(order, [(10, 1), (10, 2), (20, 1), (30, 1)]);
    }

    #[test]
    fn no_picture_is_made_while_the_spool_is_full() {
        let queue = Arc::new(RenderQueue::new(1));
        queue.push(shot(1, 1, 1)).unwrap();
        queue.push(shot(2, 1, 2)).unwrap();
        queue.pop().unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        let waiting = {
            let queue = queue.clone();
            std::thread::spawn(move || sender.send(queue.pop().is_some()))
        };
        assert!(
            receiver.recv_timeout(Duration::from_millis(100)).is_err(),
            "waits for room"
        );
        queue.give_back_room();
        assert!(receiver.recv_timeout(Duration::from_secs(5)).unwrap());
        waiting.join().unwrap().unwrap();
        queue.close();
        assert!(queue.pop().is_none());
    }
}
