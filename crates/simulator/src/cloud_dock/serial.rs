//! Serial numbers: 14 capitals and digits, drawn from the seed, the same for the dock, the aircraft and the files
//! about them.

use crate::random::Dice;

/// Letters and digits that serial numbers are made of; none that can be mistaken for another.
const SIGNS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const LENGTH: usize = 14;

/// Serial number of the dock with this number (1 and on) in the city of `seed`.
pub fn gateway_sn(seed: u64, dock_number: u8) -> String {
    drawn("7CT", Dice::new(seed, 1200 + u64::from(dock_number)))
}

/// Serial number of the aircraft of the dock with this number.
pub fn aircraft_sn(seed: u64, dock_number: u8) -> String {
    drawn("158", Dice::new(seed, 1500 + u64::from(dock_number)))
}

fn drawn(head: &str, mut dice: Dice) -> String {
    let tail = (head.len()..LENGTH).map(|_| char::from(SIGNS[(dice.bits() % 32) as usize]));
    head.chars().chain(tail).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_numbers_are_of_the_seed_and_all_different() {
        let mut all: Vec<String> = (1..=16)
            .flat_map(|number| [gateway_sn(1, number), aircraft_sn(1, number)])
            .collect();
        assert_eq!(all[0], gateway_sn(1, 1));
        assert_ne!(gateway_sn(2, 1), gateway_sn(1, 1));
        assert!(all.iter().all(|sn| {
            sn.len() == 14 && sn.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        }));
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 32);
    }
}
