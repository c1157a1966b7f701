//! The lines of sight behind the detections of a sortie and of the sites around it: with them several photos of one
//! thing tell how high it stands, and its place no longer leans with the camera.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use store::rows::DetectionRow;
use survey::camera::CameraModel;
use survey::geolocate::pixel_of_box;
use survey::pose::Pose;
use survey::triangulate::Sight;

use crate::stage::look::stored_placement;
use crate::workplace::Workplace;

/// Pose and camera of photos that have them.
#[derive(Default)]
pub struct Sights {
    placements: BTreeMap<String, (Pose, CameraModel)>,
}

impl Sights {
    /// Of the photos that some detections were made in.
    ///
    /// # Errors
    /// The database, or a stored pose that cannot be read.
    pub async fn behind(
        workplace: &Workplace,
        detections: impl Iterator<Item = &DetectionRow>,
    ) -> Result<Self> {
        let photos: BTreeSet<&str> = detections.map(|row| row.photo_id.as_str()).collect();
        let mut placements = BTreeMap::new();
        for photo_id in photos {
            let photo = workplace.store.photo(photo_id).await?;
            if let Some(placement) = stored_placement(&photo)? {
                placements.insert(photo_id.to_owned(), placement);
            }
        }
        Ok(Self { placements })
    }

    /// The line of sight to the pixel that stands for a detection.
    pub fn of(&self, row: &DetectionRow) -> Option<Sight> {
        let (pose, camera) = self.placements.get(&row.photo_id)?;
        let base = pixel_of_box(pose, camera, row.detection.box_px);
        Sight::of(pose, camera, base.pixel).ok()
    }
}
