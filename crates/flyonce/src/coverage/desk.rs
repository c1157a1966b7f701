//! Where questions of coverage are answered, in the running service and on the command line alike: it keeps the ledger
//! fresh and the scene of a day at hand.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use store::coverage::{KnownThen, StatementRow};
use survey::ledger::LedgerError;
use survey::time::{CivilDay, UtcMicros};
use tokio::sync::Mutex;

use crate::answers::place::rounded;
use crate::clock;
use crate::coverage::answer::CoverageSetting;
use crate::coverage::figures::Figures;
use crate::coverage::gap_list::{self, FoundGaps};
use crate::coverage::keep::{Kept, LedgerForm, OnEntered};
use crate::coverage::known_then;
use crate::coverage::scene::{Scene, SceneStamp};
use crate::fleet::city_clock::CityClock;
use crate::flight_log::day_bounds;
use crate::lang::Words;
use crate::workplace::Workplace;

/// Scenes and lists of gaps at hand: today's, and those of days and windows that people compare it with.
const AT_HAND: usize = 4;
/// The ledger is held against the rows again after so long.
const FRESH_FOR: Duration = Duration::from_secs(2);
/// What changed is written into the data folder this often.
const SAVED_EVERY: Duration = Duration::from_secs(60);

/// What is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Asked {
    /// The day of the figures; today if none.
    pub as_of: Option<CivilDay>,
    /// Only rows that were in the store on that day, and the layers that counted then.
    pub as_known_then: bool,
    /// First day that counts as imaged, instead of the configured number of days.
    pub since: Option<CivilDay>,
    /// Coarsest ground sampling distance that counts, cm, instead of the configured one.
    pub max_gsd_cm: Option<f64>,
}

/// A window that ends before it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the window ends ({until}) before it begins ({since})")]
pub struct WindowReversed {
    since: CivilDay,
    until: CivilDay,
}

/// Answers questions of coverage.
#[derive(Clone)]
pub struct Desk(Arc<Inner>);

struct Inner {
    workplace: Workplace,
    clock: CityClock,
    gaps: std::sync::Mutex<VecDeque<(GapKey, Arc<FoundGaps>)>>,
    kept: Mutex<Option<Fresh>>,
    scenes: Mutex<VecDeque<(SceneKey, SceneStamp, Arc<Scene>)>>,
    /// The ledger as it was known on a day, made when this event was the newest.
    then: Mutex<Option<(CivilDay, i64, Kept)>>,
}

/// The day of a scene, and whether its layers are those that were known then.
type SceneKey = (CivilDay, bool);

/// What a list of gaps was made of.
#[derive(Debug, Clone, PartialEq)]
struct GapKey {
    asked: Asked,
    until: CivilDay,
    /// State of the ledger.
    ledger: (i64, usize),
    /// When the scene was made.
    ground: UtcMicros,
}

struct Fresh {
    kept: Kept,
    synced: Instant,
    saved: Instant,
}

impl Desk {
    /// A desk for a data folder; nothing is read before the first question.
    pub fn new(workplace: Workplace, clock: CityClock) -> Self {
        Self(Arc::new(Inner {
            workplace,
            clock,
            gaps: std::sync::Mutex::new(VecDeque::new()),
            kept: Mutex::new(None),
            scenes: Mutex::new(VecDeque::new()),
            then: Mutex::new(None),
        }))
    }

    /// The data folder and settings.
    pub fn workplace(&self) -> &Workplace {
        &self.0.workplace
    }

    /// Today, on the city's calendar.
    pub fn today(&self) -> CivilDay {
        self.workplace().zone.civil_day(self.0.clock.now())
    }

    /// The scene of a day, as it is known now or as it was then. `None` where nothing says where this city is.
    ///
    /// # Errors
    /// Layers, docks or a calendar that cannot be used.
    async fn scene(&self, day: CivilDay, as_known_then: bool) -> Result<Option<Arc<Scene>>> {
        let key = (day, as_known_then);
        let mut at_hand = self.0.scenes.lock().await;
        // Taken before the files are read: what changes meanwhile is seen the next time.
        let stamp = SceneStamp::of(self.workplace()).await?;
        let found = at_hand
            .iter()
            .find(|(of, stamped, _)| *of == key && *stamped == stamp);
        if let Some((_, _, scene)) = found {
            return Ok(Some(Arc::clone(scene)));
        }
        let known_at = as_known_then.then(|| self.known_at(day)).transpose()?;
        let Some(scene) = Scene::of(self.workplace(), day, known_at).await? else {
            return Ok(None);
        };
        let scene = Arc::new(scene);
        at_hand.retain(|(of, stamped, _)| *of != key && *stamped == stamp);
        at_hand.truncate(AT_HAND - 1);
        at_hand.push_front((key, stamp, Arc::clone(&scene)));
        Ok(Some(scene))
    }

