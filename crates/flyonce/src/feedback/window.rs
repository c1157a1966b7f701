//! Which parts of a photo are exported, and what of a box lies inside.

/// A part of a photo, whole pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PhotoWindow {
    pub(super) x_px: u32,
    pub(super) y_px: u32,
    pub(super) width_px: u32,
    pub(super) height_px: u32,
}

/// A box larger than the window gets a window that leaves this much around it, box sizes.
const ROOM: f64 = 1.25;
/// A box of which less than this share is inside is cut, and teaches nothing.
pub(super) const WHOLE_SHARE: f64 = 0.9;

impl PhotoWindow {
    pub(super) fn whole([width_px, height_px]: [u32; 2]) -> Self {
        Self {
            x_px: 0,
            y_px: 0,
            width_px,
            height_px,
        }
    }

    /// The part of a box inside, as left, top, right, bottom from the corner of the window, and its share of the box.
    pub(super) fn inside(&self, box_px: [f64; 4]) -> Option<([f64; 4], f64)> {
        let [x0, y0, x1, y1] = box_px;
        let (left, top) = (f64::from(self.x_px), f64::from(self.y_px));
        let (width, height) = (f64::from(self.width_px), f64::from(self.height_px));
        let cut = [
            (x0 - left).clamp(0.0, width),
            (y0 - top).clamp(0.0, height),
            (x1 - left).clamp(0.0, width),
            (y1 - top).clamp(0.0, height),
        ];
        let area = |[x0, y0, x1, y1]: [f64; 4]| (x1 - x0) * (y1 - y0);
        let (shown, all) = (area(cut), area(box_px));
        (shown > 0.0).then(|| (cut, shown / all))
    }

    fn around([x0, y0, x1, y1]: [f64; 4], photo_px: [u32; 2], side_px: u32) -> Self {
        let needed = (ROOM * (x1 - x0).max(y1 - y0)).ceil() as u32;
        let side = side_px.max(needed);
        let along = |from: f64, to: f64, limit: u32| {
            let length = side.min(limit).max(1);
            let start = ((from + to - f64::from(length)) / 2.0).max(0.0).round() as u32;
            (start.min(limit - length.min(limit)), length)
        };
        let ((x_px, width_px), (y_px, height_px)) = (along(x0, x1, photo_px[0]), along(y0, y1, photo_px[1]));
        Self {
            x_px,
            y_px,
            width_px,
            height_px,
        }
    }
}

/// Windows of at least `side_px` so that every box is whole in one of them, box by box from the top left.
pub(super) fn windows(boxes_px: &[[f64; 4]], photo_px: [u32; 2], side_px: u32) -> Vec<PhotoWindow> {
    let mut sorted = boxes_px.to_vec();
    sorted.sort_by(|a, b| a[1].total_cmp(&b[1]).then(a[0].total_cmp(&b[0])));
    let mut windows: Vec<PhotoWindow> = Vec::new();
    for box_px in sorted {
        let is_whole = |window: &PhotoWindow| window.inside(box_px).is_some_and(|(_, share)| share > 0.9999);
        if !windows.iter().any(is_whole) {
            windows.push(PhotoWindow::around(box_px, photo_px, side_px));
        }
    }
    windows
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn neighbours_share_a_window_and_a_large_box_gets_a_large_one() {
        let found = windows(
            &[[100.0, 100.0, 120.0, 120.0], [150.0, 110.0, 160.0, 130.0]],
            [4000, 3000],
            640,
        );
        assert_eq!(
            found,
            [PhotoWindow {
                x_px: 0,
                y_px: 0,
                width_px: 640,
                height_px: 640
            }]
        );
        let large = windows(&[[1000.0, 1000.0, 2000.0, 1400.0]], [4000, 3000], 640);
        assert_eq!(large[0].width_px, 1250);
    }

    #[test]
    fn what_lies_outside_is_cut() {
        let window = PhotoWindow {
            x_px: 10,
            y_px: 10,
            width_px: 100,
            height_px: 100,
        };
        assert_eq!(
            window.inside([0.0, 20.0, 20.0, 30.0]),
            Some(([0.0, 10.0, 10.0, 20.0], 0.5))
        );
        assert_eq!(window.inside([0.0, 0.0, 10.0, 10.0]), None);
    }

    proptest! {
        #[test]
        fn every_box_is_whole_in_a_window_inside_the_photo(
            photo in (50..3000_u32, 50..3000_u32), side in 32..800_u32,
            boxes in prop::collection::vec((0.0..0.9_f64, 0.0..0.9_f64, 0.01..1.0_f64, 0.01..1.0_f64), 1..12),
        ) {
            let (width, height) = (f64::from(photo.0), f64::from(photo.1));
            let boxes: Vec<[f64; 4]> = boxes.iter().map(|(x, y, w, h)| {
                [x * width, y * height, (x + w * (1.0 - x)) * width, (y + h * (1.0 - y)) * height]
            }).collect();
            let found = windows(&boxes, [photo.0, photo.1], side);
            prop_assert!(found.len() <= boxes.len());
            for window in &found {
                prop_assert!(window.x_px + window.width_px <= photo.0 && window.y_px + window.height_px <= photo.1);
            }
            for box_px in &boxes {
                prop_assert!(found.iter().any(|window| window.inside(*box_px).is_some_and(|(_, share)| share > 0.99)));
            }
        }
    }
}
