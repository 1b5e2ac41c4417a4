//! `fluxdeck orphans`: live objects that neither Git, nor Helm, nor an operator explains.

use clap::Args;
use serde::Serialize;

use super::Call;
use super::call::columns;
use crate::model::text::field;
use crate::model::{Fault, without_keys};
use crate::orphans::{FoundOrphans, Orphan, find};

// Flags of `orphans`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only in this namespace; objects of cluster scope are left out
    #[arg(long, short = 'n')]
    namespace: Option<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Line {
    Orphan {
        env: String,
        #[serde(flatten)]
        orphan: Orphan,
    },
    Error {
        env: String,
        error: String,
    },
}

/// Lists the orphans of every environment, by kind, namespace and name.
///
/// # Errors
/// Fails when a setting is wrong. An environment that cannot be reached is listed with its error and makes the exit
/// code 4; one that may not be read, 1.
pub(super) fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    call.block_on(async {
        let session = call.session()?;
        let context = session.task_context();
        let mut searches = Vec::new();
        for environment in call.environments(&session) {
            let cluster = context.cluster(environment.env);
            searches.push(async move {
                let found = match cluster {
                    Ok(cluster) => find(&cluster).await,
                    Err(fault) => Err(fault),
                };
                (environment.name.clone(), found)
            });
        }
        let (mut lines, mut code, mut is_whole) = (Vec::new(), 0, true);
        for (env, found) in futures::future::join_all(searches).await {
            match found {
                Ok(found) => {
                    remark(call, &env, &found);
                    is_whole &= found.unlisted.is_empty();
                    let is_wanted = |orphan: &Orphan| {
                        arguments.namespace.as_deref().is_none_or(|wanted| wanted == orphan.object.namespace)
                    };
                    let orphans = found.orphans.into_iter().filter(is_wanted);
                    lines.extend(orphans.map(|orphan| Line::Orphan { env: env.clone(), orphan }));
                }
                Err(fault) => {
                    code = code.max(fault.kind.exit_code());
                    lines.push(Line::Error {
                        env,
                        error: format!("{}: {}; {}", fault.what, fault.why, without_keys(&fault.todo)),
                    });
                }
            }
        }
        call.print(&lines, |lines| text(lines, is_whole))?;
        Ok(code)
    })
}

/// Tells which kinds were passed over.
fn remark(call: &Call, env: &str, found: &FoundOrphans) {
    for one in &found.unlisted {
        call.remark(&format!("{}: {} was not looked at: {}", field(env), field(&one.kind), field(&one.why)));
    }
}

fn text(lines: &[Line], is_whole: bool) -> String {
    let mut table = vec![["ENV", "OBJECT", "SINCE", "BY", "WHY"].map(str::to_owned).to_vec()];
    let mut errors = String::new();
    for line in lines {
        match line {
            Line::Orphan { env, orphan } => table.push(vec![
                env.clone(),
                orphan.object.to_string(),
                orphan.since.map(|since| since.to_string()).unwrap_or_default(),
                orphan.by.clone(),
                orphan.why.clone(),
            ]),
            Line::Error { env, error } => errors.extend([&*field(env), ": ", &*field(error), "\n"]),
        }
    }
    let found = match (table.len(), errors.is_empty()) {
        (1, true) if !is_whole => "nothing is left over among the objects that could be listed\n".to_owned(),
        (1, true) => "nothing is left over: Git, Helm, Kubernetes or an operator explains every object\n".to_owned(),
        (1, false) => String::new(),
        _ => columns(&table),
    };
    found + &errors
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use clap::Parser as _;

    use crate::cli::{Arguments, Call, demo};
    use crate::orphans::find;
    use crate::theme::Depth;

    #[test]
    fn nothing_in_the_healthy_demo_is_an_orphan() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let call = Call::new(Arguments::parse_from(["fluxdeck"]).flags.global);
            let session = Arc::new(demo::session("healthy", &call, demo::snapshot_clock().unwrap()).unwrap());
            let mut app = call.app(&session, Depth::None).unwrap();
            let _drawn = crate::runtime::snapshot(&mut app, Arc::clone(&session), &[], (120, 36)).await.unwrap();
            let context = session.task_context();
            for known in &session.environments {
                let found = find(&context.cluster(known.env).unwrap()).await.unwrap();
                assert_eq!(found.orphans, Vec::new(), "{}", known.name);
                assert_eq!(found.unlisted, Vec::new());
                assert!(found.looked_at > 100, "{}", found.looked_at);
            }
        });
    }
}
