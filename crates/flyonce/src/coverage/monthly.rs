//! A page per town and month: which pages there are, what each shows, and the files. How a page looks is in
//! [`crate::coverage::monthly_page`].

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use survey::ledger::{LedgerQuery, Share};
use survey::time::CivilDay;

use crate::coverage::age_map;
use crate::coverage::answer::{CoverageRow, RowKind};
use crate::coverage::desk::{Asked, Desk};
use crate::coverage::explain::definitions;
use crate::coverage::figures::Figures;
use crate::coverage::gap_list::{FoundGap, FoundGaps};
use crate::coverage::keep::OnEntered;
use crate::coverage::monthly_page::{Course, Month, TownPage, html};
use crate::lang::Lang;
use crate::whole_file::write_whole;

/// Gaps listed on a page.
const GAPS_LISTED: usize = 20;

/// Writes the pages of a month; without towns one page of all flyable ground. `None` where nothing says where this city is.
///
/// # Errors
/// A month or town that is none, a folder that cannot be written, layers.
pub async fn write(
    desk: &Desk,
    lang: Lang,
    (month, out, town): (&str, &Path, Option<&str>),
    on_entered: OnEntered<'_>,
) -> Result<Option<Vec<PathBuf>>> {
    let (first, last) = month_bounds(month)?;
    let until = last.min(desk.today());
    anyhow::ensure!(first <= until, "{month} has not begun");
    let asked = Asked {
        as_of: Some(until),
        ..Asked::default()
    };
    let made = desk
        .ask_gaps(asked, on_entered, |figures, found| {
            made(figures, found, (month, first, last), town)
        })
        .await?;
    let Some(made) = made else {
        return Ok(None);
    };
    std::fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    let mut files = Vec::new();
    for page in &made.pages {
        let file = out.join(&page.file);
        write_whole(&file, html(&made, page, lang).as_bytes())?;
        files.push(file);
    }
    Ok(Some(files))
}

/// First and last day of `yyyy-mm`.
fn month_bounds(month: &str) -> Result<(CivilDay, CivilDay)> {
    let wrong = || format!("{month:?} is not a month; an example is 2026-11");
    let first: CivilDay = format!("{month}-01").parse().with_context(wrong)?;
    // The longest month has 31 days; the first day of the next lies within the five after it.
    let next = (28..=31)
        .map(|days| CivilDay(first.0 + days))
        .find(|day| !day.to_string().starts_with(month));
    let next = next.with_context(wrong)?;
    Ok((first, CivilDay(next.0 - 1)))
}

fn made(
    figures: &Figures<'_>,
    found: &FoundGaps,
    (label, first, last): (&str, CivilDay, CivilDay),
    only: Option<&str>,
) -> Result<Month> {
    let towns = figures.table(RowKind::Town)?;
    let whole = figures.figures()?;
    let (mut pages, mut names) = (Vec::new(), BTreeSet::new());
    for (index, row) in towns.rows.iter().enumerate() {
        let wanted = only.is_none_or(|only| only == row.name || row.code.as_deref() == Some(only));
        if wanted && !figures.scene.town_cells[index].is_empty() {
            let file = file_name(label, row.code.as_deref(), index, &mut names);
            pages.push(town_page(
                figures,
                found,
                (row.clone(), Some(index)),
                (file, first),
            )?);
        }
    }
    if towns.rows.is_empty() && only.is_none() {
        let file = file_name(label, None, 0, &mut names);
        pages.push(town_page(
            figures,
            found,
            (whole.whole.clone(), None),
            (file, first),
        )?);
    }
    anyhow::ensure!(
        !pages.is_empty(),
        "there is no town {:?} with flyable ground",
        only.unwrap_or_default()
    );
    Ok(Month {
        label: label.to_owned(),
        is_over: figures.until == last,
        figures: whole,
        towns,
        definitions: definitions(),
        pages,
    })
}

