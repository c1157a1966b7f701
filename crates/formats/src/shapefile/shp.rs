//! The `.shp`: a header of 100 bytes and records of points, lines and rings.

use super::ShapefileError;
use super::rings::{TurnedHoles, areas};
use crate::features::{FileGeometry, Note, Noticed};

const HEADER_BYTES: usize = 100;
const FILE_CODE: i32 = 9994;

/// The geometries in record order; `None` of a null shape.
pub(super) fn read(bytes: &[u8], notes: &mut Vec<Note>) -> Result<Vec<Option<FileGeometry>>, ShapefileError> {
    let mut findings = Findings::default();
    let not_shp = |problem: &str| ShapefileError::NotShp(problem.to_owned());
    let header = Bytes(
        bytes
            .get(..HEADER_BYTES)
            .ok_or_else(|| not_shp("shorter than its header"))?,
    );
    if header.big_i32(0) != Some(FILE_CODE) {
        return Err(not_shp("it does not begin as a shapefile does"));
    }
    let stated = header
        .big_i32(24)
        .and_then(|words| usize::try_from(words).ok())
        .map(|words| words * 2);
    let stated = stated.filter(|length| (HEADER_BYTES..=bytes.len()).contains(length));
    let Some(end) = stated else {
        return Err(not_shp("it is shorter than its header says"));
    };
    let mut shapes = Vec::new();
    let mut at = HEADER_BYTES;
    while at < end {
        let record = shapes.len() + 1;
        let bad = |problem: &str| ShapefileError::BadRecord {
            record,
            problem: problem.to_owned(),
        };
        let head = bytes.get(at..).map(Bytes);
        let words = head
            .and_then(|head| head.big_i32(4))
            .and_then(|words| usize::try_from(words).ok());
        let content = words.and_then(|words| bytes.get(at + 8..at + 8 + words * 2));
        let Some(content) = content else {
            return Err(bad("it reaches beyond the end of the file"));
        };
        shapes.push(shape(Bytes(content), record, &mut findings)?);
        at += 8 + content.len();
    }
    notes.extend(findings.noticed.notes());
    let turned = findings
        .turned
        .map(|(count, first)| Note::HolesTurnedLikeOutlines { count, first });
    notes.extend(turned);
    Ok(shapes)
}

/// What is told once of all records.
#[derive(Default)]
struct Findings {
    noticed: Noticed,
    turned: TurnedHoles,
}

#[derive(Clone, Copy)]
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn array<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.0.get(at..at.checked_add(N)?)?.try_into().ok()
    }

    fn big_i32(&self, at: usize) -> Option<i32> {
        self.array(at).map(i32::from_be_bytes)
    }

    fn little_i32(&self, at: usize) -> Option<i32> {
        self.array(at).map(i32::from_le_bytes)
    }

    fn count(&self, at: usize) -> Option<usize> {
        usize::try_from(self.little_i32(at)?).ok()
    }

    fn position(&self, at: usize) -> Option<[f64; 2]> {
        Some([
            f64::from_le_bytes(self.array(at)?),
            f64::from_le_bytes(self.array(at.checked_add(8)?)?),
        ])
    }

    /// `count` positions; the length is checked before anything is allocated.
    fn positions(&self, at: usize, count: usize) -> Option<Vec<[f64; 2]>> {
        let end = count.checked_mul(16)?.checked_add(at)?;
        let bytes = self.0.get(at..end)?;
        let (chunks, _) = bytes.as_chunks::<16>();
        chunks.iter().map(|chunk| Bytes(chunk).position(0)).collect()
    }
}

