//! Surfaces of the ground and what lies or grows on it: soil, refuse, streets, grass, crops, water, leaves.

use crate::noise::{fraction, smooth_step, value, whole};
use crate::random::lattice_unit;

use super::{Look, Material, Rgb, Spot, Texture, blend, fade, line};

impl Material {
    pub(super) fn foliage(&self, spot: &Spot) -> Look {
        let clump = self.tone(spot, 1.6, 1);
        let leaf = self.tone(spot, 0.35, 2);
        let yellow = smooth_step(0.1, 0.6, self.tone(spot, 3.0, 3)) * self.wear;
        let albedo = self
            .colour
            .map(|c| (c * (1.0 + 0.7 * clump + 0.6 * leaf)).max(0.004));
        Look {
            albedo: blend(albedo, [0.16, 0.13, 0.03], 0.4 * yellow),
            bump: [0.6 * leaf, 0.6 * clump],
            gloss: 0.03,
        }
    }

    pub(super) fn soil(&self, spot: &Spot) -> Look {
        let [u, v] = spot.uv_m;
        let broad = self.tone(spot, 9.0, 1);
        let middle = self.tone(spot, 2.0, 2);
        let fine = self.tone(spot, 0.4, 3);
        let mut albedo = self
            .colour
            .map(|c| c * (1.0 + 0.35 * broad + 0.22 * middle + 0.22 * fine));
        albedo = blend(
            albedo,
            [0.30, 0.26, 0.20],
            0.5 * smooth_step(0.1, 0.5, self.tone(spot, 6.0, 4)) * self.wear,
        );
        // Pairs of wheel ruts wind across the surface.
        let wander = 2.5 * value(u / 14.0, v / 30.0, self.seed ^ 5);
        let spacing = 5.3 + self.pitch_m;
        let rut = line(
            v * 0.9 + 0.25 * u + wander + 0.5 * spacing,
            spacing,
            0.35,
            spot.pixel_m,
        );
        albedo = blend(albedo, albedo.map(|c| c * 0.62), 0.7 * rut * self.wear);
        let weed = smooth_step(0.22, 0.4, self.tone(spot, 5.0, 6)) * (1.0 - self.wear);
        albedo = blend(albedo, [0.055, 0.075, 0.02], 0.8 * weed * (0.6 + 0.6 * fine));
        Look {
            albedo,
            bump: [0.35 * fine + 0.25 * middle, 0.35 * self.tone(spot, 0.45, 7)],
            gloss: 0.0,
        }
    }

    pub(super) fn refuse(&self, spot: &Spot) -> Look {
        let [u, v] = spot.uv_m;
        let warp = 0.35 * self.tone(spot, 0.7, 1);
        let piece = |size: f32, salt: u32| {
            let (i, j) = (whole((u + warp) / size), whole((v - warp) / size));
            (
                lattice_unit(i, j, self.seed ^ salt),
                lattice_unit(i, j, self.seed ^ salt ^ 0x51),
            )
        };
        let size = 0.28 + 0.5 * self.pitch_m;
        let (kind, tone) = piece(size, 11);
        let (small_kind, small_tone) = piece(size * 0.42, 12);
        let mut albedo = litter(kind, tone);
        if small_kind > 0.45 && spot.pixel_m < size * 0.5 {
            albedo = litter(small_tone, small_kind * 1.7 - 0.7);
        }
        let grey = (albedo[0] + albedo[1] + albedo[2]) / 3.0;
        let drift = (1.0 + 0.9 * self.tone(spot, 2.2, 15)).max(0.2);
        albedo = blend(albedo, [grey * 1.03, grey, grey * 0.98], 0.35).map(|c| c * drift);
        // Soil shows between the pieces more at the rim and where the refuse is old.
        let bare = smooth_step(0.35, -0.25, self.tone(spot, 1.8, 13) + 0.12 - 0.85 * self.wear);
        albedo = blend(
            albedo,
            self.colour.map(|c| c * (1.0 + 0.5 * self.tone(spot, 0.8, 14))),
            0.85 * bare,
        );
        Look {
            albedo,
            bump: [0.7 * (tone - 0.5), 0.7 * (small_tone - 0.5)],
            gloss: 0.04,
        }
    }

