//! Laying two photos on one grid: by their poses first, where both have one, then by what they show.

use image::RgbImage;
use survey::camera::CameraModel;
use survey::geolocate::ground_from_pixel;
use survey::pose::Pose;
use survey::shared_ground::GroundGrid;
use vision::change::{
    Affine, Lattice, Plane, RegisterOptions, Registration, register, through_affine, through_lattice,
};

use super::pair::PairFailure;

/// Grid pixels between points at which the camera model is asked; between them it is straight enough: over 16 px
/// at 120 m the error stays below a hundredth of a pixel.
const LATTICE_STEP_PX: u32 = 16;
/// Registration looks this many standard deviations of both poses far.
const REACH_SIGMAS: f64 = 3.5;
/// Least and greatest search, m.
const REACH_M: [f64; 2] = [4.0, 30.0];
/// Search between pictures without poses, pixels.
const PLAIN_REACH_PX: f64 = 48.0;

/// Two pictures of one grid.
pub struct Laid {
    /// Where the grid lies on the ground; `None` for pictures without poses.
    pub ground: Option<GroundGrid>,
    /// Side of a grid pixel, m, where known.
    pub gsd_m: Option<f64>,
    /// The first date.
    pub first: RgbImage,
    /// The second date.
    pub second: RgbImage,
    /// 1 where both show something.
    pub shown: Plane,
    /// How the second was laid on the first, after the poses; `None` where the caller vouches for it.
    pub registration: Option<Registration>,
}

/// A photo with its pose.
#[derive(Clone, Copy)]
pub struct Placed<'p> {
    /// Pixels.
    pub pixels: &'p RgbImage,
    /// Where from.
    pub pose: &'p Pose,
    /// With what.
    pub camera: &'p CameraModel,
}

/// Lays two photos with poses on the ground they share.
///
/// # Errors
/// No common ground, or pictures that do not lie on each other.
pub fn by_pose(first: Placed<'_>, second: Placed<'_>, finest_gsd_m: f64) -> Result<Laid, PairFailure> {
    let grid = GroundGrid::shared(
        (first.pose, first.camera),
        (second.pose, second.camera),
        finest_gsd_m,
    )?;
    if grid.view_angle_rad > survey::view_pairs::WIDEST_VIEW_ANGLE_RAD {
        return Err(PairFailure::OtherSide {
            angle_deg: grid.view_angle_rad.to_degrees(),
        });
    }
    let size = [grid.width_px, grid.height_px];
    let whole = [[0.0; 2], size.map(f64::from)];
    let (one, one_valid) = through_lattice(
        first.pixels,
        &lattice(&grid, first, whole, size, &Affine::IDENTITY),
    );
    let (two, two_valid) = through_lattice(
        second.pixels,
        &lattice(&grid, second, whole, size, &Affine::IDENTITY),
    );
    let options = RegisterOptions {
        reach_px: reach_m(&grid, first, second) / grid.gsd_m,
    };
    let found = register((&one, &one_valid), (&two, &two_valid), &options)?;
    let (two, two_valid) = through_lattice(
        second.pixels,
        &lattice(&grid, second, whole, size, &found.second_from_first),
    );
    Ok(Laid {
        gsd_m: Some(grid.gsd_m),
        ground: Some(grid),
        first: one,
        second: two,
        shown: both(&one_valid, &two_valid),
        registration: Some(found),
    })
}

/// Where a window of the grid (left top, right bottom) of `size` new pixels lies in a photo; the photo itself lies
/// on the grid by `photo_from_grid` after its pose.
pub fn lattice(
    grid: &GroundGrid,
    photo: Placed<'_>,
    [from, to]: [[f64; 2]; 2],
    size: [u32; 2],
    photo_from_grid: &Affine,
) -> Lattice {
    let scale = [0, 1].map(|axis| (to[axis] - from[axis]) / f64::from(size[axis].max(1)));
    Lattice::from_fn(size, LATTICE_STEP_PX, |place| {
        let on_grid = [0, 1].map(|axis| from[axis] + place[axis] * scale[axis]);
        grid.photo_from_pixel(photo_from_grid.apply(on_grid), photo.pose, photo.camera)
    })
}

/// Lays two pictures without poses on each other; `aligned` where the caller knows that they lie so already.
///
/// # Errors
/// Sizes that differ, or pictures that do not lie on each other.
pub fn plain(
    first: RgbImage,
    second: RgbImage,
    aligned: bool,
    gsd_m: Option<f64>,
) -> Result<Laid, PairFailure> {
    if first.dimensions() != second.dimensions() {
        return Err(PairFailure::SizesDiffer {
            first_px: first.dimensions(),
            second_px: second.dimensions(),
        });
    }
    let whole = Plane::filled(first.width() as usize, first.height() as usize, 1.0);
    if aligned {
        return Ok(Laid {
            ground: None,
            gsd_m,
            first,
            second,
            shown: whole,
            registration: None,
        });
    }
    let options = RegisterOptions {
        reach_px: PLAIN_REACH_PX,
    };
    let found = register((&first, &whole), (&second, &whole), &options)?;
    let size = [first.width(), first.height()];
    let (second, shown) = through_affine((&second, &whole), size, &found.second_from_first);
    Ok(Laid {
        ground: None,
        gsd_m,
        first,
        second,
        shown,
        registration: Some(found),
    })
}

fn both(one: &Plane, two: &Plane) -> Plane {
    let values = one
        .values
        .iter()
        .zip(&two.values)
        .map(|(a, b)| a.min(*b))
        .collect();
    Plane { values, ..*one }
}

/// How far the two poses may disagree about the middle of the grid, m.
fn reach_m(grid: &GroundGrid, first: Placed<'_>, second: Placed<'_>) -> f64 {
    let middle = [f64::from(grid.width_px) / 2.0, f64::from(grid.height_px) / 2.0];
    let variance = |photo: Placed<'_>| {
        let pixel = grid.photo_from_pixel(middle, photo.pose, photo.camera)?;
        let [[east, _], [_, north]] = ground_from_pixel(photo.pose, photo.camera, pixel)
            .ok()?
            .covariance_m2;
        Some(east.max(north))
    };
    let sigma_m = match (variance(first), variance(second)) {
        (Some(one), Some(two)) => (one + two).sqrt(),
        _ => REACH_M[1] / REACH_SIGMAS,
    };
    (REACH_SIGMAS * sigma_m).clamp(REACH_M[0], REACH_M[1])
}
