//! `flyonce export`: leads as GeoJSON.

use std::io::Write;

use anyhow::{Context, Result};
use serde_json::json;
use store::leads::LeadFilter;

use crate::answers::leads::LeadSummary;
use crate::answers::leads_geojson::leads_geojson;
use crate::cli::arguments::ExportArguments;
use crate::cli::leads::state_filter;
use crate::cli::output::Output;
use crate::workplace::Workplace;

/// Writes the file, or to the standard output.
///
/// # Errors
/// A file that cannot be written; an existing one is replaced only by a whole new one.
pub async fn run(output: Output, workplace: &Workplace, arguments: &ExportArguments) -> Result<()> {
    let filter = LeadFilter {
        state: state_filter(&arguments.state)?,
        ..LeadFilter::default()
    };
    let rows = workplace.store.list_leads(&filter, u32::MAX, None).await?;
    let leads: Vec<LeadSummary> = rows.iter().map(LeadSummary::of).collect();
    let text = serde_json::to_string_pretty(&leads_geojson(&leads)?)?;
    let Some(path) = &arguments.output else {
        return output.print(&text);
    };
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(std::path::Path::new("."));
    let cannot = || format!("cannot write {}", path.display());
    let mut part = tempfile::NamedTempFile::new_in(folder).with_context(cannot)?;
    part.write_all(text.as_bytes()).with_context(cannot)?;
    part.persist(path).with_context(cannot)?;
    let shown = path.display().to_string();
    let placed = leads.iter().filter(|lead| lead.place.is_some()).count();
    output.show(
        &json!({ "file": shown, "leads": leads.len(), "placed": placed }),
        |lang| {
            let (n, unknown) = (leads.len(), leads.len() - placed);
            lang.pick(
                &format!("已导出 {n} 条线索到 {shown}(其中 {unknown} 条位置未知)"),
                &format!("{n} leads written to {shown} ({unknown} of unknown place)"),
            )
            .to_owned()
        },
    )
}
