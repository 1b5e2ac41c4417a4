//! When an environment is examined for root causes, and what the answer shows.

use std::sync::Arc;

use super::TestApp;
use crate::app::{Effect, Msg};
use crate::doctor::{Diagnosis, Examination, Remedy};
use crate::model::{Env, Fault, FaultKind, ObjectRef, ShellLine, State};

const STAGING: Env = Env(0);
pub(super) const PRODUCTION: Env = Env(1);
const SIZES: [(u16, u16); 4] = [(80, 24), (120, 36), (170, 48), (200, 50)];

fn object(text: &str) -> ObjectRef {
    crate::kinds::complete(text.parse().unwrap())
}

/// The root cause that holds `monitoring` back.
pub(super) fn examination() -> Examination {
    let apps = object("Kustomization/flux-system/apps");
    let line = |text: &'static str| ShellLine::new(text, &["apps", "flux-system", "production"]);
    let remedy = Remedy::new(
        line("flux reconcile kustomization {} -n {} --context {}"),
        "Flux would try again at its next interval.",
        "Ready True",
    );
    let mut root =
        Diagnosis::new("path-missing", &apps, format!("{} finds nothing at its path apps/prod", apps.told()))
            .seen("kustomization path not found", None, "condition Ready=False")
            .look_at(line("kubectl describe kustomization {} -n {} --context {}"))
            .mended_by(remedy.by("reconcile", &apps))
            .documented("https://fluxcd.io/flux/components/kustomize/kustomizations/#path");
    root.blocks = vec![object("Kustomization/flux-system/monitoring")];
    Examination { roots: vec![root], symptoms: 2, ..Examination::default() }
}

/// Lists the environments whose examination is requested, with its number.
fn requested(effects: &[Effect]) -> Vec<(Env, u64)> {
    let number = |effect: &Effect| match effect {
        Effect::Examine { env, generation, .. } => Some((*env, *generation)),
        _ => None,
    };
    effects.iter().filter_map(number).collect()
}

impl TestApp {
    fn answer(&mut self, env: Env, generation: u64, found: Result<Examination, Fault>) -> Vec<Effect> {
        self.app.update(Msg::Examined { env, generation, found: found.map(Arc::new), pending: None })
    }

    /// Answers the running examination of an environment.
    pub(super) fn examined(&mut self, env: Env, found: Result<Examination, Fault>) -> Vec<Effect> {
        let generation = self.app.examined.get(&env).unwrap().generation();
        self.answer(env, generation, found)
    }
}

#[test]
fn what_is_not_well_is_examined_once_and_again_when_it_changes() {
    let mut cockpit = TestApp::new();
    let first = cockpit.app.examined.get(&STAGING).unwrap().generation();
    assert_eq!(requested(&cockpit.press("j")), [], "one that runs is waited for");
    assert_eq!(requested(&cockpit.examined(STAGING, Ok(examination()))), [], "nothing has changed since");
    cockpit.rows(STAGING, &[("apps", State::Failed), ("monitoring", State::Failed)]);
    let second = cockpit.app.examined.get(&STAGING).unwrap().generation();
    assert!(second > first);
    // What an older one answers is dropped.
    cockpit.answer(STAGING, first, Ok(Examination::default()));
    assert_eq!(cockpit.app.facts.examination(STAGING).unwrap().as_ref().unwrap().roots.len(), 1);
    cockpit.examined(STAGING, Ok(Examination::default()));
    assert_eq!(cockpit.app.facts.examination(STAGING).unwrap().as_ref().unwrap().roots.len(), 0);
}

#[test]
fn a_healthy_environment_is_examined_only_while_somebody_looks() {
    let mut cockpit = TestApp::new();
    cockpit.examined(STAGING, Ok(Examination::default()));
    cockpit.rows(STAGING, &[("apps", State::Ready), ("monitoring", State::Ready)]);
    cockpit.examined(STAGING, Ok(Examination::default()));
    assert_eq!(requested(&cockpit.press("jk")), []);
    let later = cockpit.app.facts.now + jiff::SignedDuration::from_mins(2);
    assert_eq!(requested(&cockpit.app.update(Msg::Time(later))).iter().filter(|(env, _)| *env == STAGING).count(), 0);
    let opened = requested(&cockpit.press("z"));
    assert_eq!(opened.iter().filter(|(env, _)| *env == STAGING).count(), 1, "{opened:?}");
}

#[test]
fn a_line_of_home_shows_the_root_and_not_the_symptom() {
    let mut cockpit = TestApp::new();
    assert!(cockpit.screen().contains("health check failed"));
    cockpit.examined(PRODUCTION, Ok(examination()));
    let screen = cockpit.screen();
    assert!(screen.contains("Kustomization/apps finds nothing"), "{screen}");
}

#[test]
fn the_screen_lists_roots_says_what_is_gone_and_starts_a_fix() {
    for (width, height) in SIZES {
        let mut cockpit = TestApp::new();
        cockpit.terminal.backend_mut().resize(width, height);
        cockpit.examined(PRODUCTION, Ok(examination()));
        let silent = Fault::new(FaultKind::Unreachable, "staging cannot be read", "no answer", "is it up?");
        cockpit.examined(STAGING, Err(silent));
        cockpit.press("z");
        insta::assert_snapshot!(format!("why-{width}x{height}"), cockpit.screen());
        cockpit.examined(PRODUCTION, Ok(Examination::default()));
        assert!(cockpit.screen().contains("gone"), "{}", cockpit.screen());
    }
    let mut cockpit = TestApp::new();
    cockpit.examined(PRODUCTION, Ok(examination()));
    cockpit.press("z/flux reconcile<enter>");
    // Production asks before anything is written.
    cockpit.press("<enter>");
    let screen = cockpit.screen();
    assert!(screen.contains("y yes") && screen.contains("PROTECTED"), "{screen}");
}
