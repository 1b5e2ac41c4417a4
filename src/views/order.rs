//! The order in which Flux brings an environment up, as a graph: wave by wave, with the dependencies, the blocked
//! Kustomizations, and the live state.
//!
//! ```text
//! +> staging: 4 waves --------------------------------------------------------------+
//! | 1  = flux-system                                                                 |
//! |    |                                                                             |
//! | 2  x infrastructure-controllers   failed   holds 5: apps, monitoring, ...        |
//! |    |                                                                             |
//! | 3  . infrastructure-configs       waits for infrastructure-controllers           |
//! +----------------------------------------------------------------------------------+
//! ```

use std::collections::{BTreeMap, BTreeSet};

use crate::app::health::state_scope;
use crate::app::{Action, CommandTarget, Scene};
use crate::kinds;
use crate::model::{Env, State};
use crate::repo::{FluxKustomization, Named};
use crate::theme::Scope;
use crate::views::parts::page::{Page, PageLine, SearchKey, SharedLines};
use crate::views::parts::paged::Paged;
use crate::widgets::pad;

/// Shows the order of one environment.
#[derive(Debug)]
pub struct OrderView {
    env: Env,
    page: Page,
}

impl OrderView {
    /// Opens the order of an environment.
    pub fn new(env: Env) -> Self {
        Self { env, page: Page::new(SearchKey::Filters) }
    }

    fn waves(&self, scene: &Scene<'_>) -> Vec<PageLine> {
        let facts = scene.facts;
        let name = facts.name(self.env);
        let Some(snapshot) = &facts.repository else {
            return vec![match &facts.repository_fault {
                Some(fault) => {
                    PageLine::wrapped(format!("{}: {}. {}", fault.what, fault.why, fault.todo), Scope::Error)
                }
                None => PageLine::wrapped("the repository is being read...", Scope::Dim),
            }];
        };
        if facts.environment(self.env).is_none() {
            let fault = snapshot.looked.nothing();
            return vec![PageLine::wrapped(format!("{}: {}. {}", fault.what, fault.why, fault.todo), Scope::Text)];
        }
        let Some(order) = snapshot.order(name).filter(|order| !order.waves.is_empty() || !order.stuck.is_empty())
        else {
            return vec![PageLine::wrapped(
                format!("the repository declares no Kustomization for {name}: none is in the folder that Flux syncs"),
                Scope::Text,
            )];
        };
        let all: Vec<String> = order.waves.iter().flatten().chain(&order.stuck).map(ToString::to_string).collect();
        let width = all.iter().map(String::len).max().unwrap_or_default();
        // A Kustomization is missing only if the list is known.
        let is_listed = facts.table(self.env, kinds::KUSTOMIZATION).is_some_and(|table| table.link.is_live());
        let mut lines = Vec::new();
        for (_, set) in snapshot.sets.iter().filter(|(env, _)| env == name) {
            let set = format!("what ResourceSet {}/{} makes is not among these yet", set.namespace, set.name);
            lines.push(PageLine::wrapped(set, Scope::Dim));
        }
        for (index, wave) in order.waves.iter().chain(std::iter::once(&order.stuck)).enumerate() {
            if wave.is_empty() {
                continue;
            }
            if index > 0 {
                lines.push(PageLine::cut("    |", Scope::Border));
            }
            let is_stuck = index >= order.waves.len();
            for (place, one) in wave.iter().enumerate() {
                let number = match (place, is_stuck) {
                    (0, false) => format!("{:>3}  ", index + 1),
                    (0, true) => "  !  ".to_owned(),
                    _ => "     ".to_owned(),
                };
                let Some(known) = snapshot.kustomizations_of(name).find(|known| one.is(known)) else { continue };
                let object = known.object();
                let row = facts.row(self.env, &object);
                let state = row.map_or(State::Unknown, |row| row.state);
                let is_missing = row.is_none() && is_listed;
                let words = description(one, known, state, order, is_stuck, is_missing);
                lines.push(
                    PageLine::wrapped(words, if state == State::Failed { Scope::Text } else { Scope::Dim })
                        .after(format!("{}  ", pad(&one.to_string(), width)), Scope::Text)
                        .after(format!("{} ", state.sign()), state_scope(state))
                        .after(number, Scope::Border)
                        .opens(Some(CommandTarget::Object(self.env, object))),
                );
            }
        }
        lines
    }
}

/// Returns all Kustomizations that do not start before `name` is ready.
fn held(name: &Named, waits: &BTreeMap<Named, BTreeSet<Named>>) -> BTreeSet<Named> {
    let mut found = BTreeSet::new();
    let mut next = vec![name.clone()];
    while let Some(name) = next.pop() {
        for (other, needs) in waits {
            if needs.contains(&name) && found.insert(other.clone()) {
                next.push(other.clone());
            }
        }
    }
    found
}

