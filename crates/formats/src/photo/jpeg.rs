//! Finds the blocks of a JPEG without decoding it: size, EXIF, XMP, and whether the picture's end is there.
//! Everything is borrowed from the file; a length in the file only ever moves a checked index.

use super::warning::PhotoError;

/// Marker codes of ITU-T T.81 table B.1.
mod marker {
    pub(super) const SOI: u8 = 0xD8;
    pub(super) const EOI: u8 = 0xD9;
    pub(super) const SOS: u8 = 0xDA;
    pub(super) const APP1: u8 = 0xE1;
    pub(super) const TEM: u8 = 0x01;

    /// Markers without a length: restart markers, start and end of image, TEM.
    pub(super) fn stands_alone(code: u8) -> bool {
        matches!(code, 0xD0..=0xD9 | TEM)
    }

    /// Markers that may follow a scan: tables, the next scan, the end, comments, application data. Anything
    /// else after FF in a scan is a damaged data byte, and what lies behind it still counts.
    pub(super) fn may_follow_a_scan(code: u8) -> bool {
        matches!(code, 0xC4 | EOI | SOS | 0xDB..=0xDD | 0xE0..=0xEF | 0xFE)
    }

    /// Frame headers of all coding processes; C4, C8 and CC in between are something else.
    pub(super) fn is_frame_header(code: u8) -> bool {
        matches!(code, 0xC0..=0xCF) && !matches!(code, 0xC4 | 0xC8 | 0xCC)
    }
}

const EXIF_PREFIX: &[u8] = b"Exif\0";
/// The main XMP packet. Extended XMP ("http://ns.adobe.com/xmp/extension/") holds depth maps and the like and
/// is left alone.
const XMP_PREFIX: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";

/// The blocks of one JPEG file.
#[derive(Debug)]
pub(super) struct JpegBlocks<'a> {
    pub(super) width_px: u32,
    pub(super) height_px: u32,
    /// The TIFF structure of the first EXIF block.
    pub(super) exif: Option<&'a [u8]>,
    /// All main XMP packets.
    pub(super) xmp: Vec<&'a [u8]>,
    /// The end-of-image marker of this picture was found (not that of an embedded preview).
    pub(super) complete: bool,
}

/// Walks the segments of a JPEG.
pub(super) fn find_blocks(bytes: &[u8]) -> Result<JpegBlocks<'_>, PhotoError> {
    check_signature(bytes)?;
    let mut size = None;
    let mut exif = None;
    let mut xmp = Vec::new();
    let mut offset = 2;
    let complete = loop {
        let segment = match next_segment(bytes, offset) {
            Step::Segment(segment) => segment,
            Step::End if size.is_none() => return Err(PhotoError::NoSize { offset }),
            Step::End => break true,
            Step::Damaged if size.is_none() => return Err(PhotoError::DamagedHeader { offset }),
            Step::Damaged | Step::CutShort => break false,
        };
        if marker::is_frame_header(segment.code) && size.is_none() {
            size = Some(frame_size(segment.contents).ok_or(PhotoError::NoSize { offset })?);
        }
        if segment.code == marker::APP1 {
            if let Some(tiff) = segment.contents.strip_prefix(EXIF_PREFIX) {
                // One byte of padding follows the prefix.
                exif = exif.or(tiff.get(1..));
            } else if let Some(packet) = segment.contents.strip_prefix(XMP_PREFIX) {
                xmp.push(packet);
            }
        }
        offset = match segment.code {
            marker::SOS => after_scan(bytes, segment.end),
            _ => segment.end,
        };
    };
    let Some((width_px, height_px)) = size else {
        return Err(PhotoError::Truncated {
            size_bytes: bytes.len(),
        });
    };
    Ok(JpegBlocks {
        width_px,
        height_px,
        exif,
        xmp,
        complete,
    })
}

struct Segment<'a> {
    code: u8,
    contents: &'a [u8],
    /// Index of the first byte after the segment.
    end: usize,
}

enum Step<'a> {
    Segment(Segment<'a>),
    /// The end-of-image marker.
    End,
    /// The file ends here.
    CutShort,
    /// Something that is no marker stands where a marker must be.
    Damaged,
}

fn next_segment(bytes: &[u8], mut offset: usize) -> Step<'_> {
    loop {
        match (bytes.get(offset), bytes.get(offset + 1)) {
            (None, _) | (Some(0xFF), None) => return Step::CutShort,
            (Some(0xFF), Some(&marker::EOI)) => return Step::End,
            // Any number of FF bytes may fill up before a marker.
            (Some(0xFF), Some(0xFF)) => offset += 1,
            (Some(0xFF), Some(&code)) if marker::stands_alone(code) => offset += 2,
            (Some(0xFF), Some(&code)) if code != 0 => {
                return sized_segment(bytes, offset + 2, code);
            }
            _ => return Step::Damaged,
        }
    }
}

fn sized_segment(bytes: &[u8], start: usize, code: u8) -> Step<'_> {
    let Some(&[high, low]) = bytes.get(start..start + 2) else {
        return Step::CutShort;
    };
    // The length counts its own two bytes.
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length < 2 {
        return Step::Damaged;
    }
    match bytes.get(start + 2..start + length) {
        Some(contents) => Step::Segment(Segment {
            code,
            contents,
            end: start + length,
        }),
        None => Step::CutShort,
    }
}

