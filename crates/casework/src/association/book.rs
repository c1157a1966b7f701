//! The book of all sites: takes in one photo after the other.

use std::collections::{BTreeSet, HashMap, HashSet};

use sha2::{Digest, Sha256};
use survey::geodesy::Wgs84;
use survey::identity::Ulid;
use survey::time::UtcMicros;

use super::assign::assign;
use super::error_model::{CHI2_2DOF_99, is_covariance, largest_pair_cost, largest_sigma_m, matrix};
use super::fuse::{fused, median_extent_m};
use super::nearby::Nearby;
use super::scene::{Scene, Surroundings};
use super::site::{
    Assignment, AssociateError, Belonging, DetectionForSite, PhotoBatch, PhotoShift, Site, View,
};

/// Nothing further away is ever the same thing, however badly placed the detection, m.
const MAX_REACH_M: f64 = 75.0;
/// All sites known so far, ready to take in photos.
#[derive(Clone, Debug, Default)]
pub struct SiteBook {
    sites: Vec<Site>,
    nearby: Nearby,
    site_of_detection: HashMap<String, usize>,
    footprints: HashMap<String, Vec<Wgs84>>,
    changed: BTreeSet<usize>,
    largest_sigma_m: f64,
}

impl SiteBook {
    /// A book that begins with known sites.
    ///
    /// # Errors
    /// A site without views, a detection in two places, a view without a proper covariance or extent.
    pub fn new(sites: Vec<Site>) -> Result<Self, AssociateError> {
        let mut book = Self::default();
        for site in sites {
            if site.views.is_empty() {
                return Err(AssociateError::NoView {
                    site_id: site.site_id,
                });
            }
            for view in &site.views {
                check(&view.detection_id, view.covariance_m2, view.extent_m)?;
                if book
                    .site_of_detection
                    .insert(view.detection_id.clone(), book.sites.len())
                    .is_some()
                {
                    return Err(AssociateError::Twice {
                        detection_id: view.detection_id.clone(),
                    });
                }
            }
            book.enter(site);
        }
        Ok(book)
    }

    /// Associates one photo. Taking in the same photo again changes nothing and gives the same sites.
    /// Returns one assignment per detection, by detection id, and the photo's shift if it could be told.
    ///
    /// # Errors
    /// See [`AssociateError`]; the book is unchanged then.
    pub fn take_in(
        &mut self,
        photo: &PhotoBatch,
    ) -> Result<(Vec<Assignment>, Option<PhotoShift>), AssociateError> {
        check_photo(photo)?;
        let mut detections: Vec<&DetectionForSite> = photo.detections.iter().collect();
        detections.sort_by(|a, b| a.detection_id.cmp(&b.detection_id));
        let (known, fresh): (Vec<_>, Vec<_>) = detections
            .into_iter()
            .partition(|d| self.site_of_detection.contains_key(&d.detection_id));
        let mut assignments: Vec<Assignment> = known
            .iter()
            .filter_map(|d| self.assignment(&d.detection_id, Belonging::Known))
            .collect();
        let mut told = None;
        if let Some(scene) = Scene::of(fresh, self.footprint(&photo.photo_id)) {
            let in_reach = self.in_reach(&scene, &photo.photo_id);
            let around = Surroundings::of(
                &scene,
                in_reach.iter().map(|&site| &self.sites[site]).collect(),
                &self.footprints,
            );
            let shift = scene.shift(&around);
            let pairs = scene.gated_pairs(&around, shift.as_ref());
            let joined: HashMap<usize, usize> = assign(&pairs, largest_pair_cost()).into_iter().collect();
            for (row, detection) in scene.detections.iter().enumerate() {
                let site = joined.get(&row).map(|&column| in_reach[column]);
                let belonging = self.add(detection, site, photo.captured_at);
                assignments.extend(self.assignment(&detection.detection_id, belonging));
            }
            told = shift.map(|shift| PhotoShift {
                photo_id: photo.photo_id.clone(),
                shift_enu_m: shift.error.shift_m().into(),
                pairs: shift.pairs,
            });
        }
        assignments.sort_by(|a, b| a.detection_id.cmp(&b.detection_id));
        Ok((assignments, told))
    }

    /// Remembers the outline of the ground that a photo shows, placed by its own pose like its detections: of a photo
    /// before it is taken in, and of the photos behind the known sites. It tells where there is *nothing*, which is
    /// what fixes a row of equal sheds, by its end. Without, only the ground amid a photo's things counts as seen.
    pub fn remember_footprint(&mut self, photo_id: &str, outline: &[Wgs84]) {
        self.footprints.insert(photo_id.to_owned(), outline.to_vec());
    }

    /// Every site, in the order of entry.
    pub fn sites(&self) -> &[Site] {
        &self.sites
    }

