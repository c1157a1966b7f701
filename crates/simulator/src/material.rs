//! Surface appearance: from a material and a place on its surface to colour, small-scale relief and gloss.

use crate::noise::{Grain, octaves, smooth_step, value};
use crate::random::lattice_unit;

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
        (if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }) as f32
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
        Self { texture, colour, seed, wear: 0.4, pitch_m: 1.0 }
    }

    /// The same with another amount of wear.
    pub(crate) fn worn(self, wear: f64) -> Self {
        Self { wear: wear as f32, ..self }
    }

    /// The same with another spacing.
    pub(crate) fn spaced(self, pitch_m: f64) -> Self {
        Self { pitch_m: pitch_m as f32, ..self }
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
        let grain = Grain { wavelength_m, pixel_m: spot.pixel_m, octaves: 4 };
        octaves(spot.uv_m[0], spot.uv_m[1], grain, self.seed ^ salt)
    }

    fn plain(&self, spot: &Spot, variation: f32, gloss: f32) -> Look {
        let tone = 1.0 + variation * self.tone(spot, 1.0, 1);
        Look { albedo: self.colour.map(|c| c * tone), bump: [0.0; 2], gloss }
    }

    fn concrete(&self, spot: &Spot) -> Look {
        let [u, v] = spot.uv_m;
        let broad = self.tone(spot, 7.0, 1);
        let fine = self.tone(spot, 0.6, 2);
        let mut albedo = self.colour.map(|c| c * (1.0 + 0.42 * broad + 0.20 * fine));
        let stain = smooth_step(0.18, 0.45, self.tone(spot, 3.5, 3)) * self.wear;
        albedo = blend(albedo, [0.06, 0.058, 0.05], 0.65 * stain);
        let damp = smooth_step(0.25, 0.4, -self.tone(spot, 5.0, 4)) * self.wear;
        albedo = blend(albedo, albedo.map(|c| c * 0.55), damp);
        let joint = line(u, self.pitch_m, 0.03, spot.pixel_m).max(line(v, self.pitch_m, 0.03, spot.pixel_m));
        albedo = blend(albedo, [0.05, 0.05, 0.05], 0.45 * joint);
        // Dirt gathers along the edges of a roof.
        let edge = (spot.half_m[0] - u.abs()).min(spot.half_m[1] - v.abs());
        let rim = smooth_step(0.9, 0.0, edge + 0.5 * self.tone(spot, 1.5, 5));
        albedo = blend(albedo, albedo.map(|c| c * 0.6), rim * (0.3 + 0.5 * self.wear));
        Look { albedo, bump: [0.08 * fine, 0.08 * broad], gloss: 0.02 }
    }

    fn tiles(&self, spot: &Spot) -> Look {
        let [u, v] = spot.uv_m;
        let tile = lattice_unit((u / 0.3).floor() as i32, (v / 0.35).floor() as i32, self.seed);
        let show = fade(0.3, spot.pixel_m);
        let broad = self.tone(spot, 4.0, 1);
        let moss = smooth_step(0.1, 0.5, self.tone(spot, 2.0, 2)) * self.wear;
        let tone = 1.0 + 0.35 * (tile - 0.5) * show + 0.3 * broad;
        let albedo = blend(self.colour.map(|c| c * tone), [0.06, 0.065, 0.05], 0.7 * moss);
        let rib = (u / 0.3 * std::f32::consts::TAU).sin() * 0.3 * show;
        let lap = ((v / 0.35).fract() - 0.5) * 0.25 * show;
        Look { albedo, bump: [rib, lap], gloss: 0.04 }
    }

    fn sheet(&self, spot: &Spot) -> Look {
        let [u, v] = spot.uv_m;
        let sheet_width = (self.pitch_m * 4.0).max(0.8);
        let course = (v / 6.1 + 0.37).floor() as i32;
        let panel = lattice_unit((u / sheet_width).floor() as i32, course, self.seed);
        let odd = lattice_unit((u / sheet_width).floor() as i32, course, self.seed ^ 77);
        let mut albedo = self.colour.map(|c| c * (1.0 + (0.10 + 0.22 * self.wear) * (panel - 0.5)));
        albedo = albedo.map(|c| c * (1.0 + 0.22 * self.tone(spot, 6.0, 1) + 0.10 * self.tone(spot, 0.7, 6)));
        // A few sheets are replaced or translucent; weathered ones chalk towards grey.
        if odd > 1.0 - 0.07 * self.wear {
            albedo = blend(albedo, [0.42, 0.44, 0.44], 0.55);
        }
        let chalk = smooth_step(0.0, 0.5, self.tone(spot, 4.0, 2)) * self.wear;
        albedo = blend(albedo, [0.33, 0.36, 0.38], 0.35 * chalk);
        // Rust and dirt run down the ribs: noise stretched along y.
        let grain = Grain { wavelength_m: 1.2, pixel_m: spot.pixel_m, octaves: 4 };
        let streak = octaves(u, v * 0.16, grain, self.seed ^ 3) + 0.5 * self.tone(spot, 3.0, 4);
        let rust = smooth_step(0.75 - 0.62 * self.wear, 0.95 - 0.5 * self.wear, streak);
        albedo = blend(albedo, [0.13, 0.055, 0.03], 0.75 * rust);
        let dirt = smooth_step(0.1, 0.6, -streak) * self.wear;
        albedo = blend(albedo, [0.09, 0.085, 0.075], 0.5 * dirt);
        let seam = line(u, sheet_width, 0.06, spot.pixel_m).max(0.7 * line(v, 6.1, 0.08, spot.pixel_m));
        albedo = blend(albedo, albedo.map(|c| c * 0.55), 0.7 * seam);
        let ridge = smooth_step(0.35, 0.2, (v).abs()) * 0.25;
        albedo = blend(albedo, albedo.map(|c| c * 1.6 + 0.03), ridge);
        let rib = (u / self.pitch_m * std::f32::consts::TAU).sin() * 0.45 * fade(self.pitch_m, spot.pixel_m);
        Look { albedo, bump: [rib + 0.05 * self.tone(spot, 2.5, 8), 0.05 * self.tone(spot, 3.0, 7)], gloss: 0.22 * (1.0 - self.wear) }
    }

    fn wall(&self, spot: &Spot) -> Look {
        let [u, v] = spot.uv_m;
        let grime = self.tone(spot, 2.5, 1);
        let mut albedo = self.colour.map(|c| c * (0.9 + 0.3 * grime));
        let bay = (u / self.pitch_m).floor() as i32;
        let storey = (v / 3.0).floor() as i32;
        let (across, up) = ((u / self.pitch_m).rem_euclid(1.0), (v / 3.0).rem_euclid(1.0));
        let open = lattice_unit(bay, storey, self.seed) < 0.75;
        if open && (0.25..0.75).contains(&across) && (0.3..0.8).contains(&up) {
            let lit = lattice_unit(bay, storey, self.seed ^ 9);
            albedo = blend(albedo, [0.06 + 0.12 * lit, 0.07 + 0.13 * lit, 0.08 + 0.14 * lit], 0.85);
        }
        Look { albedo, bump: [0.0; 2], gloss: 0.03 }
    }

    fn foliage(&self, spot: &Spot) -> Look {
        let clump = self.tone(spot, 1.6, 1);
        let leaf = self.tone(spot, 0.35, 2);
        let yellow = smooth_step(0.1, 0.6, self.tone(spot, 3.0, 3)) * self.wear;
        let albedo = self.colour.map(|c| (c * (1.0 + 0.7 * clump + 0.6 * leaf)).max(0.004));
        Look { albedo: blend(albedo, [0.16, 0.13, 0.03], 0.4 * yellow), bump: [0.6 * leaf, 0.6 * clump], gloss: 0.03 }
    }

    fn soil(&self, spot: &Spot) -> Look {
        let [u, v] = spot.uv_m;
        let broad = self.tone(spot, 9.0, 1);
        let middle = self.tone(spot, 2.0, 2);
        let fine = self.tone(spot, 0.4, 3);
        let mut albedo = self.colour.map(|c| c * (1.0 + 0.35 * broad + 0.22 * middle + 0.22 * fine));
        albedo = blend(albedo, [0.30, 0.26, 0.20], 0.5 * smooth_step(0.1, 0.5, self.tone(spot, 6.0, 4)) * self.wear);
        // Pairs of wheel ruts wind across the surface.
        let wander = 2.5 * value(u / 14.0, v / 30.0, self.seed ^ 5);
        let rut = line(v * 0.9 + 0.25 * u + wander, 5.3 + self.pitch_m, 0.35, spot.pixel_m);
        albedo = blend(albedo, albedo.map(|c| c * 0.62), 0.7 * rut * self.wear);
        let weed = smooth_step(0.22, 0.4, self.tone(spot, 5.0, 6)) * (1.0 - self.wear);
        albedo = blend(albedo, [0.055, 0.075, 0.02], 0.8 * weed * (0.6 + 0.6 * fine));
        Look { albedo, bump: [0.35 * fine + 0.25 * middle, 0.35 * self.tone(spot, 0.45, 7)], gloss: 0.0 }
    }

    fn refuse(&self, spot: &Spot) -> Look {
        let [u, v] = spot.uv_m;
        let warp = 0.35 * self.tone(spot, 0.7, 1);
        let piece = |size: f32, salt: u32| {
            let (i, j) = (((u + warp) / size).floor() as i32, ((v - warp) / size).floor() as i32);
            (lattice_unit(i, j, self.seed ^ salt), lattice_unit(i, j, self.seed ^ salt ^ 0x51))
        };
        let size = 0.28 + 0.5 * self.pitch_m;
        let (kind, tone) = piece(size, 11);
        let (small_kind, small_tone) = piece(size * 0.42, 12);
        let mut albedo = litter(kind, tone);
        if small_kind > 0.45 && spot.pixel_m < size * 0.5 {
            albedo = litter(small_tone, small_kind * 1.7 - 0.7);
        }
        // Soil shows between the pieces more at the rim and where the refuse is old.
        let bare = smooth_step(0.35, -0.25, self.tone(spot, 1.8, 13) + 0.3 - 0.75 * self.wear);
        albedo = blend(albedo, self.colour.map(|c| c * (1.0 + 0.5 * self.tone(spot, 0.8, 14))), 0.9 * bare);
        Look { albedo, bump: [1.2 * (tone - 0.5), 1.2 * (small_tone - 0.5)], gloss: 0.04 }
    }

    fn street(&self, spot: &Spot) -> Look {
        let [along, across] = spot.uv_m;
        let half_width = spot.half_m[1];
        let pavement_m = if half_width > 5.0 { 2.6 } else { 0.0 };
        let distance = across.abs();
        if distance > half_width - pavement_m {
            let kerb = smooth_step(0.25, 0.1, distance - (half_width - pavement_m));
            let look = self.paving(spot);
            return Look { albedo: blend(look.albedo, [0.36, 0.36, 0.35], kerb), ..look };
        }
        let mut albedo = self.colour.map(|c| c * (1.0 + 0.16 * self.tone(spot, 8.0, 1) + 0.14 * self.tone(spot, 0.5, 2)));
        let lane_m = 3.4;
        // Wheels polish two tracks per lane; repairs leave darker rectangles.
        let track = line(distance - 0.9, lane_m / 2.0, 0.5, spot.pixel_m);
        albedo = blend(albedo, albedo.map(|c| c * 0.82), track);
        if lattice_unit((along / 9.0).floor() as i32, (across / 3.0).floor() as i32, self.seed) < 0.07 {
            albedo = albedo.map(|c| c * 0.62);
        }
        let lanes_half = half_width - pavement_m;
        let wide = half_width > 5.0;
        let paint = [0.55, 0.55, 0.52];
        let on = |offset: f32| smooth_step(0.10 + spot.pixel_m, 0.05, (distance - offset).abs()).min(0.16 / spot.pixel_m.max(0.16));
        let worn = 0.9 - 0.6 * self.wear * (0.6 + self.tone(spot, 2.0, 3));
        if wide {
            let dash = f32::from(u8::from((along / 6.0).rem_euclid(2.0) < 0.75));
            let edge = on(lanes_half - 0.4);
            let centre = on(0.12);
            let lane = if lanes_half > 6.0 { on(lane_m) * dash } else { 0.0 };
            albedo = blend(albedo, paint, worn * edge.max(lane));
            albedo = blend(albedo, [0.50, 0.36, 0.08], worn * centre);
        }
        Look { albedo, bump: [0.0; 2], gloss: 0.03 }
    }

    fn paving(&self, spot: &Spot) -> Look {
        let [u, v] = spot.uv_m;
        let stone = lattice_unit((u / 0.6).floor() as i32, (v / 0.6).floor() as i32, self.seed ^ 2);
        let tone = 1.0 + 0.22 * self.tone(spot, 5.0, 1) + 0.16 * (stone - 0.5) * fade(0.6, spot.pixel_m);
        let base = if self.texture == Texture::Street { [0.30, 0.27, 0.25] } else { self.colour };
        let joint = line(u, 0.6, 0.03, spot.pixel_m).max(line(v, 0.6, 0.03, spot.pixel_m));
        let stain = smooth_step(0.2, 0.5, self.tone(spot, 2.5, 4)) * self.wear;
        let albedo = blend(base.map(|c| c * tone), [0.08, 0.078, 0.07], 0.3 * joint + 0.5 * stain);
        Look { albedo, bump: [0.0; 2], gloss: 0.02 }
    }

    fn grass(&self, spot: &Spot) -> Look {
        let broad = self.tone(spot, 12.0, 1);
        let tuft = self.tone(spot, 1.4, 2);
        let fine = self.tone(spot, 0.3, 3);
        let albedo = self.colour.map(|c| (c * (1.0 + 0.45 * broad + 0.5 * tuft + 0.45 * fine)).max(0.004));
        let dry = smooth_step(0.32 - 0.5 * self.wear, 0.7 - 0.5 * self.wear, self.tone(spot, 7.0, 4) + 0.3 * fine);
        let straw = [0.20, 0.165, 0.095].map(|c| c * (1.0 + 0.5 * fine + 0.3 * tuft));
        Look { albedo: blend(albedo, straw, 0.85 * dry), bump: [0.7 * tuft, 0.7 * fine], gloss: 0.0 }
    }

    fn crops(&self, spot: &Spot) -> Look {
        let v = spot.uv_m[1];
        let row = 0.5 + 0.5 * (v / self.pitch_m * std::f32::consts::TAU).cos();
        let seen = fade(self.pitch_m, spot.pixel_m);
        let cover = 0.5 + (row - 0.5) * seen + 0.7 * self.tone(spot, 3.0, 1) + 0.3 * self.tone(spot, 0.5, 3);
        let soil = [0.135, 0.10, 0.065].map(|c| c * (1.0 + 0.4 * self.tone(spot, 1.0, 2)));
        Look { albedo: blend(soil, self.colour, smooth_step(0.3, 0.7, cover)), bump: [0.0, 0.4 * self.tone(spot, 0.5, 4)], gloss: 0.0 }
    }

    fn water(&self, spot: &Spot) -> Look {
        let swell = self.tone(spot, 14.0, 1);
        let ripple = self.tone(spot, 1.2, 2);
        let albedo = self.colour.map(|c| c * (1.0 + 0.35 * swell + 0.18 * ripple));
        Look { albedo, bump: [0.10 * ripple + 0.03 * swell, 0.08 * self.tone(spot, 0.9, 3)], gloss: 0.8 }
    }

    fn marking(&self, spot: &Spot) -> Look {
        let bar = line(spot.uv_m[0], self.pitch_m, self.pitch_m * 0.5, spot.pixel_m);
        let worn = 1.0 - self.wear * (0.5 + 0.8 * self.tone(spot, 1.5, 1)).clamp(0.0, 1.0);
        let asphalt = [0.11, 0.11, 0.112].map(|c| c * (1.0 + 0.2 * self.tone(spot, 0.5, 2)));
        Look { albedo: blend(asphalt, self.colour, bar * worn), bump: [0.0; 2], gloss: 0.03 }
    }

    fn solar(&self, spot: &Spot) -> Look {
        let [u, v] = spot.uv_m;
        let frame = line(u, 1.0, 0.08, spot.pixel_m).max(line(v, 1.7, 0.08, spot.pixel_m));
        Look { albedo: blend(self.colour, [0.35, 0.36, 0.37], 0.8 * frame), bump: [0.0; 2], gloss: 0.7 }
    }
}

