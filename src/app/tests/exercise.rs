//! An exercise: hints one by one, and the mended state is recognised, only once it is one.

use super::TestApp;
use crate::app::exercise::ExerciseProgress;
use crate::app::tests::examination::{PRODUCTION, examination};
use crate::doctor::Examination;
use crate::model::{Exercise, ExerciseFault, State};

fn begun() -> TestApp {
    let fault = ExerciseFault {
        env: "production".to_owned(),
        cause: "path-missing".to_owned(),
        object: "Kustomization/flux-system/apps".to_owned(),
    };
    TestApp::with(|facts| {
        facts.exercise = Some(ExerciseProgress::new(Exercise {
            name: "path".to_owned(),
            symptom: "Nothing new reaches production.".to_owned(),
            hints: vec!["Which one fails first?".to_owned(), "Where does its path lead?".to_owned()],
            learned: "A path is a folder of the artifact.".to_owned(),
            faults: vec![fault],
        }));
    })
}

#[test]
fn hints_come_one_by_one() {
    let mut cockpit = begun();
    cockpit.press(":exercise<enter>");
    let screen = cockpit.screen();
    assert!(screen.contains("Nothing new reaches production."), "{screen}");
    assert!(!screen.contains("Which one fails first?"), "{screen}");
    cockpit.press(",");
    let screen = cockpit.screen();
    assert!(screen.contains("Which one fails first?") && !screen.contains("Where does its path lead?"), "{screen}");
    cockpit.press(",,");
    assert!(cockpit.screen().contains("Where does its path lead?"));
}

#[test]
fn a_fault_that_was_seen_and_is_gone_is_mended() {
    let mut cockpit = begun();
    let is_mended = |cockpit: &TestApp| cockpit.app.facts.exercise.as_ref().unwrap().is_mended;
    // Before it was seen, its absence says nothing.
    cockpit.examined(PRODUCTION, Ok(Examination::default()));
    assert!(!is_mended(&cockpit));
    cockpit.rows(PRODUCTION, &[("apps", State::Failed), ("monitoring", State::Failed)]);
    cockpit.examined(PRODUCTION, Ok(examination()));
    assert!(!is_mended(&cockpit));
    cockpit.rows(PRODUCTION, &[("apps", State::Progressing), ("monitoring", State::Failed)]);
    cockpit.examined(PRODUCTION, Ok(Examination::default()));
    assert!(!is_mended(&cockpit), "a controller that tries again has no cause for a moment");
    cockpit.rows(PRODUCTION, &[("apps", State::Ready), ("monitoring", State::Ready)]);
    if cockpit.app.examined.contains_key(&PRODUCTION) {
        cockpit.examined(PRODUCTION, Ok(Examination::default()));
    }
    assert!(is_mended(&cockpit));
    assert!(cockpit.screen().contains("A path is a folder of the artifact."), "{}", cockpit.screen());
}
