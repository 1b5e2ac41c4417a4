//! A set with the objects around it: the objects that it renders, and their dependencies.

use serde_json::Value as Json;

use super::resource_set::{self, InputsFrom, PROVIDER};
use super::{Failed, OperatorObject};
use crate::model::{ObjectRef, known};

/// The greatest depth of sets that render sets: one that renders itself would never end.
pub const DEEPEST: usize = 4;

/// Holds the result of unfolding a set.
#[derive(Debug)]
pub enum Unfolding {
    /// The objects, each with its step.
    Objects(Vec<(usize, Json)>),
    /// Another object must be known first.
    Waits,
    /// The objects are not known.
    Failed(Failed),
}

/// Unfolds a set, `depth` sets below one of the repository, with the objects of its environment that are known so far;
/// `is_last` says that no more will come.
pub fn unfold<'a>(
    set: OperatorObject<'a>,
    depth: usize,
    known: impl Iterator<Item = OperatorObject<'a>> + Clone,
    is_last: bool,
) -> Unfolding {
    if depth > DEEPEST {
        return Unfolding::Failed(Failed::Unknown(format!("more than {DEEPEST} sets make one another")));
    }
    let own = set.object.namespace.as_str();
    let near = known.filter(|object| object.is(PROVIDER) && object.object.namespace == own);
    let mut providers = Vec::new();
    for from in resource_set::references(set) {
        match from {
            InputsFrom::Named(name) => match near.clone().find(|provider| provider.object.name == name) {
                Some(provider) => providers.push(provider),
                None if is_last => {
                    let why = format!("its inputs come from {PROVIDER} {name}, which is not in the repository");
                    return Unfolding::Failed(Failed::Unknown(why));
                }
                None => return Unfolding::Waits,
            },
            InputsFrom::Selected(_) if !is_last => return Unfolding::Waits,
            InputsFrom::Selected(selector) => {
                providers.extend(near.clone().filter(|object| resource_set::selects(selector, *object)));
            }
        }
    }
    match resource_set::build(set, &providers) {
        Ok(mut made) => {
            for (_, body) in &mut made {
                resource_set::share_metadata(set, body);
            }
            Unfolding::Objects(made)
        }
        Err(why) => Unfolding::Failed(why),
    }
}

/// Holds the Kustomizations of a set, each with its step.
#[derive(Debug, Clone)]
pub struct UnfoldedSet {
    /// The environment.
    pub env: String,
    /// The set.
    pub set: ObjectRef,
    made: Vec<(usize, ObjectRef)>,
    awaited: Vec<ObjectRef>,
    waits: bool,
}

impl UnfoldedSet {
    /// Collects the Kustomizations of a set.
    pub fn new<'a>(env: &str, set: OperatorObject<'_>, made: impl Iterator<Item = (usize, &'a ObjectRef)>) -> Self {
        let made = made.filter(|(_, object)| is_kustomization(object)).map(|(step, object)| (step, object.clone()));
        Self {
            env: env.to_owned(),
            set: set.object.clone(),
            made: made.collect(),
            awaited: resource_set::awaited(set),
            waits: resource_set::waits(set),
        }
    }
}

fn is_kustomization(object: &ObjectRef) -> bool {
    object.group == known::KUSTOMIZE && object.kind == "Kustomization"
}

/// Returns the dependencies of the Kustomizations of sets, by environment: the Kustomizations of an earlier step, and
/// the dependencies of their set.
pub fn order(sets: &[UnfoldedSet]) -> Vec<(&str, &ObjectRef, Vec<ObjectRef>)> {
    let mut told = Vec::new();
    for one in sets {
        let mut before: Vec<ObjectRef> = Vec::new();
        for awaited in &one.awaited {
            if awaited.group != known::OPERATOR {
                before.push(awaited.clone());
                continue;
            }
            let others = sets.iter().filter(|other| other.env == one.env && other.set == *awaited && other.waits);
            before.extend(others.flat_map(|other| &other.made).map(|(_, object)| object.clone()));
        }
        before.retain(|object| object.group == known::KUSTOMIZE);
        for (step, object) in &one.made {
            let earlier = one.made.iter().filter(|(other, _)| other < step).map(|(_, object)| object.clone());
            told.push((one.env.as_str(), object, earlier.chain(before.iter().cloned()).collect()));
        }
    }
    told
}
