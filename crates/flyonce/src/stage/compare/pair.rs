//! One photo of each date: laid on one grid, compared, and what changed between them with its place.

use std::borrow::Cow;

use anyhow::Result;
use image::RgbImage;
use image::imageops::thumbnail;
use survey::geodesy::Wgs84;
use survey::geolocate::ground_from_pixel;
use survey::shared_ground::{GroundGrid, SharedGroundError};
use thiserror::Error;
use vision::change::{
    Affine, Change, ChangeMap, ChangeSettings, DateMaps, Plane, RegisterError, Registration, changes_of,
    compare_dates, through_lattice,
};
use vision::{FeatureError, FeatureExtractor};

use super::dated::DatedPhoto;
use super::laying::{self, Laid, Placed};
use crate::change_model::ChangeModel;
use crate::lang::Words;

/// Pictures without a scale are shrunk to this longest side: at drone resolution a roof would fill the network's view.
const LONGEST_PLAIN_SIDE_PX: u32 = 1536;
/// Strip along the edges of what both dates show that is not compared, pixels of the grid.
const EDGE_PX: usize = 12;
/// Sides of crops, pixels, and their surroundings in sizes of the change.
const CROP_PX: u32 = 420;
const CROP_MARGIN: f64 = 0.7;
/// A crop shows at least this much, pixels of the grid.
const SMALLEST_CROP_GRID_PX: f64 = 72.0;

