//! Gathers reviewed leads, cuts their surroundings out of the photos and writes the data set.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use casework::lead::LeadState;
use image::RgbImage;
use serde::Serialize;
use store::leads::LeadFilter;
use store::rows::{DetectionRow, PhotoRow};
use survey::geodesy::Wgs84;
use survey::time::CivilDay;
use vision::Card;

use crate::clock;
use crate::config::catalogue::Lesson;
use crate::feedback::groups::{Ties, groups, split_of};
use crate::feedback::instances::{Annotation, Basis, Category, Image, ImageExtra, Info, Instances, Rejected};
use crate::feedback::verdict::Verdict;
use crate::feedback::window::{PhotoWindow, WHOLE_SHARE, windows};
use crate::picture::{Window, render};
use crate::whole_file::write_whole;
use crate::workplace::Workplace;

/// What is exported.
#[derive(Debug, Clone)]
pub struct Request {
    /// Folder to write; new or empty.
    pub folder: PathBuf,
    /// Only leads decided on or after this civil day.
    pub since: Option<CivilDay>,
    /// Only leads decided on or before this civil day.
    pub until: Option<CivilDay>,
    /// Only leads of this matter.
    pub matter_code: Option<String>,
    /// Whole photos instead of windows.
    pub whole_photos: bool,
    /// Simulated photos, too.
    pub simulated: bool,
}

/// What was written.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Exported {
    /// The folder.
    pub folder: String,
    /// Leads by decision.
    pub leads: BTreeMap<String, usize>,
    /// Pictures.
    pub images: usize,
    /// Boxes of real things.
    pub boxes: usize,
    /// Rejected finds.
    pub rejected: usize,
    /// Regions to be ignored.
    pub ignored: usize,
    /// Groups.
    pub groups: usize,
    /// Pictures for training and for validation.
    pub train_val: [usize; 2],
    /// Reviewed simulated photos that were left out.
    pub simulated_left_out: usize,
    /// Photos whose original cannot be read, with the cause.
    pub unreadable: Vec<String>,
}

/// A picture before it has its group.
struct Draft {
    file: String,
    size_px: [u32; 2],
    window: PhotoWindow,
    photo: PhotoRow,
    cm_per_px: Option<f64>,
    ties: Ties,
    boxes: Vec<DraftBox>,
}

/// A box in a picture.
struct DraftBox {
    class: String,
    corners_px: [f64; 4],
    lesson: Lesson,
    basis: Basis,
}

/// Exports. The pictures come first and `instances.json` last: a folder with it is whole.
///
/// # Errors
/// A folder that is not empty or cannot be written; no reviewed lead; the database.
pub async fn export(workplace: &Workplace, card: &Card, request: &Request) -> Result<Exported> {
    let images = request.folder.join("images");
    refuse_full(&request.folder)?;
    let verdicts = verdicts(workplace).await?;
    let photos = photos(workplace, &verdicts, request).await?;
    let mut exported = Exported {
        folder: request.folder.display().to_string(),
        ..Exported::default()
    };
    for verdict in verdicts
        .values()
        .filter(|verdict| chosen(verdict, workplace, request))
    {
        *exported.leads.entry(verdict.state.to_string()).or_default() += 1;
    }
    let mut drafts = Vec::new();
    for photo_id in &photos {
        let photo = workplace.store.photo(photo_id).await?;
        if photo.simulated && !request.simulated {
            exported.simulated_left_out += 1;
            continue;
        }
        let detections = workplace.store.detections_of_photo(photo_id).await?;
        let made = drafts_of(workplace, card, (&photo, &detections), &verdicts, request);
        match made.and_then(|(pixels, made)| write_pictures(&images, &pixels, &made).map(|()| made)) {
            Ok(made) => drafts.extend(made),
            Err(error) => exported.unreadable.push(format!("{photo_id}: {error:#}")),
        }
    }
    if drafts.is_empty() {
        bail!(
            "there is nothing to export: no reviewed lead fits ({} photos of simulators left out; --simulated takes them)",
            exported.simulated_left_out
        );
    }
    let instances = instances(workplace, drafts, &mut exported);
    let text = serde_json::to_string(&instances)?;
    write_whole(&request.folder.join("instances.json"), text.as_bytes())?;
    Ok(exported)
}

