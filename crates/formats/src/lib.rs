//! Bytes to values and back, pure: EXIF, DJI XMP, GeoJSON.
