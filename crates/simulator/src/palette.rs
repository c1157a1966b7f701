//! Colours and wear of one city: drawn from the seed, so that cities differ; training cities (seed 1000 and up)
//! draw from other ranges than demonstration cities.

use crate::material::{Material, Rgb, Texture, srgb};
use crate::random::Dice;

/// Seeds from here on make training cities.
pub const FIRST_TRAINING_SEED: u64 = 1000;

/// The look of one city.
#[derive(Clone, Debug)]
pub(crate) struct Palette {
    training: bool,
    /// 0 winter brown to 1 summer green.
    pub(crate) greenness: f64,
    /// Mean wear of surfaces.
    pub(crate) wear: f64,
    /// How far the whole city leans to warm (positive) or cold colours, sRGB steps.
    warmth: f64,
    /// Mean spacing of sheet ribs, metres.
    rib_m: f64,
}

impl Palette {
    /// The palette of a seed.
    pub(crate) fn of_seed(seed: u64) -> Self {
        if seed < FIRST_TRAINING_SEED {
            return Self::of_demonstration(seed);
        }
        let mut dice = Dice::new(seed, 11);
        Self {
            training: true,
            greenness: dice.between(0.0, 1.0),
            wear: dice.between(0.15, 0.8),
            warmth: dice.between(-14.0, 16.0),
            rib_m: dice.between(0.18, 0.55),
        }
    }

    /// The demonstration palette of a seed of any size.
    pub(crate) fn of_demonstration(seed: u64) -> Self {
        let mut dice = Dice::new(seed, 11);
        Self {
            training: false,
            greenness: dice.between(0.45, 0.9),
            wear: dice.between(0.3, 0.55),
            warmth: dice.between(-4.0, 6.0),
            rib_m: dice.between(0.24, 0.38),
        }
    }

    /// Colour near the given sRGB components.
    pub(crate) fn near(&self, base: [f64; 3], spread: f64, dice: &mut Dice) -> Rgb {
        let spread = if self.training { spread * 1.5 } else { spread };
        let shift = spread * dice.normal().clamp(-2.0, 2.0) * 0.6;
        let own = |dice: &mut Dice| 0.16 * spread * dice.normal().clamp(-2.0, 2.0);
        srgb(
            base[0] + shift + own(dice) + self.warmth,
            base[1] + shift + own(dice) + 0.2 * self.warmth,
            base[2] + shift + own(dice) - self.warmth,
        )
    }

    /// Blue colour-steel.
    pub(crate) fn blue(&self, dice: &mut Dice) -> Rgb {
        if !self.training {
            let pale = dice.unit();
            let green = 98.0 + 36.0 * pale + dice.between(-4.0, 14.0);
            return srgb(
                40.0 + 44.0 * pale,
                green,
                176.0 + 34.0 * pale + dice.between(-8.0, 4.0),
            );
        }
        // From strong ultramarine to washed-out sky blue; the green part follows the red one.
        let pale = dice.unit();
        let strength = dice.between(-14.0, 14.0);
        srgb(
            22.0 + 85.0 * pale + strength + 0.4 * self.warmth,
            80.0 + 76.0 * pale + strength + dice.between(-4.0, 18.0),
            158.0 + 62.0 * pale + strength,
        )
    }

    /// Sheet-metal material of a colour.
    pub(crate) fn sheet(&self, colour: Rgb, dice: &mut Dice) -> Material {
        let wear = (self.wear + 0.35 * dice.normal()).clamp(0.0, 1.0);
        Material::new(Texture::Sheet, colour, dice.bits() as u32)
            .worn(wear)
            .spaced(self.rib_m * dice.between(0.8, 1.3))
    }

    /// Sheet metal that is not blue: grey, white, rusty, green or red.
    pub(crate) fn other_sheet(&self, dice: &mut Dice) -> Material {
        let kinds = [
            [168.0, 172.0, 174.0],
            [132.0, 136.0, 138.0],
            [205.0, 208.0, 210.0],
            [128.0, 104.0, 88.0],
            [148.0, 72.0, 64.0],
            [106.0, 128.0, 120.0],
        ];
        let base = kinds[dice.weighted(&[5.0, 4.0, 2.5, 2.5, 1.6, 0.8])];
        let colour = self.near(base, 16.0, dice);
        self.sheet(colour, dice)
    }

    /// A flat roof surface.
    pub(crate) fn flat_roof(&self, dice: &mut Dice) -> Material {
        let kinds = [
            [158.0, 154.0, 146.0],
            [134.0, 130.0, 124.0],
            [184.0, 176.0, 160.0],
            [110.0, 106.0, 100.0],
            [152.0, 128.0, 108.0],
            [172.0, 168.0, 164.0],
            [120.0, 138.0, 120.0],
        ];
        let base = kinds[dice.weighted(&[4.0, 4.0, 3.0, 2.5, 1.5, 2.0, 0.7])];
        let colour = self.near(base, 16.0, dice);
        let wear = (self.wear + 0.3 * dice.normal()).clamp(0.0, 1.0);
        Material::new(Texture::Concrete, colour, dice.bits() as u32)
            .worn(wear)
            .spaced(dice.between(2.5, 7.0))
    }

