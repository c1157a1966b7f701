//! `flyonce geotag PHOTO X Y`: where a pixel lies on the ground, how sure, and what was assumed.

use anyhow::{Context, Result, bail};
use formats::photo::read_photo;

use crate::answers::geotag::{GeotagAnswer, Marked, geotag};
use crate::cli::arguments::GeotagArguments;
use crate::cli::output::Output;
use crate::config::{Config, heights};
use crate::lang::Lang;
use crate::stage::look::stored_placement;
use crate::stage::placing::{StoredPose, place, problem_words};
use crate::stage::relief::{Ground, Takeoff, datum_mismatch, on_terrain};
use crate::workplace::Workplace;

/// For a photo file; needs no data folder.
///
/// # Errors
/// A file that is no photo or has no pose, by name.
pub fn of_file(output: Output, config: &Config, arguments: &GeotagArguments) -> Result<()> {
    let bytes =
        std::fs::read(&arguments.photo).with_context(|| format!("cannot read {}", arguments.photo))?;
    let metadata = read_photo(&bytes).with_context(|| arguments.photo.clone())?;
    let placement = match place(&metadata, &config.settings.geolocation) {
        Ok(placement) => placement,
        Err(unplaced) => {
            let words = problem_words(unplaced.code());
            bail!(
                "{}: place unknown / 位置未知: {} / {}",
                arguments.photo,
                words.en,
                words.zh
            );
        }
    };
    let terrain = heights::load(config.settings.heights.as_ref())?;
    let takeoff = Takeoff {
        pose: &placement.pose,
        metadata: &metadata,
    };
    let on = terrain
        .as_ref()
        .and_then(|terrain| on_terrain(terrain, &takeoff, (&placement.pose, &metadata)));
    let findings = terrain
        .as_ref()
        .and_then(|terrain| datum_mismatch(terrain, &takeoff));
    let stored = StoredPose {
        findings: findings.into_iter().collect(),
        stated: on.as_ref().map(|_| placement.pose.clone()),
        pose: on.unwrap_or_else(|| placement.pose.clone()),
    };
    let ground = Ground {
        terrain: terrain.as_ref(),
        surface: None,
    };
    let marked = Marked::from_numbers(&arguments.numbers)?;
    let answer = geotag(&arguments.photo, (&stored, &placement.camera), ground, &marked)?;
    output.show(&answer, |lang| text(&answer, lang))
}

/// For a photo in the data folder, by id or sha256.
///
/// # Errors
/// A photo that is not there or has no pose.
pub async fn of_stored(output: Output, workplace: &Workplace, arguments: &GeotagArguments) -> Result<()> {
    let name = &arguments.photo;
    let photo = match workplace.store.photo_by_sha256(name).await? {
        Some(photo) => photo,
        None => workplace.store.photo(name).await.with_context(|| {
            format!(
                "{name} is neither a file nor the id or sha256 of a photo in {}",
                workplace.store.folder().display()
            )
        })?,
    };
    let Some((_, camera)) = stored_placement(&photo)? else {
        let words = problem_words(
            photo
                .problem
                .as_ref()
                .map_or("no_position", |problem| &problem.code),
        );
        bail!("{name}: place unknown / 位置未知: {} / {}", words.en, words.zh);
    };
    let stored: StoredPose = serde_json::from_str(photo.pose_json.as_deref().unwrap_or_default())
        .with_context(|| format!("the stored pose of {name} cannot be read"))?;
    let marked = Marked::from_numbers(&arguments.numbers)?;
    let answer = geotag(name, (&stored, &camera), workplace.ground(), &marked)?;
    output.show(&answer, |lang| text(&answer, lang))
}

fn text(answer: &GeotagAnswer, lang: Lang) -> String {
    let place = &answer.place;
    let ellipse = &place.ellipse;
    let [east_m, north_m] = answer.offset_enu_m;
    let mut lines = match lang {
        Lang::Zh => vec![
            format!(
                "{:.7}, {:.7}(纬度, 经度,WGS-84)",
                place.latitude_deg, place.longitude_deg
            ),
            format!(
                "95 % 误差椭圆:长半轴 {:.1} m,短半轴 {:.1} m,长轴方位 {:.0}°",
                ellipse.semi_major_m, ellipse.semi_minor_m, ellipse.azimuth_deg
            ),
            format!(
                "距相机 {:.1} m,俯角 {:.1}°,偏东 {east_m:.1} m、偏北 {north_m:.1} m,地面分辨率 {:.1} cm",
                answer.slant_range_m, answer.depression_deg, answer.gsd_cm
            ),
            "依据:".to_owned(),
        ],
        Lang::En => vec![
            format!(
                "{:.7}, {:.7} (latitude, longitude, WGS-84)",
                place.latitude_deg, place.longitude_deg
            ),
            format!(
                "95 % error ellipse: semi-axes {:.1} m and {:.1} m, long axis towards {:.0}°",
                ellipse.semi_major_m, ellipse.semi_minor_m, ellipse.azimuth_deg
            ),
            format!(
                "{:.1} m from the camera, {:.1}° below the horizon, {east_m:.1} m east and {north_m:.1} m north of it, {:.1} cm per pixel",
                answer.slant_range_m, answer.depression_deg, answer.gsd_cm
            ),
            "assumed:".to_owned(),
        ],
    };
    if let Some(area_m2) = answer.area_m2 {
        lines.insert(
            2,
            match lang {
                Lang::Zh => format!("轮廓面积 {area_m2:.0} m²"),
                Lang::En => format!("outline of {area_m2:.0} m²"),
            },
        );
    }
    lines.extend(
        answer
            .pose_findings
            .iter()
            .map(|finding| format!("  ! {}", finding.words.pick(lang))),
    );
    lines.extend(
        answer
            .assumptions
            .iter()
            .map(|words| format!("  - {}", words.pick(lang))),
    );
    lines.join("\n")
}
