//! Layers as Protocol Buffers: `Tile.Layer`, `Feature` and `Value` of the standard's schema, and the commands that draw
//! (sections 4.1 and 4.3).

use std::collections::{BTreeMap, HashMap};

use super::{Cell, Drawn, EXTENT};
use crate::placed::Value;

/// How a field is written: a number, or bytes with their length.
const NUMBER: u32 = 0;
const BYTES: u32 = 2;
/// Commands.
const MOVE_TO: u32 = 1;
const LINE_TO: u32 = 2;
const CLOSE: u32 = 7;

/// One layer while features are added.
pub(super) struct LayerEncoder {
    name: String,
    features: Vec<u8>,
    keys: Dictionary,
    values: Dictionary,
}

/// What was named once and is a number from then on.
#[derive(Default)]
struct Dictionary {
    numbers: HashMap<Vec<u8>, u32>,
    in_order: Vec<Vec<u8>>,
}

impl Dictionary {
    fn number(&mut self, entry: Vec<u8>) -> u32 {
        let next = self.in_order.len() as u32;
        *self.numbers.entry(entry).or_insert_with_key(|entry| {
            self.in_order.push(entry.clone());
            next
        })
    }
}

impl LayerEncoder {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            features: Vec::new(),
            keys: Dictionary::default(),
            values: Dictionary::default(),
        }
    }

    pub(super) fn add(&mut self, drawn: &Drawn, values: &BTreeMap<String, Value>) {
        let mut tags = Vec::new();
        for (key, value) in values {
            varint(&mut tags, u64::from(self.keys.number(key.clone().into_bytes())));
            varint(&mut tags, u64::from(self.values.number(value_message(value))));
        }
        let (kind, commands) = commands(drawn);
        let mut feature = Vec::new();
        if !tags.is_empty() {
            bytes_field(&mut feature, 2, &tags);
        }
        number_field(&mut feature, 3, kind);
        bytes_field(&mut feature, 4, &commands);
        bytes_field(&mut self.features, 2, &feature);
    }

    /// The layer as a field of its tile; nothing where it has no features.
    pub(super) fn finish(self) -> Vec<u8> {
        if self.features.is_empty() {
            return Vec::new();
        }
        let mut layer = Vec::new();
        number_field(&mut layer, 15, 2);
        bytes_field(&mut layer, 1, self.name.as_bytes());
        layer.extend(&self.features);
        for key in &self.keys.in_order {
            bytes_field(&mut layer, 3, key);
        }
        for value in &self.values.in_order {
            bytes_field(&mut layer, 4, value);
        }
        number_field(&mut layer, 5, u64::from(EXTENT));
        let mut field = Vec::new();
        bytes_field(&mut field, 3, &layer);
        field
    }
}

fn value_message(value: &Value) -> Vec<u8> {
    let mut message = Vec::new();
    match value {
        Value::Text(text) => bytes_field(&mut message, 1, text.as_bytes()),
        // Eight bytes as they are.
        Value::Number(number) => {
            varint(&mut message, (3 << 3) | 1);
            message.extend(number.to_le_bytes());
        }
        Value::Whole(whole) => number_field(&mut message, 6, ((whole << 1) ^ (whole >> 63)).cast_unsigned()),
        Value::Truth(truth) => number_field(&mut message, 7, u64::from(*truth)),
    }
    message
}

/// Kind of geometry, and its commands.
fn commands(drawn: &Drawn) -> (u64, Vec<u8>) {
    let mut pen = Pen::default();
    match drawn {
        Drawn::Points(points) => {
            pen.command(MOVE_TO, points.len());
            pen.to(points);
            (1, pen.bytes)
        }
        Drawn::Lines(lines) => {
            lines.iter().for_each(|line| pen.run(line));
            (2, pen.bytes)
        }
        Drawn::Rings(rings) => {
            for ring in rings {
                pen.run(ring);
                pen.command(CLOSE, 1);
            }
            (3, pen.bytes)
        }
    }
}

#[derive(Default)]
struct Pen {
    at: Cell,
    bytes: Vec<u8>,
}

impl Pen {
    fn command(&mut self, command: u32, times: usize) {
        varint(&mut self.bytes, ((times as u64) << 3) | u64::from(command));
    }

    /// Differences from where the pen was, the sign in the last bit.
    fn to(&mut self, cells: &[Cell]) {
        for cell in cells {
            for (to, from) in cell.iter().zip(self.at) {
                let step = to - from;
                varint(
                    &mut self.bytes,
                    u64::from(((step << 1) ^ (step >> 31)).cast_unsigned()),
                );
            }
            self.at = *cell;
        }
    }

    fn run(&mut self, cells: &[Cell]) {
        let (first, rest) = cells.split_at(1);
        self.command(MOVE_TO, 1);
        self.to(first);
        self.command(LINE_TO, rest.len());
        self.to(rest);
    }
}

fn number_field(bytes: &mut Vec<u8>, field: u32, value: u64) {
    varint(bytes, u64::from((field << 3) | NUMBER));
    varint(bytes, value);
}

fn bytes_field(bytes: &mut Vec<u8>, field: u32, value: &[u8]) {
    varint(bytes, u64::from((field << 3) | BYTES));
    varint(bytes, value.len() as u64);
    bytes.extend(value);
}

/// Seven bits a byte, the lowest first; the last byte's highest bit is 0.
fn varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}