fn description(
    name: &Named,
    known: &FluxKustomization,
    state: State,
    order: &crate::repo::Order,
    is_stuck: bool,
    is_missing: bool,
) -> String {
    /// More names than these hide the order itself on a small screen.
    const NAMED: usize = 5;
    let list = |names: &BTreeSet<Named>| {
        let named: Vec<String> = names.iter().take(NAMED).map(ToString::to_string).collect();
        let more = names.len().saturating_sub(NAMED);
        if more > 0 { format!("{} and {more} more", named.join(", ")) } else { named.join(", ") }
    };
    let held = held(name, &order.waits);
    let mut parts = Vec::new();
    if is_stuck {
        parts.push(format!("never begins: {}", order.why_stuck(name)));
    } else if is_missing {
        parts.push("not in the cluster".to_owned());
    } else if state != State::Ready {
        parts.push(state.word().to_owned());
    }
    // The Kustomization that applies it is always first, so it is not named.
    let needs: BTreeSet<String> = known.depends_on.iter().map(ToString::to_string).collect();
    if !needs.is_empty() {
        parts.push(format!("waits for {}", needs.into_iter().collect::<Vec<_>>().join(", ")));
    }
    if let Some(elsewhere) = &known.elsewhere {
        parts.push(format!("elsewhere: reads {elsewhere}"));
    }
    if !held.is_empty() {
        let verb = if state == State::Failed { "holds back" } else { "would hold back" };
        parts.push(format!("{verb} {}: {}", held.len(), list(&held)));
    }
    parts.join("; ")
}

impl Paged for OrderView {
    fn id(&self) -> &'static str {
        "order"
    }

    fn title(&self, scene: &Scene<'_>) -> String {
        let name = scene.facts.name(self.env);
        let order = scene.facts.repository.as_ref().and_then(|snapshot| snapshot.order(name));
        format!("{name}: {} waves, top to bottom", order.map_or(0, |order| order.waves.len()))
    }

    fn page(&self) -> Option<&Page> {
        Some(&self.page)
    }

    fn page_mut(&mut self) -> Option<&mut Page> {
        Some(&mut self.page)
    }

    fn lines(&self, scene: &Scene<'_>) -> SharedLines {
        self.waves(scene).into()
    }

    fn env(&self, _scene: &Scene<'_>) -> Option<Env> {
        Some(self.env)
    }

    fn show_environment(&mut self, env: Env, _scene: &Scene<'_>) -> Option<Vec<Action>> {
        self.env = env;
        self.page.rewind();
        Some(Vec::new())
    }

    fn open(&mut self, _line: Option<&PageLine>, _scene: &Scene<'_>) -> Option<Vec<Action>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use jiff::Timestamp;

    use super::OrderView;
    use crate::app::test_support::facts;
    use crate::app::{CommandTarget, Facts, Keymap, Motion, Scene, View};
    use crate::commands::COMMANDS;
    use crate::kinds;
    use crate::model::{Env, Labels, Row, RowKey, State};
    use crate::repo::Snapshot;
    use crate::repo::git::tests::TestRepository;
    use crate::theme::{Depth, Theme};

    fn kustomization(name: &str, more: &str) -> String {
        format!(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: {name}\n  namespace: flux-system\nspec:\n  path: ./{name}\n{more}---\n"
        )
    }

    /// Staging with a chain of three and a circle of two; the first of the chain has failed.
    fn chain() -> (TestRepository, Facts) {
        let repository = TestRepository::new();
        let text = [
            kustomization("controllers", ""),
            kustomization("configs", "  dependsOn: [{name: controllers}]\n"),
            kustomization("apps", "  dependsOn: [{name: configs}]\n"),
            kustomization("one", "  dependsOn: [{name: other}]\n"),
            kustomization("other", "  dependsOn: [{name: one}]\n"),
        ];
        repository.write("clusters/staging/all.yaml", &text.concat());
        let mut facts = facts();
        facts.now = Timestamp::UNIX_EPOCH;
        facts.set_repository(Arc::new(Snapshot::load(repository.path())));
        let row = Row {
            key: RowKey { namespace: "flux-system".into(), name: "controllers".into() },
            state: State::Failed,
            message: "build failed".into(),
            created: None,
            cells: Box::default(),
            note: None,
            labels: Labels::default(),
            since: None,
            flux: None,
        };
        let table = facts.tables.get_mut(Env(0)).unwrap().entry(kinds::KUSTOMIZATION.group_kind()).or_default();
        table.rows.insert(row);
        (repository, facts)
    }

    #[test]
    fn who_holds_whom_is_told_and_enter_opens_it() {
        let (_repository, facts) = chain();
        let theme = Theme::load("terminal", Depth::None, true).unwrap();
        let keymap = Keymap::new(COMMANDS, &BTreeMap::new()).unwrap();
        let scene =
            Scene { facts: &facts, theme: &theme, keymap: &keymap, focus: true, marks: None, commands: COMMANDS };
        let mut view = OrderView::new(Env(0));
        let shown = format!("{:?}", view.waves(&scene));
        assert!(shown.contains("failed; holds back 2: apps, configs"), "{shown}");
        assert!(shown.contains("waits for controllers; would hold back 1: apps"), "{shown}");
        assert!(shown.contains("never begins: it waits in a circle"), "{shown}");
        let target = CommandTarget::Object(Env(0), kinds::KUSTOMIZATION.object("flux-system", "controllers"));
        assert_eq!(view.targets(&scene), [target]);
        view.motion(Motion::NextEnvironment, &scene);
        let shown = format!("{:?}", view.waves(&scene));
        assert!(shown.contains("the repository declares no Kustomization for production"), "{shown}");
    }
}
