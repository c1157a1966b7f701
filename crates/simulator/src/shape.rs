//! Solid shapes standing on the ground and where a ray enters them: prisms with up to four roof planes, round
//! tanks, and reliefs (tree crowns, heaps, dumps) given by a height function.

use crate::relief::Relief;

/// A ray in scene metres; the direction has length 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ray {
    pub(crate) origin: [f32; 3],
    pub(crate) direction: [f32; 3],
}

/// Where a shape stands: its local x axis points `axis` (cosine, sine from east, anticlockwise), local z 0 is
/// `base_m` above the street.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placement {
    pub(crate) centre_m: [f32; 2],
    pub(crate) axis: [f32; 2],
    pub(crate) base_m: f32,
}

impl Placement {
    /// West, south, east and north ends of a rectangle placed here, and a little more, metres.
    pub(crate) fn bounds(&self, half_m: [f32; 2]) -> [f32; 4] {
        let [c, s] = self.axis.map(f32::abs);
        let reach = [
            c * half_m[0] + s * half_m[1] + 0.1,
            s * half_m[0] + c * half_m[1] + 0.1,
        ];
        let [x, y] = self.centre_m;
        [x - reach[0], y - reach[1], x + reach[0], y + reach[1]]
    }

    /// A scene position in the local frame.
    pub(crate) fn local_of(&self, point: [f32; 2]) -> [f32; 2] {
        let [c, s] = self.axis;
        let (x, y) = (point[0] - self.centre_m[0], point[1] - self.centre_m[1]);
        [c * x + s * y, c * y - s * x]
    }
}

/// A shape in its local frame.
#[derive(Clone, Debug)]
pub(crate) enum Form {
    /// Box sides with roof planes `z ≤ a·x + b·y + c`.
    Prism {
        half_m: [f32; 2],
        roof: [[f32; 3]; 4],
        planes: u8,
        top_m: f32,
    },
    /// Upright cylinder.
    Round { radius_m: f32, height_m: f32 },
    /// Height function.
    Relief(Relief),
}

/// Where a ray first enters a shape.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hit {
    /// Distance along the ray, metres.
    pub(crate) distance_m: f32,
    /// Position in the local frame.
    pub(crate) local_m: [f32; 3],
    /// Outward normal in the local frame.
    pub(crate) normal: [f32; 3],
    /// Which face: 0–1 are the x sides, 2–3 the y sides, 4 and up the roof.
    pub(crate) face: u8,
}

impl Form {
    /// A flat box.
    pub(crate) fn block(half_m: [f32; 2], height_m: f32) -> Self {
        Self::Prism {
            half_m,
            roof: [[0.0, 0.0, height_m], [0.0; 3], [0.0; 3], [0.0; 3]],
            planes: 1,
            top_m: height_m,
        }
    }

    /// A gable whose ridge runs along local x.
    pub(crate) fn gable(half_m: [f32; 2], eave_m: f32, ridge_m: f32) -> Self {
        let slope = (ridge_m - eave_m) / half_m[1];
        Self::Prism {
            half_m,
            roof: [[0.0, slope, ridge_m], [0.0, -slope, ridge_m], [0.0; 3], [0.0; 3]],
            planes: 2,
            top_m: ridge_m,
        }
    }

    /// A hipped roof: a gable with the same slope at the ends.
    pub(crate) fn hip(half_m: [f32; 2], eave_m: f32, ridge_m: f32) -> Self {
        let slope = (ridge_m - eave_m) / half_m[1];
        let end = eave_m + slope * half_m[0];
        Self::Prism {
            half_m,
            roof: [
                [0.0, slope, ridge_m],
                [0.0, -slope, ridge_m],
                [slope, 0.0, end],
                [-slope, 0.0, end],
            ],
            planes: 4,
            top_m: ridge_m,
        }
    }

    /// One roof plane rising along local y.
    pub(crate) fn lean_to(half_m: [f32; 2], low_m: f32, high_m: f32) -> Self {
        let slope = (high_m - low_m) / (2.0 * half_m[1]);
        Self::Prism {
            half_m,
            roof: [[0.0, slope, (low_m + high_m) / 2.0], [0.0; 3], [0.0; 3], [0.0; 3]],
            planes: 1,
            top_m: high_m,
        }
    }

    /// Half extents of the bounding rectangle in the local frame.
    pub(crate) fn half_extent_m(&self) -> [f32; 2] {
        match self {
            Self::Prism { half_m, .. } => *half_m,
            Self::Round { radius_m, .. } => [*radius_m; 2],
            Self::Relief(relief) => relief.half_m,
        }
    }

    /// Greatest local z.
    pub(crate) fn top_m(&self) -> f32 {
        match self {
            Self::Prism { top_m, .. } => *top_m,
            Self::Round { height_m, .. } => *height_m,
            Self::Relief(relief) => relief.height_m,
        }
    }

