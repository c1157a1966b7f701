//! One photo and what stands around it, on one plane: which pairs of detection and site pass the gates.

use std::collections::HashMap;

use nalgebra::{Matrix2, Vector2};
use survey::geodesy::{LocalTangent, Wgs84};

use super::adjust::{LocalMap, LocalView, adjusted};
use super::assign::Pair;
use super::error_model::{CHI2_2DOF_99, CHI2_2DOF_9999, common, mahalanobis2, matrix, own, size_distance2};
use super::hull::Hull;
use super::setting::{Setting, surely_shown};
use super::shift::{Candidate, Shift, common_shift};
use super::similarity::Similarity;
use super::site::{DetectionForSite, Site};

/// Views of one site that enter the local map, the newest.
const MAX_VIEWS: usize = 8;
/// One photo's detections on a plane whose origin is their centre.
pub struct Scene<'a> {
    /// The detections, at least one.
    pub detections: Vec<&'a DetectionForSite>,
    plane: LocalTangent,
    centre_m: Vector2<f64>,
    places_m: Vec<Vector2<f64>>,
    footprint_m: Vec<Vector2<f64>>,
    covariances_m2: Vec<Matrix2<f64>>,
}

/// The sites that a photo can show, laid over each other on its plane.
pub struct Surroundings<'a> {
    sites: Vec<&'a Site>,
    map: LocalMap,
    /// For each photo behind the map, the ground it surely shows.
    seen: Vec<Hull>,
    /// Mean common error of the photos behind the map, m².
    common_m2: Matrix2<f64>,
}

impl<'a> Scene<'a> {
    /// The scene of some detections and the photo's footprint, unless there are no detections.
    pub fn of(detections: Vec<&'a DetectionForSite>, footprint: &[Wgs84]) -> Option<Self> {
        let plane = LocalTangent::at(detections.first()?.position);
        let on_plane = |d: &&DetectionForSite| Vector2::from(plane.enu_from_wgs84(d.position));
        let mut places_m: Vec<Vector2<f64>> = detections.iter().map(on_plane).collect();
        let centre_m = places_m.iter().sum::<Vector2<f64>>() / places_m.len() as f64;
        places_m.iter_mut().for_each(|place_m| *place_m -= centre_m);
        let covariances_m2 = detections.iter().map(|d| matrix(d.covariance_m2)).collect();
        let corner = |corner: &Wgs84| Vector2::from(plane.enu_from_wgs84(*corner)) - centre_m;
        let footprint_m = footprint.iter().map(corner).collect();
        Some(Self {
            detections,
            plane,
            centre_m,
            places_m,
            footprint_m,
            covariances_m2,
        })
    }

    /// The photo's common error against the map, if at least three pairs agree on one.
    pub fn shift(&self, around: &Surroundings<'_>) -> Option<Shift> {
        let photo_m2 =
            self.covariances_m2.iter().map(common).sum::<Matrix2<f64>>() / self.places_m.len() as f64;
        // Two photos' errors add up: this one's and that of the map.
        let prior = Similarity::unknown(&(photo_m2 + around.common_m2), 2.0);
        let mut candidates = self.candidates(around);
        candidates.retain(|candidate| {
            let reach_m2 = candidate.own_m2 + prior.offset_m2(&candidate.from_centre_m);
            mahalanobis2(&candidate.offset_m, &reach_m2) <= CHI2_2DOF_9999
        });
        let sites_m = around
            .map
            .sites
            .iter()
            .map(|local| local.as_ref().map(|local| local.place_m))
            .collect();
        let shown = surely_shown(&self.footprint_m, &self.places_m);
        let setting = Setting::new(prior, self.places_m.clone(), sites_m, shown, around.seen.clone());
        common_shift(&candidates, &setting)
    }

