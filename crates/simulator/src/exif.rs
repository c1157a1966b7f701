//! EXIF as a camera writes it: a little-endian TIFF block with main, EXIF and GPS directories (CIPA DC-008-2023).

/// Value of one tag.
#[derive(Clone, Debug)]
enum Value {
    Bytes(Vec<u8>),
    Text(String),
    Short(u16),
    Long(u32),
    Rationals(Vec<[u32; 2]>),
    Undefined(Vec<u8>),
}

/// What goes into a photo's EXIF.
#[derive(Clone, Debug)]
pub(crate) struct ExifFields {
    /// Picture size, pixels.
    pub(crate) size_px: [u32; 2],
    /// Local time, `YYYY:MM:DD HH:MM:SS`.
    pub(crate) local_time: String,
    /// Thousandths of the second.
    pub(crate) subsecond: String,
    /// Offset of local time from UTC, `+08:00`.
    pub(crate) offset: String,
    /// UTC date `YYYY:MM:DD` and hours, minutes, seconds for the GPS directory.
    pub(crate) utc: (String, [u32; 3]),
    /// Degrees, north positive.
    pub(crate) latitude_deg: f64,
    /// Degrees, east positive.
    pub(crate) longitude_deg: f64,
    /// Metres above the sea.
    pub(crate) altitude_m: f64,
    /// Focal length, millimetres.
    pub(crate) focal_mm: f64,
    /// Serial number of the camera body.
    pub(crate) serial: String,
}

/// Maker and model of the simulated camera.
pub(crate) const MAKE: &str = "FlyOnce";
pub(crate) const MODEL: &str = "SimCam-24";

impl ExifFields {
    /// Content of the APP1 segment, from `Exif\0\0` on.
    pub(crate) fn app1(&self) -> Vec<u8> {
        let (exif, gps) = (self.exif_directory(), self.gps_directory());
        let main_at = 8;
        let exif_at = main_at + directory_size(&self.main_directory(0, 0));
        let gps_at = exif_at + directory_size(&exif);
        let mut bytes = b"Exif\0\0II\x2a\0\x08\0\0\0".to_vec();
        bytes.extend(directory_bytes(
            &self.main_directory(exif_at as u32, gps_at as u32),
            main_at,
        ));
        bytes.extend(directory_bytes(&exif, exif_at));
        bytes.extend(directory_bytes(&gps, gps_at));
        bytes
    }

    fn main_directory(&self, exif_at: u32, gps_at: u32) -> Vec<(u16, Value)> {
        vec![
            (0x010E, text("simulated picture")),
            (0x010F, text(MAKE)),
            (0x0110, text(MODEL)),
            (0x0112, Value::Short(1)),
            (0x011A, Value::Rationals(vec![[72, 1]])),
            (0x011B, Value::Rationals(vec![[72, 1]])),
            (0x0128, Value::Short(2)),
            (0x0131, text("FlyOnce simulator")),
            (0x0132, text(&self.local_time)),
            (0x0213, Value::Short(1)),
            (0x8769, Value::Long(exif_at)),
            (0x8825, Value::Long(gps_at)),
        ]
    }

    fn exif_directory(&self) -> Vec<(u16, Value)> {
        vec![
            (0x829A, Value::Rationals(vec![[1, 1000]])),
            (0x829D, Value::Rationals(vec![[28, 10]])),
            (0x8827, Value::Short(100)),
            (0x9000, Value::Undefined(b"0232".to_vec())),
            (0x9003, text(&self.local_time)),
            (0x9004, text(&self.local_time)),
            (0x9010, text(&self.offset)),
            (0x9011, text(&self.offset)),
            (0x9012, text(&self.offset)),
            // Y, Cb, Cr.
            (0x9101, Value::Undefined(vec![1, 2, 3, 0])),
            (
                0x920A,
                Value::Rationals(vec![[(self.focal_mm * 1000.0).round() as u32, 1000]]),
            ),
            (0x9291, text(&self.subsecond)),
            (0xA000, Value::Undefined(b"0100".to_vec())),
            (0xA001, Value::Short(1)),
            (0xA002, Value::Long(self.size_px[0])),
            (0xA003, Value::Long(self.size_px[1])),
            (0xA405, Value::Short(24)),
            (0xA431, text(&self.serial)),
        ]
    }