    /// First entry of a ray given in the local frame.
    pub(crate) fn enter(&self, ray: &Ray) -> Option<Hit> {
        match self {
            Self::Prism {
                half_m, roof, planes, ..
            } => {
                let (distance_m, face, plane) = clip_prism(ray, *half_m, &roof[..usize::from(*planes)])?;
                let normal = match face {
                    0 => [-1.0, 0.0, 0.0],
                    1 => [1.0, 0.0, 0.0],
                    2 => [0.0, -1.0, 0.0],
                    3 => [0.0, 1.0, 0.0],
                    _ => unit([-plane[0], -plane[1], 1.0]),
                };
                Some(Hit {
                    distance_m,
                    local_m: along(ray, distance_m),
                    normal,
                    face,
                })
            }
            Self::Round { radius_m, height_m } => enter_round(ray, *radius_m, *height_m),
            Self::Relief(relief) => enter_relief(ray, relief),
        }
    }
}

/// The ray in the frame of a placement.
pub(crate) fn local_ray(ray: &Ray, place: &Placement) -> Ray {
    let [c, s] = place.axis;
    let offset = [
        ray.origin[0] - place.centre_m[0],
        ray.origin[1] - place.centre_m[1],
    ];
    let turn = |v: [f32; 2]| [c * v[0] + s * v[1], c * v[1] - s * v[0]];
    let [ox, oy] = turn(offset);
    let [dx, dy] = turn([ray.direction[0], ray.direction[1]]);
    Ray {
        origin: [ox, oy, ray.origin[2] - place.base_m],
        direction: [dx, dy, ray.direction[2]],
    }
}

/// A local direction in the scene frame.
pub(crate) fn scene_direction(local: [f32; 3], place: &Placement) -> [f32; 3] {
    let [c, s] = place.axis;
    [c * local[0] - s * local[1], s * local[0] + c * local[1], local[2]]
}

/// The vector scaled to length 1.
pub(crate) fn unit(v: [f32; 3]) -> [f32; 3] {
    let scale = 1.0 / (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]).sqrt().max(1e-12);
    v.map(|part| part * scale)
}

fn along(ray: &Ray, t: f32) -> [f32; 3] {
    std::array::from_fn(|k| ray.origin[k] + t * ray.direction[k])
}

/// Distance, face and roof plane where a ray enters a prism.
fn clip_prism(ray: &Ray, half_m: [f32; 2], roof: &[[f32; 3]]) -> Option<(f32, u8, [f32; 3])> {
    let [o, d] = [ray.origin, ray.direction];
    let (mut near, mut far, mut face, mut plane) = (0.0f32, f32::INFINITY, u8::MAX, [0.0; 3]);
    // Each face is a half space f + t·g ≤ 0.
    let mut cut = |f: f32, g: f32, which: u8, roof_plane: [f32; 3]| -> bool {
        if g < 0.0 {
            let t = -f / g;
            if t > near {
                (near, face, plane) = (t, which, roof_plane);
            }
        } else if g > 0.0 {
            far = far.min(-f / g);
        } else if f > 0.0 {
            return false;
        }
        near <= far
    };
    let inside = cut(-o[0] - half_m[0], -d[0], 0, [0.0; 3])
        && cut(o[0] - half_m[0], d[0], 1, [0.0; 3])
        && cut(-o[1] - half_m[1], -d[1], 2, [0.0; 3])
        && cut(o[1] - half_m[1], d[1], 3, [0.0; 3])
        && cut(-o[2], -d[2], 2, [0.0; 3])
        && roof.iter().enumerate().all(|(index, p)| {
            cut(
                o[2] - p[0] * o[0] - p[1] * o[1] - p[2],
                d[2] - p[0] * d[0] - p[1] * d[1],
                4 + index as u8,
                *p,
            )
        });
    (inside && face != u8::MAX).then_some((near, face, plane))
}

fn enter_round(ray: &Ray, radius_m: f32, height_m: f32) -> Option<Hit> {
    let [o, d] = [ray.origin, ray.direction];
    if d[2] < 0.0 && o[2] > height_m {
        let t = (height_m - o[2]) / d[2];
        let p = along(ray, t);
        if p[0] * p[0] + p[1] * p[1] <= radius_m * radius_m {
            return Some(Hit {
                distance_m: t,
                local_m: p,
                normal: [0.0, 0.0, 1.0],
                face: 4,
            });
        }
    }
    let a = d[0] * d[0] + d[1] * d[1];
    let b = o[0] * d[0] + o[1] * d[1];
    let c = o[0] * o[0] + o[1] * o[1] - radius_m * radius_m;
    let discriminant = b * b - a * c;
    if a < 1e-9 || discriminant < 0.0 {
        return None;
    }
    let t = (-b - discriminant.sqrt()) / a;
    let p = along(ray, t);
    let hit = t > 0.0 && p[2] >= 0.0 && p[2] <= height_m;
    hit.then(|| Hit {
        distance_m: t,
        local_m: p,
        normal: unit([p[0], p[1], 0.0]),
        face: 1,
    })
}

