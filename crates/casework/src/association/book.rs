//! The book of all sites: takes in one photo after the other.

use std::collections::{BTreeSet, HashMap, HashSet};

use nalgebra::{Matrix2, Vector2};
use sha2::{Digest, Sha256};
use survey::geodesy::{LocalTangent, Wgs84};
use survey::identity::Ulid;
use survey::time::UtcMicros;

use super::adjust::{LocalSite, LocalView, adjusted};
use super::assign::{Pair, assign};
use super::error_model::{
    CHI2_2DOF_99, common, is_covariance, largest_pair_cost, largest_sigma_m, mahalanobis2, matrix, own,
    size_distance2,
};
use super::fuse::{fused, median_extent_m};
use super::nearby::Nearby;
use super::shift::{Candidate, Shift, common_shift};
use super::{Assignment, AssociateError, Belonging, DetectionForSite, PhotoBatch, PhotoShift, Site, View};

/// Nothing further away is ever the same thing, however badly placed the detection, m.
const MAX_REACH_M: f64 = 75.0;
/// Views of one site that enter the local map, the newest.
const MAX_VIEWS: usize = 8;

/// All sites known so far, ready to take in photos.
#[derive(Clone, Debug, Default)]
pub struct SiteBook {
    sites: Vec<Site>,
    nearby: Nearby,
    site_of_detection: HashMap<String, usize>,
    changed: BTreeSet<usize>,
    largest_sigma_m: f64,
}

/// One photo's detections on their common plane.
struct Scene<'a> {
    plane: LocalTangent,
    detections: Vec<&'a DetectionForSite>,
    places_m: Vec<Vector2<f64>>,
    covariances_m2: Vec<Matrix2<f64>>,
}

/// The sites a photo can show, as seen on its plane.
struct Surroundings {
    sites: Vec<usize>,
    map: Vec<Option<LocalSite>>,
    /// Mean common error of the photos behind the map, m².
    common_m2: Matrix2<f64>,
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
        if let Some(scene) = Scene::of(fresh) {
            let surroundings = self.surroundings(&scene, &photo.photo_id);
            let shift = photo_shift(&self.sites, &scene, &surroundings);
            let pairs = gated_pairs(&self.sites, &scene, &surroundings, shift.as_ref());
            let joined: HashMap<usize, usize> = assign(&pairs, largest_pair_cost()).into_iter().collect();
            for (row, detection) in scene.detections.iter().enumerate() {
                let site = joined.get(&row).map(|&column| surroundings.sites[column]);
                let belonging = self.add(detection, site, photo.captured_at);
                assignments.extend(self.assignment(&detection.detection_id, belonging));
            }
            told = shift.map(|shift| PhotoShift {
                photo_id: photo.photo_id.clone(),
                shift_enu_m: shift.offset_m.into(),
                pairs: shift.pairs,
            });
        }
        assignments.sort_by(|a, b| a.detection_id.cmp(&b.detection_id));
        Ok((assignments, told))
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

    /// Sites that a detection of the scene may be and that this photo has not shown yet, and their local map.
    fn surroundings(&self, scene: &Scene<'_>, photo_id: &str) -> Surroundings {
        let mut found = Vec::new();
        for (detection, covariance) in scene.detections.iter().zip(&scene.covariances_m2) {
            let sigma_m = largest_sigma_m(covariance) + self.largest_sigma_m;
            let reach_m = (CHI2_2DOF_99.sqrt() * sigma_m).min(MAX_REACH_M);
            self.nearby.within(detection.position, reach_m, &mut found);
        }
        let sites: Vec<usize> = found.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
        let unseen = |site: &usize| {
            self.sites[*site]
                .views
                .iter()
                .all(|view| view.photo_id != photo_id)
        };
        let sites: Vec<usize> = sites.into_iter().filter(unseen).collect();
        let (views, n_photos, common_m2) = self.local_views(scene, &sites);
        let map = adjusted(&views, sites.len(), n_photos);
        Surroundings {
            sites,
            map,
            common_m2,
        }
    }

