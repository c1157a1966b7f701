//! The fence obeyed in flight, as the autopilots do it. ArduCopter 4.5: `AC_Fence::check`, `Copter::fence_check`,
//! FENCE_ACTION, ten seconds of "manual recovery" after a change of mode, and with FENCE_OPTIONS bit 0 no other mode
//! while it comes back from a breach. PX4 1.15: `geofence.cpp` and the failsafe of GF_ACTION, which first holds for
//! COM_FAIL_ACT_T.

use mavlink::dialects::ardupilotmega::{FENCE_STATUS_DATA, FenceBreach, FenceMitigate, MavSeverity};

use super::autopilot::Autopilot;
use super::body::STEP_S;
use super::options::Profile;
use super::profile::Mode;

/// Steps between two looks (25 Hz in both autopilots).
const LOOK_EVERY: u64 = 2;
/// After a change of mode ArduCopter leaves a breach alone for so long, steps.
const RECOVERY_STEPS: u64 = (10.0 / STEP_S) as u64;
/// Kinds of fences, the bits of ArduPilot's FENCE_TYPE: a ceiling, a circle round home, polygons and circles.
const CEILING: u8 = 1;
const ROUND_HOME: u8 = 2;
const AREAS: u8 = 4;
const NAMES: [(u8, &str); 3] = [(CEILING, "Max Alt"), (ROUND_HOME, "Circle"), (AREAS, "Polygon")];

/// What is known of breaches.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FenceWatch {
    /// Kinds that are breached now.
    breached: u8,
    count: u16,
    breach_ms: u32,
    /// The mode it is in was entered for a breach.
    pub(super) chose_mode: bool,
    recovery_until: u64,
    /// PX4: what is due when the hold before it is over.
    due: Option<(u64, Mode)>,
}

impl Autopilot {
    /// Kinds of fences that are switched on.
    fn fences_on(&self) -> u8 {
        let areas = if self.areas.lines().is_empty() { 0 } else { AREAS };
        match self.options.profile {
            Profile::ArduCopter if self.parameters.number("FENCE_ENABLE") != 0.0 => {
                self.parameters.number("FENCE_TYPE") as u8 & (CEILING | ROUND_HOME | areas)
            }
            Profile::Px4 if self.parameters.number("GF_ACTION") != 0.0 => areas,
            _off => 0,
        }
    }

    /// Kinds of fences that a place, north, east and up of home, breaches.
    pub(super) fn breaches_at(&self, [north, east, up]: [f64; 3]) -> u8 {
        let on = self.fences_on();
        let any_will_do = match self.options.profile {
            Profile::ArduCopter => self.parameters.number("FENCE_OPTIONS") as u32 & 2 != 0,
            Profile::Px4 => true,
        };
        let off_home_m = (north - self.home[0]).hypot(east - self.home[1]);
        let found = [
            (
                CEILING,
                up - self.home[2] > self.parameters.number("FENCE_ALT_MAX"),
            ),
            (ROUND_HOME, off_home_m > self.parameters.number("FENCE_RADIUS")),
            (AREAS, self.areas.lines().forbid([north, east], any_will_do)),
        ];
        let breached = found.iter().filter(|(kind, out)| on & kind != 0 && *out);
        breached.fold(0, |kinds, (kind, _)| kinds | kind)
    }

    /// Looks whether the vehicle is outside, and does what is to be done about it.
    pub(super) fn check_fence(&mut self) {
        let now = self.clock.boot_steps();
        self.go_on_after_hold(now);
        if !now.is_multiple_of(LOOK_EVERY) || !self.knows_position() {
            return;
        }
        if self.fences_on() == 0 {
            self.fence.breached = 0;
            return;
        }
        if now < self.fence.recovery_until {
            return;
        }
        let breached = self.breaches_at(self.believed_m());
        let (fresh, before) = (breached & !self.fence.breached, self.fence.breached);
        self.fence.breached = breached;
        if fresh != 0 {
            self.fence.count += 1;
            self.fence.breach_ms = self.clock.boot_ms();
        }
        if !self.armed {
            return;
        }
        match self.options.profile {
            Profile::ArduCopter if fresh != 0 => self.copter_breach(fresh),
            Profile::ArduCopter if before != 0 && breached == 0 && !self.on_ground => {
                self.say(MavSeverity::MAV_SEVERITY_NOTICE, "Fence breach cleared");
            }
            Profile::Px4 if fresh != 0 => self.px4_breach(now),
            _nothing_new => {}
        }
    }

