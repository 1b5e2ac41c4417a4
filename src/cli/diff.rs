//! `fluxdeck diff`: what Flux would change in the clusters now, and what has drifted from what it applied.

use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use super::Call;
use crate::cluster::Cluster;
use crate::difference::{self, DifferenceKind, LiveComparison, LiveDifference, PreparedSets};
use crate::helm::diff::DocumentChange;
use crate::kinds;
use crate::model::clock::age;
use crate::model::text::{field, message};
use crate::model::{Environment, Fault, FaultKind, ObjectRef, Shown, without_keys};
use crate::render::revision::Revision;
use crate::repo::{FileFault, Snapshot, is_called};
use crate::runtime::Session;
use crate::sops::IdentitySources;

// Flags of `diff`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only this Kustomization, this HelmRelease or this object, KIND/NAMESPACE/NAME
    object: Option<String>,
    /// Only this Kustomization; NAMESPACE/NAME where two have one name
    #[arg(long, short = 'k', value_name = "NAME", conflicts_with = "object")]
    kustomization: Option<String>,
    /// What is staged, in place of the working tree
    #[arg(long, conflicts_with = "revision")]
    staged: bool,
    /// A commit, in place of the working tree
    #[arg(long = "rev", value_name = "REV")]
    revision: Option<String>,
    /// What differs from what was applied last, who changed it, and whether Flux takes it back
    #[arg(long, conflicts_with_all = ["staged", "revision"])]
    drift: bool,
    /// Only name the objects, without what differs in them
    #[arg(long)]
    brief: bool,
    /// End with 1 where something differs, as git diff --exit-code does
    #[arg(long)]
    exit_code: bool,
}

/// Mirrors one entry of the JSON output.
#[derive(Serialize)]
#[serde(untagged)]
enum Line {
    Different(Box<LiveDifference>),
    Error { env: String, error: String },
}

/// Says what is compared.
struct Wanted<'a> {
    arguments: &'a Arguments,
    object: Option<ObjectRef>,
    kind: DifferenceKind,
    revision: Revision,
}

/// Holds the result for one environment.
struct Told {
    comparison: LiveComparison,
    findings: Vec<FileFault>,
    /// Whether the named release is not in the cluster.
    is_missing: bool,
}

/// Prints the live objects that differ, by environment, Kustomization and object; ends with 1 where something could not
/// be rendered or would be refused, and 4 where a cluster cannot be reached.
///
/// # Errors
/// Fails when there is no repository, git does not know the revision, or nothing can be rendered.
pub(super) fn run(arguments: Arguments, call: &Call) -> Result<u8, Fault> {
    let object = arguments.object.as_deref().map(super::operate::named).transpose()?;
    let revision = match (&arguments.revision, arguments.staged) {
        (Some(name), _) => Revision::Commit(name.clone()),
        (None, true) => Revision::Index,
        (None, false) => Revision::WorkingTree,
    };
    let kind = if arguments.drift { DifferenceKind::Drift } else { DifferenceKind::Next };
    call.block_on(async {
        let session = call.session()?;
        let wanted = Wanted { arguments: &arguments, object, kind, revision };
        let (mut lines, mut code, mut snapshot, mut is_found) = (Vec::new(), 0, None, false);
        for environment in call.environments(&session) {
            match in_environment(call, &session, environment, &wanted, &mut snapshot).await {
                Ok(told) if told.is_missing => {}
                Ok(told) => {
                    is_found = true;
                    remark(call, &environment.name, &told.comparison, kind);
                    let refused = told.comparison.uncompared.iter().any(|one| one.refused);
                    let broken = super::objects::complain(call, told.findings.iter());
                    code = code.max(u8::from(refused)).max(broken);
                    lines.extend(told.comparison.differences.into_iter().map(|one| Line::Different(Box::new(one))));
                }
                Err(fault) if fault.kind == FaultKind::Unreachable => {
                    code = FaultKind::Unreachable.exit_code();
                    let error = format!("{}: {}; {}", fault.what, fault.why, without_keys(&fault.todo));
                    lines.push(Line::Error { env: environment.name.clone(), error });
                }
                Err(fault) => return Err(fault),
            }
        }
        if let Some(object) = wanted.object.as_ref().filter(|_| !is_found && lines.is_empty()) {
            return Err(Fault::failed(
                format!("cannot compare {object}"),
                "no cluster has it, or no label of Flux says what applied it",
                "name the Kustomization or HelmRelease: fluxdeck trace finds it, fluxdeck get lists them",
            ));
        }
        if code == 0 && arguments.exit_code && !lines.is_empty() {
            code = 1;
        }
        let now = session.clock.now();
        call.print(&lines, |lines| text(lines, kind, arguments.brief, now))?;
        Ok(code)
    })
}

