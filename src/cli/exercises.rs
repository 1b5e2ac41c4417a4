//! Every exercise is gone through in the cockpit: the symptom alone, the hints one by one, the mend by keys, and that it
//! is recognised.

use std::sync::Arc;
use std::time::Duration;

use clap::Parser as _;

use super::{Arguments, Call};
use crate::app::key::parse_keys;
use crate::runtime::{FirstScreen, PictureFormat, Rehearsal, picture};
use crate::sim::Scenario;
use crate::theme::Depth;

/// What an operator does to mend a fault.
enum Mend {
    /// Replaces a text of a file in an editor.
    Edit(&'static str, &'static str, &'static str),
    /// Presses keys.
    Keys(&'static str),
}

/// The keys that commit and push the changed file, and agree to the push that reaches production.
const PUSH: &str = ":rescan<enter>v<space>cfix: mend it<ctrl-s>P";

/// The longest that the controllers need after the mend, in virtual time.
const PATIENCE: Duration = Duration::from_mins(20);

/// The size of the screen.
pub(super) const SIZE: (u16, u16) = (120, 36);

/// Returns the screen as text.
pub(super) fn drawn(rehearsal: &Rehearsal<'_>) -> String {
    picture(&rehearsal.screen(), PictureFormat::Text, false)
}

/// Returns the words of the screen without borders, so that a wrapped text is found.
fn words(rehearsal: &Rehearsal<'_>) -> String {
    let plain: String = drawn(rehearsal).chars().map(|one| if "│┃|".contains(one) { ' ' } else { one }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn shows(rehearsal: &Rehearsal<'_>, text: &str) -> bool {
    words(rehearsal).contains(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

pub(super) async fn press(rehearsal: &mut Rehearsal<'_>, keys: &str) {
    rehearsal.press(&parse_keys(keys).unwrap()).await.unwrap();
}

/// Asserts that a text is on the screen.
pub(super) fn sees(rehearsal: &Rehearsal<'_>, text: &str) {
    assert!(shows(rehearsal, text), "{text} is not on the screen:\n{}", drawn(rehearsal));
}

fn is_mended(rehearsal: &Rehearsal<'_>) -> bool {
    rehearsal.app().facts.exercise.as_ref().is_some_and(|progress| progress.is_mended)
}

/// Plays an exercise from its symptom to its end.
async fn play(name: &str, mend: &[Mend]) {
    let call = Call::new(Arguments::parse_from(["fluxdeck"]).flags.global);
    let clock = super::demo::snapshot_clock().unwrap();
    let session = Arc::new(super::demo::exercise_session(name, &call, clock).unwrap());
    let exercise = session.exercise.clone().unwrap();
    let root = session.root.clone().unwrap();
    let mut app = call.app(&session, Depth::None).unwrap();
    let first = FirstScreen::Exercise.view(&app.facts).unwrap();
    app.start_with(first);
    let mut rehearsal = Rehearsal::open(&mut app, Arc::clone(&session), SIZE).await.unwrap();

    sees(&rehearsal, &exercise.symptom);
    for (index, hint) in exercise.hints.iter().enumerate() {
        assert!(!shows(&rehearsal, hint), "{name}: hint {} is told before it is asked for", index + 1);
        press(&mut rehearsal, ",").await;
        sees(&rehearsal, hint);
    }
    sees(&rehearsal, "That were all hints.");
    assert!(!shows(&rehearsal, &exercise.learned), "{name}: what is learned is told before it is mended");
    press(&mut rehearsal, "<esc>").await;
    rehearsal.pass(Duration::from_mins(1)).await.unwrap();
    assert!(!is_mended(&rehearsal), "{name} is mended although nobody did anything");

    for step in mend {
        match step {
            Mend::Edit(file, from, to) => {
                let path = root.join(file);
                let text = std::fs::read_to_string(&path).unwrap();
                assert_eq!(text.matches(from).count(), 1, "{name}: {file} has once: {from}");
                std::fs::write(&path, text.replace(from, to)).unwrap();
            }
            Mend::Keys(keys) => press(&mut rehearsal, keys).await,
        }
    }
    let end = tokio::time::Instant::now() + PATIENCE;
    while !is_mended(&rehearsal) {
        if tokio::time::Instant::now() > end {
            press(&mut rehearsal, "<esc><esc><esc>2<esc>3").await;
            panic!("{name} is not recognised as mended:\n{}", drawn(&rehearsal));
        }
        rehearsal.pass(Duration::from_secs(30)).await.unwrap();
    }
    press(&mut rehearsal, "<esc><esc><esc>:exercise<enter>").await;
    sees(&rehearsal, &format!("Mended. {}", exercise.learned));
}

/// Declares a test for each exercise, and their list.
macro_rules! exercises {
    ($($test:ident, $name:literal, [$($step:expr),+ $(,)?];)+) => {
        const PLAYED: &[&str] = &[$($name),+];

        $(
            #[tokio::test(start_paused = true)]
            async fn $test() {
                play($name, &[$($step),+]).await;
            }
        )+
    };
}

exercises! {
    a_path_that_is_misspelt, "broken-chain", [
        Mend::Edit("clusters/production/infrastructure.yaml", "./infrastructure/controller/", "./infrastructure/controllers/"),
        Mend::Keys(PUSH),
        Mend::Keys("y"),
    ];
    a_limit_that_is_too_low, "crash-loop", [
        Mend::Edit(
            "apps/production/linkding/kustomization.yaml",
            "  - target:\n      kind: Deployment\n    patch: |-\n      - op: replace\n        path: /spec/template/spec/containers/0/resources/limits/memory\n        value: 128Mi\n",
            "",
        ),
        Mend::Keys(PUSH),
        Mend::Keys("y"),
    ];
    a_suspension_that_was_forgotten, "day", [Mend::Keys("3/monitoring<enter>"), Mend::Keys("r"), Mend::Keys("y")];
    a_dependency_that_is_not_there, "dependency-missing", [
        Mend::Edit("clusters/production/apps.yaml", "- name: infrastructure-config\n", "- name: infrastructure-configs\n"),
        Mend::Keys(PUSH),
        Mend::Keys("y"),
    ];
    a_release_that_was_given_up, "helm-exhausted", [
        Mend::Edit(
            "monitoring/controllers/production/kube-prometheus-stack/helmrelease.yaml",
            "version: 86.2.0",
            "version: 86.0.0",
        ),
        Mend::Keys(PUSH),
        Mend::Keys("y"),
    ];
    an_image_that_does_not_exist, "image-pull", [
        Mend::Edit("apps/production/linkding/kustomization.yaml", "newTag: 1.45.9", "newTag: 1.45.0"),
        Mend::Keys(PUSH),
        Mend::Keys("y"),
    ];
    a_key_that_is_missing, "no-key", [Mend::Keys("3:Give the cluster its age key<enter>"), Mend::Keys("y")];
}

#[test]
fn every_exercise_is_played() {
    let known: Vec<String> = Scenario::exercises().unwrap().into_iter().map(|exercise| exercise.name).collect();
    let mut played = PLAYED.to_vec();
    played.sort_unstable();
    let mut wanted: Vec<&str> = known.iter().map(String::as_str).collect();
    wanted.sort_unstable();
    assert_eq!(played, wanted);
}
