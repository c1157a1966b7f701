//! The cameras of the fleet: from a vehicle's true pose to a photo as the drone would write it, and the truth of
//! that photo, which goes to a place of its own.

use anyhow::ensure;
use serde::Serialize;

use crate::camera::{FOCAL_PER_WIDTH, GimbalAngles};
use crate::develop::{Development, develop};
use crate::frame::GeoPoint;
use crate::neighbourhood::Neighbourhood;
use crate::photo::{
    Belief, PHOTO_SIZE_PX, PlannedView, PoseErrors, StatedSigmas, TruePose, true_camera, true_pose,
    with_metadata,
};
use crate::random::Dice;
use crate::render::render;
use crate::truth::{VisibleObject, visible_objects};
use crate::vehicle::Exposure;

/// JPEG quality.
const QUALITY: u8 = 91;
/// Least height of the camera above the street, metres: anything lower would stand among the houses.
const LEAST_HEIGHT_M: f64 = 1.0;

/// A photo and what it truly shows.
#[derive(Clone, Debug)]
pub struct Photo {
    /// The file: JPEG with EXIF and XMP.
    pub jpeg: Vec<u8>,
    /// What is true of it; the program under test has no business seeing it.
    pub truth: PhotoTruth,
}

/// Truth of one photo: one line of `truth/photos.jsonl`.
#[derive(Clone, Debug, Serialize)]
pub struct PhotoTruth {
    /// Dock of the vehicle.
    pub dock_id: String,
    /// The vehicle.
    pub system_id: u8,
    /// Mission starts of the vehicle so far, from 1.
    pub flight_number: u32,
    /// Image number in the flight, from 1.
    pub image_index: u32,
    /// Moment of exposure, microseconds since 1970 UTC.
    pub unix_us: i64,
    /// True position above which it was taken.
    pub position_wgs84: GeoPoint,
    /// True pose in the scene's frame, with the errors of what the photo says.
    pub pose: TruePose,
    /// What the photo shows: class, pixel box and the share that is not hidden.
    pub visible: Vec<VisibleObject>,
}

/// Takes the photo of an exposure on the calling thread. The same city seed, vehicle, flight, image number and pose
/// give the same bytes.
///
/// # Errors
/// When the pose is not one (not a number, or at street level or below it) or the vehicle is not this dock's.
pub fn photograph(place: &Neighbourhood, exposure: &Exposure, seed: u64) -> anyhow::Result<Photo> {
    photograph_of_size(place, exposure, seed, PHOTO_SIZE_PX)
}

/// [`photograph`] with pictures of another size, of the same view: small ones cost little.
///
/// # Errors
/// As [`photograph`].
pub fn photograph_of_size(
    place: &Neighbourhood,
    exposure: &Exposure,
    seed: u64,
    size_px: [u32; 2],
) -> anyhow::Result<Photo> {
    let view = view_of(place, exposure)?;
    let serial = Dice::new(seed, 80).bits() ^ u64::from(exposure.system_id) << 56;
    let flight = Dice::new(serial, 81 + u64::from(exposure.flight_number)).bits();
    let errors = PoseErrors::draw(flight, exposure.image_index);
    let focal_px = FOCAL_PER_WIDTH * f64::from(size_px[0]);
    let camera = true_camera(&view, &errors, size_px, focal_px);
    let rendering = render(&place.scene, &camera, 1);
    // One camera a vehicle: its electronics stay, its noise is fresh in every photo.
    let noise = (flight as u32).wrapping_add(exposure.image_index);
    let settings = Development::draw(&mut Dice::new(serial, 61), false).for_photo(noise);
    let picture = develop(&rendering, &settings);
    let mut jpeg = Vec::with_capacity(1 << 20);
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, QUALITY).encode_image(&picture)?;
    let frame = &place.scene.frame;
    let belief = Belief {
        frame: *frame,
        takeoff_m: place.dock_above_street_m,
        errors,
        sigmas: StatedSigmas::draw(serial),
        serial: format!("SIM24-{:06}", exposure.system_id),
    };
    Ok(Photo {
        jpeg: with_metadata(&jpeg, &camera, &view, &belief),
        truth: PhotoTruth {
            dock_id: place.dock_id.clone(),
            system_id: exposure.system_id,
            flight_number: exposure.flight_number,
            image_index: exposure.image_index,
            unix_us: exposure.unix_us,
            position_wgs84: frame.wgs84_from_enu(camera.position_enu_m),
            pose: true_pose(frame, &camera, place.dock_above_street_m, errors),
            visible: visible_objects(&place.scene, &camera, &rendering),
        },
    })
}

/// The exposure in the scene's frame, with the angles that the gimbal reports.
fn view_of(place: &Neighbourhood, exposure: &Exposure) -> anyhow::Result<PlannedView> {
    ensure!(
        exposure.system_id == place.system_id,
        "vehicle {} does not belong to dock {}",
        exposure.system_id,
        place.dock_id
    );
    let position = GeoPoint {
        latitude_deg: exposure.latitude_deg,
        longitude_deg: exposure.longitude_deg,
    };
    let above_street_m = place.dock_above_street_m + exposure.height_above_home_m;
    let position_enu_m = place.scene.frame.enu_from_wgs84(position, above_street_m);
    let numbers = [exposure.course_rad, exposure.gimbal_pitch_rad];
    ensure!(
        position_enu_m.iter().chain(&numbers).all(|v| v.is_finite()),
        "the exposure of vehicle {} has no pose",
        exposure.system_id
    );
    ensure!(
        position_enu_m[2] >= LEAST_HEIGHT_M,
        "vehicle {} took a photo {:.1} m above the street; at least {LEAST_HEIGHT_M} m are needed",
        exposure.system_id,
        position_enu_m[2]
    );
    // Gimbals report tenths of a degree.
    let tenths = |rad: f64| ((rad.to_degrees() * 10.0).round() / 10.0).to_radians();
    Ok(PlannedView {
        position_enu_m,
        gimbal: GimbalAngles {
            yaw_rad: tenths(exposure.course_rad),
            pitch_rad: tenths(exposure.gimbal_pitch_rad),
            roll_rad: 0.0,
        },
        course_rad: exposure.course_rad,
        unix_us: exposure.unix_us,
    })
}