/// Why two photos were not compared. Nothing is called changed or unchanged then.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum PairFailure {
    /// No common ground.
    #[error(transparent)]
    Ground(#[from] SharedGroundError),
    /// They look from too different sides.
    #[error("the photos look from sides {angle_deg:.0}° apart; more than 30° show other sides of things")]
    OtherSide {
        /// Between the lines of sight.
        angle_deg: f64,
    },
    /// The pictures do not lie on each other.
    #[error(transparent)]
    NotRegistered(#[from] RegisterError),
    /// Pictures without poses, of different sizes.
    #[error("the pictures have no usable poses and different sizes: {first_px:?} and {second_px:?} px")]
    SizesDiffer {
        /// Width and height.
        first_px: (u32, u32),
        /// Width and height.
        second_px: (u32, u32),
    },
    /// One has a pose and the other has none.
    #[error("only one of the two photos has a usable pose; give both or none")]
    OnePose,
    /// One cannot be read.
    #[error("{message}")]
    Unreadable {
        /// What is wrong with which.
        message: String,
    },
}

impl PairFailure {
    /// For people.
    pub fn words(&self) -> Words {
        let zh = match self {
            Self::Ground(SharedGroundError::Apart { apart_m }) => {
                format!("两张照片没有共同的地面:中心相距 {apart_m:.0} m")
            }
            Self::Ground(SharedGroundError::TooLittle { area_m2, .. }) => {
                format!("两张照片共同的地面只有 {area_m2:.0} m²,无法比对")
            }
            Self::Ground(SharedGroundError::NoFootprint { .. }) => "照片中没有可用的地面".to_owned(),
            Self::OtherSide { angle_deg } => {
                format!("两张照片的视线相差 {angle_deg:.0}°,超过 30°,看到的是不同侧面")
            }
            Self::NotRegistered(RegisterError::TooLittleShared { blocks }) => {
                format!("无法配准:两张照片都清晰可见的位置只有 {blocks} 处")
            }
            Self::NotRegistered(RegisterError::NoAgreement { agreeing, blocks }) => {
                format!("无法配准:{blocks} 处中只有 {agreeing} 处相互吻合")
            }
            Self::SizesDiffer { first_px, second_px } => {
                format!("照片没有可用的位姿,且尺寸不同:{first_px:?} 与 {second_px:?} 像素")
            }
            Self::OnePose => "两张照片中只有一张有可用的位姿".to_owned(),
            Self::Unreadable { message } => format!("无法读取:{message}"),
        };
        Words::new(zh, self.to_string())
    }
}

/// A change with its place and its two pictures.
pub struct PlacedChange {
    /// Outline on the grid, score and kind.
    pub change: Change,
    /// m², where the scale is known.
    pub area_m2: Option<f64>,
    /// Middle, where there are poses, with the covariance of (east, north), m².
    pub place: Option<(Wgs84, [[f64; 2]; 2])>,
    /// Outline on the ground, where there are poses.
    pub outline: Option<Vec<Wgs84>>,
    /// Before and after, of the same ground.
    pub crops: [RgbImage; 2],
    /// The outline in the crops, pixels.
    pub outline_in_crops: Vec<[f64; 2]>,
}

/// What the comparison of two photos gave.
pub struct PairResult {
    /// Grid, where there are poses.
    pub ground: Option<GroundGrid>,
    /// Side of a grid pixel, m.
    pub gsd_m: Option<f64>,
    /// How the pictures were laid on each other after the poses.
    pub registration: Option<Registration>,
    /// Scores of all cells.
    pub map: ChangeMap,
    /// What changed, highest score first.
    pub changes: Vec<PlacedChange>,
    /// The whole of both dates, small.
    pub overview: [RgbImage; 2],
}

/// How to compare.
#[derive(Debug, Clone, Copy)]
pub struct CompareOptions {
    /// Instead of the card's threshold.
    pub threshold: Option<f32>,
    /// Instead of the card's smallest area, m².
    pub smallest_m2: Option<f64>,
    /// Pictures without poses lie on each other already.
    pub aligned: bool,
    /// Scale of pictures without poses, m per pixel.
    pub gsd_m: Option<f64>,
    /// Pictures above this are refused.
    pub max_megapixels: u32,
}

/// The model and the options, for one pair after another.
pub struct Comparer {
    /// The model.
    pub model: ChangeModel,
    /// The options.
    pub options: CompareOptions,
    extractor: FeatureExtractor,
}

impl Comparer {
    /// With a loaded model.
    pub fn new(model: ChangeModel, extractor: FeatureExtractor, options: CompareOptions) -> Self {
        Self {
            model,
            options,
            extractor,
        }
    }

    /// The settings for a grid of this scale.
    pub fn settings(&self, gsd_m: Option<f64>) -> ChangeSettings {
        let card = self.model.settings;
        let smallest_m2 = self.options.smallest_m2.unwrap_or(self.model.smallest_m2);
        let threshold = self.options.threshold.unwrap_or(card.threshold);
        ChangeSettings {
            threshold,
            strong_threshold: card.strong_threshold.max(threshold),
            smallest_px: gsd_m.map_or(card.smallest_px, |gsd_m| smallest_m2 / (gsd_m * gsd_m)),
            ..card
        }
    }

    /// Compares two photos. `tile_done` hears of every tile looked at (done, total, of both dates together).
    ///
    /// # Errors
    /// Why they cannot be compared, as the inner value; a model that fails, as the outer.
    pub fn compare(
        &mut self,
        first: &DatedPhoto,
        second: &DatedPhoto,
        tile_done: &mut dyn FnMut(usize, usize),
    ) -> Result<Result<PairResult, PairFailure>> {
        let pixels = |photo: &DatedPhoto| {
            photo
                .pixels(self.options.max_megapixels)
                .map_err(|error| PairFailure::Unreadable {
                    message: format!("{error:#}"),
                })
        };
        let (one, two) = match (pixels(first), pixels(second)) {
            (Ok(one), Ok(two)) => (one, two),
            (Err(failure), _) | (_, Err(failure)) => return Ok(Err(failure)),
        };
        let placed = match (&first.placement, &second.placement) {
            (Some(one_placement), Some(two_placement)) => {
                Some((placed(&one, one_placement), placed(&two, two_placement)))
            }
            (None, None) => None,
            _ => return Ok(Err(PairFailure::OnePose)),
        };
        let laid = match placed {
            Some((first, second)) => laying::by_pose(first, second, self.model.ground_scale_m()),
            None => self.plain(&one, &two),
        };
        let laid = match laid {
            Ok(laid) => laid,
            Err(failure) => return Ok(Err(failure)),
        };
        // Both end at the same edges, and what lies at one is not judged: half a house looks like another thing.
        let ends = [&laid.first, &laid.second].map(|picture| blanked(picture, &laid.shown));
        let inner = laid.shown.extreme(EDGE_PX, true);
        let map = self.scores(&ends[0], &ends[1], &inner, tile_done)?;
        let changes = changes_of(&map, &self.settings(laid.gsd_m))
            .into_iter()
            .map(|change| placed_change(change, &laid, placed))
            .collect();
        Ok(Ok(PairResult {
            overview: [overview(&laid.first), overview(&laid.second)],
            ground: laid.ground,
            gsd_m: laid.gsd_m,
            registration: laid.registration,
            map,
            changes,
        }))
    }

    /// Scores of two pictures that lie on each other.
    ///
    /// # Errors
    /// A model that fails.
    pub fn scores(
        &mut self,
        first: &RgbImage,
        second: &RgbImage,
        shown: &Plane,
        tile_done: &mut dyn FnMut(usize, usize),
    ) -> Result<ChangeMap, FeatureError> {
        let weights = self.model.settings.weights;
        let mut maps = Vec::new();
        for part in 0..2 {
            // The enlarged pictures have up to four times the tiles; the bar need not be exact about it.
            let mut tell = |date: usize, done: usize, total: usize| {
                tile_done((2 * part + date) * total + done, 4 * total);
            };
            let times = 1 + part as u32;
            let (first, second) = (larger(first, times), larger(second, times));
            let one = DateMaps::of(&mut self.extractor, &first, &mut |done, total| {
                tell(0, done, total)
            })?;
            let two = DateMaps::of(&mut self.extractor, &second, &mut |done, total| {
                tell(1, done, total)
            })?;
            maps.push(compare_dates(&one, &two, &larger_plane(shown, times), &weights));
        }
        Ok(maps[0].with_enlarged(&maps[1]))
    }

    fn plain(&self, one: &RgbImage, two: &RgbImage) -> Result<Laid, PairFailure> {
        let wanted = match self.options.gsd_m {
            Some(gsd_m) => (gsd_m / self.model.ground_scale_m()).min(1.0),
            None => 1.0,
        };
        let longest = one.width().max(one.height());
        let scale = wanted.min(f64::from(LONGEST_PLAIN_SIDE_PX) / f64::from(longest));
        if scale >= 1.0 {
            return laying::plain(one.clone(), two.clone(), self.options.aligned, self.options.gsd_m);
        }
        let gsd_m = self.options.gsd_m.map(|gsd_m| gsd_m / scale);
        laying::plain(
            smaller(one, scale),
            smaller(two, scale),
            self.options.aligned,
            gsd_m,
        )
    }
}

fn placed<'p>(
    pixels: &'p RgbImage,
    (pose, camera): &'p (survey::pose::Pose, survey::camera::CameraModel),
) -> Placed<'p> {
    Placed { pixels, pose, camera }
}

