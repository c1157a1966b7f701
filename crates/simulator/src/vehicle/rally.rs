//! Where a return leads: home, or a rally point that is nearer. ArduCopter 4.5:
//! `AP_Rally::calc_best_rally_or_home_location` with RALLY_LIMIT_KM and RALLY_INCL_HOME; PX4 1.15: `rtl.cpp` with RTL_TYPE.

use super::autopilot::Autopilot;
use super::local::{Neu, distance_m};
use super::options::Profile;

impl Autopilot {
    /// The place a return that begins now lands at, with the height of the way there, metres above home.
    pub(super) fn return_place(&self) -> Neu {
        let here = self.body.position_m;
        let points = self.areas.rally().iter().map(|item| {
            let [n, e] = self
                .frame
                .metres(f64::from(item.x) * 1e-7, f64::from(item.y) * 1e-7);
            [n, e, f64::from(item.z) + self.home[2]]
        });
        let nearest = points.min_by(|a, b| distance_m(a, &here).total_cmp(&distance_m(b, &here)));
        let Some(rally) = nearest else {
            return self.home;
        };
        let off_m = distance_m(&rally, &here);
        let nearer = off_m < distance_m(&self.home, &here);
        let taken = match self.options.profile {
            Profile::ArduCopter => {
                let limit_m = 1000.0 * self.parameters.number("RALLY_LIMIT_KM");
                let reachable = limit_m <= 0.0 || off_m <= limit_m;
                reachable && (nearer || self.parameters.number("RALLY_INCL_HOME") == 0.0)
            }
            Profile::Px4 => match self.parameters.number("RTL_TYPE") as u8 {
                1 | 5 => true,
                2 | 4 => false,
                _nearest => nearer,
            },
        };
        if taken { rally } else { self.home }
    }
}
