//! From diagnoses and symptoms to root causes: consequences hang under their cause.

use std::collections::{BTreeMap, BTreeSet};

use super::by_hand::{CHANGED_BY_HAND, add_hand_changes};
use super::causes;
use super::diagnosis::Diagnosis;
use super::graph::LiveGraph;
use super::lacking::traced;
use super::links::Links;
use super::message::short;
use super::symptom::{Symptom, symptoms};
use crate::model::{ObjectRef, State};

/// The cause of a failure that no other cause explains.
pub(super) const NOT_RECOGNISED: &str = "not-recognised";

/// Holds the root causes, and the number of objects that are not well.
pub(super) struct Conclusion {
    pub(super) roots: Vec<Diagnosis>,
    pub(super) symptoms: usize,
}

/// Asks every cause what it finds. What it still asks for changes that: it is joined once nothing is open.
pub(super) fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let mut found: Vec<Diagnosis> = Vec::new();
    let mut at: BTreeMap<(&'static str, ObjectRef), usize> = BTreeMap::new();
    for diagnosis in causes::all().flat_map(|cause| (cause.find)(graph)) {
        let key = (diagnosis.cause, diagnosis.object.clone());
        if let Some(known) = at.get(&key).and_then(|index| found.get_mut(*index)) {
            known.merge(diagnosis);
        } else {
            at.insert(key, found.len());
            found.push(diagnosis);
        }
    }
    found
}

/// Joins what causes found with what is not well.
pub(super) fn conclude(graph: &LiveGraph, found: Vec<Diagnosis>) -> Conclusion {
    let mut found: Vec<Diagnosis> = found.into_iter().map(|one| traced(graph, one)).collect();
    let symptoms = symptoms(graph);
    let diagnosed: BTreeSet<&ObjectRef> =
        found.iter().flat_map(|one| one.explains.iter().chain([&one.object])).collect();
    let unexplained: Vec<Diagnosis> = symptoms
        .iter()
        .filter(|one| one.needs_cause() && !diagnosed.contains(&one.object))
        .map(|symptom| not_recognised(graph, symptom))
        .collect();
    found.extend(unexplained);
    let roots = join(graph, found, &symptoms);
    Conclusion { roots, symptoms: symptoms.len() }
}

/// Finds the root causes in what was read so far, the worst first.
pub fn roots(graph: &LiveGraph) -> Vec<Diagnosis> {
    conclude(graph, find(graph)).roots
}

/// Tells honestly that a failure is not recognised, with the raw text.
fn not_recognised(graph: &LiveGraph, symptom: &Symptom) -> Diagnosis {
    let object = &symptom.object;
    let said = match short(&symptom.message) {
        said if said.is_empty() => "its status says nothing".to_owned(),
        said => said,
    };
    let message = format!("{} {}, and the cause is not recognised: {said}", object.told(), symptom.state.word());
    Diagnosis::new(NOT_RECOGNISED, object, message)
        .seen(symptom.message.clone(), symptom.since, object.told())
        .look_at(graph.describe(object))
        .unless_deeper()
}

/// Knows which diagnoses stand at which objects, and what each rests on, all by number.
struct Joined<'a> {
    links: Links<'a>,
    found: &'a [Diagnosis],
    /// The diagnoses at each object of interest.
    at: Vec<Vec<usize>>,
    /// The diagnoses that each one rests on, sorted.
    below: Vec<Vec<usize>>,
    /// Where a way ends: at the first object whose own cause is known.
    settled: Vec<bool>,
}

impl<'a> Joined<'a> {
    fn of(graph: &LiveGraph, found: &'a [Diagnosis], symptoms: &'a [Symptom]) -> Self {
        let objects = found.iter().flat_map(|one| one.explains.iter().chain([&one.object]));
        let interest = objects.chain(symptoms.iter().map(|symptom| &symptom.object));
        let explained = found.iter().flat_map(|one| {
            let brought = one.rests_on.iter().map(|other| (&one.object, other));
            one.explains.iter().map(|object| (object, &one.object)).chain(brought)
        });
        let links = Links::among(graph, interest, explained);
        let mut at = vec![Vec::new(); links.objects().len()];
        for (index, one) in found.iter().enumerate() {
            for object in one.explains.iter().chain([&one.object]) {
                if let Some(own) = links.number(object).and_then(|number| at.get_mut(number)) {
                    own.push(index);
                }
            }
        }
        let is_settled = |own: &Vec<usize>| own.iter().any(|index| found.get(*index).is_some_and(|one| !one.gives_way));
        let settled = at.iter().map(is_settled).collect();
        let mut joined = Self { links, found, at, below: Vec::new(), settled };
        joined.below = found.iter().enumerate().map(|(index, one)| joined.below(index, one)).collect();
        joined
    }

