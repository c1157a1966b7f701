//! The simulated pinhole camera: DJI gimbal angles (north-east-down, yaw then pitch then roll) and projection.
//! Written from the definition of the angles, independently of the program's own camera model.

/// A 3×3 matrix, row by row.
pub type Matrix3 = [[f64; 3]; 3];

/// Focal length per image width of a wide 24 mm-equivalent drone camera: 12.3 mm over a 17.3 mm sensor.
pub const FOCAL_PER_WIDTH: f64 = 12.3 / 17.3;

/// Gimbal angles in radians, DJI convention: yaw clockwise from north, pitch −π/2 looks straight down.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GimbalAngles {
    /// Clockwise from north.
    pub yaw_rad: f64,
    /// Upwards positive.
    pub pitch_rad: f64,
    /// Right side down positive.
    pub roll_rad: f64,
}

impl GimbalAngles {
    /// East-north-up axes of the camera: columns are its x (right), y (down) and z (forward) axes.
    ///
    /// The gimbal body (x forward, y right, z down) is turned by Rz(yaw)·Ry(pitch)·Rx(roll) in north-east-down.
    pub fn enu_from_camera(self) -> Matrix3 {
        let (sy, cy) = self.yaw_rad.sin_cos();
        let (sp, cp) = self.pitch_rad.sin_cos();
        let (sr, cr) = self.roll_rad.sin_cos();
        // Rows: north, east, down. Columns: body forward, right, down.
        let ned = [
            [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
            [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
            [-sp, cp * sr, cp * cr],
        ];
        // Camera columns (right, down, forward) are body columns 1, 2, 0; ENU rows are east, north, -down.
        let row = |r: usize, sign: f64| [sign * ned[r][1], sign * ned[r][2], sign * ned[r][0]];
        [row(1, 1.0), row(0, 1.0), row(2, -1.0)]
    }

    /// The angles of an attitude matrix as made by [`Self::enu_from_camera`].
    pub fn from_enu_from_camera(m: &Matrix3) -> Self {
        let forward = [m[0][2], m[1][2], m[2][2]];
        let pitch_rad = forward[2].clamp(-1.0, 1.0).asin();
        if pitch_rad.cos() < 1e-9 {
            // Gimbal lock: yaw and roll turn about the same axis, so the whole turn is given to yaw.
            let up_in_picture = [-m[0][1], -m[1][1]];
            let sign = if pitch_rad < 0.0 { 1.0 } else { -1.0 };
            let yaw_rad = (sign * up_in_picture[0]).atan2(sign * up_in_picture[1]);
            return Self {
                yaw_rad,
                pitch_rad,
                roll_rad: 0.0,
            };
        }
        Self {
            yaw_rad: forward[0].atan2(forward[1]),
            pitch_rad,
            roll_rad: (-m[2][0]).atan2(-m[2][1]),
        }
    }
}

/// `a · b`.
pub(crate) fn product(a: &Matrix3, b: &Matrix3) -> Matrix3 {
    let cell = |r: usize, c: usize| (0..3).map(|k| a[r][k] * b[k][c]).sum();
    std::array::from_fn(|r| std::array::from_fn(|c| cell(r, c)))
}

/// Rotation by a vector: direction is the axis, length the angle in radians (Rodrigues).
pub(crate) fn rotation(vector_rad: [f64; 3]) -> Matrix3 {
    let angle = vector_rad.iter().map(|v| v * v).sum::<f64>().sqrt();
    if angle < 1e-15 {
        return [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    }
    let [x, y, z] = vector_rad.map(|v| v / angle);
    let (s, c) = angle.sin_cos();
    let t = 1.0 - c;
    [
        [c + x * x * t, x * y * t - z * s, x * z * t + y * s],
        [y * x * t + z * s, c + y * y * t, y * z * t - x * s],
        [z * x * t - y * s, z * y * t + x * s, c + z * z * t],
    ]
}

/// A pinhole camera at a true pose in the scene; pixel (0, 0) is the corner of the first pixel.
#[derive(Clone, Debug)]
pub struct Camera {
    /// Projection centre, east, north, up in metres above the street.
    pub position_enu_m: [f64; 3],
    /// Attitude; columns are the camera's right, down and forward axes in ENU.
    pub enu_from_camera: Matrix3,
    /// Picture width, pixels.
    pub width_px: u32,
    /// Picture height, pixels.
    pub height_px: u32,
    /// Focal length, pixels.
    pub focal_px: f64,
}

impl Camera {
    /// Direction in ENU (not normalised) seen by a pixel position.
    pub fn enu_ray_from_pixel(&self, pixel: [f64; 2]) -> [f64; 3] {
        let camera = [
            pixel[0] - f64::from(self.width_px) / 2.0,
            pixel[1] - f64::from(self.height_px) / 2.0,
            self.focal_px,
        ];
        self.enu_from_camera
            .map(|row| (0..3).map(|k| row[k] * camera[k]).sum())
    }

    /// Pixel position of a scene point; `None` behind the camera. May lie outside the picture.
    pub fn pixel_from_enu(&self, enu_m: [f64; 3]) -> Option<[f64; 2]> {
        let offset: [f64; 3] = std::array::from_fn(|k| enu_m[k] - self.position_enu_m[k]);
        let m = &self.enu_from_camera;
        let axis = |c: usize| (0..3).map(|r| m[r][c] * offset[r]).sum::<f64>();
        let depth = axis(2);
        if depth < 0.1 {
            return None;
        }
        Some([
            f64::from(self.width_px) / 2.0 + self.focal_px * axis(0) / depth,
            f64::from(self.height_px) / 2.0 + self.focal_px * axis(1) / depth,
        ])
    }

    /// Where the ray of a pixel meets height `level_m`; `None` when it never comes down to it.
    pub fn ground_from_pixel(&self, pixel: [f64; 2], level_m: f64) -> Option<[f64; 2]> {
        let ray = self.enu_ray_from_pixel(pixel);
        let t = (level_m - self.position_enu_m[2]) / ray[2];
        if !t.is_finite() || t <= 0.0 {
            return None;
        }
        Some([
            self.position_enu_m[0] + t * ray[0],
            self.position_enu_m[1] + t * ray[1],
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::FRAC_PI_2;

    fn camera(yaw_deg: f64, pitch_deg: f64, altitude_m: f64) -> Camera {
        let angles = GimbalAngles {
            yaw_rad: yaw_deg.to_radians(),
            pitch_rad: pitch_deg.to_radians(),
            roll_rad: 0.0,
        };
        Camera {
            position_enu_m: [10.0, 20.0, altitude_m],
            enu_from_camera: angles.enu_from_camera(),
            width_px: 1600,
            height_px: 1200,
            focal_px: 1200.0,
        }
    }

    #[test]
    fn nadir_picture_has_north_up_and_altitude_over_focal_per_pixel() {
        let nadir = camera(0.0, -90.0, 120.0);
        let centre = nadir.ground_from_pixel([800.0, 600.0], 0.0).unwrap();
        assert!((centre[0] - 10.0).abs() < 1e-9 && (centre[1] - 20.0).abs() < 1e-9);
        let right = nadir.ground_from_pixel([801.0, 600.0], 0.0).unwrap();
        assert!(
            (right[0] - 10.1).abs() < 1e-9,
            "one pixel is 120/1200 = 0.1 m east"
        );
        let top = nadir.ground_from_pixel([800.0, 0.0], 0.0).unwrap();
        assert!((top[1] - 80.0).abs() < 1e-9, "600 px up is 60 m north");
    }

    #[test]
    fn yaw_turns_the_top_of_the_picture_clockwise() {
        let nadir = camera(90.0, -90.0, 120.0);
        let top = nadir.ground_from_pixel([800.0, 0.0], 0.0).unwrap();
        assert!(
            (top[0] - 70.0).abs() < 1e-9 && (top[1] - 20.0).abs() < 1e-9,
            "top looks east: {top:?}"
        );
    }

    #[test]
    fn oblique_centre_lies_altitude_over_tangent_ahead() {
        let oblique = camera(0.0, -60.0, 120.0);
        let centre = oblique.ground_from_pixel([800.0, 600.0], 0.0).unwrap();
        assert!((centre[1] - 20.0 - 120.0 / 60f64.to_radians().tan()).abs() < 1e-9);
        // 600 px above the centre: 60° − atan(600/1200) = 33.43495° depression.
        let far = oblique.ground_from_pixel([800.0, 0.0], 0.0).unwrap();
        assert!((far[1] - 20.0 - 181.748_2).abs() < 1e-3, "{far:?}");
        let roof = oblique.ground_from_pixel([800.0, 600.0], 20.0).unwrap();
        assert!((roof[1] - 20.0 - 100.0 / 60f64.to_radians().tan()).abs() < 1e-9);
    }

    proptest::proptest! {
        #[test]
        fn projection_is_the_inverse_of_the_ray_at_any_attitude(
            yaw in -3.1..3.1f64, pitch in -1.57..-0.7f64, roll in -0.3..0.3f64, x in 0.0..1600.0, y in 0.0..1200.0f64,
        ) {
            let angles = GimbalAngles { yaw_rad: yaw, pitch_rad: pitch, roll_rad: roll };
            let tilted = Camera { enu_from_camera: angles.enu_from_camera(), ..camera(0.0, -90.0, 90.0) };
            if let Some(ground) = tilted.ground_from_pixel([x, y], 5.0) {
                let pixel = tilted.pixel_from_enu([ground[0], ground[1], 5.0]).unwrap();
                proptest::prop_assert!((pixel[0] - x).abs() < 1e-5 && (pixel[1] - y).abs() < 1e-5);
            }
        }

        #[test]
        fn angles_come_back_from_any_matrix(yaw in -3.1..3.1f64, pitch in -1.55..1.55f64, roll in -1.5..1.5f64) {
            let angles = GimbalAngles { yaw_rad: yaw, pitch_rad: pitch, roll_rad: roll };
            let back = GimbalAngles::from_enu_from_camera(&angles.enu_from_camera());
            proptest::prop_assert!((back.yaw_rad - yaw).abs() < 1e-7);
            proptest::prop_assert!((back.pitch_rad - pitch).abs() < 1e-7 && (back.roll_rad - roll).abs() < 1e-7);
        }
    }

    #[test]
    fn angles_come_back_from_the_matrix() {
        for (yaw, pitch, roll) in [(0.3, -1.2, 0.05), (-2.0, -0.7, -0.2), (3.0, -1.5, 0.4)] {
            let angles = GimbalAngles {
                yaw_rad: yaw,
                pitch_rad: pitch,
                roll_rad: roll,
            };
            let back = GimbalAngles::from_enu_from_camera(&angles.enu_from_camera());
            assert!((back.yaw_rad - yaw).abs() < 1e-9, "{back:?}");
            assert!((back.pitch_rad - pitch).abs() < 1e-9 && (back.roll_rad - roll).abs() < 1e-9);
        }
        let nadir = GimbalAngles {
            yaw_rad: 1.0,
            pitch_rad: -FRAC_PI_2,
            roll_rad: 0.0,
        };
        let back = GimbalAngles::from_enu_from_camera(&nadir.enu_from_camera());
        assert!((back.yaw_rad - 1.0).abs() < 1e-9, "{back:?}");
    }

    #[test]
    fn a_small_rotation_about_the_right_axis_raises_the_nadir_view() {
        let tilted = product(
            &GimbalAngles {
                yaw_rad: 0.0,
                pitch_rad: -FRAC_PI_2,
                roll_rad: 0.0,
            }
            .enu_from_camera(),
            &rotation([0.01, 0.0, 0.0]),
        );
        let view = Camera {
            enu_from_camera: tilted,
            ..camera(0.0, -90.0, 100.0)
        };
        let centre = view.ground_from_pixel([800.0, 600.0], 0.0).unwrap();
        assert!(
            (centre[1] - 20.0 - 100.0 * 0.01f64.tan()).abs() < 1e-6,
            "{centre:?}"
        );
    }
}
