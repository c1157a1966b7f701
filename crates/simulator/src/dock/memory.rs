//! Commands that were answered already: a repeat gets the same answer and is not carried out twice.

use std::collections::VecDeque;

use crate::dock::message::{Outgoing, Progress, Reply};

/// Every command is remembered at least this long, milliseconds of wall time.
const KEPT_MS: i64 = 10 * 60 * 1000;
/// More commands than this are not remembered even within that time.
const MOST: usize = 10_000;

/// The latest commands and what was said about them.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    answered: VecDeque<Answered>,
}

#[derive(Debug)]
struct Answered {
    at_ms: i64,
    reply: Reply,
    progress: Option<Progress>,
}

impl Memory {
    /// What was said about the command, if it is known.
    pub(crate) fn recall(&self, id: &str) -> Option<Vec<Outgoing>> {
        let known = self.answered.iter().find(|known| known.reply.id == id)?;
        let mut said = vec![Outgoing::Reply(known.reply.clone())];
        said.extend(known.progress.clone().map(Outgoing::Progress));
        Some(said)
    }

    /// Keeps what is being said at a wall time in milliseconds.
    pub(crate) fn keep(&mut self, said: &[Outgoing], at_ms: i64) {
        for message in said {
            match message {
                Outgoing::Reply(reply) => self.keep_reply(reply, at_ms),
                Outgoing::Progress(progress) => self.keep_progress(progress),
            }
        }
    }

    /// Keeps the latest progress of a command.
    pub(crate) fn keep_progress(&mut self, progress: &Progress) {
        let known = self
            .answered
            .iter_mut()
            .find(|known| known.reply.id == progress.id);
        if let Some(known) = known {
            known.progress = Some(progress.clone());
        }
    }

    fn keep_reply(&mut self, reply: &Reply, at_ms: i64) {
        let outdated = |known: &Answered| at_ms - known.at_ms > KEPT_MS;
        while self.answered.len() >= MOST || self.answered.front().is_some_and(outdated) {
            self.answered.pop_front();
        }
        self.answered.push_back(Answered {
            at_ms,
            reply: reply.clone(),
            progress: None,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_forgotten_after_ten_minutes_and_not_before() {
        let mut memory = Memory::default();
        let reply = |id: &str| [Outgoing::Reply(Reply::accepted(id))];
        memory.keep(&reply("a"), 0);
        memory.keep(&reply("b"), KEPT_MS);
        assert!(memory.recall("a").is_some());
        memory.keep(&reply("c"), KEPT_MS + 1);
        assert!(memory.recall("a").is_none() && memory.recall("b").is_some());
    }

    #[test]
    fn a_flood_of_commands_does_not_fill_the_memory() {
        let mut memory = Memory::default();
        for number in 0..=MOST {
            memory.keep(&[Outgoing::Reply(Reply::accepted(&number.to_string()))], 0);
        }
        assert_eq!(memory.answered.len(), MOST);
    }
}
