//! The checks of a gate as a table for people.

use crate::answers::checks::{CheckAnswer, GateShown};
use crate::cli::output::table;
use crate::lang::Lang;

/// One line for every check: value, limit, verdict, who said so and how long before.
pub fn checks_table(gate: &GateShown, lang: Lang) -> String {
    let titles = match lang {
        Lang::Zh => ["  检查", "实测", "限值", "结论", "来源", "新旧", "说明"],
        Lang::En => ["  check", "value", "limit", "verdict", "source", "age", "remark"],
    };
    let mut rows = vec![titles.map(str::to_owned).to_vec()];
    rows.extend(gate.checks.iter().map(|check| row(check, lang)));
    table(&rows).trim_end().to_owned()
}

fn row(answer: &CheckAnswer, lang: Lang) -> Vec<String> {
    let check = &answer.stored;
    let number = |value: Option<f64>| {
        value.map_or_else(
            || "–".to_owned(),
            |value| format!("{value:.1} {}", check.unit).trim_end().to_owned(),
        )
    };
    let verdict = match (check.verdict.as_str(), check.overridden.is_some()) {
        (_, true) => lang.pick("人工放行", "overridden"),
        ("pass", _) => lang.pick("通过", "pass"),
        ("fail", _) if check.forbids => lang.pick("不通过", "FAIL"),
        ("fail", _) => lang.pick("注意", "note"),
        _unknown if check.forbids => lang.pick("未知", "UNKNOWN"),
        _unknown => lang.pick("无数据", "no data"),
    };
    let mut remarks: Vec<String> = check.text.iter().cloned().collect();
    remarks.extend(
        check
            .overridden
            .iter()
            .map(|given| format!("{} {}: {}", given.id, given.actor, given.reason)),
    );
    vec![
        format!("  {}", answer.name.pick(lang)),
        number(check.value),
        number(check.limit),
        verdict.to_owned(),
        check.source.clone(),
        check
            .age_s
            .map_or_else(|| "–".to_owned(), |age_s| format!("{age_s:.1} s")),
        remarks.join("; "),
    ]
}
