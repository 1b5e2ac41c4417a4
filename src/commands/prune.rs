//! The objects that are deleted together with a Kustomization: those that it applied, and those that the Kustomizations
//! among them applied.
//!
//! kustomize-controller deletes the inventory of a Kustomization that is deleted, unless it is suspended, does not
//! prune or orphans it: <https://fluxcd.io/flux/components/kustomize/kustomizations/#deletion-policy>.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::app::Facts;
use crate::model::{Env, ObjectRef};
use crate::repo::Role;

/// The number of kinds in a summary.
const NAMED: usize = 6;

/// Holds the objects that are deleted together with a Kustomization.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Taken {
    /// Whether it applies itself: then nothing remains to create it again.
    pub(super) itself: bool,
    /// The number of objects of each kind.
    kinds: BTreeMap<String, usize>,
    /// Whether the cluster reports them; else the repository declares them.
    live: bool,
}

impl Taken {
    /// Tells whether other Kustomizations are among them.
    pub(super) fn holds_others(&self) -> bool {
        self.kinds.contains_key("Kustomization")
    }

    /// Counts the objects: `41 objects (Deployment 12, Service 9, ...)`.
    pub(super) fn summary(&self) -> String {
        let all: usize = self.kinds.values().sum();
        let mut kinds: Vec<(&String, &usize)> = self.kinds.iter().collect();
        kinds.sort_by(|one, two| two.1.cmp(one.1).then(one.0.cmp(two.0)));
        let more = if kinds.len() > NAMED { ", and others" } else { "" };
        let named: Vec<String> = kinds.iter().take(NAMED).map(|(kind, count)| format!("{kind} {count}")).collect();
        let from = if self.live { "" } else { ", as the repository declares" };
        let objects = if all == 1 { "object" } else { "objects" };
        format!("{all} {objects} ({}{more}{from})", named.join(", "))
    }
}

/// Finds the objects that are deleted together with an object; `None` if it is no Kustomization, or its objects are
/// unknown.
pub(super) fn taken(facts: &Facts, env: Env, object: &ObjectRef) -> Option<Taken> {
    if !is_kustomization(object) {
        return None;
    }
    let mut taken = Taken { live: true, ..Taken::default() };
    let mut seen = BTreeSet::new();
    let mut open = VecDeque::from([object.clone()]);
    while let Some(one) = open.pop_front() {
        if !seen.insert((one.namespace.clone(), one.name.clone())) {
            continue;
        }
        let (applied, live) = applied(facts, env, &one);
        taken.live &= live;
        for other in applied {
            let known = is_kustomization(&other);
            if known && (&other.namespace, &other.name) == (&object.namespace, &object.name) {
                taken.itself = true;
                continue;
            }
            if known && seen.contains(&(other.namespace.clone(), other.name.clone())) {
                continue;
            }
            *taken.kinds.entry(other.typed_kind()).or_default() += 1;
            if known {
                open.push_back(other);
            }
        }
    }
    (taken.itself || !taken.kinds.is_empty()).then_some(taken)
}

/// Lists the objects of a Kustomization, by its inventory, else by the repository; tells whether it was the inventory.
fn applied(facts: &Facts, env: Env, object: &ObjectRef) -> (Vec<ObjectRef>, bool) {
    let inventory = facts.row(env, object).and_then(|row| row.flux.as_ref()).map(|flux| &flux.inventory);
    if let Some(inventory) = inventory.filter(|inventory| !inventory.is_empty()) {
        return (inventory.iter().filter_map(|id| ObjectRef::from_inventory(id)).collect(), true);
    }
    let feeds = facts.repository.as_ref().map(|snapshot| &snapshot.feeds);
    let feed = feeds.and_then(|feeds| {
        let is_its = |name: &str, namespace: &str| name == object.name && namespace == object.namespace;
        feeds.iter().find(|feed| feed.env == facts.name(env) && is_its(&feed.name, &feed.namespace))
    });
    let declared = feed.map(|feed| feed.declared.iter().filter(|one| one.role == Role::Resource));
    (declared.into_iter().flatten().map(|one| one.object.clone()).collect(), false)
}

fn is_kustomization(object: &ObjectRef) -> bool {
    crate::kinds::KUSTOMIZATION.is(object)
}

#[cfg(test)]
mod tests {
    use super::taken;
    use crate::app::test_support::facts;
    use crate::app::{Facts, KindTable};
    use crate::model::{Connection, Env, FluxFacts, Labels, ObjectRef, Row, RowKey, State};

    fn kustomization(name: &str) -> ObjectRef {
        ObjectRef::bare("Kustomization", "flux-system", name)
    }

    fn with(inventories: &[(&str, &[&str])]) -> Facts {
        let mut facts = facts();
        let rows = inventories.iter().map(|(name, ids)| {
            let key = RowKey { namespace: "flux-system".into(), name: (*name).into() };
            let inventory = ids.iter().map(|id| (*id).into()).collect();
            let flux = FluxFacts { inventory, ..FluxFacts::default() };
            Row {
                key,
                state: State::Ready,
                message: "".into(),
                cells: Box::new([]),
                created: None,
                note: None,
                labels: Labels::default(),
                since: None,
                flux: Some(Box::new(flux)),
            }
        });
        let table = KindTable { link: Connection::Live, rows: rows.collect(), generation: 0 };
        facts.tables.get_mut(Env(1)).unwrap().insert(crate::kinds::KUSTOMIZATION.group_kind(), table);
        facts
    }

    const OWN: &str = "flux-system_flux-system_kustomize.toolkit.fluxcd.io_Kustomization";
    const APPS: &str = "flux-system_apps_kustomize.toolkit.fluxcd.io_Kustomization";

    #[test]
    fn a_root_takes_itself_and_all_that_the_others_applied() {
        let facts = with(&[
            ("flux-system", &[OWN, APPS, "_flux-system__Namespace"]),
            ("apps", &["web_web_apps_Deployment", "web_db_apps_Deployment", OWN]),
        ]);
        let root = taken(&facts, Env(1), &kustomization("flux-system")).unwrap();
        assert!(root.itself && root.holds_others());
        assert_eq!(root.summary(), "4 objects (Deployment 2, Kustomization 1, Namespace 1)");
        let apps = taken(&facts, Env(1), &kustomization("apps")).unwrap();
        assert!(apps.holds_others(), "it applies the root, which applies all");
        let foreign = ObjectRef::new("Kustomization", "kustomize.config.k8s.io", "flux-system", "flux-system");
        assert_eq!(taken(&facts, Env(1), &foreign), None);
        assert_eq!(taken(&facts, Env(0), &kustomization("flux-system")), None, "nothing is known of it there");
    }
}