/// A folder that holds anything is refused, so that nothing is overwritten.
fn refuse_full(folder: &Path) -> Result<()> {
    let is_full = match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", folder.display())),
    };
    if is_full {
        bail!("{} is not empty; name a new folder", folder.display());
    }
    Ok(())
}

/// All standing decisions, by lead id.
async fn verdicts(workplace: &Workplace) -> Result<BTreeMap<String, Verdict>> {
    let mut verdicts = BTreeMap::new();
    for state in [LeadState::Confirmed, LeadState::FalseAlarm, LeadState::KnownStock] {
        let filter = LeadFilter {
            state: Some(state),
            ..LeadFilter::default()
        };
        for lead in workplace.store.list_leads(&filter, u32::MAX, None).await? {
            let events = workplace.store.lead_events(&lead.lead_id).await?;
            if let Some(verdict) = Verdict::of(&lead, &events, &workplace.config.catalogue) {
                verdicts.insert(lead.lead_id, verdict);
            }
        }
    }
    Ok(verdicts)
}

fn chosen(verdict: &Verdict, workplace: &Workplace, request: &Request) -> bool {
    let day = workplace.zone.civil_day(verdict.decided_at);
    request.since.is_none_or(|since| day >= since)
        && request.until.is_none_or(|until| day <= until)
        && request.matter_code.as_ref().is_none_or(|code| {
            let matter = workplace.config.catalogue.matter_of_class(&verdict.class);
            matter.is_some_and(|matter| matter.code == *code)
        })
}

/// Photos with a detection of a chosen lead, in the order of their ids.
async fn photos(
    workplace: &Workplace,
    verdicts: &BTreeMap<String, Verdict>,
    request: &Request,
) -> Result<BTreeSet<String>> {
    let mut photos = BTreeSet::new();
    for (lead_id, _) in verdicts
        .iter()
        .filter(|(_, verdict)| chosen(verdict, workplace, request))
    {
        let views = workplace.store.lead_views(lead_id).await?;
        photos.extend(views.into_iter().map(|view| view.photo_id));
    }
    Ok(photos)
}

/// The pixels of a photo and the pictures to cut out of it.
fn drafts_of(
    workplace: &Workplace,
    card: &Card,
    (photo, detections): (&PhotoRow, &[DetectionRow]),
    verdicts: &BTreeMap<String, Verdict>,
    request: &Request,
) -> Result<(RgbImage, Vec<Draft>)> {
    let bytes = workplace.store.read_original_verified(&photo.sha256)?;
    let max_pixels = u64::from(workplace.config.settings.max_megapixels) * 1_000_000;
    let pixels = vision::decode_jpeg(&bytes, max_pixels)?;
    let photo_px = [pixels.width(), pixels.height()];
    let model_cm = card.scale.ground_scale_cm_per_px;
    // Photo pixels per model pixel; a photo without a pose or coarser than the model is taken as it is.
    let factor = photo.gsd_cm.map_or(1.0, |gsd_cm| (model_cm / gsd_cm).max(1.0));
    let parts = if request.whole_photos {
        vec![PhotoWindow::whole(photo_px)]
    } else {
        let side_px = f64::from(card.input.width_px.min(card.input.height_px)) * factor;
        let wanted = detections.iter().filter(|row| {
            let verdict = row.lead_id.as_ref().and_then(|id| verdicts.get(id));
            verdict.is_some_and(|verdict| {
                chosen(verdict, workplace, request) && row.detection.class == verdict.class
            })
        });
        let boxes: Vec<[f64; 4]> = wanted.map(|row| row.detection.box_px).collect();
        windows(&boxes, photo_px, side_px.round() as u32)
    };
    let shrunk_by = if request.whole_photos { 1.0 } else { factor };
    let drafts = parts
        .into_iter()
        .filter_map(|window| draft(photo, window, shrunk_by, (detections, verdicts)));
    Ok((pixels, drafts.collect()))
}

