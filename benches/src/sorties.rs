//! Half a year of a city's sorties: 16 docks in 40 × 40 km, lawnmower sorties of 800 photos of 120 × 90 m with 70 %
//! forward and 60 % side overlap and a heading of their own, yaw noise of 2°, over 180 days.

use std::f64::consts::TAU;

/// Photos of a sortie: 20 strips of 40.
pub const PHOTOS_PER_SORTIE: usize = 800;
/// Days the sorties are spread over.
pub const DAYS: usize = 180;
/// Side of the square the sorties lie in, m.
pub const SIDE_M: f64 = 40_000.0;
/// Docks, on a bent 4 × 4 pattern.
pub const DOCKS: usize = 16;

/// One photo, on a plane with its origin in the middle of the square.
pub struct Photo {
    /// Sortie and index in it; sorts in order of time.
    pub name: String,
    /// Days after the first.
    pub day: usize,
    /// The dock nearest to the sortie, from 0.
    pub dock: usize,
    /// East and north of the middle, m, counter-clockwise.
    pub corners: [[f64; 2]; 4],
}

/// `photos` photos in order of time.
pub fn photos(photos: usize) -> impl Iterator<Item = Photo> {
    let sorties = photos.div_ceil(PHOTOS_PER_SORTIE);
    let docks: Vec<[f64; 2]> = {
        let mut stream = Stream(7);
        let mut bent = |cell: usize| ((cell as f64 + stream.within(0.2, 0.8)) / 4.0 - 0.5) * SIDE_M;
        (0..DOCKS).map(|dock| [bent(dock % 4), bent(dock / 4)]).collect()
    };
    (0..sorties).flat_map(move |sortie| {
        let mut stream = Stream(1_000 + sortie as u64);
        let middle = [0; 2].map(|_| stream.within(-0.5, 0.5) * SIDE_M);
        let heading = stream.within(0.0, TAU);
        let away = |dock: &[f64; 2]| (dock[0] - middle[0]).hypot(dock[1] - middle[1]);
        let dock = (0..DOCKS)
            .min_by(|a, b| away(&docks[*a]).total_cmp(&away(&docks[*b])))
            .unwrap_or(0);
        let here = PHOTOS_PER_SORTIE.min(photos - sortie * PHOTOS_PER_SORTIE);
        (0..here).map(move |index| {
            let (strip, step) = (index / 40, index % 40);
            let centre = [step as f64 * 27.0 - 526.5, strip as f64 * 48.0 - 456.0];
            let yaw = heading + 2_f64.to_radians() * stream.normal();
            let [along, across] = turned(centre, heading);
            let corner = |[x, y]: [f64; 2]| {
                let [dx, dy] = turned([x, y], yaw);
                [middle[0] + along + dx, middle[1] + across + dy]
            };
            Photo {
                name: format!("S{sortie:05}-{index:04}"),
                day: sortie * DAYS / sorties,
                dock,
                corners: [[-45.0, -60.0], [45.0, -60.0], [45.0, 60.0], [-45.0, 60.0]].map(corner),
            }
        })
    })
}

fn turned([x, y]: [f64; 2], angle: f64) -> [f64; 2] {
    let (sin, cos) = angle.sin_cos();
    [x * cos - y * sin, x * sin + y * cos]
}

/// A fixed sequence of numbers (splitmix64).
pub struct Stream(pub u64);

impl Stream {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Even between two numbers.
    pub fn within(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.next()
    }

    /// Normal with deviation 1 (Box–Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.next()).ln()).sqrt();
        radius * (TAU * self.next()).cos()
    }
}
