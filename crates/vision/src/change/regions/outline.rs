//! Outlines of sets of squares.

/// The corners of the outer border of the set that holds `first`, its first square row by row; every turn of
/// the border is a corner. Runs with the set on its right: clockwise as seen, y pointing down.
pub(super) fn outer_border(first: usize, width: usize, holds: impl Fn(usize) -> bool) -> Vec<[f64; 2]> {
    let inside = |x: isize, y: isize| {
        x >= 0 && y >= 0 && (x as usize) < width && holds(y as usize * width + x as usize)
    };
    let start = [(first % width) as isize, (first / width) as isize];
    // Steps right, down, left, up; of each, the squares ahead on the right and on the left.
    const STEPS: [[isize; 2]; 4] = [[1, 0], [0, 1], [-1, 0], [0, -1]];
    const RIGHT: [[isize; 2]; 4] = [[0, 0], [-1, 0], [-1, -1], [0, -1]];
    const LEFT: [[isize; 2]; 4] = [[0, -1], [0, 0], [-1, 0], [-1, -1]];
    let (mut at, mut heading) = (start, 0);
    let mut corners = vec![start.map(|side| side as f64)];
    loop {
        at = [at[0] + STEPS[heading][0], at[1] + STEPS[heading][1]];
        if at == start && heading == 3 {
            return corners;
        }
        let ahead = |side: [[isize; 2]; 4]| inside(at[0] + side[heading][0], at[1] + side[heading][1]);
        let turned = if !ahead(RIGHT) {
            (heading + 1) % 4
        } else if ahead(LEFT) {
            (heading + 3) % 4
        } else {
            heading
        };
        if turned != heading {
            corners.push(at.map(|side| side as f64));
            heading = turned;
        }
        if at == start && heading == 0 {
            corners.pop();
            return corners;
        }
    }
}

/// A closed line with fewer corners, none of the old ones farther from it than `tolerance` (Ramer 1972, Douglas
/// and Peucker 1973), from two corners far apart. A line of up to four corners stays as it is.
pub(super) fn simplified(corners: &[[f64; 2]], tolerance: f64) -> Vec<[f64; 2]> {
    if corners.len() <= 4 {
        return corners.to_vec();
    }
    let far = (0..corners.len())
        .max_by(|a, b| distance(corners[0], corners[*a]).total_cmp(&distance(corners[0], corners[*b])))
        .unwrap_or(0);
    let mut kept = vec![false; corners.len() + 1];
    kept[0] = true;
    kept[far] = true;
    let closed: Vec<[f64; 2]> = corners.iter().chain(&corners[..1]).copied().collect();
    let mut open = vec![(0, far), (far, corners.len())];
    while let Some((from, to)) = open.pop() {
        let farthest = (from + 1..to)
            .map(|index| (index, off_line(closed[index], closed[from], closed[to])))
            .max_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((index, _)) = farthest.filter(|(_, off)| *off > tolerance) {
            kept[index] = true;
            open.extend([(from, index), (index, to)]);
        }
    }
    let few: Vec<[f64; 2]> = (0..corners.len())
        .filter(|index| kept[*index])
        .map(|index| corners[index])
        .collect();
    if few.len() < 3 { corners.to_vec() } else { few }
}

fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

fn off_line(point: [f64; 2], from: [f64; 2], to: [f64; 2]) -> f64 {
    let length = distance(from, to);
    if length == 0.0 {
        return distance(point, from);
    }
    let cross = (to[0] - from[0]) * (point[1] - from[1]) - (to[1] - from[1]) * (point[0] - from[0]);
    cross.abs() / length
}