fn smaller(picture: &RgbImage, scale: f64) -> RgbImage {
    let side = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
    thumbnail(picture, side(picture.width()), side(picture.height()))
}

/// The picture with one grey where `shown` is 0.
fn blanked(picture: &RgbImage, shown: &Plane) -> RgbImage {
    let mut blanked = picture.clone();
    for (pixel, shown) in blanked.pixels_mut().zip(&shown.values) {
        if *shown < 0.5 {
            pixel.0 = [114; 3];
        }
    }
    blanked
}

fn larger(picture: &RgbImage, times: u32) -> Cow<'_, RgbImage> {
    if times == 1 {
        return Cow::Borrowed(picture);
    }
    let scale = 1.0 / f64::from(times);
    let whole = Plane::filled(picture.width() as usize, picture.height() as usize, 1.0);
    let size = [picture.width() * times, picture.height() * times];
    let map = Affine([[scale, 0.0, 0.0], [0.0, scale, 0.0]]);
    Cow::Owned(vision::change::through_affine((picture, &whole), size, &map).0)
}

fn larger_plane(plane: &Plane, times: u32) -> Plane {
    plane.enlarged(plane.width * times as usize, plane.height * times as usize)
}

fn overview(picture: &RgbImage) -> RgbImage {
    const WIDTH_PX: f64 = 640.0;
    let scale = WIDTH_PX / f64::from(picture.width().max(picture.height()));
    if scale < 1.0 {
        smaller(picture, scale)
    } else {
        picture.clone()
    }
}

