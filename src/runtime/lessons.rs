//! How often lessons were met, kept beside the journal: `$XDG_STATE_HOME/fluxdeck/lessons.json`, which only its owner can
//! read. A state that is lost or cannot be kept is no fault: lessons are whole again.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::session::Session;
use crate::files;
use crate::model::LessonHabits;

/// The most bytes of the file that are read.
const LARGEST: u64 = 1024 * 1024;

/// Returns the file of a session; `None` where nothing is kept, as in the demonstration.
pub(super) fn place(session: &Session) -> Option<PathBuf> {
    session.journal.path().map(|journal| journal.with_file_name("lessons.json"))
}

/// Reads what was kept; nothing if it is missing or cannot be read.
pub(super) fn read(place: &Path) -> LessonHabits {
    files::own_text(place, LARGEST).ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

/// Replaces what was kept, in one step.
fn keep(place: &Path, habits: &LessonHabits) -> std::io::Result<()> {
    files::keep_own(place, &serde_json::to_vec(habits)?)
}

/// Writes the newest count, one after the other, where no key waits for the disk.
#[derive(Debug, Default)]
pub(super) struct LessonKeeper {
    newest: Mutex<Option<LessonHabits>>,
    writing: Mutex<()>,
}

impl LessonKeeper {
    /// Takes a count, in the place of one that is not written yet.
    pub(super) fn take(&self, habits: LessonHabits) {
        if let Ok(mut newest) = self.newest.lock() {
            *newest = Some(habits);
        }
    }

    /// Writes the newest count, unless that was done already; it blocks meanwhile.
    pub(super) fn keep(&self, place: &Path) {
        let Ok(_writing) = self.writing.lock() else { return };
        let newest = self.newest.lock().ok().and_then(|mut newest| newest.take());
        if let Some(habits) = newest
            && let Err(error) = keep(place, &habits)
        {
            tracing::debug!(%error, "lessons are not kept");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::{keep, read};
    use crate::model::LessonHabits;

    #[test]
    fn what_was_met_is_kept_for_its_owner_alone_and_a_broken_file_is_no_fault() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("state").join("lessons.json");
        assert_eq!(read(&place), LessonHabits::default());
        let mut habits = LessonHabits::default();
        habits.meet("Reconcile");
        keep(&place, &habits).unwrap();
        assert_eq!(read(&place), habits);
        assert_eq!(std::fs::metadata(&place).unwrap().permissions().mode() & 0o777, 0o600);
        habits.meet("Reconcile");
        keep(&place, &habits).unwrap();
        assert_eq!(read(&place), habits);
        std::fs::write(&place, "{\"met\": 7").unwrap();
        assert_eq!(read(&place), LessonHabits::default());
    }
}
