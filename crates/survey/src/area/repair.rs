//! Rings as files have them become polygons that can be measured, and everything that was changed is told.
//!
//! What a ring that crosses itself encloses is settled by one rule: all ground its line goes round at least once,
//! either way (non-zero winding). A bow tie keeps both wings, a loop at the end of a hand-drawn line stays inside, and
//! ground gone round twice is not cut out, which counting crossings (even-odd) would do. Holes are cut afterwards: what
//! lies beyond the outline cuts nothing, and ground in two holes is cut once.

use std::collections::HashSet;

use geo::bool_ops::FillRule;
use geo::orient::{Direction, Orient};
use geo::{Area, BooleanOps, BoundingRect, Contains, LineString, MultiPolygon, Rect};

use super::crossing::{self, Spikes};
use super::{AREA_AGREEMENT, AreaError, Polygon, RawPolygon, Repair};
use crate::geodesy::Wgs84;
use crate::reference::Converter;

/// One ring read: clean as it is, or the parts that a crossing ring encloses.
enum Ring {
    Clean(Vec<Wgs84>),
    Parts(MultiPolygon),
}

/// Brings raw polygons to WGS-84 and repairs them; a crossing outline may become several polygons.
pub(super) fn polygons(
    raw: &[RawPolygon],
    converter: &Converter,
) -> Result<(Vec<Polygon>, Vec<Repair>), AreaError> {
    let mut repairs = Vec::new();
    let mut polygons = Vec::with_capacity(raw.len());
    let several = raw.len() > 1;
    let mut outlines: HashSet<(Vec<Vec<[u64; 2]>>, usize)> = HashSet::new();
    for (index, raw) in raw.iter().enumerate() {
        let mut reader = Reader {
            polygon: index + 1,
            converter,
            repairs: &mut repairs,
        };
        let read = reader.read(raw)?;
        let key = || {
            let outline = |part: &Polygon| crossing::round_trip(&part.exterior);
            read.iter().map(outline).collect::<Vec<_>>()
        };
        let holes = read.iter().map(|part| part.holes.len()).sum();
        // Of a single polygon there is nothing to compare with, and lines of a million vertices are not copied for it.
        if several && !outlines.insert((key(), holes)) {
            repairs.push(Repair::DuplicateRing {
                polygon: index + 1,
                ring: 0,
            });
            continue;
        }
        polygons.extend(read);
    }
    repairs.extend(overlap(&polygons));
    Ok((polygons, repairs))
}

/// Ground that stands in several of the polygons, if any. They are left as they are: whatever measures them counts the
/// ground once, and joining them here would bend edges that run straight on the grid.
fn overlap(polygons: &[Polygon]) -> Option<Repair> {
    if polygons.len() < 2 {
        return None;
    }
    let part = |polygon: &Polygon| {
        geo::Polygon::new(
            line(&polygon.exterior),
            polygon.holes.iter().map(|hole| line(hole)).collect(),
        )
    };
    let parts: Vec<geo::Polygon> = polygons.iter().map(part).collect();
    let sum: f64 = parts.iter().map(Area::unsigned_area).sum();
    let union = geo::unary_union(&parts);
    let shared = sum - union.unsigned_area();
    if shared <= sum * AREA_AGREEMENT {
        return None;
    }
    let first = polygons.first()?.exterior.first()?;
    Some(Repair::PolygonsOverlap {
        area_m2: shared * crossing::square_metres_per_square_degree(*first),
        inside: inside_another(&parts),
    })
}

/// How many of the polygons lie wholly inside another. Of very many it is not asked.
fn inside_another(parts: &[geo::Polygon]) -> usize {
    const MOST: usize = 1_000;
    if parts.len() > MOST {
        return 0;
    }
    let bounds: Vec<Option<Rect>> = parts.iter().map(BoundingRect::bounding_rect).collect();
    let holds = |outer: usize, inner: usize| {
        let (Some(around), Some(within)) = (bounds[outer], bounds[inner]) else {
            return false;
        };
        outer != inner && around.contains(&within) && {
            let area = parts[inner].unsigned_area();
            let shared = parts[inner].intersection(&parts[outer]).unsigned_area();
            parts[outer].unsigned_area() > area && shared >= area * (1.0 - AREA_AGREEMENT)
        }
    };
    let is_inside = |inner: &usize| (0..parts.len()).any(|outer| holds(outer, *inner));
    (0..parts.len()).filter(is_inside).count()
}

