//! Rendering round by round: what a Kustomization renders to says which others there are, and what they are.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::finish::{Maps, finish, named};
use super::gather::Gatherer;
use super::substitute::Named;
use super::{Job, Object, Rendered, Renderer, Rendering, Tool, Unseen, scope};
use crate::model::{Fault, ObjectRef};
use crate::repo::Snapshot;
use crate::repo::effective::{Applied, Effective, Task};

/// So often everything is followed anew because variables turned out to be others than they seemed: those of one Kustomization may stand in a
/// ConfigMap that another one renders, with variables of its own.
const PASSES: usize = 4;

/// Names a Kustomization: its environment, its name and its namespace.
type Key = (String, String, String);

/// Holds what was looked up on the way: the environment, the object, and what it was taken to define.
type Used = Vec<(String, ObjectRef, Option<Named>)>;

impl Renderer {
    /// Renders what the environments' entry folders apply, all the way.
    pub(super) fn rounds(&mut self, snapshot: &Snapshot, root: &Path, tool: &Tool) -> Result<Rendering, Fault> {
        let mut gatherer = Gatherer::new(root);
        let mut maps = Maps::of(root);
        let (mut rendering, mut used) = self.pass(snapshot, root, tool, &mut gatherer, &mut maps)?;
        for _ in 1..PASSES {
            if used.iter().all(|(env, object, known)| maps.get(env, object) == known.as_ref()) {
                break;
            }
            (rendering, used) = self.pass(snapshot, root, tool, &mut gatherer, &mut maps)?;
        }
        Ok(rendering)
    }

    fn pass(
        &mut self,
        snapshot: &Snapshot,
        root: &Path,
        tool: &Tool,
        gatherer: &mut Gatherer<'_>,
        maps: &mut Maps,
    ) -> Result<(Rendering, Used), Fault> {
        let (mut graph, mut tasks) = Effective::begin(snapshot);
        let mut done: BTreeMap<Key, Rendered> = BTreeMap::new();
        let mut waiting: Vec<(Task, Rendered)> = Vec::new();
        let mut used = Vec::new();
        loop {
            for (task, rendered) in self.build_tasks(root, tool, tasks, gatherer)? {
                maps.offer(&rendered.env, &rendered.objects);
                waiting.push((task, rendered));
            }
            // Whoever waits for variables that another one may render lets all the others go first.
            let is_ready = |(task, _): &(Task, Rendered)| {
                let one = &task.one;
                named(&one.spec, &one.namespace).iter().all(|(object, _)| maps.get(&one.env, object).is_some())
            };
            let (mut ready, rest): (Vec<_>, Vec<_>) = waiting.into_iter().partition(is_ready);
            waiting = rest;
            if ready.is_empty() {
                ready = std::mem::take(&mut waiting);
            }
            tasks = Vec::new();
            for (task, mut rendered) in ready {
                let one = &task.one;
                let mut hidden = false;
                for (object, optional) in named(&one.spec, &one.namespace) {
                    let known = maps.get(&one.env, &object).cloned();
                    hidden |= known.as_ref().map_or(!optional, |known| known.values().any(Option::is_none));
                    used.push((one.env.clone(), object, known));
                }
                finish(&mut rendered, one, maps);
                maps.take(&one.env, &rendered.objects);
                tasks.extend(next(&mut graph, &task, &mut rendered, hidden));
                done.insert((one.env.clone(), one.name.clone(), one.namespace.clone()), rendered);
            }
            if tasks.is_empty() && waiting.is_empty() {
                tasks = graph.fall_back();
                if tasks.is_empty() {
                    break;
                }
            }
        }
        let mut of: Vec<Rendered> = done.into_values().collect();
        scope::settle(&mut of);
        Ok((Rendering { of, graph: Arc::new(graph.finish()) }, used))
    }

    fn build_tasks(
        &mut self,
        root: &Path,
        tool: &Tool,
        tasks: Vec<Task>,
        gatherer: &mut Gatherer<'_>,
    ) -> Result<Vec<(Task, Rendered)>, Fault> {
        let mut jobs = Vec::new();
        for task in tasks.iter().filter(|task| task.unknown.is_none()) {
            jobs.push(Job::new(tool, &task.one, &task.feed, gatherer));
        }
        self.build(root, tool, &jobs)?;
        let mut rendered = jobs.iter().map(|job| self.rendered(job)).collect::<Vec<_>>().into_iter();
        drop(jobs);
        let mut found = Vec::new();
        for task in tasks {
            let one = match &task.unknown {
                None => rendered.next().unwrap_or_default(),
                Some(why) => unseen(&task, why),
            };
            found.push((task, one));
        }
        Ok(found)
    }
}

/// Says of a Kustomization that it was not looked at.
fn unseen(task: &Task, why: &str) -> Rendered {
    let one = &task.one;
    Rendered {
        env: one.env.clone(),
        namespace: one.namespace.clone(),
        name: one.name.clone(),
        unseen: vec![Unseen {
            file: one.file.clone(),
            what: format!("Kustomization {}", one.name),
            why: why.to_owned(),
            changes: false,
        }],
        ..Rendered::default()
    }
}

/// Takes the next ones out of what a Kustomization renders to.
fn next(graph: &mut Effective, task: &Task, rendered: &mut Rendered, hidden: bool) -> Vec<Task> {
    let one = &task.one;
    rendered.unsure.clone_from(&one.unsure);
    if rendered.finding.is_some() {
        graph.is_broken(one);
        // What rests on something broken is not told to be broken as well.
        rendered.finding.take_if(|_| one.unsure.is_some());
        return Vec::new();
    }
    if !rendered.is_whole() {
        graph.is_open(one);
    }
    graph.take(one, rendered.objects.iter().map(applied), hidden)
}

fn applied(object: &Object) -> Applied<'_> {
    let origin = &object.origin;
    Applied { object: &object.object, body: &object.body, file: &origin.file, line: origin.line }
}