fn is_owner(object: &ObjectRef) -> bool {
    kinds::HELM_RELEASE.is(object) || kinds::KUSTOMIZATION.is(object)
}

/// Compares one environment.
async fn in_environment(
    call: &Call,
    session: &Session,
    environment: &Environment,
    wanted: &Wanted<'_>,
    snapshot: &mut Option<Arc<Snapshot>>,
) -> Result<Told, Fault> {
    let context = session.task_context();
    let cluster = context.cluster(environment.env)?;
    // Nothing is rendered for a cluster that does not answer.
    difference::reach(&cluster).await?;
    let env = environment.name.as_str();
    let missing = || Told { comparison: LiveComparison::default(), findings: Vec::new(), is_missing: true };
    let applied = match wanted.object.as_ref().filter(|object| !is_owner(object)) {
        None => None,
        Some(object) => match difference::applier_of(&cluster, object).await? {
            None => return Ok(missing()),
            applied => applied,
        },
    };
    let owner = applied.as_ref().map(|applied| &applied.applier).or(wanted.object.as_ref());
    let alone = applied.as_ref().map(|applied| &applied.object);
    if let Some(release) = owner.filter(|object| kinds::HELM_RELEASE.is(object)) {
        if cluster.looked_up(release).await?.is_none() {
            return Ok(missing());
        }
        let mut comparison =
            difference::of_releases(&cluster, env, vec![release.clone()], wanted.kind, &progress()).await?;
        if let Some(object) = alone {
            comparison.keep_only(object);
        }
        return Ok(Told { comparison, findings: Vec::new(), is_missing: false });
    }
    let repository = match snapshot {
        Some(known) => Arc::clone(known),
        None => Arc::clone(snapshot.insert(Arc::new(super::open::repository(&call.global)?))),
    };
    let keys = session.identities.get(environment.env);
    let mut prepared = prepare(call, &cluster, (&repository, env), keys, (wanted, owner)).await?;
    match alone {
        Some(object) => prepared.keep_only(object),
        None => prepared.remark_children(),
    }
    let (sets, arrivals) = (prepared.sets, prepared.arrivals);
    let mut comparison = difference::compare(&cluster, sets, &arrivals, wanted.kind, &progress()).await?;
    comparison.remarks.extend(prepared.remarks);
    let is_all = wanted.object.is_none() && wanted.arguments.kustomization.is_none();
    if is_all && wanted.kind == DifferenceKind::Drift {
        comparison.add(difference::of_all_releases(&cluster, env, wanted.kind, &progress()).await?);
    }
    super::out::progress(&Shown::lines(""));
    Ok(Told { comparison, findings: prepared.findings, is_missing: false })
}

