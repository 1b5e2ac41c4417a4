//! `ResourceSet` objects of flux-operator in the rendered output: their objects are rendered, too.
//!
//! A set waits until everything that its inputs and copies come from is rendered. An unknown object is reported as
//! created on the cluster, and the Kustomization that applies the set is only partly known.

use std::collections::BTreeMap;

use super::finish::Maps;
use super::{Brings, Object, Origin, Rendered, Unseen};
use crate::flux_operator::unfolding::{self, UnfoldedSet, Unfolding};
use crate::flux_operator::{Failed, resource_set};
use crate::model::{Fault, ObjectRef, known};
use crate::repo::effective::{AppliedObject, BuildTask, Effective};
use crate::repo::{FileFault, FluxKustomization};

/// Names a Kustomization: its environment, its name and its namespace.
pub(super) type Key = (String, String, String);

/// Holds a set that is not unfolded yet.
#[derive(Debug, Clone)]
struct Pending {
    set: Object,
    parent: FluxKustomization,
    /// Whether variables of unknown values are in it.
    hidden: bool,
    /// The number of sets above it that created each other.
    depth: usize,
}

/// Holds the sets that are not unfolded yet, and those that are.
#[derive(Debug, Default)]
pub(super) struct Sets {
    pending: Vec<Pending>,
    unfolded: Vec<UnfoldedSet>,
}

/// Describes the result of unfolding a set.
enum SetOutcome {
    /// The objects, each with its step, and the providers of their inputs.
    Objects(Vec<(usize, Object)>, Vec<ObjectRef>),
    /// Something else has to be rendered first.
    Waits,
    /// The result is unknown.
    Failed(Failed),
}

impl Sets {
    /// Replaces the sets from the output of a Kustomization by those of its new output.
    pub(super) fn take(&mut self, parent: &FluxKustomization, objects: &[Object], hidden: bool) {
        self.pending.retain(|one| (&one.parent.env, one.parent.object()) != (&parent.env, parent.object()));
        self.add(parent, objects, hidden, 0);
    }

    /// Keeps only the sets of Kustomizations that pass a test.
    pub(super) fn keep(&mut self, is_so: impl Fn(&FluxKustomization) -> bool) {
        self.pending.retain(|one| is_so(&one.parent));
    }

    /// Adds the sets among objects, with the number of sets above them.
    fn add(&mut self, parent: &FluxKustomization, objects: &[Object], hidden: bool, depth: usize) {
        let sets = objects.iter().filter(|object| object.is(known::OPERATOR, resource_set::KIND));
        self.pending.extend(sets.map(|set| Pending { set: set.clone(), parent: parent.clone(), hidden, depth }));
    }

    /// Unfolds the sets that wait for nothing; at the end (`is_last`) also those that wait in vain. Returns the build
    /// tasks that follow from it, and whether any was unfolded.
    pub(super) fn unfold(
        &mut self,
        done: &mut BTreeMap<Key, Rendered>,
        graph: &mut Effective,
        maps: &mut Maps,
        is_last: bool,
    ) -> (Vec<BuildTask>, bool) {
        let (mut tasks, mut any) = (Vec::new(), false);
        for one in std::mem::take(&mut self.pending) {
            let parent = &one.parent;
            let key = (parent.env.clone(), parent.name.clone(), parent.namespace.clone());
            let made = make(&one, done, is_last);
            if matches!(made, SetOutcome::Waits) {
                self.pending.push(one);
                continue;
            }
            any = true;
            let Some(rendered) = done.get_mut(&key) else { continue };
            match made {
                SetOutcome::Objects(made, providers) => {
                    if made.iter().any(|(_, object)| object.holds_plain_secret()) {
                        rendered.carriers.extend(providers);
                    }
                    let own = made.iter().map(|(step, object)| (*step, &object.object));
                    let unfolded = UnfoldedSet::new(&parent.env, one.set.for_operator(), own);
                    self.unfolded.retain(|other| other.env != parent.env || other.set != unfolded.set);
                    self.unfolded.push(unfolded);
                    let objects: Vec<Object> = made.into_iter().map(|(_, object)| object).collect();
                    maps.take(&parent.env, &objects);
                    tasks.extend(graph.take(parent, objects.iter().map(applied), one.hidden));
                    self.add(parent, &objects, one.hidden, one.depth.saturating_add(1));
                    rendered.objects.extend(objects);
                }
                SetOutcome::Failed(why) => {
                    graph.is_open(parent);
                    let (finding, unseen) = not_unfolded(&one, why);
                    graph.tell(parent, finding);
                    rendered.unseen.push(unseen);
                }
                SetOutcome::Waits => {}
            }
        }
        (tasks, any)
    }
}

