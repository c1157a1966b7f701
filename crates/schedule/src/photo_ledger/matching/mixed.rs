//! Everything that goes wrong with reports and files at once: whatever is lost, doubled, made up, without a place, late
//! or dated by a clock that jumped, no file goes to a planned place it was not taken at.

use proptest::prelude::*;
use survey::geodesy::{LocalTangent, Wgs84};
use survey::time::UtcMicros;

use super::samples::lanes;
use super::{Assignment, CaptureSeen, FileSeen, ShotSeen, assign, find_shot};
use crate::mission::PlannedShot;

/// With this spread every photo lies clearly nearest to its own place, m.
const CLEAR_M: f64 = 2.5;

/// What happens to one photo.
#[derive(Debug, Clone)]
struct Fate {
    /// How far from its place, as a part of the spread, and in which direction, rad.
    off: (f64, f64),
    late_us: i64,
    misfire: bool,
    report: Report,
    twice: bool,
    no_place: bool,
    phantom_after: bool,
    phantom_has_place: bool,
    file_arrives: bool,
    file_at: u32,
    report_late: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Report {
    Comes,
    Lost,
    AskedForAgain,
}

/// What is the same for all photos of a flight.
#[derive(Debug, Clone)]
struct Setting {
    /// Photos lie so far from their places at most, m.
    spread_m: f64,
    /// The files say where they were taken, in whole seconds; or else the time to the millisecond alone.
    placed: bool,
    /// Files are numbered as the reports are; or else the camera counts what it took.
    numbered_as_reports: bool,
    /// After so many photos the vehicle's clock goes on so much later, s.
    jump: Option<(u32, i64)>,
    /// Reports before this photo were lost with the link, and the counter ran on from an earlier flight.
    first_number: u32,
}

fn fate() -> impl Strategy<Value = Fate> {
    let report =
        prop_oneof![5 => Just(Report::Comes), 2 => Just(Report::Lost), 1 => Just(Report::AskedForAgain)];
    let rarely = || prop::bool::weighted(0.25);
    let reported = (report, rarely(), rarely(), rarely(), any::<bool>(), rarely());
    let taken = (
        (0.0..1.0_f64, 0.0..std::f64::consts::TAU),
        -300_000..300_000_i64,
        rarely(),
    );
    (taken, reported, prop::bool::weighted(0.8), 0..200_u32).prop_map(
        |(taken, reported, file_arrives, file_at)| {
            let (off, late_us, misfire) = taken;
            let (report, twice, no_place, phantom_after, phantom_has_place, report_late) = reported;
            Fate {
                off,
                late_us,
                misfire,
                report,
                twice,
                no_place,
                phantom_after,
                phantom_has_place,
                file_arrives,
                file_at,
                report_late,
            }
        },
    )
}

fn flight() -> impl Strategy<Value = (Vec<PlannedShot>, Setting, Vec<Fate>)> {
    let plan =
        (1..4_u32, 2..8_u32, 16.0..60.0).prop_map(|(n, per_lane, spacing_m)| lanes(n, per_lane, spacing_m));
    let jump = prop::option::weighted(0.3, (0..24_u32, -5000..5000_i64));
    let spread_m = prop_oneof![Just(CLEAR_M), Just(5.0)];
    let first_number = prop_oneof![Just(1_u32), 1..900_u32];
    let setting = (spread_m, any::<bool>(), any::<bool>(), jump, first_number).prop_map(
        |(spread_m, placed, numbered_as_reports, jump, first_number)| Setting {
            spread_m,
            placed,
            numbered_as_reports,
            // What is dated by a clock that jumped and has no place tells nothing.
            jump: jump.filter(|_| placed),
            first_number,
        },
    );
    (plan, setting).prop_flat_map(|(planned, setting)| {
        let fates = prop::collection::vec(fate(), planned.len());
        (Just(planned), Just(setting), fates)
    })
}

enum News {
    Report(CaptureSeen),
    /// A file, and the planned photo it truly is.
    File(FileSeen, u32),
}

/// What reaches the ledger, in the order in which it does.
fn news(planned: &[PlannedShot], setting: &Setting, fates: &[Fate]) -> Vec<News> {
    let mut all: Vec<(u32, News)> = Vec::new();
    let (mut number, mut taken) = (setting.first_number, 0);
    for (order, (shot, fate)) in (0_u32..).zip(planned.iter().zip(fates)) {
        let plane = LocalTangent::at(shot.position);
        let (far_m, angle) = (setting.spread_m * fate.off.0, fate.off.1);
        let place = plane.wgs84_from_enu(far_m * angle.cos(), far_m * angle.sin());
        let at_us = 1_772_416_800_000_000 + i64::from(shot.index) * 2_000_000 + fate.late_us;
        let jumped_us = setting
            .jump
            .filter(|(after, _)| shot.index > *after)
            .map_or(0, |(_, s)| s * 1_000_000);
        let report = |number, place| CaptureSeen {
            image_index: number,
            at: UtcMicros(at_us + jumped_us),
            position: place,
        };
        let own = report(number, (!fate.no_place).then_some(place));
        let comes = 2 * order + if fate.report_late { 7 } else { 0 };
        match fate.report {
            Report::Comes => all.push((comes, News::Report(own))),
            Report::AskedForAgain => all.push((60 + order, News::Report(own))),
            Report::Lost => {}
        }
        if fate.twice && fate.report != Report::Lost {
            all.push((70, News::Report(own)));
        }
        if !fate.misfire {
            taken += 1;
        }
        if fate.file_arrives && !fate.misfire {
            let file = FileSeen {
                image_index: Some(if setting.numbered_as_reports {
                    number
                } else {
                    taken
                }),
                taken_at: Some(UtcMicros(if setting.placed {
                    at_us - at_us.rem_euclid(1_000_000)
                } else {
                    at_us
                })),
                position: setting.placed.then_some(place),
                clock_offset_us: 0,
            };
            all.push((fate.file_at, News::File(file, shot.index)));
        }
        number += 1;
        if fate.phantom_after {
            all.push((
                comes,
                News::Report(report(number, fate.phantom_has_place.then_some(place))),
            ));
            number += 1;
        }
    }
    all.sort_by_key(|(when, _)| *when);
    all.into_iter().map(|(_, news)| news).collect()
}

/// The ledger as the store keeps it.
struct Ledger {
    planned: Vec<PlannedShot>,
    shots: Vec<ShotSeen>,
    /// Of every file that got a shot: that shot, and the planned photo it truly is.
    files: Vec<(u32, u32)>,
}

impl Ledger {
    fn new(planned: &[PlannedShot]) -> Self {
        let shot = |shot: &PlannedShot| ShotSeen {
            index: shot.index,
            planned: Some(shot.position),
            capture: None,
            has_file: false,
        };
        Self {
            planned: planned.to_vec(),
            shots: planned.iter().map(shot).collect(),
            files: Vec::new(),
        }
    }