/// Index of the next marker after entropy-coded data, or the length of the file.
/// Inside the data FF is followed by 00 (a data byte), by a restart marker or by another FF.
fn after_scan(bytes: &[u8], start: usize) -> usize {
    memchr::memchr_iter(0xFF, bytes.get(start..).unwrap_or_default())
        .map(|found| start + found)
        .find(|&at| bytes.get(at + 1).copied().is_some_and(marker::may_follow_a_scan))
        .unwrap_or(bytes.len())
}

/// T.81 B.2.2: precision (1 byte), height (2), width (2). A height of 0 is defined after the first scan,
/// which no camera does.
fn frame_size(contents: &[u8]) -> Option<(u32, u32)> {
    let &[_, h1, h0, w1, w0, ..] = contents else {
        return None;
    };
    let (width, height) = (u16::from_be_bytes([w1, w0]), u16::from_be_bytes([h1, h0]));
    (width > 0 && height > 0).then_some((u32::from(width), u32::from(height)))
}

fn check_signature(bytes: &[u8]) -> Result<(), PhotoError> {
    if bytes.is_empty() {
        return Err(PhotoError::Empty);
    }
    if bytes.starts_with(&[0xFF, marker::SOI]) {
        return Ok(());
    }
    if bytes == [0xFF] {
        return Err(PhotoError::Truncated { size_bytes: 1 });
    }
    let found = match bytes {
        [0x89, b'P', b'N', b'G', ..] => "it is a PNG picture",
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => "it is a TIFF or raw (DNG) picture",
        [b'R', b'I', b'F', b'F', ..] => "it is a WebP picture or another RIFF file",
        [b'P', b'K', 3, 4, ..] => "it is a ZIP archive",
        [b'%', b'P', b'D', b'F', ..] => "it is a PDF document",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "it is a video or a HEIC picture",
        _ if bytes.iter().take(64).all(|&byte| byte == 0) => "it starts with zeros, as after a failed copy",
        _ => "its first bytes are not those of a JPEG",
    };
    Err(PhotoError::NotJpeg { found })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SOI, SOF0 of the given size, SOS, data, EOI.
    fn small(data: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0xFF, 0xD8, 0xFF, 0xC0, 0, 8, 8, 0, 30, 0, 40, 0, 0xFF, 0xDA, 0, 2];
        bytes.extend_from_slice(data);
        bytes.extend_from_slice(&[0xFF, 0xD9]);
        bytes
    }

    #[test]
    fn size_and_end_are_found() {
        let bytes = small(&[1, 2, 0xFF, 0, 3, 0xFF, 0xD3, 4, 0xFF, 0xFF]);
        let blocks = find_blocks(&bytes).unwrap();
        assert_eq!(
            (blocks.width_px, blocks.height_px, blocks.complete),
            (40, 30, true)
        );
        assert!(!find_blocks(&bytes[..bytes.len() - 1]).unwrap().complete);
    }

    #[test]
    fn padding_and_a_second_picture_after_the_end_do_no_harm() {
        let mut bytes = small(&[1, 2]);
        bytes.extend_from_slice(&[0; 100]);
        bytes.extend_from_slice(&small(&[7])[..10]);
        assert!(find_blocks(&bytes).unwrap().complete);
    }

    #[test]
    fn the_end_of_an_embedded_preview_is_not_the_end_of_the_picture() {
        let mut bytes = vec![0xFF, 0xD8, 0xFF, 0xE2];
        let preview = small(&[9]);
        bytes.extend_from_slice(&u16::try_from(preview.len() + 2).unwrap().to_be_bytes());
        bytes.extend_from_slice(&preview);
        bytes.extend_from_slice(&small(&[1, 2])[2..]);
        bytes.truncate(bytes.len() - 2);
        assert!(!find_blocks(&bytes).unwrap().complete);
    }

    #[test]
    fn several_scans_are_followed() {
        let bytes = small(&[1, 0xFF, 0xC4, 0, 4, 0xFF, 0xD9, 0xFF, 0xDA, 0, 2, 5]);
        assert!(find_blocks(&bytes).unwrap().complete);
        assert!(
            !find_blocks(&bytes[..bytes.len() - 2]).unwrap().complete,
            "EOI inside a table is none"
        );
    }

    #[test]
    fn files_that_are_no_photo_are_named() {
        assert_eq!(find_blocks(b"").unwrap_err(), PhotoError::Empty);
        for (bytes, word) in [
            (&b"\x89PNG\r\n"[..], "PNG"),
            (b"II*\0", "TIFF"),
            (b"PK\x03\x04", "ZIP"),
            (b"\0\0\0\x18ftypmp42", "video"),
            (&[0; 80], "zeros"),
            (b"hello", "first bytes"),
        ] {
            let message = find_blocks(bytes).unwrap_err().to_string();
            assert!(message.contains(word), "{message}");
        }
        assert_eq!(
            find_blocks(&[0xFF, 0xD8]).unwrap_err(),
            PhotoError::Truncated { size_bytes: 2 }
        );
        assert_eq!(
            find_blocks(&[0xFF, 0xD8, 0xFF, 0xD9]).unwrap_err(),
            PhotoError::NoSize { offset: 2 }
        );
        assert_eq!(
            find_blocks(&[0xFF, 0xD8, 1, 2]).unwrap_err(),
            PhotoError::DamagedHeader { offset: 2 }
        );
        let mut no_height = small(&[]);
        no_height[8] = 0;
        assert_eq!(
            find_blocks(&no_height).unwrap_err(),
            PhotoError::NoSize { offset: 2 }
        );
    }
}