    /// The pairs within both gates, by row of detection and column of site. With a shift: what it leaves over in the
    /// local map, against the scatter that was observed. Without: plain places against their full covariances.
    pub fn gated_pairs(&self, around: &Surroundings<'_>, shift: Option<&Shift>) -> Vec<Pair> {
        let distance2 = |candidate: &Candidate| match shift {
            Some(shift) => {
                let left_m = candidate.offset_m - shift.error.offset_m(&candidate.from_centre_m);
                let left_m2 =
                    candidate.own_m2 * shift.scatter + shift.error.offset_m2(&candidate.from_centre_m);
                mahalanobis2(&left_m, &left_m2)
            }
            None => {
                let site = around.sites[candidate.column];
                let apart_m = self.places_m[candidate.row] - self.place_m(site.position);
                let apart_m2 = self.covariances_m2[candidate.row] + matrix(site.covariance_m2);
                mahalanobis2(&apart_m, &apart_m2)
            }
        };
        let candidates = self.candidates(around);
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

    /// Every pair of equal class and like size, with its offset in the local map.
    fn candidates(&self, around: &Surroundings<'_>) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        for (row, detection) in self.detections.iter().enumerate() {
            let (place_m, own_m2) = (
                self.places_m[row],
                own(&self.covariances_m2[row], detection.extent_m),
            );
            for (column, (site, local)) in around.sites.iter().zip(&around.map.sites).enumerate() {
                let (Some(local), true) = (local, site.class == detection.class) else {
                    continue;
                };
                let Some(size2) = size_distance2(detection.extent_m, site.extent_m) else {
                    continue;
                };
                let (offset_m, own_m2) = (place_m - local.place_m, own_m2 + local.own_m2);
                candidates.push(Candidate {
                    row,
                    column,
                    from_centre_m: place_m,
                    offset_m,
                    own_m2,
                    size2,
                });
            }
        }
        candidates
    }

    fn place_m(&self, position: Wgs84) -> Vector2<f64> {
        Vector2::from(self.plane.enu_from_wgs84(position)) - self.centre_m
    }
}

impl<'a> Surroundings<'a> {
    /// Lays the given sites over each other on the plane of `scene`; `footprints` are those of earlier photos.
    pub fn of(scene: &Scene<'_>, sites: Vec<&'a Site>, footprints: &HashMap<String, Vec<Wgs84>>) -> Self {
        let mut photos: Vec<&str> = Vec::new();
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        let (mut views, mut common_sum) = (Vec::new(), Matrix2::zeros());
        for (local, site) in sites.iter().enumerate() {
            for view in site.views.iter().rev().take(MAX_VIEWS) {
                let covariance = matrix(view.covariance_m2);
                let Some(own_information) = own(&covariance, view.extent_m).try_inverse() else {
                    continue;
                };
                let photo = *numbers.entry(&view.photo_id).or_insert_with(|| {
                    photos.push(&view.photo_id);
                    photos.len() - 1
                });
                let (place_m, common_m2) = (scene.place_m(view.position), common(&covariance));
                views.push(LocalView {
                    site: local,
                    photo,
                    place_m,
                    own_information,
                    common_m2,
                });
                common_sum += common_m2;
            }
        }
        let map = adjusted(&views, sites.len(), photos.len());
        let seen = seen_ground(scene, &map, &views, &photos, footprints);
        Self {
            sites,
            map,
            seen,
            common_m2: common_sum / f64::max(views.len() as f64, 1.0),
        }
    }
}

/// For each photo of the map, the ground it surely shows, on the map.
fn seen_ground(
    scene: &Scene<'_>,
    map: &LocalMap,
    views: &[LocalView],
    photos: &[&str],
    footprints: &HashMap<String, Vec<Wgs84>>,
) -> Vec<Hull> {
    let mut things_m = vec![Vec::new(); photos.len()];
    for view in views {
        things_m[view.photo].extend(map.sites[view.site].as_ref().map(|site| site.place_m));
    }
    let ground = |(photo, things_m): (usize, &Vec<Vector2<f64>>)| {
        let outline = footprints.get(photos[photo]).into_iter().flatten();
        let outline_m: Vec<Vector2<f64>> = outline
            .map(|corner| map.cleared_m(photo, scene.place_m(*corner)))
            .collect();
        surely_shown(&outline_m, things_m)
    };
    things_m.iter().enumerate().map(ground).collect()
}