    fn local_views(&self, scene: &Scene<'_>, sites: &[usize]) -> (Vec<LocalView>, usize, Matrix2<f64>) {
        let mut photos: HashMap<&str, usize> = HashMap::new();
        let (mut views, mut common_sum) = (Vec::new(), Matrix2::zeros());
        for (local, &site) in sites.iter().enumerate() {
            for view in self.sites[site].views.iter().rev().take(MAX_VIEWS) {
                let covariance = matrix(view.covariance_m2);
                let n_photos = photos.len();
                let photo = *photos.entry(&view.photo_id).or_insert(n_photos);
                let own_information = own(&covariance, view.extent_m).try_inverse();
                let common_information = common(&covariance).try_inverse();
                if let (Some(own_information), Some(common_information)) =
                    (own_information, common_information)
                {
                    let place_m = Vector2::from(scene.plane.enu_from_wgs84(view.position));
                    views.push(LocalView {
                        site: local,
                        photo,
                        place_m,
                        own_information,
                        common_information,
                    });
                    common_sum += common(&covariance);
                }
            }
        }
        let common_m2 = common_sum / f64::max(views.len() as f64, 1.0);
        (views, photos.len(), common_m2)
    }

    fn add(&mut self, detection: &DetectionForSite, site: Option<usize>, at: UtcMicros) -> Belonging {
        let view = View {
            detection_id: detection.detection_id.clone(),
            photo_id: detection.photo_id.clone(),
            position: detection.position,
            covariance_m2: detection.covariance_m2,
            extent_m: detection.extent_m,
            score: detection.score,
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

impl<'a> Scene<'a> {
    fn of(detections: Vec<&'a DetectionForSite>) -> Option<Self> {
        let plane = LocalTangent::at(detections.first()?.position);
        let place = |d: &&DetectionForSite| Vector2::from(plane.enu_from_wgs84(d.position));
        let places_m = detections.iter().map(place).collect();
        let covariances_m2 = detections.iter().map(|d| matrix(d.covariance_m2)).collect();
        Some(Self {
            plane,
            detections,
            places_m,
            covariances_m2,
        })
    }

    fn place_m(&self, position: Wgs84) -> Vector2<f64> {
        Vector2::from(self.plane.enu_from_wgs84(position))
    }
}

/// The photo's common shift against the local map.
fn photo_shift(sites: &[Site], scene: &Scene<'_>, surroundings: &Surroundings) -> Option<Shift> {
    let photo_m2: Matrix2<f64> = scene.covariances_m2.iter().map(common).sum::<Matrix2<f64>>()
        / f64::max(scene.covariances_m2.len() as f64, 1.0);
    let common_m2 = photo_m2 + surroundings.common_m2;
    let mut candidates = map_candidates(sites, scene, surroundings);
    candidates.retain(|c| mahalanobis2(&c.offset_m, &(c.own_m2 + common_m2)) <= CHI2_2DOF_99);
    common_shift(&candidates, &common_m2)
}

/// Every pair of equal class and like size, with its offset in the local map.
fn map_candidates(sites: &[Site], scene: &Scene<'_>, surroundings: &Surroundings) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for (row, detection) in scene.detections.iter().enumerate() {
        let own_m2 = own(&scene.covariances_m2[row], detection.extent_m);
        for (column, &site) in surroundings.sites.iter().enumerate() {
            let (Some(local), true) = (&surroundings.map[column], sites[site].class == detection.class)
            else {
                continue;
            };
            let Some(size2) = size_distance2(detection.extent_m, sites[site].extent_m) else {
                continue;
            };
            let offset_m = scene.places_m[row] - local.place_m;
            candidates.push(Candidate {
                row,
                column,
                offset_m,
                own_m2: own_m2 + local.own_m2,
                size2,
            });
        }
    }
    candidates
}

/// The pairs within both gates: with a shift, what it leaves over in the local map against the scatter that was
/// observed; without, plain places against their full covariances.
fn gated_pairs(
    sites: &[Site],
    scene: &Scene<'_>,
    surroundings: &Surroundings,
    shift: Option<&Shift>,
) -> Vec<Pair> {
    let distance2 = |candidate: &Candidate| match shift {
        Some(shift) => mahalanobis2(
            &(candidate.offset_m - shift.offset_m),
            &(candidate.own_m2 * shift.scatter),
        ),
        None => {
            let site = &sites[surroundings.sites[candidate.column]];
            let residual_m = scene.places_m[candidate.row] - scene.place_m(site.position);
            mahalanobis2(
                &residual_m,
                &(scene.covariances_m2[candidate.row] + matrix(site.covariance_m2)),
            )
        }
    };
    let candidates = map_candidates(sites, scene, surroundings);
    let pairs = candidates
        .iter()
        .map(|c| (c, distance2(c)))
        .filter(|(_, d2)| *d2 <= CHI2_2DOF_99);
    pairs
        .map(|(c, d2)| Pair {
            row: c.row,
            column: c.column,
            cost: d2 + c.size2,
        })
        .collect()
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