    fn copter_breach(&mut self, fresh: u8) {
        let action = self.parameters.number("FENCE_ACTION") as u8;
        if self.on_ground {
            if action != 0 {
                self.disarm();
            }
            return;
        }
        let names: Vec<&str> = NAMES
            .iter()
            .filter(|(kind, _)| fresh & kind != 0)
            .map(|(_, name)| *name)
            .collect();
        let fences = if names.len() > 1 { "fences" } else { "fence" };
        let text = format!("{} {fences} breached", names.join(" and "));
        self.say(MavSeverity::MAV_SEVERITY_NOTICE, &text);
        // SmartRTL (3, 5) needs a path this vehicle does not keep: the real one falls back in the same way.
        let mode = match action {
            0 => return,
            2 | 5 => Mode::Land,
            4 => Mode::Brake,
            _return => Mode::Return,
        };
        if self.mode != mode {
            self.enter(mode);
            self.fence.chose_mode = true;
        }
    }

    fn px4_breach(&mut self, now: u64) {
        let action = self.parameters.number("GF_ACTION") as u8;
        self.say(
            MavSeverity::MAV_SEVERITY_CRITICAL,
            "Geofence violation: approaching or outside geofence",
        );
        let mode = match action {
            2 => Mode::Loiter,
            3 => Mode::Return,
            5 => Mode::Land,
            // 4 ends the flight: the motors stop.
            4 => {
                self.falling = true;
                self.armed = false;
                self.plan.clear();
                return;
            }
            _only_warned => return,
        };
        if self.on_ground || matches!(self.mode, Mode::Return | Mode::Land) {
            return;
        }
        let hold_s = self.parameters.number("COM_FAIL_ACT_T");
        self.enter(Mode::Loiter);
        if mode == Mode::Loiter || hold_s <= 0.0 {
            self.say(MavSeverity::MAV_SEVERITY_CRITICAL, "Failsafe activated");
            self.enter(mode);
            return;
        }
        let text = format!("Failsafe activated: entering Hold for {hold_s:.0} seconds");
        self.say(MavSeverity::MAV_SEVERITY_CRITICAL, &text);
        self.fence.due = Some((now + (hold_s / STEP_S) as u64, mode));
    }

    fn go_on_after_hold(&mut self, now: u64) {
        let Some((_, mode)) = self.fence.due.filter(|(at, _)| now >= *at) else {
            return;
        };
        self.fence.due = None;
        if self.armed && !self.on_ground {
            self.say(MavSeverity::MAV_SEVERITY_CRITICAL, "Failsafe activated");
            self.enter(mode);
        }
    }

    /// Takes note of a mode that is entered, for whatever reason.
    pub(super) fn fence_sees_mode(&mut self) {
        self.fence.chose_mode = false;
        if self.options.profile == Profile::ArduCopter && self.fence.breached != 0 {
            self.fence.recovery_until = self.clock.boot_steps() + RECOVERY_STEPS;
        }
    }

    /// Nobody may change the mode now: ArduCopter comes back from a breach, PX4 holds before it does.
    pub(super) fn is_in_fence_recovery(&self) -> bool {
        let flies = self.armed && !self.on_ground;
        match self.options.profile {
            Profile::ArduCopter => {
                let forbids = self.parameters.number("FENCE_OPTIONS") as u32 & 1 != 0;
                flies && forbids && self.fence.chose_mode && self.fence.breached != 0
            }
            Profile::Px4 => flies && self.fence.due.is_some(),
        }
    }

    /// Why it does not arm where it stands.
    pub(super) fn fence_refuses_arming(&self) -> Option<&'static str> {
        if self.fence.breached == 0 {
            return None;
        }
        Some(match self.options.profile {
            Profile::ArduCopter => "vehicle outside fence",
            Profile::Px4 => "Geofence violation",
        })
    }

    /// The geofence bits of SYS_STATUS: present, enabled, healthy. PX4 has none.
    pub(super) fn fence_bits(&self) -> Option<[bool; 3]> {
        let acts = self.parameters.number("FENCE_ACTION") != 0.0;
        (self.options.profile == Profile::ArduCopter).then(|| {
            let enabled = self.parameters.number("FENCE_ENABLE") != 0.0;
            [true, acts && enabled, self.fence.breached == 0]
        })
    }

    /// FENCE_STATUS, which ArduPilot sends while its fence is switched on.
    pub(super) fn fence_status(&self) -> Option<FENCE_STATUS_DATA> {
        let on = self.options.profile == Profile::ArduCopter && self.fences_on() != 0;
        on.then_some(FENCE_STATUS_DATA {
            breach_time: self.fence.breach_ms,
            breach_count: self.fence.count,
            breach_status: u8::from(self.fence.breached != 0),
            breach_type: match self.fence.breached {
                0 => FenceBreach::FENCE_BREACH_NONE,
                kinds if kinds & (ROUND_HOME | AREAS) != 0 => FenceBreach::FENCE_BREACH_BOUNDARY,
                _ceiling => FenceBreach::FENCE_BREACH_MAXALT,
            },
            breach_mitigation: FenceMitigate::FENCE_MITIGATE_UNKNOWN,
        })
    }
}
