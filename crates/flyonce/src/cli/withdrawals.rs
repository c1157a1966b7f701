//! `flyonce flights withdraw | restore | withdrawn`: sorties that make no coverage, by a person's word.

use anyhow::{Context, Result, ensure};
use store::rows::Actor;

use crate::answers::withdrawals::{RestoredAnswer, WithdrawalAnswer, WithdrawalList, WithdrawnAnswer};
use crate::cli::output::{Output, table};
use crate::clock;
use crate::lang::Lang;
use crate::workplace::Workplace;

/// Takes a sortie out of coverage.
///
/// # Errors
/// No such sortie, nobody named, no reason, the database.
pub async fn withdraw(
    output: Output,
    workplace: &Workplace,
    (sortie, reason): (&str, &str),
    actor: Option<String>,
) -> Result<()> {
    let reason = reason.trim();
    ensure!(!reason.is_empty(), "a reason is needed / 请填写撤销原因");
    let made = workplace
        .store
        .withdraw_sortie(sortie, reason, &named(actor)?, clock::now())
        .await?;
    let answer = WithdrawnAnswer::of(&made);
    output.show(&answer, |lang| {
        let WithdrawalAnswer {
            by, reason, photos, ..
        } = &answer.standing;
        match (lang, answer.new) {
            (Lang::Zh, true) => format!("{sortie} 已撤销:{photos} 张照片不再计入覆盖"),
            (Lang::En, true) => format!("{sortie} is withdrawn: {photos} photos make no coverage any more"),
            (Lang::Zh, false) => format!("{sortie} 此前已由 {by} 撤销({reason}),维持不变"),
            (Lang::En, false) => format!("{sortie} was withdrawn before, by {by} ({reason}); that stands"),
        }
    })
}

/// Lets a withdrawn sortie count again.
///
/// # Errors
/// A sortie that is not withdrawn, nobody named, the database.
pub async fn restore(
    output: Output,
    workplace: &Workplace,
    sortie: &str,
    actor: Option<String>,
) -> Result<()> {
    let photos = workplace
        .store
        .restore_sortie(sortie, None, &named(actor)?, clock::now())
        .await?;
    let answer = RestoredAnswer {
        sortie_id: sortie.to_owned(),
        photos,
    };
    output.show(&answer, |lang| match lang {
        Lang::Zh => format!("{sortie} 已恢复:{photos} 张照片重新计入覆盖(不合格的除外)"),
        Lang::En => format!("{sortie} counts again: {photos} photos, but for those that are not good enough"),
    })
}

/// Lists them.
///
/// # Errors
/// The database.
pub async fn list(output: Output, workplace: &Workplace) -> Result<()> {
    let withdrawn = workplace.store.withdrawals().await?;
    let answer = WithdrawalList::of(&withdrawn);
    output.show(&answer, |lang| {
        let titles = match lang {
            Lang::Zh => ["架次", "撤销时间", "撤销人", "照片", "原因"],
            Lang::En => ["sortie", "withdrawn", "by", "photos", "reason"],
        };
        let mut rows = vec![titles.map(str::to_owned).to_vec()];
        for one in &withdrawn {
            let at = workplace.zone.local_text(one.withdrawn_at);
            rows.push(vec![
                one.sortie_id.clone(),
                at,
                one.actor.name.clone(),
                one.photos.to_string(),
                one.reason.clone(),
            ]);
        }
        table(&rows)
    })
}

fn named(actor: Option<String>) -> Result<Actor> {
    let name = actor.context("who says so? give --as NAME or set FLYONCE_ACTOR / 请用 --as 填写姓名")?;
    Ok(Actor {
        name,
        role: "reviewer".to_owned(),
    })
}
