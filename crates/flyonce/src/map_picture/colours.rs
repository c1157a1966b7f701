//! Colours of pictures. Grounds that stand in one legend are told apart with every kind of colour vision; a test holds
//! them against a model of it.

/// Red, green, blue.
pub type Colour = [u8; 3];

/// Under everything.
pub const PAPER: Colour = [255, 255, 255];
/// Text.
pub const INK: Colour = [28, 37, 48];
/// Text that says what figures rest on.
pub const SOFT: Colour = [86, 97, 112];
/// Borders of towns.
pub const BORDER: Colour = [112, 122, 136];

/// Ground by age, the newest first.
pub const AGES: [Colour; 5] = [
    [11, 85, 159],
    [107, 174, 214],
    [255, 230, 128],
    [240, 138, 36],
    [155, 28, 28],
];
/// Flyable ground that was never seen.
pub const NEVER: Colour = [195, 200, 207];
/// Outlines of gaps.
pub const GAP: Colour = [20, 20, 24];

/// Ground that one, two, three or more docks reach.
pub const REACHED: [Colour; 3] = [[198, 219, 239], [133, 183, 219], [74, 134, 189]];
/// Ground that none reaches.
pub const OUT_OF_REACH: Colour = [246, 178, 107];
/// Outline of what one dock reaches.
pub const REACH: Colour = [42, 88, 138];

/// A dock that stands.
pub const DOCK: Colour = [20, 48, 79];
/// A dock to be built.
pub const NEW_DOCK: Colour = [194, 24, 91];
/// The next dock after those.
pub const NEXT_DOCK: Colour = [117, 66, 173];

/// Ground of two layers alike.
pub const SAME: Colour = [205, 208, 213];
/// Ground only in the later one.
pub const GAINED: Colour = [31, 120, 180];
/// Ground only in the earlier one.
pub const LOST: Colour = [230, 97, 1];

#[cfg(test)]
mod tests {
    use super::*;

    /// Linear red, green, blue as people see it who lack one kind of cones (Machado, Oliveira and Fernandes 2009, table 1,
    /// severity 1): none, L, M, S.
    const VISIONS: [[[f64; 3]; 3]; 4] = [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [
            [0.152_286, 1.052_583, -0.204_868],
            [0.114_503, 0.786_281, 0.099_216],
            [-0.003_882, -0.048_116, 1.051_998],
        ],
        [
            [0.367_322, 0.860_646, -0.227_968],
            [0.280_085, 0.672_501, 0.047_413],
            [-0.011_820, 0.042_940, 0.968_881],
        ],
        [
            [1.255_528, -0.076_749, -0.178_779],
            [-0.078_411, 0.930_809, 0.147_602],
            [0.004_733, 0.691_367, 0.303_900],
        ],
    ];

    /// CIE L*a*b* (D65) of a colour as it is seen.
    fn lab(colour: Colour, vision: &[[f64; 3]; 3]) -> [f64; 3] {
        let linear = colour.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        });
        let times = |matrix: &[[f64; 3]; 3], by: [f64; 3]| {
            [0, 1, 2].map(|row| (0..3).map(|column| matrix[row][column] * by[column]).sum::<f64>())
        };
        let seen = times(vision, linear).map(|part| part.clamp(0.0, 1.0));
        let xyz = times(
            &[
                [0.4124, 0.3576, 0.1805],
                [0.2126, 0.7152, 0.0722],
                [0.0193, 0.1192, 0.9505],
            ],
            seen,
        );
        let [x, y, z] = [xyz[0] / 0.9505, xyz[1], xyz[2] / 1.089].map(|part| {
            if part > 0.008_856 {
                part.cbrt()
            } else {
                7.787 * part + 16.0 / 116.0
            }
        });
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    /// Fewest steps (ΔE 1976) between two of the colours, whoever looks.
    fn least_apart(colours: &[Colour]) -> f64 {
        let mut least = f64::INFINITY;
        for vision in &VISIONS {
            let seen: Vec<[f64; 3]> = colours.iter().map(|colour| lab(*colour, vision)).collect();
            for (index, a) in seen.iter().enumerate() {
                for b in &seen[index + 1..] {
                    let apart = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                    least = least.min(apart);
                }
            }
        }
        least
    }

    #[test]
    fn grounds_of_one_legend_differ_for_everybody() {
        let ages = [&AGES[..], &[NEVER, PAPER]].concat();
        let reach = [&REACHED[..], &[OUT_OF_REACH, PAPER]].concat();
        for (legend, colours) in [
            ("ages", &ages[..]),
            ("reach", &reach),
            ("layers", &[SAME, GAINED, LOST, PAPER]),
            ("docks", &[DOCK, NEW_DOCK, NEXT_DOCK, PAPER]),
        ] {
            let least = least_apart(colours);
            assert!(least > 15.0, "{legend}: {least:.1}");
        }
        // Green against red is what the test is for.
        assert!(least_apart(&[[26, 120, 80], [190, 66, 52]]) < 12.0);
    }
}
