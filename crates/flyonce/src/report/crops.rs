//! The surroundings of a box as a picture of a contact sheet, with boxes drawn over it.

use anyhow::Result;
use image::RgbImage;

use crate::picture::{Window, render};
use crate::report::text::base64;

/// Surroundings shown on each side of a box, box sizes.
const MARGIN: f64 = 0.8;
/// Width of a picture on the page, px.
const CROP_WIDTH_PX: u32 = 240;

/// One crop.
#[derive(Debug, Clone)]
pub struct Crop {
    jpeg: Vec<u8>,
    window: Window,
}

impl Crop {
    /// Of a box `[left, top, right, bottom]` in photo pixels.
    ///
    /// # Errors
    /// A picture that cannot be encoded.
    pub fn cut(photo: &RgbImage, [x0, y0, x1, y1]: [f64; 4]) -> Result<Self> {
        // As wide as high, so that the sheet is even.
        let (side, centre) = ((x1 - x0).max(y1 - y0), [(x0 + x1) / 2.0, (y0 + y1) / 2.0]);
        let square = [
            centre[0] - side / 2.0,
            centre[1] - side / 2.0,
            centre[0] + side / 2.0,
            centre[1] + side / 2.0,
        ];
        let window = Window::around(square, MARGIN, photo.width(), photo.height());
        let window = Window {
            x: window.x.floor(),
            y: window.y.floor(),
            width: window.width.round(),
            height: window.height.round(),
        };
        let jpeg = render(photo, window, CROP_WIDTH_PX)?;
        Ok(Self { jpeg, window })
    }

    /// With boxes in photo pixels, each with its class of the style sheet, and a caption as markup.
    pub fn figure(&self, boxes: &[([f64; 4], &str)], caption: &str) -> String {
        let Window { x, y, width, height } = self.window;
        let rectangle = |(box_px, class): &([f64; 4], &str)| {
            let [x0, y0, x1, y1] = box_px;
            format!(
                "<rect class=\"{class}\" x=\"{x0:.1}\" y=\"{y0:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>",
                x1 - x0,
                y1 - y0
            )
        };
        let boxes: String = boxes.iter().map(rectangle).collect();
        format!(
            "<figure><div class=\"crop\"><img alt=\"\" src=\"data:image/jpeg;base64,{}\">\
             <svg viewBox=\"{x} {y} {width} {height}\" preserveAspectRatio=\"none\">{boxes}</svg></div>\
             <figcaption>{caption}</figcaption></figure>",
            base64(&self.jpeg)
        )
    }
}
