//! Tiles taken apart again by a reader of their own.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::placed::Value;

/// Fields of a message: number, and either a number or bytes.
fn fields(mut bytes: &[u8]) -> Vec<(u64, u64, &[u8])> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let (key, rest) = varint(bytes);
        bytes = rest;
        let (number, kind) = (key >> 3, key & 7);
        match kind {
            0 => {
                let (value, rest) = varint(bytes);
                found.push((number, value, &[][..]));
                bytes = rest;
            }
            1 => {
                found.push((number, 0, &bytes[..8]));
                bytes = &bytes[8..];
            }
            2 => {
                let (length, rest) = varint(bytes);
                let (own, rest) = rest.split_at(length as usize);
                found.push((number, 0, own));
                bytes = rest;
            }
            other => panic!("kind {other}"),
        }
    }
    found
}

fn varint(bytes: &[u8]) -> (u64, &[u8]) {
    let last = bytes.iter().position(|byte| byte & 0x80 == 0).unwrap();
    let value = bytes[..=last]
        .iter()
        .rev()
        .fold(0, |sum, byte| (sum << 7) | u64::from(byte & 0x7f));
    (value, &bytes[last + 1..])
}

/// The closed rings or open runs of every feature of the first layer.
fn runs(tile: &[u8]) -> Vec<Vec<Vec<[i64; 2]>>> {
    let layers = fields(tile);
    let Some((3, _, layer)) = layers.first() else {
        return Vec::new();
    };
    let of_feature = |feature: &[u8]| {
        let commands = fields(feature).into_iter().find(|field| field.0 == 4).unwrap().2;
        let (mut at, mut rest, mut runs) = ([0_i64; 2], commands, Vec::<Vec<[i64; 2]>>::new());
        while !rest.is_empty() {
            let (command, after) = varint(rest);
            rest = after;
            for _ in 0..command >> 3 {
                if command & 7 == 7 {
                    continue;
                }
                for unit in &mut at {
                    let (step, after) = varint(rest);
                    rest = after;
                    *unit += (step >> 1).cast_signed() ^ -(step & 1).cast_signed();
                }
                match command & 7 {
                    1 => runs.push(vec![at]),
                    _ => runs.last_mut().unwrap().push(at),
                }
            }
        }
        runs
    };
    let features = fields(layer).into_iter().filter(|field| field.0 == 2);
    features.map(|field| of_feature(field.2)).collect()
}

fn area(ring: &[[i64; 2]]) -> i64 {
    ring.iter()
        .zip(ring.iter().cycle().skip(1))
        .map(|(a, b)| a[0] * b[1] - b[0] * a[1])
        .sum::<i64>()
        / 2
}

fn layer(shape: Shape) -> [TileLayer; 1] {
    let values = BTreeMap::from([("name".to_owned(), Value::Text("川沙新镇".to_owned()))]);
    [TileLayer {
        name: "seen".to_owned(),
        features: vec![Feature { shape, values }],
    }]
}

fn square([west, south]: [f64; 2], side_deg: f64) -> Vec<[f64; 2]> {
    let (east, north) = (west + side_deg, south + side_deg);
    vec![
        [west, south],
        [east, south],
        [east, north],
        [west, north],
        [west, south],
    ]
}

/// The tile of a place.
fn tile_of([longitude_deg, latitude_deg]: [f64; 2], zoom: u32) -> TileAddress {
    let world = TileAddress::new(0, 0, 0)
        .unwrap()
        .units([longitude_deg, latitude_deg]);
    let [column, row] = world.map(|unit| (unit / f64::from(EXTENT) * f64::from(1_u32 << zoom)) as u32);
    TileAddress::new(zoom, column, row).unwrap()
}

#[test]
fn tiles_lie_where_the_webs_map_has_them() {
    // Tile 10/858/419 holds Pudong: longitudes 121.640625 to 121.9921875.
    let [west, south, east, north] = TileAddress::new(10, 858, 419)
        .unwrap()
        .bounds_beyond_deg(BUFFER / f64::from(EXTENT));
    assert!(
        (west - 121.635_132).abs() < 1e-5 && (east - 121.997_68).abs() < 1e-5,
        "{west} {east}"
    );
    assert!(
        south > 30.7 && north < 31.1 && north - south > 0.3,
        "{south} {north}"
    );
    assert_eq!(
        tile_of([121.7, 30.9], 10),
        TileAddress::new(10, 858, 419).unwrap()
    );
    assert!(
        TileAddress::new(3, 8, 0).is_err()
            && TileAddress::new(23, 0, 0).is_err()
            && TileAddress::new(40, 0, 0).is_err()
    );
}

