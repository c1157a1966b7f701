//! Answers in text and vector tiles go out in gzip to whoever takes it: they shrink to a quarter and less, and page and
//! tiles of a distant office come that much sooner. Pictures are small already, and an event must not wait for others
//! to be packed with.

use axum::http::{Extensions, HeaderMap, StatusCode, Version, header};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{And, Predicate, SizeAbove};

/// Smaller answers fit into one packet as they are.
const SMALLEST_BYTES: u64 = 1024;

/// Says whether an answer of these headers is worth packing.
type Worth = fn(StatusCode, Version, &HeaderMap, &Extensions) -> bool;

/// Packs what is worth it.
pub fn gzip() -> CompressionLayer<And<SizeAbove, Worth>> {
    let worth: Worth = |_, _, headers, _| {
        let kind = headers.get(header::CONTENT_TYPE);
        kind.and_then(|kind| kind.to_str().ok()).is_some_and(is_text)
    };
    CompressionLayer::new().compress_when(SizeAbove::new(SMALLEST_BYTES).and(worth))
}

/// Text, and vector tiles, which are numbers in their plain form.
fn is_text(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let text = kind.starts_with("text/") && kind != "text/event-stream";
    let of_text = ["json", "xml", "javascript"]
        .iter()
        .any(|form| kind.ends_with(form));
    text || of_text || kind == "application/vnd.mapbox-vector-tile"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_packed_and_pictures_and_events_are_not() {
        for packed in [
            "application/json",
            "application/geo+json",
            "application/vnd.mapbox-vector-tile",
            "application/vnd.google-earth.kml+xml",
            "text/html; charset=utf-8",
            "text/javascript; charset=utf-8",
            "image/svg+xml",
        ] {
            assert!(is_text(packed), "{packed}");
        }
        for plain in [
            "text/event-stream",
            "image/png",
            "image/jpeg",
            "application/octet-stream",
            "application/zip",
            "font/woff2",
            "",
        ] {
            assert!(!is_text(plain), "{plain}");
        }
    }
}