/// `None` where no decision shows in the window.
fn draft(
    photo: &PhotoRow,
    window: PhotoWindow,
    shrunk_by: f64,
    (detections, verdicts): (&[DetectionRow], &BTreeMap<String, Verdict>),
) -> Option<Draft> {
    let shrink = |length: u32| (f64::from(length) / shrunk_by).round().max(1.0) as u32;
    let width_px = shrink(window.width_px);
    let height_px =
        (u64::from(window.height_px) * u64::from(width_px) / u64::from(window.width_px)).max(1) as u32;
    let scale = [
        f64::from(width_px) / f64::from(window.width_px),
        f64::from(height_px) / f64::from(window.height_px),
    ];
    let shown: Vec<(&DetectionRow, DraftBox)> = detections
        .iter()
        .filter_map(|row| {
            let ([x0, y0, x1, y1], share) = window.inside(row.detection.box_px)?;
            let corners_px = [x0 * scale[0], y0 * scale[1], x1 * scale[0], y1 * scale[1]];
            let verdict = row.lead_id.as_ref().and_then(|id| verdicts.get(id));
            Some((row, draft_box(row, verdict, corners_px, share)))
        })
        .collect();
    let decided =
        |(row, draft): &&(&DetectionRow, DraftBox)| draft.lesson != Lesson::Unsure && row.site_id.is_some();
    let site_ids: BTreeSet<String> = shown
        .iter()
        .filter(decided)
        .filter_map(|(row, _)| row.site_id.clone())
        .collect();
    if site_ids.is_empty() {
        return None;
    }
    let places = shown
        .iter()
        .filter(decided)
        .find_map(|(row, _)| row.detection.place);
    let PhotoWindow {
        x_px,
        y_px,
        width_px: part_width,
        height_px: part_height,
    } = window;
    let short = photo.sha256.get(..16).unwrap_or(&photo.sha256);
    Some(Draft {
        file: format!("{short}_{x_px}_{y_px}_{part_width}x{part_height}.jpg"),
        size_px: [width_px, height_px],
        window,
        cm_per_px: photo.gsd_cm.map(|gsd_cm| gsd_cm / scale[0]),
        ties: Ties {
            site_ids: site_ids.into_iter().collect(),
            photo_id: photo.photo_id.clone(),
            place: places.map(|place| Wgs84 {
                latitude_deg: place.latitude_deg,
                longitude_deg: place.longitude_deg,
            }),
            sortie_id: photo.sortie_id.clone(),
        },
        photo: photo.clone(),
        boxes: shown.into_iter().map(|(_, draft)| draft).collect(),
    })
}

fn draft_box(row: &DetectionRow, verdict: Option<&Verdict>, corners_px: [f64; 4], share: f64) -> DraftBox {
    // The decision is about the lead's class; another class at the same site was not asked about.
    let said = verdict.filter(|verdict| verdict.class == row.detection.class && share >= WHOLE_SHARE);
    DraftBox {
        class: row.detection.class.clone(),
        corners_px,
        lesson: said.map_or(Lesson::Unsure, |verdict| verdict.lesson),
        basis: Basis {
            detection_id: row.detection.detection_id.clone(),
            lead_no: verdict.map(|verdict| verdict.lead_no.clone()),
            decision: verdict.map(|verdict| verdict.state.as_str()),
            reason: verdict.and_then(|verdict| verdict.reason.clone()),
            decided_at: verdict.map(|verdict| verdict.decided_at.to_string()),
            score: row.detection.score,
            model_sha256: row.model_sha256.clone(),
        },
    }
}

