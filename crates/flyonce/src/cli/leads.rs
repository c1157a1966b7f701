//! `flyonce leads list | show | decide`.

use anyhow::{Context, Result, anyhow, bail};
use casework::lead::{Decision, LeadState};
use store::leads::LeadFilter;

use crate::answers::catalogue::state_words;
use crate::answers::leads::{LeadDetail, LeadList, LeadSummary};
use crate::cli::arguments::{DecisionWord, LeadsCommand};
use crate::cli::output::{Output, table};
use crate::cli::training_set;
use crate::config::catalogue::Catalogue;
use crate::lang::Lang;
use crate::review::{DecideError, Verdict, decide, lead_detail};
use crate::workplace::Workplace;

/// Does what the subcommand says.
///
/// # Errors
/// No such lead, a decision that the rules refuse, the database.
pub async fn run(output: Output, workplace: &Workplace, command: LeadsCommand) -> Result<()> {
    match command {
        LeadsCommand::List {
            state,
            matter,
            class,
            limit,
        } => {
            let filter = LeadFilter {
                state: state_filter(&state)?,
                class,
                matter_code: matter,
            };
            list(output, workplace, &filter, limit).await
        }
        LeadsCommand::TrainingSet(arguments) => training_set::run(output, workplace, arguments).await,
        LeadsCommand::Show { lead } => {
            let detail = lead_detail(workplace, &lead).await?;
            output.show(&detail, |lang| {
                case_text(&detail, &workplace.config.catalogue, lang)
            })
        }
        LeadsCommand::Decide {
            lead,
            decision,
            reason,
            note,
            actor,
        } => {
            let actor =
                actor.context("who decides? give --as NAME or set FLYONCE_ACTOR / 请用 --as 填写审核人")?;
            let verdict = Verdict {
                decision: decision_of(decision),
                reason,
                note,
                actor,
                expected_state: None,
            };
            let row = decide(workplace, &lead, verdict)
                .await
                .map_err(|error| in_words(error, output.lang))?;
            let summary = LeadSummary::of(&row);
            output.show(&summary, |lang| {
                format!("{} → {}", summary.lead_no, state_name(&summary.state, lang))
            })
        }
    }
}

/// A state, or `all`.
///
/// # Errors
/// Another word.
pub fn state_filter(text: &str) -> Result<Option<LeadState>> {
    if text == "all" {
        return Ok(None);
    }
    text.replace('-', "_")
        .parse()
        .map(Some)
        .map_err(|error| anyhow!("{error}, or all"))
}

fn decision_of(word: DecisionWord) -> Decision {
    match word {
        DecisionWord::Confirm => Decision::Confirm,
        DecisionWord::FalseAlarm => Decision::FalseAlarm,
        DecisionWord::KnownStock => Decision::KnownStock,
        DecisionWord::FlyAgain => Decision::FlyAgain,
        DecisionWord::Undo => Decision::Undo,
    }
}

fn in_words(error: DecideError, lang: Lang) -> anyhow::Error {
    match error {
        DecideError::Incomplete { words, .. } | DecideError::Conflict { words, .. } => {
            anyhow!(words.pick(lang).to_owned())
        }
        DecideError::Store(error) => error.into(),
    }
}

async fn list(output: Output, workplace: &Workplace, filter: &LeadFilter, limit: u32) -> Result<()> {
    if limit == 0 {
        bail!("--limit 0 lists nothing");
    }
    let rows = workplace.store.list_leads(filter, limit, None).await?;
    let total = workplace.store.count_leads(filter).await?;
    let counts = workplace.store.lead_counts().await?;
    let list = LeadList {
        next: rows
            .last()
            .filter(|_| (rows.len() as u64) < total)
            .map(|row| row.lead_id.clone()),
        leads: rows.iter().map(LeadSummary::of).collect(),
        total,
        counts: counts
            .into_iter()
            .map(|(state, n)| (state.to_string(), n))
            .collect(),
    };
    output.show(&list, |lang| list_text(&list, &workplace.config.catalogue, lang))
}

