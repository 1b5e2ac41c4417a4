//! `fluxdeck tree OBJECT`: the objects that an object becomes, down to its pods.

use clap::Args;

use super::Call;
use super::operate::{named, only_environment};
use crate::lineage::{LineageNode, tree};
use crate::model::Fault;
use crate::model::text::field;

// Flags of `tree`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The object, such as Kustomization/flux-system/apps
    object: String,
}

/// Prints a tree: nested JSON, or indented lines.
///
/// # Errors
/// Fails when the call is wrong or the cluster cannot be queried.
pub(super) fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    let object = named(&arguments.object)?;
    call.block_on(async {
        let session = call.session()?;
        let env = only_environment(call, &session)?;
        let found = tree(&*session.task_context().cluster(env)?, &object).await?;
        call.print(&found, |found| {
            let mut text = String::new();
            write(found, 0, &mut text);
            text
        })?;
        Ok(0)
    })
}

fn write(node: &LineageNode, depth: usize, text: &mut String) {
    text.push_str(&line(node, depth));
    text.push('\n');
    for child in &node.children {
        write(child, depth + 1, text);
    }
}

/// Writes an object on one line: sign, name, note.
pub(super) fn line(node: &LineageNode, depth: usize) -> String {
    let indent = "  ".repeat(depth);
    format!("{indent}{} {}  {}", node.state.sign(), field(&node.object.to_string()), field(&node.note))
        .trim_end()
        .to_owned()
}