    /// The sites that are new or changed since the last call, by id.
    pub fn take_changed(&mut self) -> Vec<Site> {
        let mut sites: Vec<Site> = std::mem::take(&mut self.changed)
            .into_iter()
            .map(|i| self.sites[i].clone())
            .collect();
        sites.sort_by_key(|site| site.site_id);
        sites
    }

    fn footprint(&self, photo_id: &str) -> &[Wgs84] {
        self.footprints.get(photo_id).map_or(&[], Vec::as_slice)
    }

    fn enter(&mut self, site: Site) {
        self.nearby.insert(site.position, self.sites.len());
        self.largest_sigma_m = self
            .largest_sigma_m
            .max(largest_sigma_m(&matrix(site.covariance_m2)));
        self.sites.push(site);
    }

    fn assignment(&self, detection_id: &str, belonging: Belonging) -> Option<Assignment> {
        let site = &self.sites[*self.site_of_detection.get(detection_id)?];
        Some(Assignment {
            detection_id: detection_id.to_owned(),
            site_id: site.site_id,
            belonging,
        })
    }

    /// Sites that a detection of the scene may be and that this photo has not shown yet, in the order of entry.
    fn in_reach(&self, scene: &Scene<'_>, photo_id: &str) -> Vec<usize> {
        let mut found = Vec::new();
        for detection in &scene.detections {
            let sigma_m = largest_sigma_m(&matrix(detection.covariance_m2)) + self.largest_sigma_m;
            let reach_m = (CHI2_2DOF_99.sqrt() * sigma_m).min(MAX_REACH_M);
            self.nearby.within(detection.position, reach_m, &mut found);
        }
        found.sort_unstable();
        found.dedup();
        found.retain(|&site| {
            self.sites[site]
                .views
                .iter()
                .all(|view| view.photo_id != photo_id)
        });
        found
    }

    fn add(&mut self, detection: &DetectionForSite, site: Option<usize>, at: UtcMicros) -> Belonging {
        let view = View {
            detection_id: detection.detection_id.clone(),
            photo_id: detection.photo_id.clone(),
            position: detection.position,
            covariance_m2: detection.covariance_m2,
            extent_m: detection.extent_m,
            score: detection.score,
            sight: detection.sight,
        };
        let number = site.unwrap_or(self.sites.len());
        self.site_of_detection
            .insert(detection.detection_id.clone(), number);
        self.changed.insert(number);
        let Some(number) = site else {
            self.enter(founded(detection, view, at));
            return Belonging::Founded;
        };
        let site = &mut self.sites[number];
        site.views.push(view);
        site.extent_m = median_extent_m(&site.views);
        let before = site.position;
        if let Some((position, covariance_m2)) = fused(&site.views) {
            (site.position, site.covariance_m2) = (position, covariance_m2);
        }
        self.largest_sigma_m = self
            .largest_sigma_m
            .max(largest_sigma_m(&matrix(site.covariance_m2)));
        let after = site.position;
        self.nearby.relocate(before, after, number);
        Belonging::Joined
    }
}

fn founded(detection: &DetectionForSite, view: View, at: UtcMicros) -> Site {
    let digest = Sha256::digest(detection.detection_id.as_bytes());
    let mut random_part = [0u8; 10];
    random_part.copy_from_slice(&digest[..10]);
    Site {
        site_id: Ulid::from_parts(at, &random_part),
        class: detection.class.clone(),
        position: detection.position,
        covariance_m2: detection.covariance_m2,
        extent_m: detection.extent_m,
        views: vec![view],
    }
}

fn check_photo(photo: &PhotoBatch) -> Result<(), AssociateError> {
    let mut seen = HashSet::new();
    for detection in &photo.detections {
        let detection_id = || detection.detection_id.clone();
        check(
            &detection.detection_id,
            detection.covariance_m2,
            detection.extent_m,
        )?;
        if detection.photo_id != photo.photo_id {
            let (says, batch) = (detection.photo_id.clone(), photo.photo_id.clone());
            return Err(AssociateError::WrongPhoto {
                detection_id: detection_id(),
                says,
                batch,
            });
        }
        if !seen.insert(&detection.detection_id) {
            return Err(AssociateError::Twice {
                detection_id: detection_id(),
            });
        }
    }
    Ok(())
}

fn check(detection_id: &str, covariance_m2: [[f64; 2]; 2], extent_m: [f64; 2]) -> Result<(), AssociateError> {
    if !is_covariance(covariance_m2) {
        return Err(AssociateError::Covariance {
            detection_id: detection_id.to_owned(),
        });
    }
    if !extent_m.iter().all(|side| side.is_finite() && *side > 0.0) {
        return Err(AssociateError::Extent {
            detection_id: detection_id.to_owned(),
        });
    }
    Ok(())
}
