//! Orders of people to one sortie: pause, continue, return, divert, land. Each is answered in words when it cannot be,
//! and written into the sortie's steps with who gave it; what became of it is in the steps after it.

use std::time::Duration;

use flight::sortie::{Instruction, Standing};
use schedule::photo_ledger::SortieId;
use schedule::sortie::SortieState;
use serde_json::{Value, json};
use store::flights::StepRow;
use survey::geodesy::{Wgs84, geodesic_distance_m};
use survey::time::UtcMicros;
use tokio::sync::mpsc::error::TrySendError;

use crate::fleet::flight_record::FlightRecord;
use crate::fleet::service::{Fleet, UnderWay};
use crate::lang::Words;

/// Step: the dock could not take the vehicle.
pub const LANDING_REFUSED: &str = "landing_refused";
/// Who stands for a dock that could not take its vehicle.
const DOCK: &str = "dock";

/// What a person may order a sortie to do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SortieOrder {
    /// Hold in the air.
    Pause,
    /// Go on with the mission.
    Continue,
    /// Come home; before take-off: do not start.
    Return,
    /// Land at another place; none: the alternate point of its dock.
    Divert(Option<Wgs84>),
    /// Land where it is.
    Land,
}

/// Why an order was not given.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// One word.
    pub code: &'static str,
    /// In words, with what to do.
    pub words: Words,
}

impl SortieOrder {
    /// The step it is written down as.
    pub const fn step(self) -> &'static str {
        match self {
            Self::Pause => "order_pause",
            Self::Continue => "order_continue",
            Self::Return => "recall",
            Self::Divert(_) => "order_divert",
            Self::Land => "order_land",
        }
    }

    fn instruction(self, by: String, alternate: Option<Wgs84>) -> Option<Instruction> {
        Some(match self {
            Self::Pause => Instruction::Pause { by },
            Self::Continue => Instruction::Continue { by },
            Self::Return => Instruction::Return { by },
            Self::Land => Instruction::Land { by },
            Self::Divert(to) => Instruction::Divert {
                to: to.or(alternate)?,
                by,
            },
        })
    }
}

/// Gives an order to one sortie.
///
/// # Errors
/// Why it cannot be given now, in words.
pub async fn give(
    fleet: &Fleet,
    sortie: &str,
    order: SortieOrder,
    (actor, reason): (&str, Option<&str>),
) -> Result<(), Refusal> {
    let Some(one) = fleet.under_way().remove(sortie) else {
        return Err(refusal(
            "not_under_way",
            format!("架次 {sortie} 不在执行中"),
            format!("sortie {sortie} is not under way"),
        ));
    };
    may_be_given(fleet, sortie, order, &one).await?;
    tell(fleet, sortie, &one, order, (actor, reason)).await
}

/// Gives an order without asking whether it fits, and writes it down.
///
/// # Errors
/// A sortie that just ended, a dock without an alternate point.
pub async fn tell(
    fleet: &Fleet,
    sortie: &str,
    one: &UnderWay,
    order: SortieOrder,
    (actor, reason): (&str, Option<&str>),
) -> Result<(), Refusal> {
    let alternate = fleet
        .roster()
        .dock(&one.dock_id)
        .and_then(|dock| dock.alternate_landing);
    let instruction = order
        .instruction(actor.to_owned(), alternate)
        .ok_or_else(|| no_alternate(&one.dock_id))?;
    let detail = detail(&instruction, reason);
    match one.instructions.try_send(instruction) {
        Ok(()) => {}
        Err(TrySendError::Closed(_)) => {
            return Err(refusal(
                "not_under_way",
                format!("架次 {sortie} 刚刚结束"),
                format!("sortie {sortie} has just ended"),
            ));
        }
        Err(TrySendError::Full(_)) => {
            return Err(refusal(
                "busy",
                format!("架次 {sortie} 还有未处理的指令,请稍后再试"),
                format!("sortie {sortie} has orders it has not looked at yet; try again in a moment"),
            ));
        }
    }
    let Ok(id) = sortie.parse::<SortieId>() else {
        return Ok(());
    };
    let record = FlightRecord::of(fleet.workplace().clone(), *fleet.clock(), id);
    if let Err(error) = record.step_with(order.step(), detail).await {
        tracing::warn!(sortie.id = sortie, %error, "an order could not be written down");
    }
    Ok(())
}

