//! `flyonce setup`: fetches ONNX Runtime, says so, and proves that it loads.

use anyhow::Result;
use serde_json::json;
use vision::Runtime;

use crate::cli::output::Output;
use crate::lang::Words;
use crate::runtime_setup::{SetUp, set_up};

/// Sets up.
///
/// # Errors
/// What could not be fetched, and what to do instead.
pub async fn run(output: Output) -> Result<()> {
    let done = tokio::task::spawn_blocking(move || {
        set_up(&mut |what| output.say(&Words::new(format!("下载 {what}"), format!("fetching {what}"))))
    })
    .await??;
    let runtime = Runtime::load(done.library())?;
    let fetched = matches!(done, SetUp::Fetched(_));
    let library = done.library().display().to_string();
    let answer = json!({ "library": library, "version": runtime.version(), "fetched": fetched });
    output.show(&answer, |lang| {
        let state = if fetched {
            lang.pick("已下载", "fetched")
        } else {
            lang.pick("已就绪", "ready")
        };
        format!("ONNX Runtime {} {state}: {library}", runtime.version())
    })
}