    pub(super) fn street(&self, spot: &Spot) -> Look {
        let [along, across] = spot.uv_m;
        let half_width = spot.half_m[1];
        let pavement_m = if half_width > 5.0 { 2.6 } else { 0.0 };
        let distance = across.abs();
        if distance > half_width - pavement_m {
            let kerb = smooth_step(0.25, 0.1, distance - (half_width - pavement_m));
            let look = self.paving(spot);
            return Look {
                albedo: blend(look.albedo, [0.36, 0.36, 0.35], kerb),
                ..look
            };
        }
        let mut albedo = self
            .colour
            .map(|c| c * (1.0 + 0.16 * self.tone(spot, 8.0, 1) + 0.14 * self.tone(spot, 0.5, 2)));
        let lane_m = 3.4;
        // Wheels polish two tracks per lane; repairs leave darker rectangles.
        let track = line(distance - 0.9, lane_m / 2.0, 0.5, spot.pixel_m);
        albedo = blend(albedo, albedo.map(|c| c * 0.82), track);
        if lattice_unit(whole(along / 9.0), whole(across / 3.0), self.seed) < 0.07 {
            albedo = albedo.map(|c| c * 0.62);
        }
        let lanes_half = half_width - pavement_m;
        let wide = half_width > 5.0;
        let paint = [0.55, 0.55, 0.52];
        let on = |offset: f32| {
            smooth_step(0.10 + spot.pixel_m, 0.05, (distance - offset).abs())
                .min(0.16 / spot.pixel_m.max(0.16))
        };
        let worn = 0.9 - 0.6 * self.wear * (0.6 + self.tone(spot, 2.0, 3));
        if wide {
            let dash = f32::from(u8::from(2.0 * fraction(along / 12.0) < 0.75));
            let edge = on(lanes_half - 0.4);
            let centre = on(0.12);
            let lane = if lanes_half > 6.0 { on(lane_m) * dash } else { 0.0 };
            albedo = blend(albedo, paint, worn * edge.max(lane));
            albedo = blend(albedo, [0.50, 0.36, 0.08], worn * centre);
        }
        Look {
            albedo,
            bump: [0.0; 2],
            gloss: 0.03,
        }
    }

    pub(super) fn paving(&self, spot: &Spot) -> Look {
        let [u, v] = spot.uv_m;
        let stone = lattice_unit(whole(u / 0.6), whole(v / 0.6), self.seed ^ 2);
        let tone = 1.0 + 0.22 * self.tone(spot, 5.0, 1) + 0.16 * (stone - 0.5) * fade(0.6, spot.pixel_m);
        let base = if self.texture == Texture::Street {
            [0.30, 0.27, 0.25]
        } else {
            self.colour
        };
        let joint = line(u, 0.6, 0.03, spot.pixel_m).max(line(v, 0.6, 0.03, spot.pixel_m));
        let stain = smooth_step(0.2, 0.5, self.tone(spot, 2.5, 4)) * self.wear;
        let albedo = blend(
            base.map(|c| c * tone),
            [0.08, 0.078, 0.07],
            0.3 * joint + 0.5 * stain,
        );
        Look {
            albedo,
            bump: [0.0; 2],
            gloss: 0.02,
        }
    }

    pub(super) fn grass(&self, spot: &Spot) -> Look {
        let broad = self.tone(spot, 12.0, 1);
        let tuft = self.tone(spot, 1.4, 2);
        let fine = self.tone(spot, 0.3, 3);
        let albedo = self
            .colour
            .map(|c| (c * (1.0 + 0.45 * broad + 0.5 * tuft + 0.45 * fine)).max(0.004));
        let dry = smooth_step(
            0.32 - 0.5 * self.wear,
            0.7 - 0.5 * self.wear,
            self.tone(spot, 7.0, 4) + 0.3 * fine,
        );
        let straw = [0.20, 0.165, 0.095].map(|c| c * (1.0 + 0.5 * fine + 0.3 * tuft));
        Look {
            albedo: blend(albedo, straw, 0.85 * dry),
            bump: [0.7 * tuft, 0.7 * fine],
            gloss: 0.0,
        }
    }

    pub(super) fn crops(&self, spot: &Spot) -> Look {
        let v = spot.uv_m[1];
        let row = 0.5 + 0.5 * (v / self.pitch_m * std::f32::consts::TAU).cos();
        let seen = fade(self.pitch_m, spot.pixel_m);
        let cover = 0.5 + (row - 0.5) * seen + 0.7 * self.tone(spot, 3.0, 1) + 0.3 * self.tone(spot, 0.5, 3);
        let soil = [0.135, 0.10, 0.065].map(|c| c * (1.0 + 0.4 * self.tone(spot, 1.0, 2)));
        Look {
            albedo: blend(soil, self.colour, smooth_step(0.3, 0.7, cover)),
            bump: [0.0, 0.4 * self.tone(spot, 0.5, 4)],
            gloss: 0.0,
        }
    }

    pub(super) fn water(&self, spot: &Spot) -> Look {
        let swell = self.tone(spot, 14.0, 1);
        let ripple = self.tone(spot, 1.2, 2);
        let albedo = self.colour.map(|c| c * (1.0 + 0.35 * swell + 0.18 * ripple));
        Look {
            albedo,
            bump: [0.10 * ripple + 0.03 * swell, 0.08 * self.tone(spot, 0.9, 3)],
            gloss: 0.8,
        }
    }

    pub(super) fn marking(&self, spot: &Spot) -> Look {
        let bar = line(spot.uv_m[0], self.pitch_m, self.pitch_m * 0.5, spot.pixel_m);
        let worn = 1.0 - self.wear * (0.5 + 0.8 * self.tone(spot, 1.5, 1)).clamp(0.0, 1.0);
        let asphalt = [0.11, 0.11, 0.112].map(|c| c * (1.0 + 0.2 * self.tone(spot, 0.5, 2)));
        Look {
            albedo: blend(asphalt, self.colour, bar * worn),
            bump: [0.0; 2],
            gloss: 0.03,
        }
    }
}

/// Colour of one piece of refuse: mostly whites and greys, some browns, few bright plastics.
fn litter(kind: f32, tone: f32) -> Rgb {
    let light = 0.55 + 0.65 * tone.clamp(0.0, 1.0);
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
