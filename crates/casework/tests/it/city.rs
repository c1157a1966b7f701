//! A seeded town of sheds and photos of it whose poses are wrong the way real ones are: one shift, one turn and one
//! stretch per photo, a little noise per box, things missed, boxes cut off at the picture's edge.

use casework::association::{AssociateError, Association, DetectionForSite, PhotoBatch, Site, SiteBook};
use std::collections::{BTreeMap, BTreeSet};
use survey::geodesy::{LocalTangent, Wgs84};
use survey::time::UtcMicros;

/// Half of the ground that a 24 mm equivalent 4:3 camera sees from 100 m, m.
const HALF_FRAME_M: [f64; 2] = [70.0, 52.0];

/// splitmix64 (Steele, Lea, Flood 2014) and Box–Muller.
pub struct Dice(pub u64);

impl Dice {
    pub fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn normal(&mut self, sigma: f64) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        sigma * radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

#[derive(Clone, Copy)]
pub struct Shed {
    pub place_m: [f64; 2],
    pub size_m: [f64; 2],
}

/// Standard deviations of a photo's errors and the detector's habits.
#[derive(Clone, Copy)]
pub struct Errors {
    pub shift_m: f64,
    pub yaw_rad: f64,
    pub stretch: f64,
    pub box_m: f64,
    pub missed: f64,
}

/// The pose defaults of a drone without RTK, and a detector that misses one thing in ten.
pub const CONSUMER: Errors = Errors {
    shift_m: 2.7,
    yaw_rad: 0.035,
    stretch: 0.03,
    box_m: 0.4,
    missed: 0.1,
};

pub fn plane() -> LocalTangent {
    LocalTangent::at(Wgs84 {
        latitude_deg: 31.2,
        longitude_deg: 121.55,
    })
}

/// Rows of sheds `pitch_m` apart with a lane between rows; a share of the places is empty, sizes vary.
pub fn rows_of_sheds(dice: &mut Dice, pitch_m: f64, empty: f64) -> Vec<Shed> {
    let mut sheds = Vec::new();
    let mut north = -100.0;
    while north < 100.0 {
        let mut east = -120.0;
        while east < 120.0 {
            let length = (pitch_m - 1.0).min(4.0 + 3.0 * dice.uniform());
            let size_m = [length, 3.0 + 2.0 * dice.uniform()];
            if dice.uniform() >= empty {
                sheds.push(Shed {
                    place_m: [east, north],
                    size_m,
                });
            }
            east += pitch_m;
        }
        north += pitch_m.max(8.0) + 4.0;
    }
    sheds
}

/// A photo and the outline of the ground it shows, as its wrong pose places it.
#[derive(Clone)]
pub struct Photo {
    pub batch: PhotoBatch,
    pub footprint: Vec<Wgs84>,
}

/// One photo with its centre above `centre_m`; detection ids say which shed they truly show.
pub fn photo(dice: &mut Dice, name: &str, centre_m: [f64; 2], sheds: &[Shed], errors: Errors) -> Photo {
    let shift = [dice.normal(errors.shift_m), dice.normal(errors.shift_m)];
    let (turn, stretch) = (dice.normal(errors.yaw_rad), dice.normal(errors.stretch));
    let placed = |[x, y]: [f64; 2], noise: [f64; 2]| {
        let east_m = centre_m[0] + shift[0] + x * (1.0 + stretch) - y * turn + noise[0];
        let north_m = centre_m[1] + shift[1] + y * (1.0 + stretch) + x * turn + noise[1];
        plane().wgs84_from_enu(east_m, north_m)
    };
    let mut detections = Vec::new();
    for (truth, shed) in sheds.iter().enumerate() {
        let Some((offset, extent_m)) = visible_part(shed, centre_m) else {
            continue;
        };
        let noise = [dice.normal(errors.box_m), dice.normal(errors.box_m)];
        if dice.uniform() < errors.missed {
            continue;
        }
        detections.push(DetectionForSite {
            detection_id: format!("{name}:{truth:04}"),
            photo_id: name.to_owned(),
            class: "shed".into(),
            position: placed(offset, noise),
            covariance_m2: claimed_covariance(offset, errors),
            extent_m,
            score: 0.8,
            sight: None,
        });
    }
    let [width, height] = HALF_FRAME_M;
    let corners = [
        [-width, -height],
        [width, -height],
        [width, height],
        [-width, height],
    ];
    let captured_at = UtcMicros(1_795_000_000_000_000);
    Photo {
        batch: PhotoBatch {
            photo_id: name.to_owned(),
            captured_at,
            detections,
        },
        footprint: corners.map(|corner| placed(corner, [0.0; 2])).to_vec(),
    }
}

/// Centre (from the picture's centre) and size of what of a shed lies in the frame, if at least half of it does.
fn visible_part(shed: &Shed, centre_m: [f64; 2]) -> Option<([f64; 2], [f64; 2])> {
    let (mut offset, mut extent) = ([0.0; 2], [0.0; 2]);
    for axis in 0..2 {
        let middle = shed.place_m[axis] - centre_m[axis];
        let low = (middle - shed.size_m[axis] / 2.0).max(-HALF_FRAME_M[axis]);
        let high = (middle + shed.size_m[axis] / 2.0).min(HALF_FRAME_M[axis]);
        (offset[axis], extent[axis]) = ((low + high) / 2.0, high - low);
        if extent[axis] < shed.size_m[axis] / 2.0 {
            return None;
        }
    }
    Some((offset, extent))
}

fn claimed_covariance([x, y]: [f64; 2], errors: Errors) -> [[f64; 2]; 2] {
    let (turn2, stretch2) = (errors.yaw_rad.powi(2), errors.stretch.powi(2));
    let plain = errors.shift_m.powi(2) + errors.box_m.powi(2);
    let east_north = (stretch2 - turn2) * x * y;
    [
        [plain + stretch2 * x * x + turn2 * y * y, east_north],
        [east_north, plain + stretch2 * y * y + turn2 * x * x],
    ]
}

/// What went wrong, in counts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub things: usize,
    pub sites: usize,
    pub views: usize,
    /// Sites beyond the one that each thing should have.
    pub surplus_sites: usize,
    /// Sites that hold views of more than one thing.
    pub merged_sites: usize,
    /// Views that lie in a site where another thing has the majority.
    pub misplaced_views: usize,
}

