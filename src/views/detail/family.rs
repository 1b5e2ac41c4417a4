//! The tab of the tree: the origin of the object, up to the commit, and the objects that it creates, down to its pods.

use crate::app::health::state_scope;
use crate::app::{CommandTarget, Task};
use crate::lineage::{Lineage, LineageNode, trace, tree};
use crate::model::{Env, Fault, ObjectRef, revision};
use crate::theme::Scope;
use crate::views::parts::loaded::Loaded;
use crate::views::parts::page::PageLine;

/// Holds origin and descendants.
#[derive(Debug)]
pub(in crate::views) struct Family {
    origin: Lineage,
    tree: LineageNode,
}

/// Answers the task, with the environment of the request.
pub(in crate::views) struct FamilyAnswer(pub Env, pub Result<Family, Fault>);

#[cfg(test)]
impl Family {
    /// Builds both from the values of a test.
    pub(in crate::views) fn new(origin: Lineage, tree: LineageNode) -> Self {
        Self { origin, tree }
    }
}

/// Builds the task that reads both: it needs a request or more for each object, so it runs only once the tab is open.
pub(in crate::views) fn task(env: Env, object: &ObjectRef) -> Task {
    let object = object.clone();
    Task::once(format!("tree of {object}"), move |task_context| async move {
        let read = async {
            let cluster = task_context.cluster(env)?;
            let (origin, tree) = tokio::join!(trace(&cluster, &object), tree(&cluster, &object));
            Ok(Family { origin: origin?, tree: tree? })
        };
        FamilyAnswer(env, read.await)
    })
}

/// Writes the tab.
pub(in crate::views) fn lines(env: Env, family: &Loaded<Family>) -> Vec<PageLine> {
    let Some(Family { origin, tree }) = &family.value else { return family.in_place() };
    let mut lines = vec![PageLine::heading("comes from")];
    if let Some(revision) = &origin.revision {
        let commit = revision::commit(revision).map(|hash| CommandTarget::Commit(Some(env), hash.to_owned()));
        lines.push(PageLine::cut(format!("  {revision}"), Scope::Git).opens(commit));
    }
    lines.extend(origin.chain.iter().skip(1).rev().map(|node| line(env, node, 0)));
    if lines.len() == 1 {
        lines.push(PageLine::cut("  nothing says who made it", Scope::Dim));
    }
    lines.push(PageLine::heading(String::new()));
    lines.push(PageLine::heading("becomes"));
    branch(env, tree, 0, &mut lines);
    lines
}

fn branch(env: Env, node: &LineageNode, depth: usize, lines: &mut Vec<PageLine>) {
    lines.push(line(env, node, depth));
    for child in &node.children {
        branch(env, child, depth + 1, lines);
    }
}

fn line(env: Env, node: &LineageNode, depth: usize) -> PageLine {
    let object = &node.object;
    let name =
        if object.namespace.is_empty() { object.name.clone() } else { format!("{}/{}", object.namespace, object.name) };
    PageLine::cut(node.note.clone(), Scope::Dim)
        .after(format!("{name}  "), Scope::Text)
        .after(format!("{} ", object.kind), Scope::Title)
        .after(format!("{}{} ", "  ".repeat(depth + 1), node.state.sign()), state_scope(node.state))
        .opens(Some(CommandTarget::Object(env, object.clone())))
}
