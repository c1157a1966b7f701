//! How far a siting is: a bar on a terminal, and a line now and then where there is none.

use std::cell::Cell;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::output::Output;
use crate::lang::{Lang, Words};
use crate::siting::At;

/// A line of progress at most this often where there is no terminal to draw on.
const SAY_EVERY: Duration = Duration::from_secs(10);

/// Progress on a terminal, and a line now and then where there is none.
pub struct Bar {
    bar: ProgressBar,
    lang: Lang,
    said: Cell<Instant>,
}

impl Bar {
    /// Nothing drawn yet.
    pub fn new(lang: Lang) -> Self {
        let bar = ProgressBar::with_draw_target(Some(1000), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {msg}") {
            bar.set_style(style);
        }
        Self {
            bar,
            lang,
            said: Cell::new(Instant::now()),
        }
    }

    /// Shows how far the work is.
    pub fn set(&self, at: At) {
        self.bar.set_position((1000.0 * share(at)) as u64);
        let hidden = self.bar.is_hidden();
        if hidden && self.said.get().elapsed() < SAY_EVERY {
            return;
        }
        let words = words(at);
        self.bar.set_message(words.pick(self.lang).to_owned());
        if hidden {
            self.said.set(Instant::now());
            let output = Output {
                lang: self.lang,
                json: false,
            };
            output.say(&words);
        }
    }

    /// Takes the bar away.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}

fn share(at: At) -> f64 {
    match at {
        At::Reach(known, all) => known as f64 / all.max(1) as f64,
        At::Choice { done, .. } => done,
    }
}

fn words(at: At) -> Words {
    match at {
        At::Reach(known, all) => Words::new(
            format!("计算候选点可达范围 {known}/{all}"),
            format!("what candidates reach {known}/{all}"),
        ),
        At::Choice {
            done,
            sites,
            value,
            bound,
        } => {
            let [done, value, bound] = [done, value, bound].map(|share| 100.0 * share);
            Words::new(
                format!("选 {sites} 个机场:已找到 {value:.2} %,上限 {bound:.2} %(用时 {done:.0} %)"),
                format!("{sites} docks: found {value:.2} %, at most {bound:.2} % ({done:.0} % of the time)"),
            )
        }
    }
}
