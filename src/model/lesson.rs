//! The lessons of fluxdeck: the command, the reason, the important output, the documentation.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ShellLine;

/// Teaches one action on one object: all is filled in, so that each line can be typed as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lesson {
    /// The exact flux, kubectl, sops or git commands that do the same, one a line; none where nothing outside of fluxdeck does it.
    pub shell: ShellLine,
    /// The environments that it is about, where the commands do not name them.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub place: String,
    /// What it does and why it helps here.
    pub why: String,
    /// The important part of its output.
    pub look_for: String,
    /// Where it is documented: the page of the official documentation about this very thing.
    pub docs: Cow<'static, str>,
}

impl Lesson {
    /// Names the environments that it is about; said beside the commands, as a remark in a line is none for every shell.
    #[must_use]
    pub fn about(self, place: &str) -> Self {
        Self { place: place.to_owned(), ..self }
    }

    /// Iterates over the commands, one a line.
    pub fn commands(&self) -> impl Iterator<Item = &str> {
        self.shell.as_str().lines().filter(|line| !line.is_empty())
    }

    /// Tells whether it names something: in its commands, or beside them.
    pub fn names(&self, what: &str) -> bool {
        self.shell.contains(what) || self.place.contains(what)
    }
}

/// Says when lessons are shown in whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LessonMode {
    /// Until they were met often.
    #[default]
    Always,
    /// The first time alone; then their command lines.
    First,
    /// Only on request.
    Never,
}

impl LessonMode {
    /// Every mode, in the order in which a command switches them.
    pub const ALL: [Self; 3] = [Self::Always, Self::First, Self::Never];

    /// Returns the word for it in the settings.
    pub fn word(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::First => "first",
            Self::Never => "never",
        }
    }

    /// Reads the word of the settings.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.word() == word)
    }

    /// Returns the next mode.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Always => Self::First,
            Self::First => Self::Never,
            Self::Never => Self::Always,
        }
    }
}

/// Counts the lessons that were met: one that was met often shrinks to its command lines.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LessonHabits {
    /// The mode that the user switched to; `None` as long as nobody did.
    pub mode: Option<LessonMode>,
    /// How often each lesson was met, by its title.
    pub met: BTreeMap<String, u32>,
}

impl LessonHabits {
    /// The number of times after which a lesson shrinks.
    const OFTEN: u32 = 5;

    /// Counts one more time.
    pub fn meet(&mut self, title: &str) {
        let count = self.met.entry(title.to_owned()).or_default();
        *count = count.saturating_add(1);
    }

    /// Returns how often a lesson was met, if that is so often that its command lines are enough.
    pub fn often(&self, title: &str) -> Option<u32> {
        let limit = match self.mode.unwrap_or_default() {
            LessonMode::Always => Self::OFTEN,
            LessonMode::First => 1,
            // Whoever asks for one wants all of it.
            LessonMode::Never => return None,
        };
        self.met.get(title).copied().filter(|count| *count > limit)
    }

    /// Adds what was counted before; a mode that is known already stays.
    pub fn add(&mut self, before: Self) {
        for (title, count) in before.met {
            let known = self.met.entry(title).or_default();
            *known = known.saturating_add(count);
        }
        self.mode = self.mode.or(before.mode);
    }
}

#[cfg(test)]
mod tests {
    use super::{LessonHabits, LessonMode};

    #[test]
    fn a_lesson_shrinks_once_it_was_met_often_and_by_the_mode() {
        let mut habits = LessonHabits::default();
        for _ in 0..5 {
            habits.meet("Reconcile");
        }
        assert_eq!(habits.often("Reconcile"), None);
        habits.meet("Reconcile");
        assert_eq!((habits.often("Reconcile"), habits.often("Suspend")), (Some(6), None));
        habits.meet("Suspend");
        habits.mode = Some(LessonMode::First);
        assert_eq!(habits.often("Suspend"), None, "the first time it is whole");
        habits.meet("Suspend");
        assert_eq!(habits.often("Suspend"), Some(2));
        habits.mode = Some(LessonMode::Never);
        assert_eq!(habits.often("Reconcile"), None);
    }

    #[test]
    fn what_was_counted_before_is_added_and_odd_state_is_no_fault() {
        let mut now = LessonHabits::default();
        now.meet("Reconcile");
        let before: LessonHabits =
            serde_json::from_str(r#"{"mode":"first","met":{"Reconcile":4,"Logs":2},"later":1}"#).unwrap();
        now.add(before);
        assert_eq!((now.mode, now.met["Reconcile"], now.met["Logs"]), (Some(LessonMode::First), 5, 2));
        now.mode = Some(LessonMode::Always);
        now.add(LessonHabits { mode: Some(LessonMode::Never), ..LessonHabits::default() });
        assert_eq!(now.mode, Some(LessonMode::Always), "what was said in this run counts");
        assert_eq!(LessonMode::ALL.map(|mode| LessonMode::named(mode.word())), LessonMode::ALL.map(Some));
    }
}
