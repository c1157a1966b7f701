//! Surface appearance: from a material and a place on its surface to colour, small-scale relief and gloss.

mod grounds;
mod roofs;

use crate::noise::{Grain, fraction, octaves, smooth_step};

/// Linear-light red, green, blue.
pub(crate) type Rgb = [f32; 3];

/// How a surface is patterned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Texture {
    /// Cast concrete or roof screed with joints and stains.
    Concrete,
    /// Clay tiles in rows along x.
    Tiles,
    /// Corrugated sheets; ribs run along y every `pitch_m`.
    Sheet,
    /// Rendered wall with windows.
    Wall,
    /// Smooth paint.
    Paint,
    /// Glass.
    Glass,
    /// Leaves.
    Foliage,
    /// Soil, sand, gravel.
    Soil,
    /// Refuse.
    Refuse,
    /// Asphalt street with lanes and pavements; the surface's x axis runs along it.
    Street,
    /// Block paving.
    Paving,
    /// Grass and weeds.
    Grass,
    /// Rows of crops.
    Crops,
    /// Water.
    Water,
    /// White paint on asphalt.
    Marking,
    /// Solar modules.
    Solar,
}

/// Material of one surface.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Material {
    pub(crate) texture: Texture,
    pub(crate) colour: Rgb,
    pub(crate) seed: u32,
    /// Wear, 0 new to 1 worn: stains, rust, faded panels, bare spots.
    pub(crate) wear: f32,
    /// Spacing of ribs, joints or rows, metres.
    pub(crate) pitch_m: f32,
}

/// Where on a surface a sample falls.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spot {
    /// Surface coordinates, metres.
    pub(crate) uv_m: [f32; 2],
    /// Half size of the surface, metres.
    pub(crate) half_m: [f32; 2],
    /// Pixel size on the surface, metres.
    pub(crate) pixel_m: f32,
}

/// What a sample looks like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) albedo: Rgb,
    /// Slope of the fine relief along the surface's x and y.
    pub(crate) bump: [f32; 2],
    /// 0 dull to 1 mirror.
    pub(crate) gloss: f32,
}

/// Linear-light colour of 8-bit sRGB components.
pub(crate) fn srgb(red: f64, green: f64, blue: f64) -> Rgb {
    [red, green, blue].map(|c| {
        let c = (c / 255.0).clamp(0.0, 1.0);
        (if c <= 0.04045 {
            c / 12.92
        } else {
            ((c + 0.055) / 1.055).powf(2.4)
        }) as f32
    })
}

/// `a` towards `b` by `t`.
pub(crate) fn blend(a: Rgb, b: Rgb, t: f32) -> Rgb {
    let t = t.clamp(0.0, 1.0);
    std::array::from_fn(|k| a[k] + (b[k] - a[k]) * t)
}

impl Material {
    /// A plain material of a texture.
    pub(crate) fn new(texture: Texture, colour: Rgb, seed: u32) -> Self {
        Self {
            texture,
            colour,
            seed,
            wear: 0.4,
            pitch_m: 1.0,
        }
    }

    /// The same with another amount of wear.
    pub(crate) fn worn(self, wear: f64) -> Self {
        Self {
            wear: wear as f32,
            ..self
        }
    }

    /// The same with another spacing.
    pub(crate) fn spaced(self, pitch_m: f64) -> Self {
        Self {
            pitch_m: pitch_m as f32,
            ..self
        }
    }

    /// Colour, relief and gloss at a spot.
    pub(crate) fn look(&self, spot: &Spot) -> Look {
        match self.texture {
            Texture::Concrete => self.concrete(spot),
            Texture::Tiles => self.tiles(spot),
            Texture::Sheet => self.sheet(spot),
            Texture::Wall => self.wall(spot),
            Texture::Paint => self.plain(spot, 0.05, 0.35),
            Texture::Glass => self.plain(spot, 0.02, 0.9),
            Texture::Foliage => self.foliage(spot),
            Texture::Soil => self.soil(spot),
            Texture::Refuse => self.refuse(spot),
            Texture::Street => self.street(spot),
            Texture::Paving => self.paving(spot),
            Texture::Grass => self.grass(spot),
            Texture::Crops => self.crops(spot),
            Texture::Water => self.water(spot),
            Texture::Marking => self.marking(spot),
            Texture::Solar => self.solar(spot),
        }
    }

    fn tone(&self, spot: &Spot, wavelength_m: f32, salt: u32) -> f32 {
        let grain = Grain {
            wavelength_m,
            pixel_m: spot.pixel_m,
            octaves: 4,
        };
        octaves(spot.uv_m[0], spot.uv_m[1], grain, self.seed ^ salt)
    }

    fn plain(&self, spot: &Spot, variation: f32, gloss: f32) -> Look {
        let tone = 1.0 + variation * self.tone(spot, 1.0, 1);
        Look {
            albedo: self.colour.map(|c| c * tone),
            bump: [0.0; 2],
            gloss,
        }
    }
}

/// Weight 0–1 of a line of `width` repeated every `pitch`, thinned where a pixel is wider than the line.
pub(crate) fn line(x: f32, pitch: f32, width: f32, pixel_m: f32) -> f32 {
    let from_line = (fraction(x / pitch) - 0.5).abs() * pitch;
    let centred = pitch * 0.5 - from_line;
    let blur = 0.5 * pixel_m;
    smooth_step(0.5 * width + blur, (0.5 * width - blur).max(0.0), centred) * (width / pixel_m.max(width))
}

/// How much of a pattern of the given pitch survives the pixel size.
pub(crate) fn fade(pitch_m: f32, pixel_m: f32) -> f32 {
    smooth_step(0.55 * pitch_m, 0.25 * pitch_m, pixel_m)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_texture_gives_finite_sane_colours() {
        use Texture::*;
        let all = [
            Concrete, Tiles, Sheet, Wall, Paint, Glass, Foliage, Soil, Refuse, Street, Paving, Grass, Crops,
            Water, Marking, Solar,
        ];
        for texture in all {
            let material = Material::new(texture, srgb(120.0, 110.0, 100.0), 5);
            for step in 0..400 {
                let at = step as f32 * 0.37 - 70.0;
                let spot = Spot {
                    uv_m: [at, -0.6 * at],
                    half_m: [80.0, 50.0],
                    pixel_m: 0.05,
                };
                let look = material.look(&spot);
                assert!(
                    look.albedo
                        .iter()
                        .all(|c| c.is_finite() && *c > -0.05 && *c < 1.5),
                    "{texture:?} {look:?}"
                );
            }
        }
    }

    #[test]
    fn srgb_ends_are_black_and_white() {
        assert_eq!(srgb(0.0, 0.0, 0.0), [0.0; 3]);
        assert!((srgb(255.0, 255.0, 255.0)[1] - 1.0).abs() < 1e-6);
    }
}
