//! Runs of the rules: those about secrets over files, or all over a whole repository.

use std::collections::{BTreeMap, BTreeSet};

use super::report::CheckReport;
use super::rules::{all, flux, is_about_secrets, secrets};
use super::{Context, File, Finding, ListedFile, Quiet, Rule, RuleInput, Severity, World};
use crate::config;
use crate::model::{Fault, FaultKind};
use crate::render::Worker;
use crate::repo::{RepoEnvironment, Snapshot, Sync, contents};
use crate::sops::Identities;

/// Checks files by the rules about secrets, on as many threads as there are processors.
pub fn check_secrets(files: &[ListedFile], context: &Context<'_>, renderer: &Worker) -> CheckReport {
    let rules: Vec<&Rule> = secrets::RULES.iter().collect();
    let report = check_files(files, context, &rules);
    // A parent may add decryption to a declared Kustomization, so the rendering decides.
    let rests_on_graph = report.findings.iter().any(|finding| finding.rule == secrets::decryption::RULE.id);
    if context.snapshot.is_rendered || !rests_on_graph {
        return report.ordered(context);
    }
    let Ok(rendering) = renderer.with(|renderer| renderer.render(context.snapshot)) else {
        return report.ordered(context);
    };
    let snapshot = context.snapshot.with_graph(&rendering.graph);
    let effective = context.on(&snapshot);
    check_files(files, &effective, &rules).ordered(&effective)
}

/// Checks a repository by all rules: its files, and its rendering.
pub fn check_all(files: &[ListedFile], context: &Context<'_>) -> CheckReport {
    let mut report = check_files(files, context, &all().collect::<Vec<_>>());
    let mut found = Vec::new();
    let root = &context.snapshot.root;
    let told = config::checks(root);
    let worlds: Vec<World<'_>> = context
        .rendering
        .iter()
        .flat_map(|rendering| rendering.environments().into_iter().map(move |env| (rendering, env)))
        .map(|(rendering, env)| {
            let live = context.live.get(env);
            let nodes = told.nodes.get(env).or_else(|| live.map(|live| &live.nodes));
            let mut world = World::new(env, rendering, root).with_nodes(nodes.cloned().unwrap_or_default());
            world.flux = world.flux.or_live(live.and_then(|live| live.flux));
            // The cluster of a spoke has more objects than the hub applies from here.
            let is_spoke = |known: &RepoEnvironment| known.name == env && known.sync == Sync::Hub;
            if context.snapshot.environments.iter().any(is_spoke) {
                world.has_more("a hub manages its cluster, and what else is there is not in this repository");
            }
            world
        })
        .collect();
    for rule in all() {
        match rule.check {
            RuleInput::File(_) | RuleInput::Files(_) => {}
            RuleInput::Repository(check) => check(context, &mut found),
            RuleInput::World(check) => {
                let mut of_worlds = Vec::new();
                for world in &worlds {
                    world.run_rule(rule, check, &mut of_worlds);
                }
                // A name with an unresolved variable may be any name.
                let is_about_variables = rule.id == flux::variable_left::RULE.id;
                of_worlds.retain(|finding: &Finding| is_about_variables || !finding.speaks_of("${"));
                found.append(&mut of_worlds);
            }
        }
    }
    report.quiet = Quiet::joined(worlds.iter().flat_map(World::quiet).collect());
    for one in &mut report.quiet {
        one.rules.retain(|rule| !told.ignored.iter().any(|(ignored, _)| ignored == rule));
    }
    report.quiet.retain(|one| !one.rules.is_empty());
    // The comments of a file silence these findings too, once their files are known.
    let mut read: BTreeMap<String, File> = BTreeMap::new();
    let none = Identities::default();
    let before = found.len();
    found.retain(|finding| {
        let file = read.entry(finding.file.clone()).or_insert_with(|| {
            let bytes = contents::bytes(&context.snapshot.root, &finding.file).unwrap_or_default();
            File::new(&ListedFile::known(&finding.file, bytes), &none)
        });
        !file.ignores(finding)
    });
    report.silenced = report.silenced.saturating_add(before.saturating_sub(found.len()));
    report.findings.extend(found);
    let before = report.findings.len();
    report
        .findings
        .retain(|finding| is_about_secrets(finding.rule) || !told.ignored.iter().any(|(rule, _)| rule == finding.rule));
    report.silenced = report.silenced.saturating_add(before.saturating_sub(report.findings.len()));
    report.ordered(context)
}

