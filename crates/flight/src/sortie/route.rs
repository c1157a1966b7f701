//! How far a mission is flown, out of the numbers a vehicle tells. Reports of reached items get lost, so the item
//! it is at counts as well.

use schedule::mission::MissionItem;

const NAV_RETURN_TO_LAUNCH: u16 = 20;
const NAV_LAND: u16 = 21;
/// Commands below this number move the vehicle (MAVLink `common.xml`: NAV_LAST).
const NAV_LAST: u16 = 95;

/// The mission's own end, and how much of it is done.
#[derive(Debug)]
pub(super) struct Route {
    /// The item that leads home or down, from 0. None: the mission ends in the air.
    home: Option<u16>,
    /// The last item to reach before that, from 0.
    last: Option<u16>,
    count: usize,
    /// Items reached, the highest number (from 1).
    reached: u16,
    flown: bool,
}

impl Route {
    pub fn of(items: &[MissionItem]) -> Self {
        let moves = |item: &MissionItem| item.command < NAV_LAST;
        let number = |index: usize| u16::try_from(index).ok();
        let final_move = items.iter().rposition(moves);
        let home =
            final_move.filter(|index| [NAV_RETURN_TO_LAUNCH, NAV_LAND].contains(&items[*index].command));
        let last = items[..home.unwrap_or(items.len())].iter().rposition(moves);
        Self {
            home: home.and_then(number),
            last: last.and_then(number),
            count: items.len(),
            reached: 0,
            flown: false,
        }
    }

    /// Takes in the item that was reached and the one it is at, both from 0, while it is in the air. Gives the
    /// number (from 1) of an item that is newly reached. `in_mission`: the mission is what it flies now, so that
    /// the item it is at says something.
    pub fn observe(&mut self, reached: Option<u16>, current: Option<u16>, in_mission: bool) -> Option<u16> {
        let current = current.filter(|_| in_mission);
        // At item n (from 0), n items lie behind it.
        let behind = reached.map(|index| index.saturating_add(1)).max(current);
        let done = |mark: Option<u16>| reached.zip(mark).is_some_and(|(reached, mark)| reached >= mark);
        let at_home = current
            .zip(self.home)
            .is_some_and(|(current, home)| current >= home);
        self.flown |= done(self.last) || at_home;
        let most = u16::try_from(self.count).unwrap_or(u16::MAX);
        let behind = behind?.min(most);
        if behind <= self.reached {
            return None;
        }
        self.reached = behind;
        Some(behind)
    }

    /// Whether everything before the way home was reached.
    pub fn is_flown(&self) -> bool {
        self.flown
    }

    /// Whether the item it is at (from 0) is the mission's own way home.
    pub fn leads_home(&self, current: Option<u16>) -> bool {
        current
            .zip(self.home)
            .is_some_and(|(current, home)| current >= home)
    }

    /// Whether the mission ends in the air.
    pub fn ends_in_air(&self) -> bool {
        self.home.is_none()
    }

    /// Items reached, the highest number (from 1).
    pub fn reached(&self) -> u16 {
        self.reached
    }

    /// All items.
    pub fn count(&self) -> usize {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mission(commands: &[u16]) -> Vec<MissionItem> {
        let item = |command: &u16| MissionItem {
            frame: 3,
            command: *command,
            params: [0.0; 4],
            x: 0,
            y: 0,
            z: 0.0,
            auto_continue: true,
        };
        commands.iter().map(item).collect()
    }

    #[test]
    fn flown_when_the_last_place_was_reached_even_if_its_report_was_lost() {
        let items = mission(&[22, 206, 16, 16, 206, 20]);
        let mut route = Route::of(&items);
        assert_eq!(route.observe(Some(0), Some(2), true), Some(2));
        assert_eq!(route.observe(Some(2), Some(3), true), Some(3));
        assert!(!route.is_flown());
        assert_eq!(route.observe(Some(2), Some(5), true), Some(5));
        assert!(route.is_flown());
        assert!(route.leads_home(Some(5)));
        assert!(!route.leads_home(Some(3)));
    }

    #[test]
    fn a_way_home_by_failsafe_does_not_count_as_flown() {
        let mut route = Route::of(&mission(&[22, 16, 16, 20]));
        route.observe(Some(1), Some(2), true);
        // In another mode the number it is at may be anything.
        route.observe(Some(1), Some(3), false);
        assert!(!route.is_flown());
        assert_eq!(route.reached(), 2);
    }

    #[test]
    fn a_mission_may_end_in_the_air() {
        let mut route = Route::of(&mission(&[22, 16]));
        assert!(route.ends_in_air());
        route.observe(Some(1), Some(1), true);
        assert!(route.is_flown());
        assert!(!Route::of(&mission(&[22, 16, 21])).ends_in_air());
    }

    proptest! {
        #[test]
        fn reached_never_goes_back_and_never_beyond_the_mission(seen in prop::collection::vec((any::<Option<u16>>(), any::<Option<u16>>(), any::<bool>()), 0..40)) {
            let mut route = Route::of(&mission(&[22, 16, 16, 16, 20]));
            let mut last = 0;
            for (reached, current, in_mission) in seen {
                route.observe(reached, current, in_mission);
                prop_assert!(route.reached() >= last && route.reached() <= 5);
                last = route.reached();
            }
        }
    }
}