impl Tally {
    pub fn add(&mut self, other: Tally) {
        self.things += other.things;
        self.sites += other.sites;
        self.views += other.views;
        self.surplus_sites += other.surplus_sites;
        self.merged_sites += other.merged_sites;
        self.misplaced_views += other.misplaced_views;
    }

    pub fn split_percent(&self) -> f64 {
        100.0 * self.surplus_sites as f64 / self.things as f64
    }

    pub fn merge_percent(&self) -> f64 {
        100.0 * self.merged_sites as f64 / self.things as f64
    }

    pub fn misplaced_percent(&self) -> f64 {
        100.0 * self.misplaced_views as f64 / self.views as f64
    }
}

/// Associates photos with their footprints.
pub fn associated(existing: &[Site], photos: &[Photo]) -> Result<Association, AssociateError> {
    let mut book = SiteBook::new(existing.to_vec())?;
    let mut result = Association::default();
    for photo in photos {
        book.remember_footprint(&photo.batch.photo_id, &photo.footprint);
        let (assignments, shift) = book.take_in(&photo.batch)?;
        result.assignments.extend(assignments);
        result.shifts.extend(shift);
    }
    result.sites = book.take_changed();
    Ok(result)
}

/// Compares with the truth in the detection ids, `photo:shed`.
pub fn tally(result: &Association) -> Tally {
    let mut sites_of_thing: BTreeMap<&str, BTreeSet<_>> = BTreeMap::new();
    let mut things_of_site: BTreeMap<_, BTreeMap<&str, usize>> = BTreeMap::new();
    for assignment in &result.assignments {
        let thing = assignment.detection_id.rsplit(':').next().unwrap_or_default();
        sites_of_thing
            .entry(thing)
            .or_default()
            .insert(assignment.site_id);
        *things_of_site
            .entry(assignment.site_id)
            .or_default()
            .entry(thing)
            .or_default() += 1;
    }
    let mut tally = Tally {
        things: sites_of_thing.len(),
        sites: things_of_site.len(),
        views: result.assignments.len(),
        ..Tally::default()
    };
    tally.surplus_sites = sites_of_thing.values().map(|sites| sites.len() - 1).sum();
    for things in things_of_site.values() {
        let most = things.values().max().copied().unwrap_or(0);
        tally.misplaced_views += things.values().sum::<usize>() - most;
        tally.merged_sites += usize::from(things.len() > 1);
    }
    tally
}
