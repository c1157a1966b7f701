//! Chooses which tiles of which photos of a sortie are looked at, for all of its photos at once, and commits them
//! as rows before the model runs. Photos that come later are chosen for when one of them is looked at; what was
//! chosen before counts. The ground of a photo whose pixels turn out unusable goes to the next ones that show it.
//!
//! Every choice has a number, and only one can have the next: two workers or programs that choose at the same time
//! end with the same rows, and so does a repeat after a crash.

use anyhow::{Context, Result};
use store::choices::{NewChoice, Withdrawn};
use store::rows::{ModelRole, PhotoRow, Problem};
use store::tiles::{PhotoTiles, PhotoToChoose, SortieChoiceRow, TileRow};
use survey::camera::CameraModel;
use survey::pose::Pose;
use survey::tile_choice::{
    Choice, ChoiceRules, ChosenTile, GroundFrame, ModelScale, SortiePhoto, all_tiles, choose_for_sortie,
};
use vision::Card;

use crate::clock;
use crate::config::settings::LookSettings;
use crate::stage::pose_check::check_sortie;
use crate::workplace::Workplace;

/// Things up to this size are whole in some tile, m.
const WHOLE_UP_TO_M: f64 = 8.0;
/// Tiles overlap by at most this part of their side: with a very fine model nothing else would be left.
const MOST_OVERLAP: u32 = 4;

/// For which model, and how often the ground is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Chooser<'c> {
    /// Rows and originals.
    pub workplace: &'c Workplace,
    /// The model's card.
    pub card: &'c Card,
    /// As what the model looks.
    pub role: ModelRole,
    /// How often.
    pub looks: LookSettings,
    /// Whether photos that get further tiles are queued to be looked at again.
    pub queue: bool,
}

impl Chooser<'_> {
    /// The tiles of a photo, chosen now with those of its sortie unless they are already.
    ///
    /// # Errors
    /// The database, or a stored pose that cannot be read.
    pub async fn tiles_of(&self, photo: &PhotoRow) -> Result<Vec<TileRow>> {
        loop {
            let chosen = self
                .workplace
                .store
                .tiles_of_photo(&photo.photo_id, &self.card.sha256)
                .await?;
            if let Some(tiles) = chosen {
                return Ok(tiles);
            }
            // A photo that looks the other way than it says would be given tiles of other ground.
            check_sortie(self.workplace, &photo.sortie_id).await?;
            let before = self.last_choice(photo).await?;
            let photos = self.photos(photo).await?;
            let choice = self.choose((&photo.sortie_id, before), photos, None)?;
            let store = &self.workplace.store;
            store.save_choices(&[choice], None, clock::now()).await?;
        }
    }

    /// The next choice, without this photo.
    async fn without(&self, photo: &PhotoRow) -> Result<NewChoice> {
        let before = self.last_choice(photo).await?;
        let mut photos = self.photos(photo).await?;
        // Those that are not chosen for yet have a choice of their own to come.
        photos.retain(|photo| photo.is_chosen);
        self.choose((&photo.sortie_id, before), photos, Some(photo))
    }

    /// The choice that the next one follows. Read before the photos: whoever chooses in between takes the number, and
    /// what was read is not written down.
    async fn last_choice(&self, photo: &PhotoRow) -> Result<Option<SortieChoiceRow>> {
        let store = &self.workplace.store;
        Ok(store.sortie_choice(&photo.sortie_id, &self.card.sha256).await?)
    }

    async fn photos(&self, photo: &PhotoRow) -> Result<Vec<PhotoToChoose>> {
        let photos = self
            .workplace
            .store
            .photos_to_choose(&photo.sortie_id, &self.card.sha256);
        Ok(photos.await?)
    }

    /// The next choice of a sortie.
    fn choose(
        &self,
        (sortie_id, before): (&str, Option<SortieChoiceRow>),
        photos: Vec<PhotoToChoose>,
        withdrawn: Option<&PhotoRow>,
    ) -> Result<NewChoice> {
        let frame = before.as_ref().and_then(|row| row.frame_json.as_deref());
        let frame: Option<GroundFrame> = frame
            .map(serde_json::from_str)
            .transpose()
            .context("the stored frame of a choice of tiles cannot be read")?;
        let photos = InOrder::of(photos, withdrawn.map(|photo| photo.photo_id.as_str()));
        let rules = ChoiceRules {
            looks_per_cell: self.looks.looks_per_cell,
            full_frame: self.looks.full_frame,
            next_after: photos.withdrawn,
        };
        let placed = photos.placed()?;
        let model = model_scale(self.card);
        let choice = choose_for_sortie(&placed, &model, &rules, frame)?;
        Ok(NewChoice {
            sortie: SortieChoiceRow {
                sortie_id: sortie_id.to_owned(),
                model_sha256: self.card.sha256.clone(),
                choice_no: before.map_or(0, |row| row.choice_no) + 1,
                looks_per_cell: self.looks.looks_per_cell,
                frame_json: choice.frame.as_ref().map(serde_json::to_string).transpose()?,
                full_frame_json: serde_json::to_string(&choice.full_frame)?,
                seen: choice.seen,
            },
            role: self.role,
            photos: photos.tiles(&choice, &model)?,
            queue: self.queue,
        })
    }
}

