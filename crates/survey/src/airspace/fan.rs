//! A surface that widens and rises from an inner edge beyond a runway end: an approach or a take-off climb. And the
//! transitional surface that leans on the side of the strip and of the approach.

use geo::Polygon as GridPolygon;

use super::runways::{OnGrid, ring};

/// Dimensions of an approach or take-off climb surface. Distances along it count from its inner edge.
#[derive(Debug, Clone, PartialEq)]
pub struct Fan {
    /// From the runway end to the inner edge, m.
    pub begin_m: f64,
    /// Half the length of the inner edge, m.
    pub half_width_m: f64,
    /// How much it widens to each side, m for a metre of length.
    pub splay: f64,
    /// Half the width at which it widens no more, m; `None` widens to its end.
    pub greatest_half_width_m: Option<f64>,
    /// Lengths (m) and slopes of its sections, from the inner edge.
    pub sections: Vec<(f64, f64)>,
}

/// A part of a sloped surface with one limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Step {
    /// Where it begins, m from the inner edge.
    pub(super) from_m: f64,
    /// Where it ends, m from the inner edge.
    pub(super) to_m: f64,
    /// Its lower edge, m above the aerodrome.
    pub(super) height_m: f64,
}

impl Fan {
    /// Length of all sections, m.
    #[must_use]
    pub fn length_m(&self) -> f64 {
        self.sections.iter().map(|(length_m, _)| length_m).sum()
    }

    /// Half its width so far from the inner edge, m.
    #[must_use]
    pub fn half_width_at_m(&self, along_m: f64) -> f64 {
        let widest_m = self.greatest_half_width_m.unwrap_or(f64::INFINITY);
        (self.half_width_m + self.splay * along_m).min(widest_m)
    }

    /// Its height above the inner edge so far out, m; `None` beyond its end.
    #[must_use]
    pub fn height_at_m(&self, along_m: f64) -> Option<f64> {
        let (mut begin_m, mut height_m) = (0.0, 0.0);
        for (length_m, slope) in &self.sections {
            if along_m <= begin_m + length_m {
                return Some(height_m + (along_m - begin_m) * slope);
            }
            begin_m += length_m;
            height_m += length_m * slope;
        }
        None
    }

    /// Where it first reaches a height, m from the inner edge; its end where it never does.
    #[must_use]
    pub fn reaches_at_m(&self, sought_m: f64) -> f64 {
        let (mut begin_m, mut height_m) = (0.0, 0.0);
        for (length_m, slope) in &self.sections {
            let top_m = height_m + length_m * slope;
            if sought_m <= height_m {
                return begin_m;
            }
            if sought_m <= top_m {
                return begin_m + (sought_m - height_m) / slope;
            }
            begin_m += length_m;
            height_m = top_m;
        }
        begin_m
    }

    /// Its parts, each at most `step_m` high; a level section is one.
    pub(super) fn steps(&self, step_m: f64) -> Vec<Step> {
        let mut found = Vec::new();
        let (mut begin_m, mut height_m) = (0.0, 0.0);
        for (length_m, slope) in &self.sections {
            if *slope <= 0.0 {
                found.push(Step {
                    from_m: begin_m,
                    to_m: begin_m + length_m,
                    height_m,
                });
            } else {
                let rises = steps(length_m * slope, step_m);
                found.extend(rises.into_iter().map(|(low_m, high_m)| Step {
                    from_m: begin_m + low_m / slope,
                    to_m: begin_m + high_m / slope,
                    height_m: height_m + low_m,
                }));
            }
            begin_m += length_m;
            height_m += length_m * slope;
        }
        found
    }

    /// Its ground beyond an end of a runway between two distances from the inner edge.
    pub(super) fn ground(&self, runway: &OnGrid<'_>, end: usize, from_m: f64, to_m: f64) -> GridPolygon {
        let bends = self.bends(from_m, to_m);
        let edge = |side: f64| {
            let corner = move |along_m: &f64| {
                runway.place(end, self.begin_m + along_m, side * self.half_width_at_m(*along_m))
            };
            bends.iter().map(corner).collect::<Vec<_>>()
        };
        let mut corners = edge(1.0);
        corners.extend(edge(-1.0).into_iter().rev());
        ring(corners)
    }

    /// Ground of the transitional surface on one side (1 or −1) of a runway between two heights: beside the strip and
    /// beside the approaches of both ends, up to where these are as high themselves.
    pub(super) fn transitional(
        &self,
        runway: &OnGrid<'_>,
        side: f64,
        slope: f64,
        (low_m, high_m): (f64, f64),
    ) -> GridPolygon {
        // The line on which the surface has this height, from the inner edge of an end outwards.
        let contour = |end: usize, height_m: f64| {
            let side = if end == 0 { side } else { -side };
            let bends = self.bends(0.0, self.reaches_at_m(height_m));
            let corner = move |along_m: f64| {
                let edge_m = self.height_at_m(along_m).unwrap_or(height_m);
                let aside_m = self.half_width_at_m(along_m) + (height_m - edge_m).max(0.0) / slope;
                runway.place(end, self.begin_m + along_m, side * aside_m)
            };
            bends.into_iter().map(corner).collect::<Vec<_>>()
        };
        let mut corners: Vec<_> = contour(0, high_m).into_iter().rev().collect();
        corners.extend(contour(1, high_m));
        corners.extend(contour(1, low_m).into_iter().rev());
        corners.extend(contour(0, low_m));
        corners.dedup();
        ring(corners)
    }

    /// Height of the transitional surface, m above the aerodrome, `along_m` beyond the inner edge (negative beside the
    /// strip) and `aside_m` from the centre line; `None` inside the strip or approach, or where that is higher than
    /// `top_m`.
    pub(super) fn transitional_height_m(
        &self,
        along_m: f64,
        aside_m: f64,
        slope: f64,
        top_m: f64,
    ) -> Option<f64> {
        let along_m = along_m.max(0.0);
        let beyond_edge_m = aside_m - self.half_width_at_m(along_m);
        let height_m = self.height_at_m(along_m)? + beyond_edge_m * slope;
        (beyond_edge_m >= 0.0 && height_m <= top_m).then_some(height_m)
    }

    /// The two distances and, between them, those at which edge or slope bend.
    fn bends(&self, from_m: f64, to_m: f64) -> Vec<f64> {
        let mut bends = vec![from_m, to_m];
        let mut end_m = 0.0;
        for (length_m, _) in &self.sections {
            end_m += length_m;
            bends.push(end_m);
        }
        if let Some(widest_m) = self.greatest_half_width_m.filter(|_| self.splay > 0.0) {
            bends.push((widest_m - self.half_width_m) / self.splay);
        }
        bends.retain(|bend_m| (from_m..=to_m).contains(bend_m));
        bends.sort_by(f64::total_cmp);
        bends.dedup();
        bends
    }
}

/// A rise cut into steps: lower and upper edge of each.
pub(super) fn steps(rise_m: f64, step_m: f64) -> Vec<(f64, f64)> {
    let step_m = step_m.max(1.0);
    let count = (rise_m / step_m).ceil().max(1.0) as u32;
    let step = |step: u32| {
        let low_m = f64::from(step) * step_m;
        (low_m, (low_m + step_m).min(rise_m))
    };
    (0..count).map(step).collect()
}
