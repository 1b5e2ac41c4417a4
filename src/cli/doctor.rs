//! `fluxdeck doctor`: the root cause of every failure, with its evidence and its remedy.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use futures::FutureExt as _;
use jiff::Timestamp;
use serde::Serialize;

use super::Call;
use super::operate::named;
use crate::app::TaskContext;
use crate::check::{Severity, Survey};
use crate::doctor::{Diagnosis, Evidence, Examination, ManifestOrigin, Remedy, examine, join};
use crate::model::clock::age;
use crate::model::text::{field, message};
use crate::model::{Env, Environment, Fault, FaultKind, ObjectRef, without_keys};
use crate::render::Stop;

// Flags of `doctor`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Why this object is not ready, such as Kustomization/flux-system/apps
    object: Option<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Line {
    Root(Box<Entry>),
    Error { env: String, error: String },
}

#[derive(Serialize)]
struct Entry {
    cause: &'static str,
    severity: Severity,
    env: String,
    object: String,
    root: bool,
    message: String,
    evidence: Vec<Evidence>,
    look_at: Vec<String>,
    fix: Vec<Remedy>,
    docs: Vec<String>,
    blocks: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    or: Vec<&'static str>,
    origin: Option<ManifestOrigin>,
}

impl Entry {
    fn new(env: &str, diagnosis: Diagnosis) -> Self {
        Self {
            cause: diagnosis.cause,
            severity: diagnosis.severity,
            env: env.to_owned(),
            object: diagnosis.object.to_string(),
            root: true,
            message: diagnosis.message,
            evidence: diagnosis.evidence,
            look_at: diagnosis.look_at.iter().map(|line| line.as_str().to_owned()).collect(),
            fix: diagnosis.fix,
            docs: diagnosis.docs,
            blocks: diagnosis.blocks.iter().map(ToString::to_string).collect(),
            or: diagnosis.or,
            origin: diagnosis.origin,
        }
    }
}

/// Prints the root causes, worst first; ends with 1 while there is one.
///
/// # Errors
/// Fails when a setting or the object's name is wrong, and when no environment has the object. An environment that cannot
/// be reached is listed with its error and makes the exit code 4.
pub(super) fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    let wanted = arguments.object.as_deref().map(named).transpose()?;
    call.block_on(async {
        let session = call.session()?;
        let context = session.task_context();
        // The repository is rendered while the clusters are read.
        let stop = Stop::default();
        let _owner = stop.with_its_owner();
        let repository = surveyed(call, &context, &stop).shared();
        let mut examinations = Vec::new();
        let environments: Vec<&Environment> = call.environments(&session).collect();
        for environment in environments.iter().copied() {
            let cluster = context.cluster(environment.env);
            let kube_context = environment.context.clone().unwrap_or_else(|| environment.name.clone());
            let clock = context.clock.clone();
            let (name, repository) = (environment.name.clone(), repository.clone());
            examinations.push(async move {
                let declared = async { repository.await.ok()??.survey.declared(&name).cloned() };
                let found = match cluster {
                    Ok(cluster) => examine(&cluster, &kube_context, &clock, declared).await,
                    Err(fault) => Err(fault),
                };
                (name.clone(), found)
            });
        }
        let mut found = futures::future::join_all(examinations).await;
        if is_answered(&found) {
            add_origins(call, &mut found, repository.await);
        }
        let (mut lines, mut code, now, mut is_there) = (Vec::new(), 0, context.clock.now(), wanted.is_none());
        for ((env, examined), environment) in found.into_iter().zip(&environments) {
            match examined {
                Ok(examination) => {
                    let is_told = examination.roots.iter().any(|root| concerns(root, wanted.as_ref()));
                    if !is_told && is_absent(&context, environment.env, wanted.as_ref()).await {
                        continue;
                    }
                    is_there = true;
                    remark(call, &env, &examination, wanted.as_ref());
                    let roots = examination.roots.into_iter().filter(|root| concerns(root, wanted.as_ref()));
                    lines.extend(roots.map(|root| Line::Root(Box::new(Entry::new(&env, root)))));
                }
                Err(fault) => {
                    (code, is_there) = (FaultKind::Unreachable.exit_code(), true);
                    lines.push(Line::Error {
                        env,
                        error: format!("{}: {}; {}", fault.what, fault.why, without_keys(&fault.todo)),
                    });
                }
            }
        }
        if let Some(object) = wanted.filter(|_| !is_there) {
            let (what, todo) = (format!("cannot examine {object}"), "fluxdeck get lists the objects of a kind");
            return Err(Fault::failed(what, "no cluster has it", todo));
        }
        if code == 0 && !lines.is_empty() {
            code = 1;
        }
        call.print(&lines, |lines| lines.iter().map(|line| text(line, now)).collect())?;
        Ok(code)
    })
}

/// Tells whether an environment certainly does not have the object that was asked about.
async fn is_absent(context: &TaskContext, env: Env, wanted: Option<&ObjectRef>) -> bool {
    let (Some(object), Ok(cluster)) = (wanted, context.cluster(env)) else { return false };
    // Of a kind without its group nothing is known.
    !object.is_open() && matches!(cluster.looked_up(object).await, Ok(None))
}

/// Tells whether a root cause is about an object, or holds it back.
fn concerns(root: &Diagnosis, wanted: Option<&ObjectRef>) -> bool {
    wanted.is_none_or(|wanted| wanted.means(&root.object) || root.blocks.iter().any(|one| wanted.means(one)))
}