    fn gps_directory(&self) -> Vec<(u16, Value)> {
        let hemisphere = |value: f64, names: [&str; 2]| text(names[usize::from(value < 0.0)]);
        vec![
            (0x0000, Value::Bytes(vec![2, 3, 0, 0])),
            (0x0001, hemisphere(self.latitude_deg, ["N", "S"])),
            (0x0002, sexagesimal(self.latitude_deg.abs())),
            (0x0003, hemisphere(self.longitude_deg, ["E", "W"])),
            (0x0004, sexagesimal(self.longitude_deg.abs())),
            (0x0005, Value::Bytes(vec![u8::from(self.altitude_m < 0.0)])),
            (
                0x0006,
                Value::Rationals(vec![[(self.altitude_m.abs() * 1000.0).round() as u32, 1000]]),
            ),
            (
                0x0007,
                Value::Rationals(self.utc.1.iter().map(|&part| [part, 1]).collect()),
            ),
            (0x0012, text("WGS-84")),
            (0x001D, text(&self.utc.0)),
        ]
    }
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

/// Degrees, minutes and seconds; seconds to 1/100 000, about 0.3 mm.
fn sexagesimal(degrees: f64) -> Value {
    let units = (degrees * 3600.0 * 100_000.0).round() as u64;
    let (seconds, minutes) = (units % 6_000_000, units / 6_000_000);
    Value::Rationals(vec![
        [(minutes / 60) as u32, 1],
        [(minutes % 60) as u32, 1],
        [seconds as u32, 100_000],
    ])
}

impl Value {
    /// TIFF type, count and bytes.
    fn encoded(&self) -> (u16, u32, Vec<u8>) {
        match self {
            Self::Bytes(bytes) => (1, bytes.len() as u32, bytes.clone()),
            Self::Text(text) => {
                let bytes: Vec<u8> = text.bytes().chain([0]).collect();
                (2, bytes.len() as u32, bytes)
            }
            Self::Short(value) => (3, 1, value.to_le_bytes().to_vec()),
            Self::Long(value) => (4, 1, value.to_le_bytes().to_vec()),
            Self::Rationals(list) => (
                5,
                list.len() as u32,
                list.iter()
                    .flatten()
                    .flat_map(|part| part.to_le_bytes())
                    .collect(),
            ),
            Self::Undefined(bytes) => (7, bytes.len() as u32, bytes.clone()),
        }
    }
}

/// Bytes of a directory with its values, padded to even lengths.
fn directory_size(entries: &[(u16, Value)]) -> usize {
    let outside = |value: &Value| {
        let length = value.encoded().2.len();
        if length > 4 { length.next_multiple_of(2) } else { 0 }
    };
    6 + 12 * entries.len() + entries.iter().map(|(_, value)| outside(value)).sum::<usize>()
}

fn directory_bytes(entries: &[(u16, Value)], start: usize) -> Vec<u8> {
    let mut head = (entries.len() as u16).to_le_bytes().to_vec();
    let mut tail: Vec<u8> = Vec::new();
    let tail_at = start + 6 + 12 * entries.len();
    for (tag, value) in entries {
        let (kind, count, mut bytes) = value.encoded();
        head.extend(tag.to_le_bytes());
        head.extend(kind.to_le_bytes());
        head.extend(count.to_le_bytes());
        if bytes.len() <= 4 {
            bytes.resize(4, 0);
            head.extend(bytes);
            continue;
        }
        head.extend(((tail_at + tail.len()) as u32).to_le_bytes());
        bytes.resize(bytes.len().next_multiple_of(2), 0);
        tail.extend(bytes);
    }
    head.extend([0; 4]);
    head.extend(tail);
    head
}
