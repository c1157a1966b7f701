//! What happened in a flight, as a dispatcher reads it: the time of day, the time since take-off, one line for what
//! belongs together, and a line where nothing was heard for long.

use survey::time::{CityZone, UtcMicros};

use crate::answers::flights::StepAnswer;
use crate::fleet::step_texts::step_text_words;
use crate::lang::{Lang, Words};

/// Longer than this without a step in the air is worth a line, seconds.
const LONG_SILENCE_S: i64 = 90;
/// Lines of an autopilot that only repeat what a step says.
const CHATTER: &[&str] = &[
    "Mission: ",
    "Reached command #",
    "Flight plan received",
    "Mission updated",
];

/// One line to be.
struct Told {
    at: Option<UtcMicros>,
    words: Words,
    text: String,
    /// A first and a last waypoint, and their number, while waypoints follow each other.
    items: Option<(String, String)>,
}

/// The steps, one line each, with `launched_at` as the zero of the relative times.
pub fn timeline(steps: &[StepAnswer], launched_at: Option<&str>, lang: Lang, zone: &CityZone) -> Vec<String> {
    let mut told: Vec<Told> = Vec::new();
    let mut left_out = 0;
    for step in steps {
        if is_chatter(step) {
            left_out += 1;
            continue;
        }
        let one = tell(step);
        if let Some((_, last)) = &one.items
            && let Some(before) = told.last_mut()
            && let Some((first, end)) = &mut before.items
        {
            end.clone_from(last);
            before.text = span(first, end, step);
            continue;
        }
        told.push(one);
    }
    let zero = launched_at
        .and_then(instant)
        .or_else(|| steps.first().and_then(|step| instant(&step.at)));
    let landed = steps
        .iter()
        .rev()
        .find(|step| step.code == "landed")
        .and_then(|step| instant(&step.at));
    let mut lines = Vec::new();
    let mut before = None;
    for one in &told {
        let in_air =
            |at: UtcMicros| zero.is_some_and(|zero| at > zero) && landed.is_none_or(|landed| at <= landed);
        let silent = one
            .at
            .zip(before)
            .filter(|(at, _)| launched_at.is_some() && in_air(*at));
        lines.extend(silent.and_then(|(at, before)| silence(at, before, lang)));
        lines.push(line(one, zero, (lang, zone)));
        before = one.at.or(before);
    }
    if left_out > 0 {
        lines.push(match lang {
            Lang::Zh => format!("  (另有 {left_out} 条飞控例行消息,见 --json)"),
            Lang::En => format!("  ({left_out} routine messages of the autopilot left out; --json has them)"),
        });
    }
    lines
}

fn is_chatter(step: &StepAnswer) -> bool {
    let text = step.text.as_deref().unwrap_or_default();
    step.code == "status_text" && CHATTER.iter().any(|start| text.starts_with(start))
}

fn tell(step: &StepAnswer) -> Told {
    let text = step.text.clone().unwrap_or_default();
    let number = text
        .strip_prefix("item ")
        .and_then(|rest| rest.split(' ').next())
        .filter(|_| step.code == "item_reached")
        .map(str::to_owned);
    Told {
        at: instant(&step.at),
        words: step.words.clone(),
        items: number.map(|number| (number.clone(), number)),
        text,
    }
}

/// `items 3 to 7 of 19`.
fn span(first: &str, last: &str, step: &StepAnswer) -> String {
    let of = step.text.as_deref().and_then(|text| text.split_once(" of "));
    match of {
        Some((_, count)) => format!("items {first} to {last} of {count}"),
        None => format!("items {first} to {last}"),
    }
}

fn silence(at: UtcMicros, before: UtcMicros, lang: Lang) -> Option<String> {
    let gap_s = (at.0 - before.0) / 1_000_000;
    (gap_s > LONG_SILENCE_S).then(|| {
        let gap = clock(gap_s);
        match lang {
            Lang::Zh => format!("  {:>28}  …{gap} 内无新进展…", ""),
            Lang::En => format!("  {:>28}  … nothing new for {gap} …", ""),
        }
    })
}

fn line(one: &Told, zero: Option<UtcMicros>, (lang, zone): (Lang, &CityZone)) -> String {
    let at = one.at.map_or_else(|| "–".to_owned(), |at| zone.local_text(at));
    let since = one.at.zip(zero).map_or_else(String::new, |(at, zero)| {
        let since_s = (at.0 - zero.0).div_euclid(1_000_000);
        let sign = if since_s < 0 { '-' } else { '+' };
        format!("T{sign}{}", clock(since_s.abs()))
    });
    let text = match one.text.is_empty() {
        true => String::new(),
        false => format!("  {}", step_text_words(&one.text).pick(lang)),
    };
    format!("  {at}  {since:>8}  {}{text}", one.words.pick(lang))
}

/// Minutes and seconds, with hours where there are any.
fn clock(seconds: i64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

fn instant(rfc3339: &str) -> Option<UtcMicros> {
    UtcMicros::parse_rfc3339(rfc3339).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::words::step_words;

    fn step(second: i64, code: &str, text: &str) -> StepAnswer {
        StepAnswer {
            at: UtcMicros(1_772_416_800_000_000 + second * 1_000_000).to_string(),
            code: code.to_owned(),
            words: step_words(code),
            text: (!text.is_empty()).then(|| text.to_owned()),
        }
    }

    #[test]
    fn a_flight_is_told_in_relative_times_with_waypoints_together_and_silences_named() {
        let zone = CityZone::named("Asia/Shanghai").unwrap();
        let steps = [
            step(-42, "lid_opening", ""),
            step(0, "took_off", "at 1.9 m"),
            step(20, "status_text", "Mission: 2 ChangeSpeed"),
            step(30, "item_reached", "item 1 of 19"),
            step(31, "item_reached", "item 3 of 19"),
            step(200, "item_reached", "item 4 of 19"),
            step(400, "recall", "ordered by 调度员"),
            step(460, "landed", "0.1 m from home"),
        ];
        let launched = steps[1].at.clone();
        let lines = timeline(&steps, Some(&launched), Lang::En, &zone);
        let expected = [
            "  2026-03-02 09:59:18    T-0:42  opening the lid",
            "  2026-03-02 10:00:00    T+0:00  took off  at 1.9 m",
            "  2026-03-02 10:00:30    T+0:30  waypoint reached  items 1 to 4 of 19",
            "                                … nothing new for 6:10 …",
            "  2026-03-02 10:06:40    T+6:40  recall ordered  ordered by 调度员",
            "  2026-03-02 10:07:40    T+7:40  on the ground  0.1 m from home",
            "  (1 routine messages of the autopilot left out; --json has them)",
        ];
        assert_eq!(lines, expected);
        let lines = timeline(&steps, Some(&launched), Lang::Zh, &zone);
        assert_eq!(
            lines[2],
            "  2026-03-02 10:00:30    T+0:30  到达航点  第 1 至 4 项,共 19 项"
        );
    }

    #[test]
    fn a_flight_that_never_began_counts_from_its_first_step() {
        let zone = CityZone::named("Asia/Shanghai").unwrap();
        let steps = [step(0, "connecting", ""), step(3661, "done", "")];
        let lines = timeline(&steps, None, Lang::Zh, &zone);
        assert_eq!(lines.len(), 2);
        assert!(lines[1].contains("T+1:01:01"), "{}", lines[1]);
        assert!(timeline(&[], None, Lang::En, &zone).is_empty());
    }
}
