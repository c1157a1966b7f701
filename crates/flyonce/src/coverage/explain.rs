//! Everything that figures rest on, and the three numbers by day.

use anyhow::Result;
use store::coverage::{CountWindow, PhotoTally};
use survey::forecast::Outlook;
use survey::ledger::LedgerQuery;
use survey::time::CivilDay;

use crate::answers::place::rounded;
use crate::coverage::answer::{
    CoverageFigures, DayFigures, Explanation, ForecastAnswer, History, MissionUse, NotCounted, StatedDay,
};
use crate::coverage::desk::{Asked, Desk};
use crate::coverage::figures::Figures;
use crate::coverage::keep::{Kept, OnEntered};
use crate::lang::Words;
use crate::stage::placing::problem_words;

/// Longest history, days.
pub const LONGEST_HISTORY_DAYS: u32 = 400;

/// What the figures of a question rest on.
///
/// # Errors
/// As [`Desk::ask`].
pub async fn explain(desk: &Desk, asked: Asked, on_entered: OnEntered<'_>) -> Result<Option<Explanation>> {
    let explained = desk.ask(asked, on_entered, explanation).await?;
    let Some(mut explained) = explained else {
        return Ok(None);
    };
    let setting = &explained.figures.setting;
    let window = CountWindow {
        since: setting.since.parse()?,
        until: setting.until.parse()?,
        max_gsd_cm: setting.max_gsd_cm,
        known_at: asked
            .as_known_then
            .then(|| desk.known_at(setting.until.parse()?))
            .transpose()?,
    };
    let tally = desk.workplace().store.tally_photos(&window).await?;
    explained.photos = tally.photos;
    explained.photos_counted = tally.counted;
    explained.not_counted = not_counted(&tally, &window);
    Ok(Some(explained))
}

fn explanation(figures: &Figures<'_>, kept: &Kept) -> Result<Explanation> {
    let scene = figures.scene;
    Ok(Explanation {
        figures: figures.figures()?,
        photos: 0,
        photos_counted: 0,
        photos_in_ledger: figures.ledger.len() as u64,
        not_counted: Vec::new(),
        grid: Some(scene.basis.grid.definition()),
        gsd_classes_cm: figures.ledger.limits().cm().map(|cm| rounded(cm, 3)).to_vec(),
        ledger_sha256: kept.sha256(),
        docks: scene
            .basis
            .roster
            .docks
            .iter()
            .map(|dock| dock.dock_id.clone())
            .collect(),
        missions: scene
            .planned
            .as_ref()
            .map_or_else(Vec::<MissionUse>::new, |planned| planned.missions.clone()),
        definitions: definitions(),
    })
}

/// How the numbers are defined.
pub fn definitions() -> Vec<Words> {
    vec![
        Words::new(
            "可达:机场的飞机能到达、作业并返回的适飞区域;75 % 的目标以此衡量",
            "reachable: flyable ground that docks' vehicles can get to, work over and come back from; the 75 % goal is held against it",
        ),
        Words::new(
            "计划:日历中到期任务的计划照片(垂直向下)所见的适飞区域",
            "planned: flyable ground that the planned photos (straight down) of missions due in the calendar show",
        ),
        Words::new(
            "实拍:期限内质量合格、分辨率足够的照片所见的适飞区域;格网中心在照片范围内即计入,重叠只计一次",
            "imaged: flyable ground that photos of the window show which are sharp enough and of good quality; a cell counts when its centre is shown, ground under several photos once",
        ),
        Words::new(
            "目标类别与线段:比例以目标全部范围或长度计,无论是否适飞;可达只计其中适飞的部分",
            "target classes and corridors: shares are of all their ground or length, flyable or not; of it only what is flyable can be reachable",
        ),
        Words::new(
            "面积为真实面积(按投影面积比改正),适飞区域与街镇面积取自多边形本身",
            "areas are true areas (the grid's areal scale is taken out); flyable ground and towns are measured by their polygons",
        ),
        Words::new(
            "“当日所知”只计当时已入库、当时未被判为不可用、所属架次当时未撤销的照片,以及当时已导入且在用的图层;后来改正的姿态、配置文件与机场花名册按今天的计",
            "\"as known then\" counts photos that were stored by then, not yet found unusable and of no sortie withdrawn then, on layers that were imported and in use by then; poses corrected later, the configuration and the roster are today's",
        ),
    ]
}

fn not_counted(tally: &PhotoTally, window: &CountWindow) -> Vec<NotCounted> {
    let one = |code: &str, words: Words, photos: u64| NotCounted {
        code: code.to_owned(),
        words,
        photos,
    };
    let without = tally
        .without_footprint
        .iter()
        .map(|(code, photos)| match code.as_str() {
            "no_pose" => one(code, Words::new("没有可用的姿态", "no usable pose"), *photos),
            _ => one(code, problem_words(code), *photos),
        });
    let unusable = tally
        .unusable
        .iter()
        .map(|(code, photos)| one(code, problem_words(code), *photos));
    let limit = window.max_gsd_cm;
    let rest = [
        one(
            "too_coarse",
            Words::new(
                format!("分辨率低于 {limit} cm"),
                format!("coarser than {limit} cm per pixel"),
            ),
            tally.too_coarse,
        ),
        one(
            "before_window",
            Words::new(
                format!("早于 {}", window.since),
                format!("taken before {}", window.since),
            ),
            tally.before_window,
        ),
        one(
            "after_window",
            Words::new(
                format!("晚于 {}", window.until),
                format!("taken after {}", window.until),
            ),
            tally.after_window,
        ),
    ];
    without
        .chain(unusable)
        .chain(rest)
        .filter(|reason| reason.photos > 0)
        .collect()
}