fn shape(
    content: Bytes<'_>,
    record: usize,
    findings: &mut Findings,
) -> Result<Option<FileGeometry>, ShapefileError> {
    let bad = |problem: String| ShapefileError::BadRecord { record, problem };
    let cut_short = || bad("it is shorter than its counts say".to_owned());
    let kind = content.little_i32(0).ok_or_else(cut_short)?;
    for height_m in heights(content, kind) {
        findings.noticed.height(height_m);
    }
    let geometry = match kind {
        0 => return Ok(None),
        1 | 11 | 21 => FileGeometry::Points(vec![content.position(4).ok_or_else(cut_short)?]),
        8 | 18 | 28 => {
            let points = content.count(36).and_then(|count| content.positions(40, count));
            FileGeometry::Points(points.ok_or_else(cut_short)?)
        }
        3 | 13 | 23 => FileGeometry::Lines(parts(content, 2).map_err(bad)?),
        5 | 15 | 25 => {
            let mut rings = parts(content, 3).map_err(bad)?;
            for (index, ring) in rings.iter_mut().enumerate() {
                let place = || format!("record {record}, ring {}", index + 1);
                findings.noticed.open_ring(ring, place);
            }
            FileGeometry::Areas(areas(rings, record, &mut findings.turned))
        }
        31 => {
            return Err(bad(
                "it is a MultiPatch (three-dimensional surface), which is no map feature; save its outlines as polygons"
                    .to_owned(),
            ));
        }
        other => return Err(bad(format!("{other} is no shape type"))),
    };
    let finite = |points: &[[f64; 2]]| points.iter().flatten().all(|number| number.is_finite());
    let is_finite = match &geometry {
        FileGeometry::Points(points) => finite(points),
        FileGeometry::Lines(lines) => lines.iter().all(|line| finite(line)),
        FileGeometry::Areas(areas) => areas
            .iter()
            .all(|area| finite(&area.exterior) && area.holes.iter().all(|hole| finite(hole))),
    };
    if !is_finite {
        return Err(bad("a coordinate is no number".to_owned()));
    }
    let is_empty = match &geometry {
        FileGeometry::Points(points) => points.is_empty(),
        FileGeometry::Lines(lines) => lines.is_empty(),
        FileGeometry::Areas(areas) => areas.is_empty(),
    };
    Ok((!is_empty).then_some(geometry))
}

/// The heights of a shape of a kind that has them: they stand behind its points, after their two bounds.
fn heights(content: Bytes<'_>, kind: i32) -> Vec<f64> {
    let number = |at: usize| content.array(at).map(f64::from_le_bytes);
    let (count, at) = match kind {
        11 => (Some(1), 20),
        18 => (content.count(36), 40),
        13 | 15 => (
            content.count(40),
            44 + content.count(36).unwrap_or(0).saturating_mul(4),
        ),
        _ => return Vec::new(),
    };
    let count = count.filter(|count| *count <= content.0.len() / 8).unwrap_or(0);
    let first = if kind == 11 {
        at
    } else {
        at.saturating_add(count * 16 + 16)
    };
    (0..count)
        .map_while(|index| number(first.saturating_add(index * 8)))
        .collect()
}

/// The parts of a line or polygon: bounds, counts, where each part begins, points.
fn parts(content: Bytes<'_>, fewest: usize) -> Result<Vec<Vec<[f64; 2]>>, String> {
    let cut_short = || "it is shorter than its counts say".to_owned();
    let (part_count, point_count) = content.count(36).zip(content.count(40)).ok_or_else(cut_short)?;
    let starts_end = part_count.checked_mul(4).and_then(|bytes| bytes.checked_add(44));
    let starts_end = starts_end
        .filter(|end| *end <= content.0.len())
        .ok_or_else(cut_short)?;
    let points = content.positions(starts_end, point_count).ok_or_else(cut_short)?;
    let starts: Vec<usize> = (0..part_count)
        .map_while(|part| content.count(44 + part * 4))
        .collect();
    if starts.len() < part_count {
        return Err("a part begins before the first point".to_owned());
    }
    let ends = starts.iter().copied().skip(1).chain([point_count]);
    let mut lines = Vec::with_capacity(part_count);
    for (part, (start, end)) in starts.iter().zip(ends).enumerate() {
        let line = points.get(*start..end);
        let Some(line) = line.filter(|line| line.len() >= fewest) else {
            let found = end.saturating_sub(*start);
            return Err(format!("part {} has {found} points, it needs {fewest}", part + 1));
        };
        lines.push(line.to_vec());
    }
    Ok(lines)
}