impl Sets {
    /// Records in the graph which Kustomizations those from sets wait for.
    pub(super) fn order(&self, graph: &mut Effective) {
        for (env, object, until) in unfolding::order(&self.unfolded) {
            graph.hold_back(env, object, &until);
        }
    }
}

/// Explains why the objects of a set are unknown; it is a finding if flux-operator refuses the set, too.
fn not_unfolded(one: &Pending, why: Failed) -> (Option<FileFault>, Unseen) {
    let Pending { set, parent, .. } = one;
    let name = &set.object.name;
    let (file, line) = (set.origin.file.clone(), set.origin.line);
    let (finding, why) = match why {
        Failed::Refused(why) => {
            let what = format!("ResourceSet {name} of {} cannot be built", parent.env);
            let todo = "correct its inputs or its templates: flux-operator refuses it with these words";
            (Some(FileFault::new(&file, line, Fault::failed(what, why.clone(), todo))), why)
        }
        Failed::Unknown(why) => (None, why),
    };
    let what = format!("what is made on the cluster by ResourceSet {name}");
    // A refused set creates nothing.
    let brings = if finding.is_some() { Brings::Contents } else { Brings::of_set(set) };
    (finding, Unseen { file, what, why: format!("not looked at: {why}"), changes: false, brings, namespace: None })
}

fn make(one: &Pending, done: &BTreeMap<Key, Rendered>, is_last: bool) -> SetOutcome {
    let (set, env) = (&one.set, &one.parent.env);
    let others = || done.values().filter(|rendered| rendered.env == *env).flat_map(|rendered| &rendered.objects);
    let made = match unfolding::unfold(set.for_operator(), one.depth, others().map(Object::for_operator), is_last) {
        Unfolding::Objects(made) => made,
        Unfolding::Waits => return SetOutcome::Waits,
        Unfolding::Failed(why) => return SetOutcome::Failed(why),
    };
    // The provider of each input is unknown: all of the namespace count as one.
    let is_provider = |object: &&Object| {
        object.is(known::OPERATOR, resource_set::PROVIDER) && object.object.namespace == set.object.namespace
    };
    let providers = others().filter(is_provider).map(|provider| provider.object.clone()).collect();
    let mut objects = Vec::new();
    for (step, mut body) in made {
        if let Some((kind, namespace, name)) = resource_set::copies(&body) {
            let source = ObjectRef::new(kind, "", namespace, name);
            match others().find(|other| other.object == source && !other.is_filled_elsewhere()) {
                Some(source) => resource_set::copy(&source.body, &mut body),
                None if is_last => {}
                None => return SetOutcome::Waits,
            }
        }
        let origin = Origin {
            generated: true,
            made_by: Some(set.object.name.clone()),
            file: set.origin.file.clone(),
            line: set.origin.line,
            remote: set.origin.remote.clone(),
        };
        objects.push((step, Object::new(body, origin, set.changed_by.clone())));
    }
    SetOutcome::Objects(objects, providers)
}

/// Converts an object for the graph.
pub(super) fn applied(object: &Object) -> AppliedObject<'_> {
    let origin = &object.origin;
    AppliedObject { object: &object.object, body: &object.body, file: &origin.file, line: origin.line }
}