/// The numbers by day up to the day of the question.
///
/// # Errors
/// As [`Desk::ask`]; a stretch that is too long.
pub async fn history(
    desk: &Desk,
    asked: Asked,
    days: u32,
    on_entered: OnEntered<'_>,
) -> Result<Option<History>> {
    anyhow::ensure!(
        (1..=LONGEST_HISTORY_DAYS).contains(&days),
        "a history has 1 to {LONGEST_HISTORY_DAYS} days, not {days}"
    );
    let made = desk
        .ask(asked, on_entered, |figures, _| by_day(figures, days))
        .await?;
    let Some(mut history) = made else {
        return Ok(None);
    };
    let last: CivilDay = history.setting.until.parse()?;
    let first = CivilDay(last.0 - days as i32 + 1);
    for row in desk.workplace().store.coverage_statements(first, last).await? {
        let day = row.civil_day.to_string();
        if let Some(of_day) = history.days.iter_mut().find(|of_day| of_day.day == day) {
            // Figures of an older form are left out rather than shown wrong.
            of_day.stated = serde_json::from_str::<CoverageFigures>(&row.figures_json)
                .ok()
                .map(|figures| StatedDay::of(&figures));
        }
    }
    Ok(Some(history))
}

fn by_day(figures: &Figures<'_>, days: u32) -> Result<History> {
    let photos = figures.ledger.days_of_photos(&figures.ever())?;
    let window = figures.until.0 - figures.since.0;
    let mut rows = Vec::new();
    for back in (0..days as i32).rev() {
        let day = CivilDay(figures.until.0 - back);
        let imaged = figures.ledger.imaged(&LedgerQuery {
            since: Some(CivilDay(day.0 - window)),
            until: Some(day),
            ..figures.query()
        })?;
        let (km2, percent) = match imaged.flyable {
            Some(share) => (share.imaged_m2 / 1e6, share.percent()),
            None => (imaged.imaged_m2 / 1e6, None),
        };
        rows.push(DayFigures {
            day: day.to_string(),
            imaged_percent: percent.map(|percent| rounded(percent, 4)),
            imaged_km2: rounded(km2, 6),
            photos: photos.get(&day).copied().unwrap_or(0),
            stated: None,
        });
    }
    Ok(History {
        days: rows,
        setting: figures.setting.clone(),
    })
}

/// When the target of the imaged number will be reached at the rate of the last weeks.
///
/// # Errors
/// As [`history`].
pub async fn foresee(desk: &Desk, asked: Asked, on_entered: OnEntered<'_>) -> Result<Option<ForecastAnswer>> {
    let settings = &desk.workplace().config.settings.coverage;
    let (weeks, target_percent) = (settings.forecast_weeks, settings.imaged_target_percent);
    let days = (weeks * 7 + 1).min(LONGEST_HISTORY_DAYS);
    let Some(history) = history(desk, asked, days, on_entered).await? else {
        return Ok(None);
    };
    forecast_of(&history, target_percent, weeks).map(Some)
}

fn forecast_of(history: &History, target_percent: f64, weeks: u32) -> Result<ForecastAnswer> {
    let mut values = Vec::new();
    for of_day in &history.days {
        if let Some(percent) = of_day.imaged_percent {
            values.push((of_day.day.parse()?, percent.clamp(0.0, 100.0)));
        }
    }
    let mut answer = ForecastAnswer {
        number: "imaged".to_owned(),
        target_percent,
        percent: values.last().map(|(_, percent)| *percent),
        outlook: "unknown".to_owned(),
        day: None,
        earliest: None,
        latest: None,
        rate_per_day: None,
        rate_range_per_day: None,
        weeks,
        words: Words::new(
            "没有适飞图层,无法预测",
            "without a flyable layer nothing can be forecast",
        ),
    };
    if values.is_empty() {
        return Ok(answer);
    }
    let told = survey::forecast::forecast(&values, target_percent, weeks)?;
    answer.rate_per_day = told.rate_per_day.map(|rate| rounded(rate, 5));
    answer.rate_range_per_day = told
        .rate_range_per_day
        .map(|range| range.map(|rate| rounded(rate, 5)));
    if let Outlook::Expected {
        day,
        earliest,
        latest,
    } = told.outlook
    {
        answer.day = Some(day.to_string());
        answer.earliest = Some(earliest.to_string());
        answer.latest = latest.map(|latest| latest.to_string());
    }
    let (outlook, words) = outlook_words(&told.outlook);
    answer.outlook = outlook.to_owned();
    answer.words = words;
    Ok(answer)
}

/// An outlook for programs and for people.
fn outlook_words(outlook: &Outlook) -> (&'static str, Words) {
    match outlook {
        Outlook::Reached => ("reached", Words::new("已达到目标", "the target is reached")),
        Outlook::NeverAtThisRate => (
            "never_at_this_rate",
            Words::new("按目前速度达不到目标", "not at this rate"),
        ),
        Outlook::TooFewDays { days } => (
            "too_few_days",
            Words::new(
                format!("仅有 {days} 天数据,无法预测"),
                format!("{days} days are too few to go by"),
            ),
        ),
        Outlook::Expected {
            day,
            earliest,
            latest,
        } => {
            let (zh, en) = latest.map_or_else(
                || ("不确定是否能达到".to_owned(), "perhaps never".to_owned()),
                |latest| (latest.to_string(), latest.to_string()),
            );
            (
                "expected",
                Words::new(
                    format!("预计 {day} 达到({earliest} 至 {zh})"),
                    format!("expected on {day} ({earliest} to {en})"),
                ),
            )
        }
    }
}