fn list_text(list: &LeadList, catalogue: &Catalogue, lang: Lang) -> String {
    let titles = match lang {
        Lang::Zh => [
            "编号",
            "状态",
            "事项",
            "类别",
            "置信度",
            "照片",
            "位置(纬度, 经度)",
            "± m",
        ],
        Lang::En => [
            "number",
            "state",
            "matter",
            "class",
            "score",
            "photos",
            "place (lat, lon)",
            "± m",
        ],
    };
    let mut rows = vec![titles.map(str::to_owned).to_vec()];
    rows.extend(list.leads.iter().map(|lead| {
        let unknown = || lang.pick("位置未知", "place unknown").to_owned();
        vec![
            lead.lead_no.clone(),
            state_name(&lead.state, lang),
            matter_name(catalogue, &lead.matter_code, lang),
            class_name(catalogue, &lead.class, lang),
            format!("{:.2}", lead.score),
            lead.n_photos.to_string(),
            lead.place.as_ref().map_or_else(unknown, |at| {
                format!("{:.6}, {:.6}", at.latitude_deg, at.longitude_deg)
            }),
            lead.place
                .as_ref()
                .map_or_else(String::new, |at| format!("{:.1}", at.ellipse.semi_major_m)),
        ]
    }));
    let shown = list.leads.len();
    let line = lang
        .pick(
            &format!("共 {} 条,列出 {shown} 条", list.total),
            &format!("{} leads, {shown} listed", list.total),
        )
        .to_owned();
    table(&rows) + &line
}

fn case_text(lead: &LeadDetail, catalogue: &Catalogue, lang: Lang) -> String {
    let summary = &lead.summary;
    let mut lines = vec![format!(
        "{}  {}  {} · {}  {:.2}",
        summary.lead_no,
        state_name(&summary.state, lang),
        matter_name(catalogue, &summary.matter_code, lang),
        class_name(catalogue, &summary.class, lang),
        summary.score
    )];
    lines.push(match &summary.place {
        Some(place) => format!(
            "{:.7}, {:.7}  ± {:.1} × {:.1} m (95 %)",
            place.latitude_deg, place.longitude_deg, place.ellipse.semi_major_m, place.ellipse.semi_minor_m
        ),
        None => lang.pick("位置未知", "place unknown").to_owned(),
    });
    lines.extend(
        lead.assumptions
            .iter()
            .map(|words| format!("  - {}", words.pick(lang))),
    );
    lines.push(lang.pick("照片:", "views:").to_owned());
    lines.extend(lead.views.iter().map(|view| {
        let [x0, y0, x1, y1] = view.box_px;
        let taken = view.captured_at.as_deref().unwrap_or("–");
        format!(
            "  {}  {:.2}  [{x0:.0} {y0:.0} {x1:.0} {y1:.0}]  {taken}",
            view.photo_id, view.score
        )
    }));
    lines.push(lang.pick("经过:", "history:").to_owned());
    lines.extend(lead.events.iter().map(|event| {
        let to = event
            .to
            .as_deref()
            .map_or_else(String::new, |to| format!(" → {}", state_name(to, lang)));
        let reason = event
            .reason
            .as_deref()
            .map_or_else(String::new, |reason| format!(" ({reason})"));
        let note = event
            .note
            .as_deref()
            .map_or_else(String::new, |note| format!(" {note}"));
        format!(
            "  {}  {}  {}{to}{reason}{note}",
            event.at, event.actor, event.kind
        )
    }));
    lines.join("\n")
}

fn state_name(state: &str, lang: Lang) -> String {
    match state.parse::<LeadState>() {
        Ok(state) => state_words(state).pick(lang).to_owned(),
        Err(_) => state.to_owned(),
    }
}

fn matter_name(catalogue: &Catalogue, code: &str, lang: Lang) -> String {
    catalogue
        .matter(code)
        .map_or_else(|| code.to_owned(), |matter| matter.name.pick(lang).to_owned())
}

fn class_name(catalogue: &Catalogue, id: &str, lang: Lang) -> String {
    let class = catalogue.classes.iter().find(|class| class.id == id);
    class.map_or_else(|| id.to_owned(), |class| class.name.pick(lang).to_owned())
}