fn detail(instruction: &Instruction, reason: Option<&str>) -> Value {
    let (by, to) = match instruction {
        Instruction::Pause { by }
        | Instruction::Continue { by }
        | Instruction::Return { by }
        | Instruction::Land { by } => (by, None),
        Instruction::Divert { by, to } => (by, Some(*to)),
    };
    let place = to.map_or_else(String::new, |to| {
        format!(", to {:.6}, {:.6}", to.latitude_deg, to.longitude_deg)
    });
    let why = reason.map_or_else(String::new, |reason| format!(": {reason}"));
    json!({
        "text": format!("ordered by {by}{place}{why}"),
        "actor": by,
        "reason": reason,
        "to": to.map(|to| [to.longitude_deg, to.latitude_deg]),
    })
}

/// Whether an order fits where the sortie stands. What changes in the next second is answered by the flight itself, in
/// the steps.
async fn may_be_given(
    fleet: &Fleet,
    sortie: &str,
    order: SortieOrder,
    one: &UnderWay,
) -> Result<(), Refusal> {
    let Ok(flight) = fleet.workplace().store.flight(sortie).await else {
        // The way home is never held up by a database.
        return Ok(());
    };
    let aloft = flight.state.is_airborne();
    match order {
        SortieOrder::Return => return Ok(()),
        _in_the_air if !aloft => {
            return Err(refusal(
                "not_in_air",
                format!("架次 {sortie} 不在空中;未起飞的架次可以召回"),
                format!("sortie {sortie} is not in the air; one that has not taken off can be called back"),
            ));
        }
        SortieOrder::Land | SortieOrder::Divert(_) if is_task(fleet, one) => {
            return Err(only_home(&one.dock_id));
        }
        // Docks of the Cloud API let people hold up the way home, too.
        SortieOrder::Pause | SortieOrder::Continue
            if flight.state == SortieState::Returning && !is_task(fleet, one) =>
        {
            return Err(refusal(
                "on_its_way_down",
                format!("架次 {sortie} 已在返航或前往备降点"),
                format!("sortie {sortie} is on its way home or to another landing place"),
            ));
        }
        SortieOrder::Pause if one.paused.load(std::sync::atomic::Ordering::Relaxed) => {
            return Err(refusal(
                "already_paused",
                format!("架次 {sortie} 已经暂停"),
                format!("sortie {sortie} is paused already"),
            ));
        }
        SortieOrder::Pause | SortieOrder::Continue | SortieOrder::Land | SortieOrder::Divert(_) => {}
    }
    if let SortieOrder::Divert(to) = order {
        may_divert(fleet, one, to)?;
    }
    Ok(())
}

/// Whether the dock flies it by itself, as a task of the Cloud API.
fn is_task(fleet: &Fleet, one: &UnderWay) -> bool {
    fleet
        .roster()
        .dock(&one.dock_id)
        .is_some_and(|dock| dock.cloud.is_some())
}

fn only_home(dock_id: &str) -> Refusal {
    refusal(
        "only_home",
        format!("机场 {dock_id}(上云 API)的飞机只能悬停、继续或返航,不能就地降落或改降他处;请改用返航"),
        format!(
            "the aircraft of dock {dock_id} (Cloud API) can hover, go on and come home, but not land elsewhere: call \
             it home instead"
        ),
    )
}

fn may_divert(fleet: &Fleet, one: &UnderWay, to: Option<Wgs84>) -> Result<(), Refusal> {
    let Some(dock) = fleet.roster().dock(&one.dock_id) else {
        return Ok(());
    };
    let Some(to) = to.or(dock.alternate_landing) else {
        return Err(no_alternate(&one.dock_id));
    };
    let away_m = geodesic_distance_m(dock.position, to);
    let reach_m = fleet.settings().reach_m;
    if away_m > reach_m {
        return Err(refusal(
            "beyond_reach",
            format!("降落点距机场 {away_m:.0} 米,超过 {reach_m:.0} 米"),
            format!("the place is {away_m:.0} m from the dock, the limit is {reach_m:.0} m"),
        ));
    }
    Ok(())
}

