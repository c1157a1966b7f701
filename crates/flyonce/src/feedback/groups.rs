//! Which pictures show one scene, so that no scene is on both sides of a split.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use survey::geodesy::{LocalTangent, Wgs84};

/// Pictures whose centres are nearer than this are of one scene: the width of a window at the model's ground scale.
const SAME_SCENE_M: f64 = 80.0;
/// One group in so many is for validation.
const VALIDATION_ONE_IN: u8 = 5;

/// What ties a picture to others.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ties {
    /// Sites shown, at least one.
    pub(super) site_ids: Vec<String>,
    /// The photo it is cut from.
    pub(super) photo_id: String,
    /// Place of what it shows; where unknown, the pictures of a sortie are one scene.
    pub(super) place: Option<Wgs84>,
    /// The sortie.
    pub(super) sortie_id: String,
}

/// The group of each picture: the first of its site ids in the order of letters, which stays when the group grows by
/// later flights, unless two groups grow together.
pub(super) fn groups(pictures: &[Ties]) -> Vec<String> {
    let mut parent: Vec<usize> = (0..pictures.len()).collect();
    let mut first_with: BTreeMap<String, usize> = BTreeMap::new();
    for (index, ties) in pictures.iter().enumerate() {
        let mut keys: Vec<String> = ties.site_ids.iter().map(|id| format!("site {id}")).collect();
        keys.push(format!("photo {}", ties.photo_id));
        if ties.place.is_none() {
            keys.push(format!("sortie {}", ties.sortie_id));
        }
        for key in keys {
            let first = *first_with.entry(key).or_insert(index);
            join(&mut parent, first, index);
        }
    }
    join_neighbours(&mut parent, pictures);
    let mut names: BTreeMap<usize, &str> = BTreeMap::new();
    for (index, ties) in pictures.iter().enumerate() {
        let root = root_of(&mut parent, index);
        for id in &ties.site_ids {
            let name = names.entry(root).or_insert(id);
            *name = (*name).min(id);
        }
    }
    (0..pictures.len())
        .map(|index| {
            names
                .get(&root_of(&mut parent, index))
                .copied()
                .unwrap_or_default()
                .to_owned()
        })
        .collect()
}

/// `train` or `val`, by the hash of the group.
pub(super) fn split_of(group: &str) -> &'static str {
    match Sha256::digest(group.as_bytes()).first() {
        Some(byte) if byte.is_multiple_of(VALIDATION_ONE_IN) => "val",
        _ => "train",
    }
}

/// Places are sorted into cells of the size of a scene, so that only neighbouring cells are compared.
fn join_neighbours(parent: &mut [usize], pictures: &[Ties]) {
    let Some(origin) = pictures.iter().find_map(|ties| ties.place) else {
        return;
    };
    let tangent = LocalTangent::at(origin);
    let mut cells: BTreeMap<[i64; 2], Vec<(usize, [f64; 2])>> = BTreeMap::new();
    for (index, ties) in pictures.iter().enumerate() {
        let Some(place) = ties.place else { continue };
        let [east, north] = tangent.enu_from_wgs84(place);
        let cell = [east, north].map(|metres| (metres / SAME_SCENE_M).floor() as i64);
        for neighbour in neighbours(cell) {
            for (other, [other_east, other_north]) in cells.get(&neighbour).into_iter().flatten() {
                if (east - other_east).hypot(north - other_north) < SAME_SCENE_M {
                    join(parent, *other, index);
                }
            }
        }
        cells.entry(cell).or_default().push((index, [east, north]));
    }
}

fn neighbours([east, north]: [i64; 2]) -> impl Iterator<Item = [i64; 2]> {
    (-1..=1).flat_map(move |de| (-1..=1).map(move |dn| [east + de, north + dn]))
}

fn root_of(parent: &mut [usize], mut index: usize) -> usize {
    while parent[index] != index {
        parent[index] = parent[parent[index]];
        index = parent[index];
    }
    index
}

fn join(parent: &mut [usize], a: usize, b: usize) {
    let (a, b) = (root_of(parent, a), root_of(parent, b));
    parent[a.max(b)] = a.min(b);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ties(sites: &[&str], photo: &str, north_m: Option<f64>) -> Ties {
        Ties {
            site_ids: sites.iter().map(|&id| id.to_owned()).collect(),
            photo_id: photo.to_owned(),
            place: north_m.map(|north_m| Wgs84 {
                latitude_deg: 31.2 + north_m / 110_900.0,
                longitude_deg: 121.6,
            }),
            sortie_id: "s".to_owned(),
        }
    }

    #[test]
    fn sites_photos_and_nearness_tie_pictures_together() {
        let pictures = [
            ties(&["m"], "1", Some(0.0)),
            ties(&["c"], "2", Some(70.0)),
            ties(&["x", "c"], "3", Some(400.0)),
            ties(&["b"], "4", Some(1000.0)),
            ties(&["a"], "4", Some(1200.0)),
            ties(&["z"], "5", None),
            ties(&["y"], "6", None),
        ];
        assert_eq!(groups(&pictures), ["c", "c", "c", "a", "a", "y", "y"]);
    }

    #[test]
    fn about_one_group_in_five_is_for_validation() {
        let n = (0..1000)
            .filter(|index| split_of(&format!("site-{index}")) == "val")
            .count();
        assert!((150..250).contains(&n), "{n}");
    }
}