/// Notes that the pixels of a photo cannot be used, and gives the ground it was to show to other photos, for every
/// model at once. Where only shadow models opened the photo it is unusable for them alone: without them nobody would
/// have known, and coverage must be the same with them.
///
/// # Errors
/// The database, or a stored pose that cannot be read.
pub async fn withdraw(models: &[Chooser<'_>], photo: &PhotoRow, problem: &Problem) -> Result<()> {
    let Some(first) = models.first() else {
        return Ok(());
    };
    let withdrawn = Withdrawn {
        photo_id: photo.photo_id.clone(),
        problem: problem.clone(),
        for_all: models.iter().any(|model| model.role == ModelRole::Active),
    };
    let store = &first.workplace.store;
    while store.unusable_photo(&photo.photo_id).await?.is_none() {
        let mut choices = Vec::new();
        for model in models {
            choices.push(model.without(photo).await?);
        }
        if store
            .save_choices(&choices, Some(&withdrawn), clock::now())
            .await?
        {
            return Ok(());
        }
    }
    Ok(())
}

/// Tile size and scale of a model.
pub fn model_scale(card: &Card) -> ModelScale {
    let tile_px = card.input.width_px.min(card.input.height_px);
    let whole_px = (WHOLE_UP_TO_M * 100.0 / card.scale.ground_scale_cm_per_px).ceil() as u32;
    ModelScale {
        tile_px,
        overlap_px: whole_px.min(tile_px / MOST_OVERLAP),
        ground_scale_cm: card.scale.ground_scale_cm_per_px,
        trained_to_cm: card.scale.trained_to_cm_per_px,
    }
}

/// Whether a photo's file is known to be damaged: it is opened to be sure, and shows no ground until then.
pub fn is_damaged(problem_code: Option<&str>, [width_px, height_px]: [u32; 2]) -> bool {
    matches!(problem_code, Some("truncated" | "unreadable")) || width_px == 0 || height_px == 0
}

/// The photos of a sortie in the order of capture; one without a time comes last.
struct InOrder {
    photos: Vec<PhotoToChoose>,
    /// The place of the photo whose ground is given to others.
    withdrawn: Option<u32>,
}

impl InOrder {
    fn of(mut photos: Vec<PhotoToChoose>, withdrawn: Option<&str>) -> Self {
        photos.sort_by_key(|photo| (photo.captured_at.is_none(), photo.captured_at, photo.photo_index));
        let at = photos
            .iter()
            .position(|photo| Some(photo.photo_id.as_str()) == withdrawn);
        if let Some(photo) = at.and_then(|at| photos.get_mut(at)) {
            photo.is_unusable = true;
        }
        Self {
            photos,
            withdrawn: at.and_then(|at| u32::try_from(at).ok()),
        }
    }

    fn numbered(&self) -> impl Iterator<Item = (u32, &PhotoToChoose)> {
        (0..).zip(&self.photos)
    }

    /// May be given tiles now: in a first choice and for late photos those that have none, else all.
    fn is_open(&self, photo: &PhotoToChoose) -> bool {
        !photo.is_unusable && !photo.is_damaged() && (self.withdrawn.is_some() || !photo.is_chosen)
    }

    fn placed(&self) -> Result<Vec<SortiePhoto>> {
        let mut placed = Vec::new();
        for (order, photo) in self.numbered() {
            if photo.is_unusable || photo.is_damaged() {
                continue;
            }
            if let Some((pose, camera)) = photo.placement()? {
                placed.push(SortiePhoto {
                    order,
                    pose,
                    camera,
                    fixed: photo.tiles.iter().map(|row| row.tile).collect(),
                    open: self.is_open(photo),
                });
            }
        }
        Ok(placed)
    }

    /// Those of `choice`, and all of each open photo without a pose.
    fn tiles(&self, choice: &Choice, model: &ModelScale) -> Result<Vec<PhotoTiles>> {
        let mut tiles = Vec::new();
        for (order, photo) in self.numbered() {
            let found = choice.photos.iter().find(|found| found.order == order);
            let (of_all, added) = match found {
                Some(found) => (found.of_all, found.added.clone()),
                None if photo.is_chosen => continue,
                None if photo.is_unusable || photo.is_damaged() => (0, Vec::new()),
                None => {
                    let all: Vec<ChosenTile> = all_tiles([photo.width_px, photo.height_px], None, model)?;
                    (u32::try_from(all.len()).unwrap_or(u32::MAX), all)
                }
            };
            tiles.push(PhotoTiles {
                photo_id: photo.photo_id.clone(),
                of_all,
                added,
            });
        }
        Ok(tiles)
    }
}

trait Chosen {
    fn is_damaged(&self) -> bool;
    fn placement(&self) -> Result<Option<(Pose, CameraModel)>>;
}

impl Chosen for PhotoToChoose {
    fn is_damaged(&self) -> bool {
        is_damaged(self.problem_code.as_deref(), [self.width_px, self.height_px])
    }

    fn placement(&self) -> Result<Option<(Pose, CameraModel)>> {
        let (Some(pose), Some(camera)) = (&self.pose_json, &self.camera_json) else {
            return Ok(None);
        };
        let unreadable = || format!("the stored pose of {} cannot be read", self.photo_id);
        let pose = serde_json::from_str(pose).with_context(unreadable)?;
        Ok(Some((
            pose,
            serde_json::from_str(camera).with_context(unreadable)?,
        )))
    }
}
