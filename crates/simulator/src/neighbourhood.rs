//! The neighbourhoods of the fleet: one seeded scene for each dock, spread over Pudong, with the dock on an open spot
//! and the block that its flight looks at.

use std::f64::consts::FRAC_PI_2;

use crate::city::{self, Water, ground_shows_water, open_spot, raise_dock};
use crate::frame::{GeoPoint, LocalFrame};
use crate::palette::Palette;
use crate::plan::{Builder, ObjectClass};
use crate::random::Dice;
use crate::scene::{Scene, light_of};

/// A dock with what lies around it.
#[derive(Debug)]
pub struct Neighbourhood {
    /// `D01` and on.
    pub dock_id: String,
    /// Name of the town it is named after, Chinese, marked as simulated.
    pub name_zh: String,
    /// MAVLink system of the dock's vehicle: the dock's number.
    pub system_id: u8,
    /// Where the vehicle stands in the dock.
    pub dock: GeoPoint,
    /// Height of the vehicle's feet in the dock above the sea, metres.
    pub dock_amsl_m: f64,
    /// The same above the street, metres.
    pub dock_above_street_m: f64,
    /// An open spot where the vehicle may land instead.
    pub alternate_landing: GeoPoint,
    /// What the vehicle flies over.
    pub scene: Scene,
    /// The block the flight looks at.
    pub survey: SurveyBlock,
}

/// A block flown in parallel lanes.
#[derive(Clone, Copy, Debug)]
pub struct SurveyBlock {
    /// Middle, east and north in metres.
    pub centre_enu_m: [f64; 2],
    /// Direction of the first lane, clockwise from north, radians.
    pub course_rad: f64,
    /// Half of what the pictures of the block show, along and across the lanes, metres.
    pub half_m: [f64; 2],
}

/// Towns and roughly where they lie, degrees east and north (WGS-84); no dock is known to stand there.
const PLACES: [(&str, [f64; 2]); 16] = [
    ("花木", [121.553, 31.208]),
    ("张江", [121.600, 31.198]),
    ("金桥", [121.600, 31.258]),
    ("高行", [121.607, 31.300]),
    ("三林", [121.505, 31.142]),
    ("川沙", [121.700, 31.190]),
    ("惠南", [121.760, 31.050]),
    ("万祥", [121.828, 30.982]),
    ("书院", [121.862, 30.958]),
    ("周浦", [121.575, 31.116]),
    ("曹路", [121.680, 31.280]),
    ("高桥", [121.580, 31.345]),
    ("合庆", [121.715, 31.238]),
    ("泥城", [121.810, 30.910]),
    ("新场", [121.645, 31.030]),
    ("航头", [121.600, 31.058]),
];

/// Half of the block's pictures, along and across: three lanes of five pictures at 119 m.
pub(crate) const SURVEY_HALF_M: [f64; 2] = [150.0, 184.0];

/// Degrees of latitude and longitude between the docks of one town, when there are more docks than towns: 900 m.
const NEXT_DOCK_DEG: f64 = 0.009;
/// Docks of one town stand in rows of so many.
const DOCKS_IN_A_ROW: u8 = 4;

/// The first `count` docks (200 at most) with their neighbourhoods; the same seed gives the same city. From the
/// seventeenth on there are several in a town, in a grid.
pub fn neighbourhoods(seed: u64, count: usize) -> Vec<Neighbourhood> {
    (1..=200u8)
        .take(count)
        .map(|number| {
            let round = (number - 1) / 16;
            let (name, [longitude, latitude]) = PLACES[usize::from((number - 1) % 16)];
            let name = match round {
                0 => name.to_owned(),
                _ => format!("{name}{}", round + 1),
            };
            let column = f64::from(round % DOCKS_IN_A_ROW) * NEXT_DOCK_DEG;
            let row = f64::from(round / DOCKS_IN_A_ROW) * NEXT_DOCK_DEG;
            neighbourhood(seed, number, (&name, [longitude + column, latitude - row]))
        })
        .collect()
}

fn neighbourhood(
    seed: u64,
    number: u8,
    (name, [longitude_deg, latitude_deg]): (&str, [f64; 2]),
) -> Neighbourhood {
    // Bits above those of any training seed keep these scenes apart from the training scenes.
    let scene_seed = Dice::new(seed, 1000 + u64::from(number)).bits() >> 16 | 1 << 47;
    let mut dice = Dice::new(scene_seed, 71);
    let frame = LocalFrame {
        origin: GeoPoint {
            latitude_deg: latitude_deg + dice.between(-0.0015, 0.0015),
            longitude_deg: longitude_deg + dice.between(-0.0015, 0.0015),
        }
        .rounded(),
        street_amsl_m: (dice.between(3.4, 5.2) * 10.0).round() / 10.0,
    };
    let palette = Palette::of_demonstration(scene_seed);
    let mut builder = Builder::new(frame, Dice::new(scene_seed, 1), palette);
    city::lay_out(&mut builder, Water::Wanted);
    let survey = richest_block(&builder, dice.between(-0.6, 0.6));
    let dock_enu_m = open_spot(&builder, survey.centre_enu_m, [20.0, 170.0], 7.0);
    let alternate_enu_m = open_spot(&builder, dock_enu_m, [65.0, 145.0], 5.0);
    let dock_above_street_m = (dice.between(0.5, 1.2) * 100.0).round() / 100.0;
    raise_dock(&mut builder, dock_enu_m, dock_above_street_m);
    // One sun and one weather over all neighbourhoods.
    let scene = Scene::finished(scene_seed, builder, light_of(seed));
    Neighbourhood {
        dock_id: format!("D{number:02}"),
        name_zh: format!("{name}（模拟）"),
        system_id: number,
        dock: frame
            .wgs84_from_enu([dock_enu_m[0], dock_enu_m[1], dock_above_street_m])
            .rounded(),
        dock_amsl_m: frame.street_amsl_m + dock_above_street_m,
        dock_above_street_m,
        alternate_landing: frame
            .wgs84_from_enu([alternate_enu_m[0], alternate_enu_m[1], 0.0])
            .rounded(),
        scene,
        survey,
    }
}