#[test]
fn a_polygon_with_a_hole_is_wound_as_the_standard_asks() {
    let at = [121.5, 31.25];
    let shape = Shape::Polygons(vec![vec![square(at, 0.01), square([121.502, 31.252], 0.004)]]);
    let bytes = write(tile_of([121.505, 31.255], 11), &layer(shape)).unwrap();
    let runs = runs(&bytes);
    assert_eq!(runs[0].len(), 2);
    assert!(area(&runs[0][0]) > 0 && area(&runs[0][1]) < 0);
    let share = -area(&runs[0][1]) as f64 / area(&runs[0][0]) as f64;
    assert!((share - 0.16).abs() < 0.01, "{share}");
}

#[test]
fn what_a_tile_does_not_show_has_no_bytes() {
    let far = Shape::Polygons(vec![vec![square([10.0, 50.0], 0.01)]]);
    assert!(write(tile_of([121.5, 31.2], 12), &layer(far)).unwrap().is_empty());
    let short = Shape::Line(vec![[121.5, 31.2]]);
    assert!(write(tile_of([121.5, 31.2], 12), &layer(short)).is_err());
}

#[test]
fn a_line_that_leaves_and_comes_back_is_two() {
    let tile = tile_of([121.5, 31.2], 14);
    let [west, south, east, north] = tile.bounds_beyond_deg(BUFFER / f64::from(EXTENT));
    let middle = f64::midpoint(south, north);
    let inside = west + (east - west) * 0.3;
    let line = Shape::Line(vec![
        [inside, middle],
        [west - 0.01, middle],
        [west - 0.01, south + 0.002],
        [inside, south + 0.002],
    ]);
    let runs = runs(&write(tile, &layer(line)).unwrap());
    assert_eq!(runs[0].len(), 2, "{runs:?}");
    assert!(runs[0].iter().flatten().all(|[x, _]| *x >= -64));
}

proptest! {
    #[test]
    fn the_area_of_a_polygon_is_that_of_its_tiles(
        west in 121.30..121.70_f64, south in 31.0..31.4_f64, corners in prop::collection::vec(0.1..1.0_f64, 5..14),
    ) {
        // A star around a middle: simple, concave, larger than a tile.
        let middle = [west, south];
        let ring: Vec<[f64; 2]> = corners.iter().enumerate().map(|(at, reach)| {
            let (sin, cos) = (at as f64 / corners.len() as f64 * 2.0 * PI).sin_cos();
            [middle[0] + 0.06 * reach * cos, middle[1] + 0.05 * reach * sin]
        }).collect();
        let shape = Shape::Polygons(vec![vec![ring.clone()]]);
        let centre = tile_of(middle, 12);
        let mut sum = 0_f64;
        let reach = 3_u32;
        for column in centre.column - reach..=centre.column + reach {
            for row in centre.row - reach..=centre.row + reach {
                let tile = TileAddress::new(12, column, row).unwrap();
                let bytes = write(tile, &layer(shape.clone())).unwrap();
                for ring in runs(&bytes).into_iter().flatten() {
                    let buffered = i64::from(EXTENT) + 64;
                    prop_assert!(ring.iter().flatten().all(|unit| (-64..=buffered).contains(unit)));
                    // Without the buffer, which neighbours show, too.
                    let own: Vec<[f64; 2]> = ring.iter().map(|at| at.map(|unit| unit as f64)).collect();
                    sum += area_within(&own, f64::from(EXTENT));
                }
            }
        }
        let units: Vec<[f64; 2]> = ring.iter().map(|at| centre.units(*at)).collect();
        let whole = float_area(&units).abs();
        let around: f64 = units.iter().zip(units.iter().cycle().skip(1)).map(|(a, b)| (a[0] - b[0]).hypot(a[1] - b[1])).sum();
        // Nowhere further off than simplification and rounding.
        prop_assert!((sum - whole).abs() <= around * (TOLERANCE + 1.0), "{} {}", sum, whole);
    }
}

fn float_area(ring: &[[f64; 2]]) -> f64 {
    let doubled: f64 = ring
        .iter()
        .zip(ring.iter().cycle().skip(1))
        .map(|(a, b)| a[0] * b[1] - b[0] * a[1])
        .sum();
    doubled / 2.0
}

/// Area of a ring within 0 to `side`, by cutting it as the tile does, each edge moved in by the buffer.
fn area_within(ring: &[[f64; 2]], side: f64) -> f64 {
    let mut cut = ring.to_vec();
    for (axis, edge, sign) in [(0, 0.0, 1.0), (0, side, -1.0), (1, 0.0, 1.0), (1, side, -1.0)] {
        let whole = std::mem::take(&mut cut);
        for (at, here) in whole.iter().enumerate() {
            let next = whole[(at + 1) % whole.len()];
            let (own, others) = ((here[axis] - edge) * sign, (next[axis] - edge) * sign);
            if own >= 0.0 {
                cut.push(*here);
            }
            if (own >= 0.0) != (others >= 0.0) {
                let share = own / (own - others);
                cut.push([0, 1].map(|axis| here[axis] + share * (next[axis] - here[axis])));
            }
        }
    }
    float_area(&cut)
}
