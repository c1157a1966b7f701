//! Leaves out positions that an outline does without (Douglas and Peucker 1973).

/// A line with its ends, nowhere further than `tolerance` from the one given.
pub(super) fn line(line: &[[f64; 2]], tolerance: f64) -> Vec<[f64; 2]> {
    if line.len() < 3 {
        return line.to_vec();
    }
    let mut is_kept = vec![false; line.len()];
    is_kept[0] = true;
    is_kept[line.len() - 1] = true;
    let mut spans = vec![(0, line.len() - 1)];
    while let Some((first, last)) = spans.pop() {
        let between = (first + 1..last).map(|at| (at, distance(line[at], line[first], line[last])));
        let farthest = between.max_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((at, _)) = farthest.filter(|(_, away)| *away > tolerance) {
            is_kept[at] = true;
            spans.extend([(first, at), (at, last)]);
        }
    }
    let kept = line.iter().zip(is_kept).filter(|(_, kept)| *kept);
    kept.map(|(at, _)| *at).collect()
}

/// A ring (not closed), cut for this in two at the position farthest from its first. One that would vanish is kept as
/// it is, so that what is small still shows at the zoom where it is as large as a unit.
pub(super) fn ring(ring: &[[f64; 2]], tolerance: f64) -> Vec<[f64; 2]> {
    let away = |at: &[f64; 2]| (at[0] - ring[0][0]).hypot(at[1] - ring[0][1]);
    let farthest = (1..ring.len()).max_by(|a, b| away(&ring[*a]).total_cmp(&away(&ring[*b])));
    let Some(half) = farthest else {
        return ring.to_vec();
    };
    let mut simple = line(&ring[..=half], tolerance);
    let back: Vec<[f64; 2]> = ring[half..].iter().chain(&ring[..1]).copied().collect();
    let back = line(&back, tolerance);
    simple.extend(&back[1..back.len() - 1]);
    if simple.len() < 3 { ring.to_vec() } else { simple }
}

/// From a position to a piece of a line.
fn distance(at: [f64; 2], a: [f64; 2], b: [f64; 2]) -> f64 {
    let along = [b[0] - a[0], b[1] - a[1]];
    let own = [at[0] - a[0], at[1] - a[1]];
    let length2 = along[0] * along[0] + along[1] * along[1];
    let share = if length2 > 0.0 {
        ((own[0] * along[0] + own[1] * along[1]) / length2).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (own[0] - share * along[0]).hypot(own[1] - share * along[1])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn simple_lines_stay_close_and_keep_their_ends(
            given in prop::collection::vec([-500.0..500.0_f64, -500.0..500.0_f64], 2..60), tolerance in 0.5..50.0_f64,
        ) {
            let simple = line(&given, tolerance);
            prop_assert_eq!((simple.first(), simple.last()), (given.first(), given.last()));
            for at in &given {
                let away = simple.windows(2).map(|pair| distance(*at, pair[0], pair[1])).fold(f64::INFINITY, f64::min);
                prop_assert!(away <= tolerance + 1e-9, "{} from {:?}", away, at);
            }
        }
    }

    #[test]
    fn a_square_with_many_positions_has_four() {
        let side = |from: [f64; 2], to: [f64; 2]| {
            (0..10)
                .map(move |i| [0, 1].map(|axis| from[axis] + (to[axis] - from[axis]) * f64::from(i) / 10.0))
        };
        let corners = [[0.0, 0.0], [100.0, 0.0], [100.0, 100.0], [0.0, 100.0]];
        let ring_of_many: Vec<[f64; 2]> = (0..4)
            .flat_map(|at| side(corners[at], corners[(at + 1) % 4]))
            .collect();
        assert_eq!(ring(&ring_of_many, 1.0), corners);
    }
}