/// The block, of a raster of places, that shows the most kinds of findings and a fair bit of water.
fn richest_block(builder: &Builder, course_rad: f64) -> SurveyBlock {
    let block = |column: i32, row: i32| SurveyBlock {
        centre_enu_m: [f64::from(column) * 30.0, f64::from(row) * 25.0],
        course_rad: course_rad + FRAC_PI_2,
        half_m: SURVEY_HALF_M,
    };
    let mut best = (f64::NEG_INFINITY, block(0, 0));
    for (column, row) in (-4..=4).flat_map(|column| (-3..=3).map(move |row| (column, row))) {
        let here = block(column, row);
        // Of equal blocks the one nearest the middle.
        let worth = worth_of(builder, &here) - 1e-4 * f64::from(column * column + row * row);
        if worth > best.0 {
            best = (worth, here);
        }
    }
    best.1
}

/// Every class counts up to a dozen findings; a block without water, or of little else, counts less.
fn worth_of(builder: &Builder, block: &SurveyBlock) -> f64 {
    let mut counts = [0.0f64; ObjectClass::ALL.len()];
    for object in &builder.objects {
        let [e, n, _] = object.centre_enu_m;
        if block.shows([e, n]) {
            for class in object.classes() {
                counts[class.label()] += 1.0;
            }
        }
    }
    let findings: f64 = counts.iter().map(|count| (count / 12.0).min(1.0)).sum();
    let water = (-6..=6)
        .flat_map(|a| (-6..=6).map(move |b| [a, b]))
        .filter(|&[a, b]| {
            let [x, y] = [
                f64::from(a) / 6.5 * block.half_m[0],
                f64::from(b) / 6.5 * block.half_m[1],
            ];
            ground_shows_water(builder, block.enu_from_lane(x, y))
        })
        .count() as f64
        / 169.0;
    findings + (water / 0.05).min(1.0) * 3.0 - (water - 0.2).max(0.0) * 10.0
}

impl SurveyBlock {
    /// Scene position of a place `along` the lanes and to the right `across` them, metres from the middle.
    pub fn enu_from_lane(&self, along_m: f64, across_m: f64) -> [f64; 2] {
        let (s, c) = self.course_rad.sin_cos();
        [
            self.centre_enu_m[0] + along_m * s + across_m * c,
            self.centre_enu_m[1] + along_m * c - across_m * s,
        ]
    }

    /// Whether the block's pictures show a place on the ground.
    pub fn shows(&self, enu_m: [f64; 2]) -> bool {
        let (s, c) = self.course_rad.sin_cos();
        let offset = [enu_m[0] - self.centre_enu_m[0], enu_m[1] - self.centre_enu_m[1]];
        let along = offset[0] * s + offset[1] * c;
        let across = offset[0] * c - offset[1] * s;
        along.abs() <= self.half_m[0] && across.abs() <= self.half_m[1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::material::Texture;

    #[test]
    fn every_block_shows_water_but_is_no_lake() {
        for place in [1, 2].into_iter().flat_map(|seed| neighbourhoods(seed, 16)) {
            let spots: Vec<bool> = (-20..=20)
                .flat_map(|a| (-20..=20).map(move |b| [f64::from(a) / 20.5, f64::from(b) / 20.5]))
                .map(|[a, b]| {
                    let [along, across] = [a * place.survey.half_m[0], b * place.survey.half_m[1]];
                    let spot = place.survey.enu_from_lane(along, across).map(|v| v as f32);
                    place.scene.ground_at(spot).material.texture == Texture::Water
                })
                .collect();
            let share = spots.iter().filter(|&&wet| wet).count() as f64 / spots.len() as f64;
            assert!((0.01..0.4).contains(&share), "{}: {share}", place.dock_id);
        }
    }

    #[test]
    fn docks_and_landing_places_are_clear_of_what_stands_around() {
        for place in [1, 2].into_iter().flat_map(|seed| neighbourhoods(seed, 16)) {
            for (spot, own_m) in [(place.dock, 1.5), (place.alternate_landing, 0.0)] {
                let [e, n, _] = place.scene.frame.enu_from_wgs84(spot, 0.0);
                let point = [e as f32, n as f32];
                let nearest = place
                    .scene
                    .solids()
                    .iter()
                    .map(|solid| {
                        let local = solid.place.local_of(point).map(f32::abs);
                        let half = solid.form.half_extent_m();
                        f64::from((local[0] - half[0]).max(local[1] - half[1]))
                    })
                    // The dock itself.
                    .filter(|&away| own_m == 0.0 || away > -0.5)
                    .fold(f64::INFINITY, f64::min);
                assert!(nearest >= 4.5, "{}: {nearest} m", place.dock_id);
                let ground = place.scene.ground_at([point[0] + 3.5, point[1]]);
                assert!(![Texture::Water, Texture::Street].contains(&ground.material.texture));
            }
        }
    }
}
