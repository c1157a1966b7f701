//! `flyonce fleet override | overrides | withdraw`, over the API of the running service.

use anyhow::{Context, Result};
use hyper::Method;
use serde_json::{Value, json};

use crate::cli::arguments::{OverrideArguments, ServiceArguments, WithdrawArguments};
use crate::cli::output::{Output, table};
use crate::cli::service_door::{address, ask};
use crate::config::Config;
use crate::lang::Lang;

const DOOR: &str = "/api/v1/fleet/overrides";

/// Gives an override and shows it.
///
/// # Errors
/// A service that does not answer, or its refusal in words.
pub async fn give(output: Output, config: &Config, order: OverrideArguments) -> Result<()> {
    let check = order
        .check
        .or(order.check_named)
        .context("name the check / 请写明检查项")?;
    let body = json!({ "dock_id": order.dock, "sortie_id": order.sortie, "check": check, "actor": order.actor,
        "role": order.role, "reason": order.reason, "for_s": order.for_s });
    let service = address(config, &order.service);
    let given = ask(output.lang, service, Method::POST, DOOR, body).await?;
    output.show(&given, |lang| {
        let (id, until) = (said(&given["id"]), said(&given["until"]));
        match lang {
            Lang::Zh => format!("已放行 {check}({id}),有效至 {until};撤销:flyonce fleet withdraw {id}"),
            Lang::En => {
                format!("{check} is overridden ({id}) until {until}; withdraw: flyonce fleet withdraw {id}")
            }
        }
    })
}

/// Lists overrides.
///
/// # Errors
/// A service that does not answer.
pub async fn list(output: Output, config: &Config, service: &ServiceArguments) -> Result<()> {
    let service = address(config, service);
    let list = ask(output.lang, service, Method::GET, DOOR, Value::Null).await?;
    output.show(&list, |lang| list_text(&list, lang))
}

/// Withdraws an override.
///
/// # Errors
/// A service that does not answer, or no such override.
pub async fn withdraw(output: Output, config: &Config, order: &WithdrawArguments) -> Result<()> {
    let path = format!("{DOOR}/{}/withdraw", order.id);
    let service = address(config, &order.service);
    let body = json!({ "actor": order.actor, "reason": order.reason });
    let gone = ask(output.lang, service, Method::POST, &path, body).await?;
    output.show(&gone, |lang| {
        lang.pick("已撤销放行 ", "withdrawn: ").to_owned() + &said(&gone["id"])
    })
}

fn list_text(list: &Value, lang: Lang) -> String {
    let titles = match lang {
        Lang::Zh => ["编号", "检查", "对象", "何人", "原因", "至", "状态"],
        Lang::En => ["id", "check", "for", "by", "reason", "until", "state"],
    };
    let mut rows = vec![titles.map(str::to_owned).to_vec()];
    for one in list["overrides"].as_array().into_iter().flatten() {
        let scope = one["dock_id"].as_str().or(one["sortie_id"].as_str());
        let state = match (&one["in_force"], one["withdrawn_by"].as_str()) {
            (Value::Bool(true), _) => lang.pick("有效", "in force").to_owned(),
            (_, Some(by)) => format!("{} {by}", lang.pick("已撤销", "withdrawn by")),
            _over => lang.pick("已过期", "over").to_owned(),
        };
        rows.push(vec![
            said(&one["id"]),
            said(&one["check"]),
            scope.unwrap_or("–").to_owned(),
            said(&one["actor"]),
            said(&one["reason"]),
            said(&one["until"]),
            state,
        ]);
    }
    let names: Vec<&str> = list["overridable"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one["check"].as_str())
        .collect();
    let label = lang.pick("可放行的检查:", "may be overridden: ");
    format!("{}{label}{}", table(&rows), names.join(", "))
}

fn said(value: &Value) -> String {
    value.as_str().unwrap_or("–").to_owned()
}
