//! Which height the camera had on the height model, and places on it. The camera's height in the model's datum comes
//! from the receiver where that states one in a known datum, else from the terrain under the first photo of the
//! flight; which of the two, and how sure, stands in the pose.

use formats::photo::PhotoMetadata;
use survey::camera::CameraModel;
use survey::footprint::{Footprint, FootprintError, footprint};
use survey::geodesy::AltitudeAglM;
use survey::geolocate::{GeolocateError, GroundFix, ground_from_pixel};
use survey::occlusion::{HiddenGround, hidden_ground};
use survey::pose::{FixQuality, GroundAssumption, Pose, TakeoffHeight};
use survey::pose_checks::PoseFinding;
use survey::terrain::{Terrain, VerticalDatum, footprint_on_terrain, ground_on_terrain};

/// How far the take-off point may lie above or below the ground under the first photo, one standard deviation, m.
const FIRST_PHOTO_SIGMA_M: f64 = 5.0;
/// How well height above take-off is known from air pressure, one standard deviation, m.
const PRESSURE_SIGMA_M: f64 = 3.0;
/// Between these two heights by photo and by model differ as two vertical datums do: OpenAthena's users met 30 m.
const DATUM_MISMATCH_M: std::ops::RangeInclusive<f64> = 8.0..=50.0;

/// A flight's first photo: what the others' heights count from.
pub struct Takeoff<'p> {
    /// Its pose as stated.
    pub pose: &'p Pose,
    /// What its file says.
    pub metadata: &'p PhotoMetadata,
}

/// `pose` on the model: the camera's height in the model's datum, the height above the ground below, the sigma of
/// both together. `None` where the model has no height below the camera or the first photo: the ground stays flat.
pub fn on_terrain(
    terrain: &Terrain,
    takeoff: &Takeoff<'_>,
    (pose, metadata): (&Pose, &PhotoMetadata),
) -> Option<Pose> {
    let above_takeoff_m = metadata.relative_altitude_m?;
    let (camera_height_m, source, sigma_m) = match by_receiver(terrain, metadata) {
        Some((height_m, sigma_m)) => (height_m, TakeoffHeight::Receiver, sigma_m),
        None => {
            let (takeoff_m, sigma_m) = match terrain.datum {
                VerticalDatum::AboveTakeoff => (0.0, 0.0),
                _ => (terrain.height_m(takeoff.pose.position)?, FIRST_PHOTO_SIGMA_M),
            };
            let source = TakeoffHeight::TerrainUnderFirstPhoto;
            (
                takeoff_m + above_takeoff_m,
                source,
                sigma_m.hypot(PRESSURE_SIGMA_M),
            )
        }
    };
    let below_m = terrain.height_m(pose.position)?;
    let above_ground_m = camera_height_m - below_m;
    if above_ground_m <= 0.0 {
        return None;
    }
    let mut on = pose.clone();
    on.altitude_agl_m = AltitudeAglM(above_ground_m);
    on.sigmas.height_m = sigma_m.hypot(terrain.sigma_m);
    on.ground = GroundAssumption::HeightModel {
        layer: terrain.name.clone(),
        version: terrain.version.clone(),
        camera_height_m,
        takeoff: source,
    };
    Some(on)
}

/// Height of the camera in the model's datum by a receiver with corrections, whose heights are ellipsoidal
/// (`AltitudeType` RtkAlt). Without corrections the fused height wanders by tens of metres and is not used.
fn by_receiver(terrain: &Terrain, metadata: &PhotoMetadata) -> Option<(f64, f64)> {
    let fix = metadata.gnss.as_ref()?;
    let rtk = metadata.rtk?;
    let ellipsoidal = fix
        .altitude_type
        .as_deref()
        .is_some_and(|kind| kind.eq_ignore_ascii_case("RtkAlt"));
    let quality =
        FixQuality::from_rtk_flag(rtk.flag).filter(|quality| *quality != FixQuality::SinglePoint)?;
    let height_m = fix.absolute_altitude_m.filter(|_| ellipsoidal)?;
    let sigma_m = rtk.std_hgt_m?.max(quality.smallest_sigmas_m()[1]);
    match terrain.datum {
        VerticalDatum::Ellipsoidal => Some((height_m, sigma_m)),
        VerticalDatum::Orthometric { geoid_separation_m } => Some((height_m - geoid_separation_m, sigma_m)),
        VerticalDatum::AboveTakeoff => None,
    }
}

