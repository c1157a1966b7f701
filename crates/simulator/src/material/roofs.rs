//! Surfaces of buildings: screed, tiles, sheet metal, walls and solar modules.

use crate::noise::{Grain, fraction, octaves, smooth_step, whole};
use crate::random::lattice_unit;

use super::{Look, Material, Spot, blend, fade, line};

impl Material {
    pub(super) fn concrete(&self, spot: &Spot) -> Look {
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
        Look {
            albedo,
            bump: [0.08 * fine, 0.08 * broad],
            gloss: 0.02,
        }
    }

    pub(super) fn tiles(&self, spot: &Spot) -> Look {
        let [u, v] = spot.uv_m;
        let tile = lattice_unit(whole(u / 0.3), whole(v / 0.35), self.seed);
        let show = fade(0.3, spot.pixel_m);
        let broad = self.tone(spot, 4.0, 1);
        let moss = smooth_step(0.1, 0.5, self.tone(spot, 2.0, 2)) * self.wear;
        let tone = 1.0 + 0.35 * (tile - 0.5) * show + 0.3 * broad;
        let albedo = blend(self.colour.map(|c| c * tone), [0.06, 0.065, 0.05], 0.7 * moss);
        let rib = (u / 0.3 * std::f32::consts::TAU).sin() * 0.3 * show;
        let lap = (fraction(v / 0.35) - 0.5) * 0.25 * show;
        Look {
            albedo,
            bump: [rib, lap],
            gloss: 0.04,
        }
    }

    pub(super) fn sheet(&self, spot: &Spot) -> Look {
        let [u, v] = spot.uv_m;
        let sheet_width = (self.pitch_m * 4.0).max(0.8);
        let course = whole(v / 6.1 + 0.37);
        let panel = lattice_unit(whole(u / sheet_width), course, self.seed);
        let odd = lattice_unit(whole(u / sheet_width), course, self.seed ^ 77);
        let mut albedo = self
            .colour
            .map(|c| c * (1.0 + (0.10 + 0.22 * self.wear) * (panel - 0.5)));
        albedo = albedo.map(|c| c * (1.0 + 0.22 * self.tone(spot, 6.0, 1) + 0.10 * self.tone(spot, 0.7, 6)));
        // A few sheets are replaced or translucent; weathered ones chalk towards grey.
        if odd > 1.0 - 0.07 * self.wear {
            albedo = blend(albedo, [0.42, 0.44, 0.44], 0.55);
        }
        let chalk = smooth_step(0.0, 0.5, self.tone(spot, 4.0, 2)) * self.wear;
        albedo = blend(albedo, [0.33, 0.36, 0.38], 0.35 * chalk);
        // Rust and dirt run down the ribs: noise stretched along y.
        let grain = Grain {
            wavelength_m: 1.2,
            pixel_m: spot.pixel_m,
            octaves: 4,
        };
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
        Look {
            albedo,
            bump: [
                rib + 0.05 * self.tone(spot, 2.5, 8),
                0.05 * self.tone(spot, 3.0, 7),
            ],
            gloss: 0.22 * (1.0 - self.wear),
        }
    }

    pub(super) fn wall(&self, spot: &Spot) -> Look {
        let [u, v] = spot.uv_m;
        let grime = self.tone(spot, 2.5, 1);
        let mut albedo = self.colour.map(|c| c * (0.9 + 0.3 * grime));
        let bay = whole(u / self.pitch_m);
        let storey = whole(v / 3.0);
        let (across, up) = (fraction(u / self.pitch_m), fraction(v / 3.0));
        let open = lattice_unit(bay, storey, self.seed) < 0.75;
        if open && (0.25..0.75).contains(&across) && (0.3..0.8).contains(&up) {
            let lit = lattice_unit(bay, storey, self.seed ^ 9);
            albedo = blend(
                albedo,
                [0.06 + 0.12 * lit, 0.07 + 0.13 * lit, 0.08 + 0.14 * lit],
                0.85,
            );
        }
        Look {
            albedo,
            bump: [0.0; 2],
            gloss: 0.03,
        }
    }

    pub(super) fn solar(&self, spot: &Spot) -> Look {
        let [u, v] = spot.uv_m;
        let frame = line(u, 1.0, 0.08, spot.pixel_m).max(line(v, 1.7, 0.08, spot.pixel_m));
        Look {
            albedo: blend(self.colour, [0.35, 0.36, 0.37], 0.8 * frame),
            bump: [0.0; 2],
            gloss: 0.7,
        }
    }
}
