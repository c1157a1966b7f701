//! `flyonce model check CARD_OR_ONNX`: what does not fit, in words, and a card to begin with.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;

use crate::cli::output::Output;
use crate::config::Config;
use crate::lang::Lang;
use crate::model::ModelInUse;
use crate::model_check::{CheckAnswer, Point, Tensor, check};

/// `model check`.
#[derive(Debug, Args)]
pub struct CheckArguments {
    /// A model card, or an ONNX file.
    #[arg(value_name = "CARD_OR_ONNX")]
    pub model: PathBuf,
    /// A JPEG file to try the model on besides painted pictures; may be given again.
    #[arg(long, value_name = "FILE")]
    pub picture: Vec<PathBuf>,
}

/// Prints what was found.
///
/// # Errors
/// When the model cannot be used as it is, after everything was printed.
pub fn run(output: Output, config: &Config, arguments: &CheckArguments) -> Result<()> {
    let runtime = ModelInUse::runtime(&config.settings)?;
    let answer = check(&runtime, &config.catalogue, &arguments.model, &arguments.picture)?;
    output.show(&answer, |lang| text(&answer, lang))?;
    if !answer.fits {
        let count = answer.problems.len();
        bail!("{count} problem(s) / {count} 处不符");
    }
    Ok(())
}

fn text(answer: &CheckAnswer, lang: Lang) -> String {
    let mut lines = vec![answer.file.clone()];
    let tensors = |title: &str, tensors: &[Tensor]| -> Vec<String> {
        tensors
            .iter()
            .map(|it| format!("  {title} {}", shown(it)))
            .collect()
    };
    lines.extend(tensors(lang.pick("输入", "input "), &answer.inputs));
    lines.extend(tensors(lang.pick("输出", "output"), &answer.outputs));
    if let Some(ms) = answer.ms_per_tile {
        lines.push(match lang {
            Lang::Zh => format!("  每块 {ms} 毫秒处理器时间(单线程,中位数)"),
            Lang::En => format!("  {ms} ms of processor time per tile (one thread, median)"),
        });
    }
    if let Some(mb) = answer.session_mb {
        lines.push(match lang {
            Lang::Zh => format!("  每个会话 {mb} MB 内存;每个工作线程一个会话"),
            Lang::En => format!("  {mb} MB of memory for a session; each worker has one"),
        });
    }
    let points = |title: &str, points: &[Point]| -> Vec<String> {
        points
            .iter()
            .map(|it| format!("{title} [{}] {}", it.code, it.words.pick(lang)))
            .collect()
    };
    lines.extend(points(lang.pick("不符", "does not fit"), &answer.problems));
    lines.extend(points(lang.pick("提示", "worth a look"), &answer.hints));
    if answer.fits {
        lines.push(lang.pick("可以使用", "it can be used").to_owned());
    }
    if let Some(template) = &answer.card_template {
        lines.push(String::new());
        lines.push(template.clone());
    }
    lines.join("\n")
}

fn shown(tensor: &Tensor) -> String {
    let size = |size: &Option<u64>| size.map_or_else(|| "?".to_owned(), |size| size.to_string());
    let sizes: Vec<String> = tensor.sizes.iter().map(size).collect();
    format!("{} {} [{}]", tensor.name, tensor.element, sizes.join(", "))
}