fn placed_change(change: Change, laid: &Laid, placed: Option<(Placed<'_>, Placed<'_>)>) -> PlacedChange {
    let ground = laid.ground.as_ref().zip(placed);
    let moved = laid
        .registration
        .as_ref()
        .map_or(Affine::IDENTITY, |found| found.second_from_first);
    let place = ground.and_then(|(grid, (first, second))| {
        [(first, Affine::IDENTITY), (second, moved)]
            .iter()
            .filter_map(|(photo, map)| {
                let pixel = grid.photo_from_pixel(map.apply(change.centre_px), photo.pose, photo.camera)?;
                let fix = ground_from_pixel(photo.pose, photo.camera, pixel).ok()?;
                Some((fix.position, fix.covariance_m2))
            })
            // The surer of the two: their errors have too much in common (height of the ground) to average them.
            .min_by(|(_, a), (_, b)| (a[0][0] + a[1][1]).total_cmp(&(b[0][0] + b[1][1])))
    });
    let outline = ground.map(|(grid, _)| {
        change
            .outline_px
            .iter()
            .map(|corner| grid.wgs84_from_pixel(*corner))
            .collect()
    });
    let window = window_around(&change, [laid.first.width(), laid.first.height()]);
    let crops = match ground {
        Some((grid, (first, second))) => [(first, Affine::IDENTITY), (second, moved)].map(|(photo, map)| {
            let crop = laying::lattice(grid, photo, window, [CROP_PX; 2], &map);
            through_lattice(photo.pixels, &crop).0
        }),
        None => [&laid.first, &laid.second].map(|picture| enlarged(picture, window)),
    };
    let outline_in_crops = change
        .outline_px
        .iter()
        .map(|corner| {
            [0, 1].map(|axis| {
                (corner[axis] - window[0][axis]) / (window[1][axis] - window[0][axis]) * f64::from(CROP_PX)
            })
        })
        .collect();
    PlacedChange {
        area_m2: laid.gsd_m.map(|gsd_m| change.area_px * gsd_m * gsd_m),
        place,
        outline,
        crops,
        outline_in_crops,
        change,
    }
}

/// A square around a change, left top and right bottom, pixels of the grid.
fn window_around(change: &Change, size_px: [u32; 2]) -> [[f64; 2]; 2] {
    let [left, top, right, bottom] = change.box_px;
    let limit = size_px.map(f64::from);
    let side = ((right - left).max(bottom - top) * (1.0 + 2.0 * CROP_MARGIN))
        .max(SMALLEST_CROP_GRID_PX)
        .min(limit[0].min(limit[1]));
    let start = [(left + right) / 2.0, (top + bottom) / 2.0];
    let from = [0, 1].map(|axis| (start[axis] - side / 2.0).clamp(0.0, limit[axis] - side));
    [from, from.map(|start| start + side)]
}

fn enlarged(picture: &RgbImage, [from, to]: [[f64; 2]; 2]) -> RgbImage {
    let scale = (to[0] - from[0]) / f64::from(CROP_PX);
    let map = Affine([[scale, 0.0, from[0]], [0.0, scale, from[1]]]);
    let whole = Plane::filled(picture.width() as usize, picture.height() as usize, 1.0);
    vision::change::through_affine((picture, &whole), [CROP_PX; 2], &map).0
}