/// Colour of one piece of refuse: mostly whites and greys, some browns, few bright plastics.
fn litter(kind: f32, tone: f32) -> Rgb {
    let light = 0.35 + 0.65 * tone.clamp(0.0, 1.0);
    let base = match (kind * 20.0) as u32 {
        0..=5 => [0.62, 0.62, 0.64],
        6..=8 => [0.30, 0.29, 0.28],
        9..=11 => [0.16, 0.115, 0.08],
        12..=13 => [0.03, 0.03, 0.03],
        14 => [0.08, 0.17, 0.45],
        15 => [0.42, 0.07, 0.06],
        16 => [0.45, 0.33, 0.25],
        17 => [0.10, 0.28, 0.16],
        18 => [0.50, 0.42, 0.40],
        _ => [0.50, 0.36, 0.08],
    };
    base.map(|c| c * light)
}

/// Weight 0–1 of a line of `width` repeated every `pitch`, thinned where a pixel is wider than the line.
fn line(x: f32, pitch: f32, width: f32, pixel_m: f32) -> f32 {
    let from_line = ((x / pitch).rem_euclid(1.0) - 0.5).abs() * pitch;
    let centred = pitch * 0.5 - from_line;
    let blur = 0.5 * pixel_m;
    smooth_step(0.5 * width + blur, (0.5 * width - blur).max(0.0), centred) * (width / pixel_m.max(width))
}