struct Reader<'a> {
    polygon: usize,
    converter: &'a Converter,
    repairs: &'a mut Vec<Repair>,
}

impl Reader<'_> {
    fn read(&mut self, raw: &RawPolygon) -> Result<Vec<Polygon>, AreaError> {
        let exterior = self.ring(0, &raw.exterior)?;
        let mut holes = Vec::with_capacity(raw.holes.len());
        let mut seen = HashSet::new();
        for (index, hole) in raw.holes.iter().enumerate() {
            let ring = self.ring(index + 1, hole)?;
            if let Ring::Clean(points) = &ring
                && !seen.insert(crossing::round_trip(points))
            {
                self.repairs.push(Repair::DuplicateRing {
                    polygon: self.polygon,
                    ring: index + 1,
                });
                continue;
            }
            holes.push((index + 1, ring));
        }
        self.assemble(exterior, holes)
    }

    fn ring(&mut self, ring: usize, raw: &[[f64; 2]]) -> Result<Ring, AreaError> {
        let polygon = self.polygon;
        let mut points = Vec::with_capacity(raw.len());
        for (index, place) in raw.iter().enumerate() {
            points.push(self.vertex(ring, index + 1, *place)?);
        }
        if points.len() > 1 && points.first() == points.last() {
            points.pop();
        }
        self.clean(ring, &mut points)?;
        if let Some(place) = crossing::self_crossing(&points) {
            return self.uncross(ring, &points, place);
        }
        let area = crossing::signed_area(&points);
        if area == 0.0 {
            return Err(no_area(polygon, ring, &points));
        }
        if (area > 0.0) != (ring == 0) {
            points.reverse();
            self.repairs.push(Repair::WindingReversed { polygon, ring });
        }
        Ok(Ring::Clean(points))
    }

    /// Drops repeated vertices and spikes.
    fn clean(&mut self, ring: usize, points: &mut Vec<Wgs84>) -> Result<(), AreaError> {
        let polygon = self.polygon;
        let before = points.len();
        crossing::drop_repeated(points);
        if points.len() < before {
            self.repairs.push(Repair::DuplicateVertices {
                polygon,
                ring,
                dropped: before - points.len(),
            });
        }
        let distinct = crossing::distinct_points(points);
        if distinct < 3 {
            let (latitude_deg, longitude_deg) = shown(points);
            return Err(AreaError::TooFewPoints {
                polygon,
                ring,
                distinct,
                latitude_deg,
                longitude_deg,
            });
        }
        let Spikes { dropped, tip } = crossing::drop_spikes(points);
        if let Some(tip) = tip {
            if crossing::distinct_points(points) < 3 {
                return Err(no_area(polygon, ring, &[tip]));
            }
            self.repairs.push(Repair::Spikes {
                polygon,
                ring,
                dropped,
                latitude_deg: tip.latitude_deg,
                longitude_deg: tip.longitude_deg,
            });
        }
        Ok(())
    }

    fn uncross(&mut self, ring: usize, points: &[Wgs84], place: Wgs84) -> Result<Ring, AreaError> {
        let outline = geo::Polygon::new(line(points), Vec::new());
        let nothing = MultiPolygon::new(Vec::new());
        let parts = outline.union_with_fill_rule(&nothing, FillRule::NonZero);
        let enclosed = parts.unsigned_area();
        if enclosed <= 0.0 {
            return Err(no_area(self.polygon, ring, points));
        }
        let square_m = crossing::square_metres_per_square_degree(place);
        self.repairs.push(Repair::SelfCrossing {
            polygon: self.polygon,
            ring,
            latitude_deg: place.latitude_deg,
            longitude_deg: place.longitude_deg,
            area_before_m2: crossing::signed_area(points).abs() * square_m,
            area_after_m2: enclosed * square_m,
        });
        Ok(Ring::Parts(parts))
    }

    /// Cuts the holes out. A clean outline with clean holes inside it stays as it is, vertex by vertex.
    fn assemble(&mut self, exterior: Ring, holes: Vec<(usize, Ring)>) -> Result<Vec<Polygon>, AreaError> {
        let outline = exterior.ground();
        let grounds: Vec<MultiPolygon> = holes.iter().map(|(_, hole)| hole.ground()).collect();
        let area = |ground: &MultiPolygon| ground.unsigned_area();
        let sum: f64 = grounds.iter().map(area).sum();
        let cut = match &grounds[..] {
            [] => MultiPolygon::new(Vec::new()),
            [one] => one.clone(),
            many => geo::unary_union(many),
        };
        let is_crossed = |(_, ring): &(usize, Ring)| matches!(ring, Ring::Parts(_));
        let mut needs_cutting = matches!(exterior, Ring::Parts(_)) || holes.iter().any(is_crossed);
        if area(&cut) < sum * (1.0 - AREA_AGREEMENT) {
            needs_cutting = true;
            self.repairs.push(Repair::HolesOverlap {
                polygon: self.polygon,
            });
        }
        // All holes at once: one by one an outline of many vertices would be gone through for each of many holes. Half
        // of the smallest one is enough to be looked at one by one.
        let smallest = grounds.iter().map(area).fold(f64::INFINITY, f64::min);
        let allowed = (area(&cut) * AREA_AGREEMENT).min(smallest / 2.0);
        if !cut.0.is_empty() && area(&cut) - area(&cut.intersection(&outline)) > allowed {
            for ((ring, _), ground) in holes.iter().zip(&grounds) {
                let inside = area(&ground.intersection(&outline));
                if inside < area(ground) * (1.0 - AREA_AGREEMENT) {
                    needs_cutting = true;
                    self.repairs.push(Repair::HoleOutside {
                        polygon: self.polygon,
                        ring: *ring,
                        share_outside: 1.0 - inside / area(ground),
                    });
                }
            }
        }
        match exterior {
            Ring::Clean(exterior) if !needs_cutting => {
                let clean = |(_, hole)| match hole {
                    Ring::Clean(points) => Some(points),
                    Ring::Parts(_) => None,
                };
                let holes = holes.into_iter().filter_map(clean).collect();
                Ok(vec![Polygon { exterior, holes }])
            }
            outer => {
                let left = outline.difference(&cut);
                if left.unsigned_area() <= 0.0 {
                    let first = outer.first_points();
                    return Err(no_area(self.polygon, 0, &first));
                }
                Ok(polygons_of(&left))
            }
        }
    }

    fn vertex(&self, ring: usize, vertex: usize, place: [f64; 2]) -> Result<Wgs84, AreaError> {
        self.converter
            .wgs84(place)
            .map_err(|problem| AreaError::NotOnEarth {
                polygon: self.polygon,
                ring,
                vertex,
                problem,
            })
    }
}