/// Holds what the repository declares, and where it is.
struct SurveyedRepository {
    survey: Survey,
    root: PathBuf,
}

/// Surveys the repository, away from the requests to clusters; `None` without one.
async fn surveyed(call: &Call, context: &TaskContext, stop: &Stop) -> Result<Option<Arc<SurveyedRepository>>, Fault> {
    let (global, renderer, stop) = (call.global.clone(), call.renderer.clone(), stop.clone());
    let work = move || {
        let Ok(snapshot) = super::open::repository_of_any(&global) else { return Ok(None) };
        let survey = Survey::until(&stop, &snapshot, &BTreeMap::default(), &renderer)?;
        Ok(Some(Arc::new(SurveyedRepository { survey, root: snapshot.root })))
    };
    context.away(work).await?
}

/// Joins the root causes with the repository, and says where it is not known what Git declares.
fn add_origins(
    call: &Call,
    found: &mut [(String, Result<Examination, Fault>)],
    repository: Result<Option<Arc<SurveyedRepository>>, Fault>,
) {
    let repository = match repository {
        Ok(Some(repository)) => repository,
        Ok(None) => return,
        Err(fault) => return call.complain(&fault),
    };
    for (env, examination) in found {
        let Ok(examination) = examination else { continue };
        join(examination, env, &repository.survey, &repository.root);
        if let Some(fault) = &repository.survey.fault {
            examination.unread.push(format!("what Git declares: {}: {}", fault.what, fault.why));
        }
    }
}

/// Tells whether any environment answers: for those that do not, nothing is rendered to its end.
fn is_answered(found: &[(String, Result<Examination, Fault>)]) -> bool {
    found.iter().any(|(_, one)| one.is_ok())
}

/// Says on standard error what was not read, and where nothing is wrong.
fn remark(call: &Call, env: &str, examination: &Examination, wanted: Option<&ObjectRef>) {
    for unread in &examination.unread {
        call.remark(&format!("{env}: not looked at: {unread}"));
    }
    if !examination.roots.iter().any(|root| concerns(root, wanted)) {
        let all = if examination.unread.is_empty() { "" } else { ", as far as it was looked at" };
        match wanted {
            Some(object) => call.remark(&format!("{env}: nothing is known to be wrong with {object}{all}")),
            None if examination.symptoms == 0 => call.remark(&format!("{env}: nothing is wrong{all}")),
            None => call.remark(&format!("{env}: nothing has failed; not ready yet: {}{all}", examination.symptoms)),
        }
    }
}

/// Writes a root cause for people: the sentence, then what proves it, where it comes from, what it holds back, what
/// mends it.
fn text(line: &Line, now: Timestamp) -> String {
    let root = match line {
        Line::Root(root) => root,
        Line::Error { env, error } => return format!("{}: {}\n\n", field(env), message(error)),
    };
    let mut out =
        format!("{}: {}: {} [{}]\n", field(&root.env), root.severity.word(), message(&root.message), root.cause);
    let mut row = |label: &str, text: &str| out.extend(["  ", &format!("{label:<6}"), " ", text, "\n"]);
    if !root.or.is_empty() {
        row("or", &format!("it cannot be told apart from: {}", root.or.join(", ")));
    }
    for (evidence, others) in Evidence::distinct(&root.evidence) {
        let ago = evidence.at.map(|at| format!(", {} ago", age(now, at))).unwrap_or_default();
        let more = if others > 0 { format!(", and {others} more") } else { String::new() };
        let text = evidence.text.lines().next().unwrap_or_default();
        row("seen", &format!("{} ({}{ago}{more})", message(text), field(&evidence.from)));
    }
    if let Some(origin) = &root.origin {
        let place = origin.line.map(|line| format!(":{line}")).unwrap_or_default();
        let commit = origin.commit.as_deref().map(crate::model::revision::short).unwrap_or_default();
        let who = origin.author.as_deref().unwrap_or_default();
        let ago = origin.committed.map(|at| format!(", {} ago", age(now, at))).unwrap_or_default();
        let by = if commit.is_empty() { String::new() } else { format!("  {commit} {}{ago}", field(who)) };
        row("file", &format!("{}{place}{by}", field(&origin.file)));
        if !origin.rules.is_empty() {
            row("check", &format!("reports {} there", origin.rules.join(", ")));
        }
    }
    if !root.blocks.is_empty() {
        row("holds", &root.blocks.iter().map(|one| field(one).to_string()).collect::<Vec<_>>().join(", "));
    }
    for line in &root.look_at {
        row("look", &message(line));
    }
    for remedy in &root.fix {
        let shell = remedy.shell.as_str();
        if !shell.is_empty() {
            row("fix", &message(shell));
        }
        let label = if shell.is_empty() { "fix" } else { "" };
        row(label, &message(&format!("{} Look for: {}", remedy.why, remedy.look_for)));
    }
    for page in &root.docs {
        row("read", &field(page));
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::is_answered;
    use crate::doctor::Examination;
    use crate::model::Fault;

    #[test]
    fn nothing_is_rendered_for_environments_that_do_not_answer() {
        let silent = || ("staging".to_owned(), Err(Fault::failed("cannot reach staging", "refused", "look")));
        assert!(!is_answered(&[silent(), silent()]));
        assert!(is_answered(&[silent(), ("production".to_owned(), Ok(Examination::default()))]));
    }
}