/// Whether the height of the take-off point by the photo (absolute minus relative) lies as far from the model as two
/// vertical datums do.
pub fn datum_mismatch(terrain: &Terrain, takeoff: &Takeoff<'_>) -> Option<PoseFinding> {
    if terrain.datum == VerticalDatum::AboveTakeoff {
        return None;
    }
    let absolute_m = takeoff.metadata.gnss.as_ref()?.absolute_altitude_m?;
    let by_photo_m = absolute_m - takeoff.metadata.relative_altitude_m?;
    let off_m = by_photo_m - terrain.height_m(takeoff.pose.position)?;
    DATUM_MISMATCH_M
        .contains(&off_m.abs())
        .then_some(PoseFinding::VerticalDatum { off_m })
}

/// Places pixels on the ground that their pose names.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ground<'t> {
    /// The height model of the settings.
    pub terrain: Option<&'t Terrain>,
    /// The surface model, with buildings.
    pub surface: Option<&'t Terrain>,
}

/// The ground a photo shows, and what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownGround {
    /// Outline, sampling distances.
    pub footprint: Footprint,
    /// Whether the outline rests on the height model; else the ground is taken as flat.
    pub on_terrain: bool,
    /// What of it is hidden behind buildings; `None` where no surface model tells.
    pub hidden: Option<HiddenGround>,
}

impl Ground<'_> {
    /// The place of a pixel: on the height model where the pose rests on it and it has a height there, else on flat
    /// ground at the height below the camera, which the second value says.
    ///
    /// # Errors
    /// A pixel without a place.
    pub fn place(
        &self,
        pose: &Pose,
        camera: &CameraModel,
        pixel: [f64; 2],
    ) -> Result<(GroundFix, bool), GeolocateError> {
        let Some(model) = self.model_of(pose) else {
            return Ok((ground_from_pixel(pose, camera, pixel)?, true));
        };
        match ground_on_terrain(pose, camera, pixel, model) {
            Ok(fix) => Ok((fix, false)),
            Err(GeolocateError::NoHeightThere { .. }) => Ok((ground_from_pixel(pose, camera, pixel)?, true)),
            Err(error) => Err(error),
        }
    }
    /// The ground a photo shows: on the height model like its places, less what the surface model says is hidden. The
    /// surface model needs the height model, which tells how high the camera is.
    ///
    /// # Errors
    /// A photo that shows no ground.
    pub fn footprint(&self, pose: &Pose, camera: &CameraModel) -> Result<ShownGround, FootprintError> {
        let Some((terrain, camera_m)) = self.model_of(pose) else {
            return Ok(ShownGround {
                footprint: footprint(pose, camera)?,
                on_terrain: false,
                hidden: None,
            });
        };
        let (footprint, is_flat) = footprint_on_terrain(pose, camera, (terrain, camera_m))?;
        let hidden = self.surface.and_then(|surface| {
            let camera_m = terrain.datum.carried(camera_m, surface.datum)?;
            hidden_ground(&footprint.outline, (pose.position, camera_m), surface)
        });
        Ok(ShownGround {
            footprint,
            on_terrain: !is_flat,
            hidden,
        })
    }

    /// The model that a pose rests on, with the camera's height in its datum.
    fn model_of(&self, pose: &Pose) -> Option<(&Terrain, f64)> {
        match (&pose.ground, self.terrain) {
            (
                GroundAssumption::HeightModel {
                    layer,
                    version,
                    camera_height_m,
                    ..
                },
                Some(terrain),
            ) if *layer == terrain.name && *version == terrain.version => Some((terrain, *camera_height_m)),
            _ => None,
        }
    }
}