impl Ring {
    fn ground(&self) -> MultiPolygon {
        match self {
            // Unions of several grounds keep all of them only where they run the same way round.
            Self::Clean(points) => {
                let ground = geo::Polygon::new(line(points), Vec::new());
                MultiPolygon::new(vec![ground.orient(Direction::Default)])
            }
            Self::Parts(parts) => parts.clone(),
        }
    }

    fn first_points(&self) -> Vec<Wgs84> {
        match self {
            Self::Clean(points) => points.iter().take(1).copied().collect(),
            Self::Parts(parts) => parts
                .iter()
                .flat_map(|part| places(part.exterior()))
                .take(1)
                .collect(),
        }
    }
}

fn no_area(polygon: usize, ring: usize, points: &[Wgs84]) -> AreaError {
    let (latitude_deg, longitude_deg) = shown(points);
    AreaError::NoArea {
        polygon,
        ring,
        latitude_deg,
        longitude_deg,
    }
}

fn shown(points: &[Wgs84]) -> (f64, f64) {
    points.first().map_or((f64::NAN, f64::NAN), |point| {
        (point.latitude_deg, point.longitude_deg)
    })
}

fn line(ring: &[Wgs84]) -> LineString {
    ring.iter()
        .map(|point| (point.longitude_deg, point.latitude_deg))
        .collect()
}

fn places(line: &LineString) -> Vec<Wgs84> {
    let mut points: Vec<Wgs84> = line
        .0
        .iter()
        .map(|at| Wgs84 {
            latitude_deg: at.y,
            longitude_deg: at.x,
        })
        .collect();
    crossing::drop_repeated(&mut points);
    points
}

/// Parts in degrees as polygons, outer rings counter-clockwise and holes clockwise.
fn polygons_of(ground: &MultiPolygon) -> Vec<Polygon> {
    let ring = |line: &LineString, outer: bool| {
        let mut points = places(line);
        if (crossing::signed_area(&points) > 0.0) != outer {
            points.reverse();
        }
        points
    };
    let polygon = |part: &geo::Polygon| Polygon {
        exterior: ring(part.exterior(), true),
        holes: part.interiors().iter().map(|hole| ring(hole, false)).collect(),
    };
    ground.iter().map(polygon).collect()
}