fn enter_relief(ray: &Ray, relief: &Relief) -> Option<Hit> {
    let hull = [[0.0, 0.0, relief.height_m]];
    let far = exit_distance(ray, relief.half_m);
    let (start, _, _) = clip_prism(ray, relief.half_m, &hull).or_else(|| {
        let inside = ray.origin[2] < relief.height_m
            && ray.origin[0].abs() < relief.half_m[0]
            && ray.origin[1].abs() < relief.half_m[1];
        inside.then_some((0.0, 4, [0.0; 3]))
    })?;
    let end = if ray.direction[2] < 0.0 {
        far.min(-ray.origin[2] / ray.direction[2])
    } else {
        far.min((relief.height_m - ray.origin[2]) / ray.direction[2].max(1e-6))
    };
    let steps = 11;
    let stride = (end - start) / steps as f32;
    let below = |t: f32| {
        let p = along(ray, t);
        p[2] < relief.height_at(p[0], p[1])
    };
    let mut last = start;
    for step in 1..=steps {
        let t = start + stride * step as f32;
        if below(t) {
            let (mut low, mut high) = (last, t);
            for _ in 0..5 {
                let middle = 0.5 * (low + high);
                if below(middle) {
                    high = middle
                } else {
                    low = middle
                }
            }
            let p = along(ray, high);
            return Some(Hit {
                distance_m: high,
                local_m: p,
                normal: relief_normal(relief, p),
                face: 4,
            });
        }
        last = t;
    }
    None
}

fn relief_normal(relief: &Relief, p: [f32; 3]) -> [f32; 3] {
    let [x, y] = relief.slope_at(p[0], p[1]).map(|slope| slope.clamp(-2.5, 2.5));
    unit([-x, -y, 1.0])
}

fn exit_distance(ray: &Ray, half_m: [f32; 2]) -> f32 {
    let axis = |k: usize| {
        if ray.direction[k].abs() < 1e-9 {
            return f32::INFINITY;
        }
        (half_m[k] * ray.direction[k].signum() - ray.origin[k]) / ray.direction[k]
    };
    axis(0).min(axis(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relief::ReliefKind;

    fn down(x: f32, y: f32) -> Ray {
        Ray {
            origin: [x, y, 100.0],
            direction: [0.0, 0.0, -1.0],
        }
    }

    #[test]
    fn gable_is_highest_at_the_ridge_and_open_outside() {
        let roof = Form::gable([10.0, 4.0], 5.0, 7.0);
        let ridge = roof.enter(&down(3.0, 0.0)).unwrap();
        assert!((ridge.local_m[2] - 7.0).abs() < 1e-4 && ridge.face >= 4);
        let eave = roof.enter(&down(3.0, 3.999)).unwrap();
        assert!((eave.local_m[2] - 5.0).abs() < 1e-2 && eave.normal[1] > 0.0);
        assert!(roof.enter(&down(10.5, 0.0)).is_none());
    }

    #[test]
    fn a_level_ray_meets_the_wall_facing_it() {
        let house = Form::block([5.0, 5.0], 6.0);
        let ray = Ray {
            origin: [-20.0, 1.0, 3.0],
            direction: [1.0, 0.0, 0.0],
        };
        let hit = house.enter(&ray).unwrap();
        assert!((hit.distance_m - 15.0).abs() < 1e-4 && hit.face == 0);
    }

    #[test]
    fn a_heap_rises_to_its_middle_and_ends_at_its_edge() {
        let heap = Form::Relief(Relief::new(ReliefKind::Heap, [6.0, 6.0], 3.0, 4));
        let top = heap.enter(&down(0.0, 0.0)).unwrap();
        assert!(top.local_m[2] > 2.0 && top.local_m[2] <= 3.2, "{top:?}");
        assert!(heap.enter(&down(5.99, 5.99)).is_none());
    }

    #[test]
    fn a_tank_is_hit_on_lid_and_side() {
        let tank = Form::Round {
            radius_m: 1.0,
            height_m: 2.0,
        };
        assert_eq!(tank.enter(&down(0.5, 0.5)).unwrap().face, 4);
        let side = Ray {
            origin: [-5.0, 0.0, 1.0],
            direction: [1.0, 0.0, 0.0],
        };
        assert!((tank.enter(&side).unwrap().distance_m - 4.0).abs() < 1e-5);
    }
}
