//! `fluxdeck history`: the commits that changed what an object renders to.

use clap::Args;

use super::Call;
use crate::model::text::field;
use crate::model::{Fault, FaultKind, ObjectRef};
use crate::render::history::{ObjectVersion, history};

// Flags of `history`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The object, as Kind/namespace/name; --env says of which environment
    object: String,
    /// How many commits are looked at, of those that touched a file of its Kustomization
    #[arg(long, default_value_t = 30, value_name = "N")]
    count: usize,
    /// Only name the commits, without what they changed
    #[arg(long)]
    brief: bool,
}

/// Prints the commits, newest first.
///
/// # Errors
/// Fails when there is no repository, no object of the name, or nothing renders.
pub(super) fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    let snapshot = super::open::repository(&call.global)?;
    let wrong = |why: String, todo: &str| {
        Fault::new(FaultKind::Usage, format!("{} has no history", arguments.object), why, todo)
    };
    let object: ObjectRef =
        arguments.object.parse().map_err(|why| wrong(why, "`fluxdeck objects` lists the objects"))?;
    let names: Vec<&str> = snapshot.environments.iter().map(|known| known.name.as_str()).collect();
    let env = match (call.global.env.as_deref(), names.as_slice()) {
        (Some(env), _) => env,
        (None, [only]) => only,
        _ => {
            return Err(wrong(
                format!("there is more than one environment: {}", names.join(", ")),
                "name one with --env",
            ));
        }
    };
    let (found, now) = call.renderer.with(|renderer| history(&snapshot, env, &object, arguments.count, renderer))?;
    if found.is_empty() && now.find(env, &object).is_none() {
        return Err(super::where_::nowhere(&arguments.object, &now, &|name| name == env));
    }
    call.print(&found, |found| text(found, arguments.brief))?;
    if found.is_empty() {
        call.remark("none of the commits that were looked at changed it; --count looks further back");
    }
    Ok(0)
}

fn text(found: &[ObjectVersion], brief: bool) -> String {
    let mut lines = Vec::new();
    for one in found {
        let at = one.at.map(|at| at.to_string()).unwrap_or_default();
        let commit = one.commit.get(..7).unwrap_or(&one.commit);
        lines.push(format!("{commit}  {at}  {}  {}", field(&one.author), field(&one.subject)));
        if !brief {
            lines.extend(one.change.diff.lines().map(|line| format!("    {line}")));
        }
    }
    lines.join("\n")
}