    /// Clay or concrete tiles.
    pub(crate) fn tiles(&self, dice: &mut Dice) -> Material {
        let kinds = [
            [154.0, 78.0, 62.0],
            [132.0, 84.0, 68.0],
            [112.0, 104.0, 100.0],
            [92.0, 88.0, 92.0],
        ];
        let base = kinds[dice.weighted(&[4.0, 3.0, 2.0, 1.5])];
        let colour = self.near(base, 14.0, dice);
        Material::new(Texture::Tiles, colour, dice.bits() as u32).worn(self.wear)
    }

    /// A rendered or tiled wall.
    pub(crate) fn wall(&self, dice: &mut Dice) -> Material {
        let kinds = [
            [186.0, 178.0, 164.0],
            [156.0, 150.0, 142.0],
            [170.0, 134.0, 112.0],
            [206.0, 202.0, 194.0],
        ];
        let base = kinds[dice.weighted(&[3.0, 3.0, 2.0, 2.0])];
        let colour = self.near(base, 16.0, dice);
        Material::new(Texture::Wall, colour, dice.bits() as u32).spaced(dice.between(2.2, 4.0))
    }

    /// Plain painted surface near a colour.
    pub(crate) fn paint(&self, base: [f64; 3], dice: &mut Dice) -> Material {
        let colour = self.near(base, 10.0, dice);
        Material::new(Texture::Paint, colour, dice.bits() as u32)
    }

    /// Dark glass.
    pub(crate) fn glass(&self, dice: &mut Dice) -> Material {
        Material::new(Texture::Glass, srgb(34.0, 40.0, 46.0), dice.bits() as u32)
    }

    /// Grass in the city's season.
    pub(crate) fn grass(&self, dice: &mut Dice) -> Material {
        let g = self.greenness;
        let base = [98.0 - 26.0 * g, 92.0 + 8.0 * g, 62.0 - 14.0 * g];
        let colour = self.near(base, 9.0, dice);
        let wear = (1.0 - g + 0.15 * dice.normal()).clamp(0.0, 1.0);
        Material::new(Texture::Grass, colour, dice.bits() as u32).worn(wear)
    }

    /// Leaves of one tree.
    pub(crate) fn leaves(&self, dice: &mut Dice) -> Material {
        let g = (self.greenness + 0.2 * dice.normal()).clamp(0.0, 1.0);
        let base = [92.0 - 38.0 * g, 84.0 + 2.0 * g, 52.0 - 12.0 * g];
        let colour = self.near(base, 10.0, dice);
        Material::new(Texture::Foliage, colour, dice.bits() as u32).worn(1.0 - g)
    }

    /// Soil, sand, gravel or rubble.
    pub(crate) fn soil(&self, dice: &mut Dice) -> Material {
        let kinds = [
            [160.0, 132.0, 102.0],
            [140.0, 104.0, 78.0],
            [176.0, 160.0, 132.0],
            [146.0, 140.0, 130.0],
            [116.0, 88.0, 66.0],
        ];
        let base = kinds[dice.weighted(&[3.0, 3.0, 2.0, 2.0, 1.5])];
        let colour = self.near(base, 14.0, dice);
        Material::new(Texture::Soil, colour, dice.bits() as u32).worn(dice.between(0.5, 1.0))
    }

    /// Asphalt.
    pub(crate) fn asphalt(&self, dice: &mut Dice) -> Material {
        let grey = dice.between(88.0, 128.0);
        let colour = self.near([grey, grey, grey + 1.0], 6.0, dice);
        Material::new(Texture::Street, colour, dice.bits() as u32).worn(self.wear)
    }

    /// Yard surface: concrete, block paving or trodden earth.
    pub(crate) fn yard(&self, dice: &mut Dice) -> Material {
        let seed = dice.bits() as u32;
        match dice.weighted(&[5.0, 2.0, 2.5]) {
            0 => Material::new(
                Texture::Concrete,
                self.near([148.0, 144.0, 136.0], 14.0, dice),
                seed,
            )
            .worn(self.wear)
            .spaced(dice.between(4.0, 7.0)),
            1 => Material::new(
                Texture::Paving,
                self.near([150.0, 138.0, 130.0], 14.0, dice),
                seed,
            )
            .worn(self.wear),
            _ => Material::new(Texture::Soil, self.near([136.0, 124.0, 106.0], 12.0, dice), seed).worn(0.35),
        }
    }
}
