//! A seeded city and its cameras: scenes with known truth, ray-cast aerial pictures of them, and photos written
//! the way a drone writes them, marked as simulated. Depends on none of the other crates, so that a wrong
//! convention cannot agree with itself.

mod camera;
mod city;
mod clock;
pub mod cloud_dock;
mod day;
mod demo;
mod develop;
pub mod dock;
mod exif;
pub mod fleet;
pub mod fleet_camera;
mod frame;
mod material;
mod neighbourhood;
mod noise;
mod palette;
mod photo;
mod plan;
mod random;
mod relief;
mod render;
mod scene;
mod shade;
mod shape;
mod training;
mod truth;
pub mod vehicle;
mod view;
mod wave;
mod wave_plan;

pub use camera::{Camera, FOCAL_PER_WIDTH, GimbalAngles, Matrix3};
pub use demo::{DemoOptions, DemoSummary, plan_sortie, render_demo};
pub use frame::{GeoPoint, LocalFrame};
pub use neighbourhood::{Neighbourhood, SurveyBlock, neighbourhoods};
pub use palette::FIRST_TRAINING_SEED;
pub use photo::{
    Belief, HEIGHT_SIGMA_M, PHOTO_SIZE_PX, POSITION_SIGMA_M, PlannedView, PoseErrors, StatedSigmas,
    TILT_SIGMA_DEG, TruePose, YAW_SIGMA_DEG, true_camera, true_pose, with_metadata,
};
pub use plan::{ObjectClass, PlantedObject};
pub use render::{ROOF_BIT, Rendering, available_threads, render};
pub use scene::Scene;
pub use training::{TrainingOptions, TrainingSummary, render_training};
pub use truth::{VisibleObject, visible_objects, yolo_text};
pub use wave::{WorldOptions, write_world};
pub use wave_plan::{FLYING_HEIGHT_M, SURVEY_SPEED_M_S, flight_plan};