fn no_alternate(dock_id: &str) -> Refusal {
    refusal(
        "no_alternate",
        format!("机场 {dock_id} 没有备降点;请给出地点,或在 fleet.toml 写明 alternate_landing"),
        format!(
            "dock {dock_id} has no alternate landing point: name a place, or set alternate_landing in fleet.toml"
        ),
    )
}

fn refusal(code: &'static str, zh: String, en: String) -> Refusal {
    Refusal {
        code,
        words: Words::new(zh, en),
    }
}

/// The instruction that a sortie was under when this program was last away, from its steps.
pub fn standing(steps: &[StepRow], alternate: Option<Wgs84>, now: UtcMicros) -> Option<Standing> {
    let mut standing: Option<(Instruction, UtcMicros)> = None;
    for step in steps {
        let detail = step
            .detail_json
            .as_deref()
            .and_then(|json| serde_json::from_str::<Value>(json).ok());
        let detail = detail.unwrap_or_default();
        let by = detail["actor"].as_str().unwrap_or("operator").to_owned();
        let to = || Wgs84::new(detail["to"][1].as_f64()?, detail["to"][0].as_f64()?).ok();
        let ordered = match step.code.as_str() {
            "recall" => Some(Instruction::Return { by }),
            "order_land" => Some(Instruction::Land { by }),
            "order_pause" => Some(Instruction::Pause { by }),
            "order_divert" => to().map(|to| Instruction::Divert { to, by }),
            LANDING_REFUSED => alternate.map(|to| Instruction::Divert {
                to,
                by: DOCK.to_owned(),
            }),
            _other => None,
        };
        let paused = matches!(standing, Some((Instruction::Pause { .. }, _)));
        let pause_ends = ["order_continue", "continued", "returning", "diverting", "landing"];
        if let Some(ordered) = ordered {
            standing = Some((ordered, step.at));
        } else if step.code == "landed" || (paused && pause_ends.contains(&step.code.as_str())) {
            standing = None;
        }
    }
    let (instruction, since) = standing?;
    let held_us = u64::try_from(now.0.saturating_sub(since.0)).unwrap_or(0);
    Some(Standing {
        instruction,
        for_so_long: Duration::from_micros(held_us),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(second: i64, code: &str, detail: Option<Value>) -> StepRow {
        StepRow {
            at: UtcMicros(second * 1_000_000),
            code: code.to_owned(),
            detail_json: detail.map(|detail| detail.to_string()),
        }
    }

    fn li() -> Option<Value> {
        Some(json!({ "actor": "Li" }))
    }

    fn found(steps: &[StepRow]) -> Option<Standing> {
        standing(steps, Wgs84::new(31.2, 121.5).ok(), UtcMicros(100_000_000))
    }

    #[test]
    fn a_pause_stands_until_something_ends_it() {
        let mut steps = vec![
            step(10, "took_off", None),
            step(40, "order_pause", li()),
            step(44, "paused", None),
        ];
        let pause = Standing {
            instruction: Instruction::Pause { by: "Li".to_owned() },
            for_so_long: Duration::from_secs(60),
        };
        assert_eq!(found(&steps), Some(pause));
        for end in ["order_continue", "continued", "returning", "landed"] {
            steps.truncate(3);
            steps.push(step(70, end, None));
            assert_eq!(found(&steps), None, "{end}");
        }
    }

    #[test]
    fn the_last_way_to_the_ground_stands_to_the_ground() {
        let to = Wgs84::new(31.25, 121.55).unwrap();
        let instruction = Instruction::Divert {
            to,
            by: "Li".to_owned(),
        };
        let mut steps = vec![
            step(20, "recall", li()),
            step(30, "order_divert", Some(detail(&instruction, Some("smoke")))),
            step(35, "diverting", None),
        ];
        assert_eq!(found(&steps).unwrap().instruction, instruction);
        steps.push(step(60, "landed", None));
        assert_eq!(found(&steps), None);
        let refused = found(&[step(20, "returning", None), step(21, LANDING_REFUSED, None)]);
        assert!(matches!(refused.unwrap().instruction, Instruction::Divert { by, .. } if by == DOCK));
    }
}