/// A name of its own for each town: its code where that is one, else its place in the layer.
fn file_name(month: &str, code: Option<&str>, index: usize, taken: &mut BTreeSet<String>) -> String {
    let is_plain =
        |code: &&str| !code.is_empty() && code.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let by_place = format!("{:02}", index + 1);
    let by_code = code.filter(is_plain).unwrap_or(&by_place);
    let mut name = format!("coverage-{month}-{by_code}.html");
    if !taken.insert(name.clone()) {
        name = format!("coverage-{month}-{by_code}-{by_place}.html");
        taken.insert(name.clone());
    }
    name
}

fn town_page(
    figures: &Figures<'_>,
    found: &FoundGaps,
    (row, town): (CoverageRow, Option<usize>),
    (file, first): (String, CivilDay),
) -> Result<TownPage> {
    let mine = |gap: &&FoundGap| town.is_none() || gap.answer.town.as_deref() == Some(&row.name);
    let gaps: Vec<&FoundGap> = found.gaps.iter().filter(mine).collect();
    Ok(TownPage {
        file,
        map_png: age_map::plain_map_png(figures, found, (town, GAPS_LISTED))?,
        gap_km2: gaps.iter().map(|gap| gap.gap.area_m2).sum::<f64>() / 1e6,
        gap_count: gaps.len(),
        gaps: gaps
            .iter()
            .take(GAPS_LISTED)
            .map(|gap| gap.answer.clone())
            .collect(),
        course: course(figures, town, first)?,
        row,
    })
}

/// How a month went: the share at the end of each day, and what the month's own photos show.
fn course(figures: &Figures<'_>, town: Option<usize>, first: CivilDay) -> Result<Course> {
    let window = figures.until.0 - figures.since.0;
    let share = |since: i32, until: i32| -> Result<Option<Share>> {
        let imaged = figures.ledger.imaged(&LedgerQuery {
            since: Some(CivilDay(since)),
            until: Some(CivilDay(until)),
            ..figures.query()
        })?;
        Ok(match town {
            Some(town) => imaged.towns.get(town).and_then(|town| town.flyable),
            None => imaged.flyable,
        })
    };
    let at_end_of = |day: i32| Ok::<_, anyhow::Error>(share(day - window, day)?.and_then(Share::percent));
    let mut days = Vec::new();
    for day in first.0..=figures.until.0 {
        days.push((CivilDay(day), at_end_of(day)?));
    }
    let own = share(first.0, figures.until.0)?;
    Ok(Course {
        before: at_end_of(first.0 - 1)?,
        days,
        own_km2: own.map(|own| own.imaged_m2 / 1e6),
        own_percent: own.and_then(Share::percent),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_end_where_they_end() {
        let bounds =
            |month: &str| month_bounds(month).map(|(first, last)| (first.to_string(), last.to_string()));
        assert_eq!(
            bounds("2026-11").unwrap(),
            ("2026-11-01".to_owned(), "2026-11-30".to_owned())
        );
        assert_eq!(bounds("2024-02").unwrap().1, "2024-02-29");
        assert_eq!(bounds("2026-12").unwrap().1, "2026-12-31");
        for wrong in ["2026-13", "11-2026", "", "2026-11-03"] {
            assert!(bounds(wrong).is_err(), "{wrong}");
        }
    }
    #[test]
    fn every_town_has_a_file_of_its_own() {
        let mut taken = BTreeSet::new();
        let codes = [Some("W1"), Some("W1"), Some("西/1"), Some(""), None, Some("03")];
        let names: Vec<String> = codes
            .into_iter()
            .enumerate()
            .map(|(index, code)| file_name("2026-11", code, index, &mut taken))
            .collect();
        let wanted =
            ["W1", "W1-02", "03", "04", "05", "03-06"].map(|name| format!("coverage-2026-11-{name}.html"));
        assert_eq!(names, wanted);
    }
}