/// Checks files by rules about files.
pub(super) fn check_files(files: &[ListedFile], context: &Context<'_>, rules: &[&Rule]) -> CheckReport {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = files.len().div_ceil(threads).max(1);
    let parts: Vec<CheckReport> = std::thread::scope(|scope| {
        let judge = |part: &'_ [ListedFile]| part.iter().map(|one| safely(one, context, rules)).collect::<Vec<_>>();
        let start = |part| (part, scope.spawn(move || judge(part)));
        let workers: Vec<_> = files.chunks(share).map(start).collect();
        let done = |(part, worker): (&[ListedFile], std::thread::ScopedJoinHandle<'_, Vec<CheckReport>>)| {
            worker.join().unwrap_or_else(|_| part.iter().map(CheckReport::of_defect).collect())
        };
        workers.into_iter().flat_map(done).collect()
    });
    let mut whole = CheckReport::default();
    for part in parts {
        whole.findings.extend(part.findings);
        whole.encrypted = whole.encrypted.saturating_add(part.encrypted);
        whole.closed = whole.closed.saturating_add(part.closed);
        whole.silenced = whole.silenced.saturating_add(part.silenced);
    }
    let mut found = Vec::new();
    for rule in rules {
        if let RuleInput::Files(check) = rule.check {
            check(files, context, &mut found);
        }
    }
    let none = Identities::default();
    let before = found.len();
    found.retain(|finding| {
        let file = files.iter().find(|file| file.path == finding.file);
        let is_strict = context.strict && is_about_secrets(finding.rule);
        is_strict || !file.is_some_and(|file| File::new(file, &none).ignores(finding))
    });
    whole.silenced = whole.silenced.saturating_add(before.saturating_sub(found.len()));
    whole.findings.extend(found);
    whole
}

/// Checks one file. A defect of fluxdeck becomes a finding of that file, and hides nothing about others.
fn safely(one: &ListedFile, context: &Context<'_>, rules: &[&Rule]) -> CheckReport {
    let judged = std::panic::AssertUnwindSafe(|| CheckReport::of_file(one, context, rules));
    std::panic::catch_unwind(judged).unwrap_or_else(|_| CheckReport::of_defect(one))
}

/// Returns the reason to refuse a commit: the first error in its files, or the first new recipient of secrets.
/// `allowed` are the files that the user permitted by name. No key is used, so faults that only decryption shows are
/// left to `secret verify`.
pub fn refusal(
    files: &[ListedFile],
    snapshot: &Snapshot,
    allowed: &BTreeSet<String>,
    verb: &str,
    renderer: &Worker,
) -> Option<(String, Fault)> {
    let report = check_secrets(files, &Context::new(snapshot, &Identities::default(), None).strict(), renderer);
    // A new recipient blocks a commit unless the user permits it.
    let counts =
        |finding: &Finding| finding.severity == Severity::Error || finding.rule == secrets::new_reader::RULE.id;
    let is_refused = |finding: &Finding| counts(finding) && !allowed.contains(&finding.file);
    let finding = report.findings.into_iter().find(is_refused)?;
    let what = format!("{} is not {verb}", finding.file);
    let line = finding.line.map(|line| format!("line {line}: ")).unwrap_or_default();
    let why = format!("{line}{}; {}", finding.message, finding.why);
    // A leak may be intended, as an example is; a conflict never is.
    let kind = if finding.rule == secrets::conflict::RULE.id { FaultKind::Failed } else { FaultKind::Refused };
    Some((finding.file, Fault::new(kind, what, why, finding.fix)))
}