fn write_pictures(folder: &Path, pixels: &RgbImage, drafts: &[Draft]) -> Result<()> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot create the folder {}", folder.display()))?;
    for draft in drafts {
        let PhotoWindow {
            x_px,
            y_px,
            width_px,
            height_px,
        } = draft.window;
        let [x, y, width, height] = [x_px, y_px, width_px, height_px].map(f64::from);
        let jpeg = render(pixels, Window { x, y, width, height }, draft.size_px[0])?;
        let file = folder.join(&draft.file);
        std::fs::write(&file, jpeg).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

fn instances(workplace: &Workplace, drafts: Vec<Draft>, exported: &mut Exported) -> Instances {
    let ties: Vec<Ties> = drafts.iter().map(|draft| draft.ties.clone()).collect();
    let groups = groups(&ties);
    exported.groups = groups.iter().collect::<BTreeSet<_>>().len();
    let names = class_names(workplace, &drafts);
    let id_of = |name: &str| {
        let index = names.iter().position(|known| known == name);
        index.map_or(0, |index| index as u64 + 1)
    };
    let (mut images, mut annotations) = (Vec::new(), Vec::new());
    for (draft, group) in drafts.into_iter().zip(groups) {
        let image = image(images.len() as u64 + 1, &draft, group, &id_of);
        exported.rejected += image.flyonce.rejected.len();
        exported.train_val[usize::from(image.flyonce.split == "val")] += 1;
        // Of a class that nobody judged here nothing is known, so there is nothing to be ignored either.
        let labelled = |class: &String| image.flyonce.labelled_classes.contains(class);
        let kept = draft
            .boxes
            .into_iter()
            .filter(|draft| draft.lesson != Lesson::Absent && labelled(&draft.class));
        for draft in kept {
            let ignored = draft.lesson == Lesson::Unsure;
            exported.ignored += usize::from(ignored);
            exported.boxes += usize::from(!ignored);
            annotations.push(annotation(annotations.len() as u64 + 1, image.id, draft, &id_of));
        }
        images.push(image);
    }
    exported.images = images.len();
    let description =
        "Reviewed leads of FlyOnce; fields under \"flyonce\" are described in flyonce/src/feedback";
    let category = |name: &String| Category {
        id: id_of(name),
        name: name.clone(),
    };
    Instances {
        info: Info {
            description: description.to_owned(),
            date_created: clock::now().to_string(),
        },
        images,
        annotations,
        categories: names.iter().map(category).collect(),
    }
}

/// Those of the catalogue, then others that were detected.
fn class_names(workplace: &Workplace, drafts: &[Draft]) -> Vec<String> {
    let known = workplace.config.catalogue.classes.iter();
    let mut names: Vec<String> = known.map(|class| class.id.clone()).collect();
    for draft in drafts.iter().flat_map(|draft| &draft.boxes) {
        if !names.contains(&draft.class) {
            names.push(draft.class.clone());
        }
    }
    names
}

fn annotation(id: u64, image_id: u64, draft: DraftBox, id_of: &dyn Fn(&str) -> u64) -> Annotation {
    let bbox = xywh(draft.corners_px);
    Annotation {
        id,
        image_id,
        category_id: id_of(&draft.class),
        area: bbox[2] * bbox[3],
        bbox,
        iscrowd: u8::from(draft.lesson == Lesson::Unsure),
        flyonce: draft.basis,
    }
}

fn image(id: u64, draft: &Draft, group: String, id_of: &dyn Fn(&str) -> u64) -> Image {
    let of_lesson = |lesson: Lesson| draft.boxes.iter().filter(move |it| it.lesson == lesson);
    let present: BTreeSet<&String> = of_lesson(Lesson::Present).map(|it| &it.class).collect();
    let absent: BTreeSet<&String> = of_lesson(Lesson::Absent).map(|it| &it.class).collect();
    let negative: Vec<String> = absent
        .difference(&present)
        .map(|class| (*class).clone())
        .collect();
    let PhotoWindow {
        x_px,
        y_px,
        width_px,
        height_px,
    } = draft.window;
    Image {
        id,
        file_name: draft.file.clone(),
        width: draft.size_px[0],
        height: draft.size_px[1],
        neg_category_ids: negative.iter().map(|class| id_of(class)).collect(),
        flyonce: ImageExtra {
            set: "feedback",
            split: split_of(&group),
            group,
            labelled_classes: present.union(&absent).map(|class| (*class).clone()).collect(),
            negative_categories: negative,
            rejected: of_lesson(Lesson::Absent)
                .map(|it| Rejected {
                    category: it.class.clone(),
                    bbox: xywh(it.corners_px),
                    basis: it.basis.clone(),
                })
                .collect(),
            cm_per_px: draft.cm_per_px,
            photo_sha256: draft.photo.sha256.clone(),
            photo_window_px: [x_px, y_px, width_px, height_px],
            sortie_id: draft.photo.sortie_id.clone(),
            site_ids: draft.ties.site_ids.clone(),
            captured_at: draft.photo.captured_at.map(|at| at.to_string()),
            simulated: draft.photo.simulated,
        },
    }
}

fn xywh([x0, y0, x1, y1]: [f64; 4]) -> [f64; 4] {
    [x0, y0, x1 - x0, y1 - y0]
}
