//! Header and features as FlatBuffers. Fields are numbered as in the schema of FlatGeobuf (`header.fbs`,
//! `feature.fbs`).

use flatbuffers::{FlatBufferBuilder, TableFinishedWIPOffset, VOffsetT, WIPOffset};

use super::index::{Bounds, NODE_SIZE};
use super::{ColumnKind, FlatGeobufError, Layer};
use crate::placed::{Feature, Shape, Value, open_ring};

type Table = WIPOffset<TableFinishedWIPOffset>;

/// Kinds of geometry.
const UNKNOWN: u8 = 0;
const POINT: u8 = 1;
const LINE: u8 = 2;
const POLYGON: u8 = 3;
const MULTI_POLYGON: u8 = 6;

/// Place of a field in a table: the two first words are the table's own.
const fn field(number: VOffsetT) -> VOffsetT {
    4 + 2 * number
}

impl ColumnKind {
    /// Number of the type in the schema.
    fn code(self) -> u8 {
        match self {
            Self::Truth => 2,
            Self::Whole => 7,
            Self::Number => 10,
            Self::Text => 11,
        }
    }

    fn holds(self, value: &Value) -> bool {
        match value {
            Value::Whole(_) => self == Self::Whole,
            Value::Number(_) => self == Self::Number,
            Value::Truth(_) => self == Self::Truth,
            Value::Text(_) => self == Self::Text,
        }
    }
}

/// The header with its length in front.
pub(super) fn header((layer, kind): (&Layer, u8), bounds: Option<Bounds>) -> Vec<u8> {
    let mut builder = FlatBufferBuilder::new();
    let columns: Vec<Table> = layer
        .columns
        .iter()
        .map(|(name, kind)| {
            let name = builder.create_string(name);
            let column = builder.start_table();
            builder.push_slot_always(field(0), name);
            builder.push_slot(field(1), kind.code(), 0);
            builder.end_table(column)
        })
        .collect();
    let columns = builder.create_vector(&columns);
    let envelope = bounds.map(|bounds| {
        let sides = [bounds.low[0], bounds.low[1], bounds.high[0], bounds.high[1]];
        builder.create_vector(&sides)
    });
    let name = builder.create_string(&layer.name);
    let description = builder.create_string(&layer.description);
    let organisation = builder.create_string("EPSG");
    let reference = builder.start_table();
    builder.push_slot_always(field(0), organisation);
    builder.push_slot(field(1), 4326_i32, 0);
    let reference = builder.end_table(reference);
    let header = builder.start_table();
    builder.push_slot_always(field(0), name);
    if let Some(envelope) = envelope {
        builder.push_slot_always(field(1), envelope);
    }
    builder.push_slot(field(2), kind, UNKNOWN);
    builder.push_slot_always(field(7), columns);
    builder.push_slot(field(8), layer.features.len() as u64, 0);
    // No tree over nothing.
    let node_size = if layer.features.is_empty() { 0 } else { NODE_SIZE };
    builder.push_slot(field(9), node_size, 16);
    builder.push_slot_always(field(10), reference);
    builder.push_slot_always(field(12), description);
    let header = builder.end_table(header);
    builder.finish_size_prefixed(header, None);
    builder.finished_data().to_vec()
}

/// The one kind of all shapes. Readers go by it: where it is that of several polygons, every feature has parts.
pub(super) fn kind_of_all(features: &[Feature]) -> u8 {
    let mut kinds = features.iter().map(|feature| kind_of(&feature.shape));
    let first = kinds.next().unwrap_or(UNKNOWN);
    let is_polygon = |kind: u8| matches!(kind, POLYGON | MULTI_POLYGON);
    kinds.fold(first, |sum, kind| match sum {
        _ if sum == kind => sum,
        _ if is_polygon(sum) && is_polygon(kind) => MULTI_POLYGON,
        _ => UNKNOWN,
    })
}

fn kind_of(shape: &Shape) -> u8 {
    match shape {
        Shape::Point(_) => POINT,
        Shape::Line(_) => LINE,
        Shape::Polygons(polygons) if polygons.len() == 1 => POLYGON,
        Shape::Polygons(_) => MULTI_POLYGON,
    }
}

