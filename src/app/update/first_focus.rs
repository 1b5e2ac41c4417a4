//! The environment that has the focus first: the one with the worst problem, once it is known which that is.
//!
//! A focus that moves under the user's hands is worse than one on the wrong environment: it moves once, before any key,
//! as soon as every environment is listed, and not any more once the first list could be read.

use jiff::{SignedDuration, Timestamp};

use crate::app::health::Gravity;
use crate::app::{App, Effect, KindTable};
use crate::kinds;
use crate::model::Env;

/// The time after which the user may have read the first list, and be about to press a key for it.
const READ: SignedDuration = SignedDuration::from_secs(2);

/// Describes whether the first focus may still move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::app) enum FirstFocus {
    /// Nothing is listed yet.
    Open,
    /// The first environment was listed at this time.
    Listing(Timestamp),
    /// It stays, or the user moves it.
    Settled,
}

impl App {
    /// Leaves the focus where it is from now on: the user has pressed a key.
    pub(super) fn keep_focus(&mut self) {
        self.first_focus = FirstFocus::Settled;
    }

    /// Moves the focus to the environment with the worst problem, if it may still move and all are listed.
    pub(super) fn choose_first_focus(&mut self, effects: &mut Vec<Effect>) {
        if self.first_focus == FirstFocus::Settled {
            return;
        }
        // The user chose the environment, or looks at another screen.
        if self.facts.only.is_some() || self.layers.len() != 1 {
            return self.keep_focus();
        }
        let envs = || self.facts.environments.iter().map(|(env, _)| env);
        let listed = envs().filter(|env| self.is_known(*env)).count();
        if listed < envs().count() {
            self.first_focus = match self.first_focus {
                FirstFocus::Listing(since) if self.facts.now.duration_since(since) > READ => FirstFocus::Settled,
                FirstFocus::Open if listed > 0 => FirstFocus::Listing(self.facts.now),
                other => other,
            };
            return;
        }
        let may_move = match self.first_focus {
            FirstFocus::Listing(since) => self.facts.now.duration_since(since) <= READ,
            _ => true,
        };
        let worst = envs().filter_map(|env| Some((self.worst(env)?, env))).min();
        self.keep_focus();
        let here = self.facts.focused;
        if let Some((gravity, env)) = worst
            && may_move
            && self.worst(here).is_none_or(|own| gravity < own)
        {
            self.facts.focused = env;
            if self.resting {
                self.rest(effects);
            }
        }
    }

    /// Tells whether an environment has answered for everything that decides its health, or has no cluster to answer.
    fn is_known(&self, env: Env) -> bool {
        if self.facts.unconnected_fault(env).is_some() {
            return true;
        }
        let decides = |kind: &str| kind != kinds::POD.kind && !kinds::BESIDE.iter().any(|beside| beside.kind == kind);
        let mut tables = self.facts.tables.get(env).into_iter().flatten().filter(|(kind, _)| decides(kind.kind));
        let is_settled = |(_, table): (_, &KindTable)| table.link.is_settled();
        self.facts.table(env, kinds::KUSTOMIZATION).is_some() && tables.all(is_settled)
    }

    /// Returns the rank of an environment's worst problem. A suspension was meant, and a cluster that does not answer
    /// shows nothing to act on.
    fn worst(&self, env: Env) -> Option<Gravity> {
        let problem = self.facts.health(env)?.problems.first()?;
        Some(problem.gravity).filter(|gravity| *gravity != Gravity::Suspended)
    }
}