    /// Answers a question from figures of its day; `None` where nothing says where this city is.
    ///
    /// # Errors
    /// The database, layers, parameters that a ledger cannot answer.
    pub async fn ask<T>(
        &self,
        asked: Asked,
        on_entered: OnEntered<'_>,
        answer: impl FnOnce(&Figures<'_>, &Kept) -> Result<T>,
    ) -> Result<Option<T>> {
        let day = asked.as_of.unwrap_or_else(|| self.today());
        let Some(scene) = self.scene(day, asked.as_known_then).await? else {
            return Ok(None);
        };
        let form = self.form(&scene);
        let setting = self.setting(asked, day, &scene)?;
        if asked.as_known_then {
            let known = self.known_then(day).await?;
            let told = known_then::told(self.workplace(), day, &known, &scene).await?;
            let mut held = self.0.then.lock().await;
            let kept = self.of_then(&mut held, (day, &known), &form, on_entered).await?;
            return tokio::task::block_in_place(|| {
                label(kept, &scene)?;
                let mut figures = figures(&scene, kept, (asked, day), setting)?;
                figures.known_then = Some(told);
                answer(&figures, kept)
            })
            .map(Some);
        }
        let mut held = self.0.kept.lock().await;
        let fresh = self.refreshed(&mut held, &form, on_entered).await?;
        tokio::task::block_in_place(|| {
            label(&mut fresh.kept, &scene)?;
            answer(&figures(&scene, &fresh.kept, (asked, day), setting)?, &fresh.kept)
        })
        .map(Some)
    }

    /// The ledger as it was known then; the one at hand as long as nothing happened since it was made.
    async fn of_then<'h>(
        &self,
        held: &'h mut Option<(CivilDay, i64, Kept)>,
        (day, known): (CivilDay, &KnownThen),
        form: &LedgerForm,
        on_entered: OnEntered<'_>,
    ) -> Result<&'h mut Kept> {
        let store = &self.workplace().store;
        let newest = store.newest_event_seq().await?;
        if !matches!(held, Some((of, event, _)) if (*of, *event) == (day, newest)) {
            let kept = Kept::built(store, form, Some(known), on_entered).await?;
            *held = Some((day, newest, kept));
        }
        held.as_mut()
            .map(|(_, _, kept)| kept)
            .context("the ledger was just built")
    }

    /// As [`Desk::ask`], with the gaps of the question, which are kept at hand until ground or photos change.
    ///
    /// # Errors
    /// As [`Desk::ask`].
    pub async fn ask_gaps<T>(
        &self,
        asked: Asked,
        on_entered: OnEntered<'_>,
        answer: impl FnOnce(&Figures<'_>, &FoundGaps) -> Result<T>,
    ) -> Result<Option<T>> {
        self.ask(asked, on_entered, |figures, kept| {
            let key = GapKey {
                asked,
                until: figures.until,
                ledger: kept.state(),
                ground: figures.scene.made,
            };
            let at_hand = self.at_hand(&key);
            let found = match at_hand {
                Some(found) => found,
                None => {
                    let found = Arc::new(gap_list::find(figures, &self.workplace().config.settings)?);
                    self.keep_at_hand(key, &found);
                    found
                }
            };
            answer(figures, &found)
        })
        .await
    }

    fn at_hand(&self, key: &GapKey) -> Option<Arc<FoundGaps>> {
        let held = self.0.gaps.lock().unwrap_or_else(PoisonError::into_inner);
        let found = held.iter().find(|(of, _)| of == key);
        found.map(|(_, found)| Arc::clone(found))
    }

    fn keep_at_hand(&self, key: GapKey, found: &Arc<FoundGaps>) {
        let mut held = self.0.gaps.lock().unwrap_or_else(PoisonError::into_inner);
        // Of another state of the ledger nobody asks again.
        held.retain(|(of, _)| of.ledger == key.ledger && of.asked != key.asked);
        held.truncate(AT_HAND - 1);
        held.push_front((key, Arc::clone(found)));
    }

    async fn refreshed<'h>(
        &self,
        held: &'h mut Option<Fresh>,
        form: &LedgerForm,
        on_entered: OnEntered<'_>,
    ) -> Result<&'h mut Fresh> {
        let store = &self.workplace().store;
        if held.is_none() {
            let mut kept = Kept::open(store, form, on_entered).await?;
            kept.save(store)?;
            *held = Some(Fresh {
                kept,
                synced: Instant::now(),
                saved: Instant::now(),
            });
        }
        let fresh = held.as_mut().context("the ledger was just opened")?;
        if fresh.synced.elapsed() > FRESH_FOR {
            fresh.kept.sync(store).await?;
            fresh.synced = Instant::now();
        }
        if fresh.saved.elapsed() > SAVED_EVERY {
            fresh.kept.save(store)?;
            fresh.saved = Instant::now();
        }
        Ok(fresh)
    }

    /// Writes what changed into the data folder.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub async fn save(&self) -> Result<()> {
        match &mut *self.0.kept.lock().await {
            Some(fresh) => fresh.kept.save(&self.workplace().store),
            None => Ok(()),
        }
    }

    /// Keeps figures of today as what was stated today.
    ///
    /// # Errors
    /// The database.
    pub async fn state<T: serde::Serialize>(&self, figures: &T) -> Result<()> {
        let row = StatementRow {
            civil_day: self.today(),
            stated_at: clock::now(),
            figures_json: serde_json::to_string(figures)?,
        };
        Ok(self.workplace().store.state_coverage(&row).await?)
    }

    /// What was known at the end of a day beside the rows of then.
    ///
    /// # Errors
    /// The database; a day that does not exist in the city's zone.
    pub async fn known_then(&self, day: CivilDay) -> Result<KnownThen> {
        Ok(self.workplace().store.known_then(self.known_at(day)?).await?)
    }

    /// The last instant of a day, to ask what was known then.
    ///
    /// # Errors
    /// A day that does not exist in the city's zone.
    pub fn known_at(&self, day: CivilDay) -> Result<UtcMicros> {
        Ok(UtcMicros(day_bounds(self.workplace(), day)?.1.0 - 1))
    }

    fn form(&self, scene: &Scene) -> LedgerForm {
        let settings = &self.workplace().config.settings;
        LedgerForm {
            grid: scene.basis.grid.clone(),
            cell_m: settings.cell_m,
            max_gsd_cm: settings.max_gsd_cm,
        }
    }

    fn setting(&self, asked: Asked, day: CivilDay, scene: &Scene) -> Result<CoverageSetting> {
        let settings = &self.workplace().config.settings;
        let within_days = settings.coverage.imaged_within_days;
        let since = asked.since.unwrap_or(CivilDay(day.0 - within_days as i32 + 1));
        if since > day {
            return Err(WindowReversed { since, until: day }.into());
        }
        let no_docks = || Words::new("没有机场清单", "there are no docks");
        let no_calendar = || Words::new("没有任务日历", "there is no calendar of missions");
        Ok(CoverageSetting {
            within_days: u32::try_from(day.0 - since.0 + 1).unwrap_or(within_days),
            since: since.to_string(),
            until: day.to_string(),
            max_gsd_cm: asked.max_gsd_cm.unwrap_or(settings.max_gsd_cm),
            gsd_classes_cm: Vec::new(),
            cell_m: settings.cell_m,
            time_zone: settings.time_zone.clone(),
            reach: scene
                .reached
                .as_ref()
                .map_or_else(no_docks, |reached| reached.rule.clone()),
            plan: scene
                .planned
                .as_ref()
                .map_or_else(no_calendar, |planned| planned.span.clone()),
        })
    }
}

/// Puts the scene's layers in force in the ledger, if others are.
fn label(kept: &mut Kept, scene: &Scene) -> Result<(), anyhow::Error> {
    let key = scene.basis.label_key();
    if kept.label_key.as_ref() != Some(&key) {
        kept.ledger.relabel(scene.basis.labels()?)?;
        kept.label_key = Some(key);
    }
    Ok(())
}

fn figures<'a>(
    scene: &'a Scene,
    kept: &'a Kept,
    (asked, day): (Asked, CivilDay),
    mut setting: CoverageSetting,
) -> Result<Figures<'a>, LedgerError> {
    // The ledger tells sharpness apart in classes: what is said is the limit that was applied.
    let limits = kept.ledger.limits();
    let class = limits.last_class_within(Some(setting.max_gsd_cm))?;
    setting.max_gsd_cm = limits.cm()[class];
    setting.gsd_classes_cm = limits.cm().map(|cm| rounded(cm, 3)).to_vec();
    Ok(Figures {
        scene,
        ledger: &kept.ledger,
        since: CivilDay(day.0 - setting.within_days as i32 + 1),
        until: day,
        max_gsd_cm: setting.max_gsd_cm,
        setting,
        as_known_then: asked.as_known_then,
        known_then: None,
    })
}