/// One feature with its length in front.
pub(super) fn feature((layer, kind): (&Layer, u8), number: usize) -> Result<Vec<u8>, FlatGeobufError> {
    let feature = &layer.features[number];
    let properties = properties(layer, number, feature)?;
    let mut builder = FlatBufferBuilder::new();
    let kind = if kind == UNKNOWN {
        kind_of(&feature.shape)
    } else {
        kind
    };
    let geometry = match &feature.shape {
        Shape::Point(position) => geometry(&mut builder, &[&[*position]], kind),
        Shape::Line(line) => geometry(&mut builder, &[line], kind),
        Shape::Polygons(polygons) => polygons_geometry(&mut builder, polygons, kind),
    };
    let properties = builder.create_vector(&properties);
    let table = builder.start_table();
    builder.push_slot_always(field(0), geometry);
    builder.push_slot_always(field(1), properties);
    let table = builder.end_table(table);
    builder.finish_size_prefixed(table, None);
    Ok(builder.finished_data().to_vec())
}

fn polygons_geometry(
    builder: &mut FlatBufferBuilder<'_>,
    polygons: &[Vec<Vec<[f64; 2]>>],
    kind: u8,
) -> Table {
    let mut parts: Vec<Table> = Vec::new();
    for rings in polygons {
        let closed: Vec<Vec<[f64; 2]>> = rings.iter().map(|ring| closed(ring)).collect();
        let rings: Vec<&[[f64; 2]]> = closed.iter().map(Vec::as_slice).collect();
        parts.push(geometry(builder, &rings, POLYGON));
    }
    if let ([only], POLYGON) = (&parts[..], kind) {
        return *only;
    }
    let parts = builder.create_vector(&parts);
    let whole = builder.start_table();
    builder.push_slot(field(6), MULTI_POLYGON, UNKNOWN);
    builder.push_slot_always(field(7), parts);
    builder.end_table(whole)
}

/// A geometry without parts; where it has several rings, with their ends.
fn geometry(builder: &mut FlatBufferBuilder<'_>, rings: &[&[[f64; 2]]], kind: u8) -> Table {
    let flat: Vec<f64> = rings
        .iter()
        .flat_map(|ring| ring.iter().flatten().copied())
        .collect();
    let positions = builder.create_vector(&flat);
    let mut end = 0;
    let ends: Vec<u32> = rings
        .iter()
        .map(|ring| {
            end += ring.len() as u32;
            end
        })
        .collect();
    let ends = (ends.len() > 1).then(|| builder.create_vector(&ends));
    let table = builder.start_table();
    if let Some(ends) = ends {
        builder.push_slot_always(field(0), ends);
    }
    builder.push_slot_always(field(1), positions);
    builder.push_slot(field(6), kind, UNKNOWN);
    builder.end_table(table)
}

fn closed(ring: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let mut closed = open_ring(ring).to_vec();
    closed.extend(ring.first());
    closed
}

/// Number of the column and value, one after the other.
fn properties(layer: &Layer, number: usize, feature: &Feature) -> Result<Vec<u8>, FlatGeobufError> {
    let mut bytes = Vec::new();
    for (name, value) in &feature.values {
        let column = layer
            .columns
            .iter()
            .position(|column| column.0 == *name && column.1.holds(value));
        let column = column.and_then(|column| u16::try_from(column).ok());
        let column = column.ok_or_else(|| FlatGeobufError::NoSuchColumn {
            feature: number,
            column: name.clone(),
        })?;
        bytes.extend(column.to_le_bytes());
        match value {
            Value::Whole(whole) => bytes.extend(whole.to_le_bytes()),
            Value::Number(number) => bytes.extend(number.to_le_bytes()),
            Value::Truth(truth) => bytes.push(u8::from(*truth)),
            Value::Text(text) => {
                bytes.extend((text.len() as u32).to_le_bytes());
                bytes.extend(text.as_bytes());
            }
        }
    }
    Ok(bytes)
}
