//! The exercise of a demonstration, and whether its fault is mended.

use std::collections::BTreeSet;

use super::{App, Facts, Notice};
use crate::model::{Env, Exercise, ExerciseFault, ObjectRef, State};

/// Holds how far an exercise has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExerciseProgress {
    /// The exercise.
    pub exercise: Exercise,
    /// The number of hints that were shown.
    pub hints: usize,
    /// Whether the fault is mended.
    pub is_mended: bool,
    /// What the faults hold, themselves among it; empty until they were seen.
    held: BTreeSet<(Env, ObjectRef)>,
}

/// Says what is known of the faults now.
#[derive(Debug, PartialEq, Eq)]
enum Sight {
    /// They are there, and hold these objects.
    Seen(BTreeSet<(Env, ObjectRef)>),
    /// None of them is there.
    Gone,
    /// An environment was not looked at.
    Unknown,
}

impl ExerciseProgress {
    /// Begins an exercise.
    pub fn new(exercise: Exercise) -> Self {
        Self { exercise, hints: 0, is_mended: false, held: BTreeSet::new() }
    }
}

fn sight(facts: &Facts, faults: &[ExerciseFault]) -> Sight {
    let mut held = BTreeSet::new();
    for fault in faults {
        let Some(env) = facts.find_environment(&fault.env) else { return Sight::Unknown };
        let Some(Ok(examination)) = facts.examination(env) else { return Sight::Unknown };
        let is_it =
            |root: &&crate::doctor::Diagnosis| root.cause == fault.cause && root.object.to_string() == fault.object;
        for root in examination.roots.iter().filter(is_it) {
            held.extend(root.blocks.iter().chain([&root.object]).map(|object| (env, object.clone())));
        }
    }
    if held.is_empty() { Sight::Gone } else { Sight::Seen(held) }
}

impl App {
    /// Judges the exercise. While an object that the fault held is still tried again, nothing is said: a controller at
    /// work shows no cause for a moment.
    pub(super) fn judge_exercise(&mut self) {
        let Some(progress) = self.facts.exercise.as_ref().filter(|progress| !progress.is_mended) else { return };
        match sight(&self.facts, &progress.exercise.faults) {
            Sight::Seen(held) if held != progress.held => {
                if let Some(progress) = self.facts.exercise.as_mut() {
                    progress.held = held;
                }
            }
            Sight::Gone if !progress.held.is_empty() => {
                let is_settled = |(env, object): &(Env, ObjectRef)| {
                    let state = self.facts.row(*env, object).map_or(State::Ready, |row| row.state);
                    matches!(state, State::Ready | State::Waiting)
                };
                if !progress.held.iter().all(is_settled) {
                    return;
                }
                let text = format!("mended. {}", progress.exercise.learned);
                if let Some(progress) = self.facts.exercise.as_mut() {
                    progress.is_mended = true;
                }
                self.tell(Notice::info(self.facts.now, text));
            }
            Sight::Seen(_) | Sight::Gone | Sight::Unknown => {}
        }
    }

    /// Shows the next hint of the exercise.
    pub(super) fn next_hint(&mut self) {
        if let Some(progress) = self.facts.exercise.as_mut() {
            progress.hints = progress.hints.saturating_add(1).min(progress.exercise.hints.len());
        }
    }
}