/// How much of a pattern of the given pitch survives the pixel size.
fn fade(pitch_m: f32, pixel_m: f32) -> f32 {
    smooth_step(0.55 * pitch_m, 0.25 * pitch_m, pixel_m)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_texture_gives_finite_sane_colours() {
        use Texture::*;
        let all = [
            Concrete, Tiles, Sheet, Wall, Paint, Glass, Foliage, Soil, Refuse, Street, Paving, Grass, Crops, Water,
            Marking, Solar,
        ];
        for texture in all {
            let material = Material::new(texture, srgb(120.0, 110.0, 100.0), 5);
            for step in 0..400 {
                let at = step as f32 * 0.37 - 70.0;
                let spot = Spot { uv_m: [at, -0.6 * at], half_m: [80.0, 50.0], pixel_m: 0.05 };
                let look = material.look(&spot);
                assert!(look.albedo.iter().all(|c| c.is_finite() && *c > -0.05 && *c < 1.5), "{texture:?} {look:?}");
            }
        }
    }

    #[test]
    fn srgb_ends_are_black_and_white() {
        assert_eq!(srgb(0.0, 0.0, 0.0), [0.0; 3]);
        assert!((srgb(255.0, 255.0, 255.0)[1] - 1.0).abs() < 1e-6);
    }
}
