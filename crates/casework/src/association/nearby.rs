//! A spatial hash over degrees: which sites can be within some metres of a place, in constant time however many
//! sites the city has.

use std::collections::HashMap;

use survey::geodesy::Wgs84;

/// Cells per degree: cells about 54 m high. A power of two, so that the cell borders are exact.
const CELLS_PER_DEGREE: f64 = 2048.0;
const CELLS_AROUND: i32 = 360 * 2048;
/// Shortest length of a degree of latitude on WGS-84, m (at the equator).
const METRES_PER_DEGREE: f64 = 110_574.0;

/// Site numbers by cell.
#[derive(Clone, Debug, Default)]
pub struct Nearby {
    cells: HashMap<[i32; 2], Vec<usize>>,
}

impl Nearby {
    /// Enters a site at its place.
    pub fn insert(&mut self, place: Wgs84, site: usize) {
        self.cells.entry(cell(place)).or_default().push(site);
    }

    /// Takes a site to another place.
    pub fn relocate(&mut self, from: Wgs84, to: Wgs84, site: usize) {
        if cell(from) == cell(to) {
            return;
        }
        if let Some(sites) = self.cells.get_mut(&cell(from)) {
            sites.retain(|&other| other != site);
        }
        self.insert(to, site);
    }

    /// All sites within `radius_m` of a place and some beyond, appended to `found`.
    pub fn within(&self, place: Wgs84, radius_m: f64, found: &mut Vec<usize>) {
        let rows = (radius_m / METRES_PER_DEGREE * CELLS_PER_DEGREE).ceil();
        // Near the poles a metre is many cells wide; 0.01 stands for 89.4° and is far from any city.
        let columns = rows / place.latitude_deg.to_radians().cos().max(0.01);
        let (rows, columns) = (rows as i32, columns.ceil() as i32);
        let [row, column] = cell(place);
        for row in row - rows..=row + rows {
            for column in column - columns..=column + columns {
                let sites = self.cells.get(&[row, column.rem_euclid(CELLS_AROUND)]);
                found.extend(sites.into_iter().flatten());
            }
        }
    }
}

fn cell(place: Wgs84) -> [i32; 2] {
    let row = (place.latitude_deg * CELLS_PER_DEGREE).floor() as i32;
    let column = (place.longitude_deg * CELLS_PER_DEGREE).floor() as i32;
    [row, column.rem_euclid(CELLS_AROUND)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use survey::geodesy::LocalTangent;

    proptest! {
        #[test]
        fn nothing_within_the_radius_is_missed(
            latitude_deg in -85.0..85.0f64, longitude_deg in -180.0..180.0f64,
            azimuth_rad in 0.0..6.2f64, radius_m in 1.0..75.0f64, share in 0.0..0.999f64
        ) {
            let place = Wgs84 { latitude_deg, longitude_deg };
            let (sin, cos) = azimuth_rad.sin_cos();
            let other = LocalTangent::at(place).wgs84_from_enu(sin * radius_m * share, cos * radius_m * share);
            let mut nearby = Nearby::default();
            nearby.insert(place, 3);
            nearby.relocate(place, other, 3);
            let mut found = Vec::new();
            nearby.within(place, radius_m, &mut found);
            prop_assert_eq!(found, vec![3]);
        }
    }
}