    /// Finds the diagnoses of what an object of interest rests on.
    fn reached(&self, number: usize) -> Vec<usize> {
        let ends = self.links.reach(number, &self.settled);
        let mut found: Vec<usize> = ends.iter().filter_map(|end| self.at.get(*end)).flatten().copied().collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    fn at(&self, number: usize) -> impl Iterator<Item = usize> {
        self.at.get(number).into_iter().flatten().copied()
    }

    fn below(&self, index: usize, one: &Diagnosis) -> Vec<usize> {
        let Some(number) = self.links.number(&one.object).filter(|_| one.gives_way) else { return Vec::new() };
        let is_better = |other: &usize| {
            self.found.get(*other).is_some_and(|other| !other.gives_way || (one.only_sums_up && !other.only_sums_up))
        };
        let mut below = self.reached(number);
        below.extend(self.at(number).filter(is_better));
        below.retain(|other| *other != index);
        below.sort_unstable();
        below.dedup();
        below
    }

    fn rests_on(&self, index: usize) -> &[usize] {
        self.below.get(index).map(Vec::as_slice).unwrap_or_default()
    }

    /// Tells whether a diagnosis is a root. One that gives way stays where it rests on nothing else, or only on what
    /// rests on it too.
    fn is_root(&self, index: usize) -> bool {
        self.rests_on(index).iter().all(|other| self.rests_on(*other).binary_search(&index).is_ok())
    }

    /// Finds the roots, less those that what is on its way explains: what waits for it needs no cause yet.
    fn roots(&self, symptoms: &[Symptom]) -> BTreeSet<usize> {
        let mut progressing = vec![false; self.links.objects().len()];
        let mut waits = vec![false; self.links.objects().len()];
        for symptom in symptoms {
            let Some(number) = self.links.number(&symptom.object) else { continue };
            for (marks, is_so) in [(&mut progressing, symptom.state == State::Progressing), (&mut waits, symptom.waits)]
            {
                if let Some(mark) = marks.get_mut(number) {
                    *mark |= is_so;
                }
            }
        }
        let is_coming = |one: &Diagnosis| {
            let number = self.links.number(&one.object).filter(|number| waits.get(*number) == Some(&true));
            let reach = number.map(|number| self.links.reach(number, &[])).unwrap_or_default();
            reach.into_iter().any(|number| progressing.get(number) == Some(&true))
        };
        let is_early = |index: usize| {
            self.rests_on(index).is_empty()
                && self.found.get(index).is_some_and(|one| one.cause == NOT_RECOGNISED && is_coming(one))
        };
        (0..self.found.len()).filter(|index| self.is_root(*index) && !is_early(*index)).collect()
    }

    /// Finds what each root holds back, by number.
    fn held(&self, roots: &BTreeSet<usize>, symptoms: &[Symptom]) -> BTreeMap<usize, BTreeSet<usize>> {
        let mut held: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        let mut hang = |root: usize, number: usize| {
            let own = self.found.get(root).and_then(|one| self.links.number(&one.object));
            if roots.contains(&root) && own != Some(number) {
                held.entry(root).or_default().insert(number);
            }
        };
        for (index, one) in self.found.iter().enumerate().filter(|(index, _)| !roots.contains(index)) {
            let Some(number) = self.links.number(&one.object) else { continue };
            for root in self.rests_on(index) {
                hang(*root, number);
            }
        }
        for symptom in symptoms {
            let Some(number) = self.links.number(&symptom.object) else { continue };
            // Where a deeper cause replaces the one that explains it, that one holds it.
            let own: BTreeSet<usize> = self
                .at(number)
                .flat_map(|index| if roots.contains(&index) { vec![index] } else { self.rests_on(index).to_vec() })
                .filter(|index| roots.contains(index))
                .collect();
            if own.is_empty() {
                for root in self.reached(number) {
                    hang(root, number);
                }
            } else {
                for root in own {
                    hang(root, number);
                }
            }
        }
        held
    }
}

fn join(graph: &LiveGraph, found: Vec<Diagnosis>, symptoms: &[Symptom]) -> Vec<Diagnosis> {
    let joined = Joined::of(graph, &found, symptoms);
    let roots = joined.roots(symptoms);
    let held = joined.held(&roots, symptoms);
    let mut told: BTreeMap<usize, Diagnosis> = BTreeMap::new();
    for index in &roots {
        let Some(mut one) = found.get(*index).cloned() else { continue };
        let numbers = held.get(index).into_iter().flatten();
        one.blocks =
            numbers.filter_map(|number| joined.links.objects().get(*number)).map(|one| (*one).clone()).collect();
        told.insert(*index, one);
    }
    // What a consequence needs once its cause is mended, such as the reset of a release. Its other remedies are for causes of
    // its own: on a lost node nobody changes the strategy of a Deployment.
    // What was changed by hand is told where it concerns the cause.
    let is_consequence = |(index, one): &(usize, &Diagnosis)| !roots.contains(index) && one.cause != CHANGED_BY_HAND;
    for (index, one) in found.iter().enumerate().filter(is_consequence) {
        for root in joined.rests_on(index) {
            if let Some(root) = told.get_mut(root) {
                let is_of_root = root.object == one.object;
                root.take_fixes(one.fix.iter().filter(|remedy| is_of_root || remedy.is_retry()).cloned());
            }
        }
    }
    for root in told.values_mut() {
        add_hand_changes(graph, root);
    }
    let mut told: Vec<Diagnosis> = told.into_values().map(Diagnosis::bounded).collect();
    told.sort_by(|a, b| {
        (a.severity, b.blocks.len(), a.cause, &a.object).cmp(&(b.severity, a.blocks.len(), b.cause, &b.object))
    });
    told
}