/// Renders what is compared with the cluster.
async fn prepare(
    call: &Call,
    cluster: &Cluster,
    (snapshot, env): (&Arc<Snapshot>, &str),
    keys: Option<&IdentitySources>,
    (wanted, owner): (&Wanted<'_>, Option<&ObjectRef>),
) -> Result<PreparedSets, Fault> {
    let asked = wanted.arguments.kustomization.as_deref();
    let is_chosen = |namespace: &str, name: &str| {
        asked.is_none_or(|asked| is_called(asked, namespace, name))
            && owner.is_none_or(|object| object.namespace == namespace && object.name == name)
    };
    let rendering = call.renderer.with(|renderer| renderer.render(snapshot))?;
    let effective = snapshot.with_graph(&rendering.graph);
    let chosen: Vec<ObjectRef> = effective
        .kustomizations_of(env)
        .filter(|one| is_chosen(&one.namespace, &one.name))
        .map(crate::repo::FluxKustomization::object)
        .collect();
    let name = asked.map(str::to_owned).or_else(|| owner.map(|object| object.name.clone()));
    if wanted.kind == DifferenceKind::Next && wanted.revision == Revision::WorkingTree {
        super::files::known(&effective, call, name.as_deref(), chosen.is_empty())?;
    }
    if chosen.is_empty() && name.is_none() {
        call.remark(&message(&format!("{env}: the repository has no Kustomization of it, so none is compared")));
    }
    match wanted.kind {
        DifferenceKind::Drift => {
            let applied = difference::applied_commits(cluster, chosen).await?.known_in(&snapshot.root);
            call.renderer.with(|renderer| difference::drifted(snapshot, &applied, env, keys, renderer))
        }
        DifferenceKind::Next => {
            call.renderer.with(|renderer| difference::next(snapshot, &wanted.revision, env, &is_chosen, keys, renderer))
        }
    }
}

/// Shows the progress where somebody reads it.
fn progress() -> impl Fn(difference::ComparisonProgress) + Send + Sync {
    let is_read = super::out::remarks_are_read();
    move |progress| {
        let difference::ComparisonProgress { done, total } = progress;
        // A line for each object would be most of the work.
        if is_read && (done % 20 == 0 || done == total) {
            let text = if done < total { format!("comparing {done} of {total} objects...") } else { String::new() };
            super::out::progress(&Shown::lines(&text));
        }
    }
}

/// Says on standard error what was compared, and what was not.
fn remark(call: &Call, env: &str, comparison: &LiveComparison, kind: DifferenceKind) {
    for remark in &comparison.remarks {
        call.remark(&message(remark));
    }
    for (why, refused, objects) in comparison.reasons() {
        let how = if refused { "Flux would fail at" } else { "not compared:" };
        call.remark(&message(&format!("{env}: {how} {}: {why}", difference::some_of(&objects))));
    }
    let count = comparison.differences.len();
    let what = match (kind, count) {
        (kind, 0) => comparison.without_differences(kind).to_owned(),
        (DifferenceKind::Next, count) => format!("Flux would change {count}"),
        (DifferenceKind::Drift, count) => format!("{count} have drifted"),
    };
    let refused = comparison.uncompared.iter().filter(|one| one.refused).count();
    let left = comparison.uncompared.len() - refused;
    let fails = if refused > 0 { format!("; Flux would fail at {refused}") } else { String::new() };
    let left = if left > 0 { format!("{fails}; {left} not compared") } else { fails };
    call.remark(&message(&format!("{env}: {} objects compared: {what}{left}", comparison.compared)));
}

fn text(lines: &[Line], kind: DifferenceKind, brief: bool, now: Timestamp) -> String {
    let (mut out, mut head) = (String::new(), String::new());
    for line in lines {
        let one = match line {
            Line::Different(one) => one,
            Line::Error { env, error } => {
                out.extend([&field(env), ": ", &message(error), "\n"]);
                continue;
            }
        };
        let own = format!("\n{} {}\n", field(&one.env), field(&one.kustomization));
        if own != head {
            out.push_str(&own);
            head = own;
        }
        let word = match (one.change, kind) {
            (DocumentChange::Create, _) => "+ create",
            (DocumentChange::Update, DifferenceKind::Next) => "~ change",
            (DocumentChange::Update, DifferenceKind::Drift) => "~ differs",
            (DocumentChange::Delete, DifferenceKind::Next) => "- delete",
            (DocumentChange::Delete, DifferenceKind::Drift) => "- missing",
        };
        out.extend(["  ", word, " ", &field(&one.object), "\n"]);
        if let Some(note) = &one.note {
            out.extend(["      ", &message(note), "\n"]);
        }
        for drift in &one.fields {
            out.extend(["      ", &message(&drift.told(now)), "\n"]);
        }
        for event in &one.events {
            let ago = event.at.map(|at| format!(", {} ago", age(now, at))).unwrap_or_default();
            let text = format!("event: {}: {} ({}{ago})", event.reason, event.message, event.from);
            out.extend(["      ", &message(&text), "\n"]);
        }
        for line in one.diff.lines().filter(|_| !brief) {
            out.extend(["      ", line, "\n"]);
        }
    }
    out
}