    fn shot(&mut self, index: u32) -> &mut ShotSeen {
        if !self.shots.iter().any(|shot| shot.index == index) {
            self.shots.push(ShotSeen {
                index,
                planned: None,
                capture: None,
                has_file: false,
            });
        }
        self.shots.iter_mut().find(|shot| shot.index == index).unwrap()
    }

    fn hear(&mut self, report: &CaptureSeen) {
        let taken: Vec<_> = self
            .shots
            .iter()
            .filter_map(|shot| Some((shot.index, shot.capture?)))
            .collect();
        let behind = self.shots.iter().map(|shot| shot.index).max().unwrap_or(0) + 1;
        match assign(&self.planned, &taken, report) {
            Assignment::Planned { shot_index } => self.shot(shot_index).capture = Some(*report),
            Assignment::Extra { shot_index } => self.shot(shot_index.max(behind)).capture = Some(*report),
            Assignment::Duplicate { .. } | Assignment::Ignored(_) => {}
        }
    }

    fn store(&mut self, file: &FileSeen, truly: u32) {
        let found = find_shot(&self.shots, file).shot_index;
        let behind = self.shots.iter().map(|shot| shot.index).max().unwrap_or(0) + 1;
        let free = found.filter(|index| !self.shot(*index).has_file);
        let index = free.unwrap_or(behind);
        self.shot(index).has_file = true;
        self.files.push((index, truly));
    }
}

fn kept(planned: &[PlannedShot], news: Vec<News>) -> Ledger {
    let mut ledger = Ledger::new(planned);
    for one in news {
        match one {
            News::Report(report) => ledger.hear(&report),
            News::File(file, truly) => ledger.store(&file, truly),
        }
    }
    ledger
}

fn place_of(planned: &[PlannedShot], index: u32) -> Option<Wgs84> {
    planned
        .iter()
        .find(|shot| shot.index == index)
        .map(|shot| shot.position)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(2000)))]

    #[test]
    fn no_file_goes_to_a_place_it_was_not_taken_at((planned, setting, fates) in flight()) {
        let ledger = kept(&planned, news(&planned, &setting, &fates));
        for (given, truly) in &ledger.files {
            if place_of(&planned, *given).is_some() {
                prop_assert_eq!(given, truly);
            }
        }
        // What arrived is kept, and where its place is clear it is the planned photo it is.
        let arrived: Vec<u32> = planned.iter().zip(&fates)
            .filter(|(_, fate)| fate.file_arrives && !fate.misfire).map(|(shot, _)| shot.index).collect();
        prop_assert_eq!(ledger.files.len(), arrived.len());
        let looked_at: Vec<u32> = ledger.shots.iter()
            .filter(|shot| shot.planned.is_some() && shot.has_file).map(|shot| shot.index).collect();
        if setting.placed && setting.spread_m <= CLEAR_M {
            prop_assert_eq!(looked_at, arrived);
        }
    }
}
