//! The objects that a file declares or changes in each environment, and their states on the clusters.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::app::health::state_scope;
use crate::app::{CommandTarget, Facts, Task};
use crate::check::{Severity, Surveyed};
use crate::lineage::LineageNode;
use crate::model::signs;
use crate::model::{Env, ObjectRef};
use crate::theme::Scope;
use crate::views::parts::page::PageLine;
use crate::widgets::pad;

/// The most objects that are named and queried on the clusters; a patch or a generator may change hundreds.
const NAMED: usize = 12;
/// The time for which an answer of the clusters is valid.
const FRESH: SignedDuration = SignedDuration::from_secs(50);

/// Holds the states of a file's objects.
#[derive(Debug, Default)]
pub(super) struct Becomes {
    live: BTreeMap<(Env, ObjectRef), Result<LineageNode, String>>,
    asked: Option<(Timestamp, BTreeSet<(Env, ObjectRef)>)>,
}

/// The answer of the task.
pub(super) type Lives = Vec<((Env, ObjectRef), Result<LineageNode, String>)>;

fn objects_of<'a>(facts: &'a Facts, path: &str) -> impl Iterator<Item = (Env, &'a Surveyed)> {
    let survey = facts.survey.iter().flat_map(move |survey| survey.objects_of_file(path).collect::<Vec<_>>());
    survey.filter_map(|object| Some((facts.find_environment(&object.env)?, object)))
}

impl Becomes {
    /// Queries the clusters for the objects of a file, if they differ from the last query or that is too old.
    pub(super) fn ask(&mut self, path: &str, facts: &Facts) -> Option<Task> {
        let wanted: BTreeSet<(Env, ObjectRef)> =
            objects_of(facts, path).take(NAMED).map(|(env, known)| (env, known.object.clone())).collect();
        let is_known =
            |(at, asked): &(Timestamp, BTreeSet<_>)| *asked == wanted && facts.now.duration_since(*at) < FRESH;
        if wanted.is_empty() || self.asked.as_ref().is_some_and(is_known) {
            return None;
        }
        self.asked = Some((facts.now, wanted.clone()));
        Some(Task::once(format!("objects of {path}"), move |task_context| async move {
            let look = |(env, object): (Env, ObjectRef)| {
                let cluster = task_context.cluster(env);
                async move {
                    let found = match cluster {
                        Ok(cluster) => cluster.detail(&object).await,
                        Err(fault) => Err(fault),
                    };
                    let node =
                        found.map(|detail| LineageNode::judge(&object, detail.as_ref().map(|detail| &detail.value)));
                    ((env, object), node.map_err(|fault| fault.why))
                }
            };
            futures::future::join_all(wanted.into_iter().map(look)).await as Lives
        }))
    }

    /// Queries again at the next opportunity.
    pub(super) fn forget(&mut self) {
        self.asked = None;
    }

    /// Takes the answer of the clusters.
    pub(super) fn take(&mut self, lives: Lives) {
        self.live = lives.into_iter().collect();
    }

    /// Writes the findings and the objects of a file, above its text.
    pub(super) fn lines(&self, path: &str, facts: &Facts) -> Vec<PageLine> {
        let mut lines = old(facts);
        lines.extend(wrong(facts, path));
        let Some(survey) = &facts.survey else { return lines };
        let all: Vec<(Env, &Surveyed)> = objects_of(facts, path).collect();
        if let (Some(fault), true) =
            (&survey.fault, facts.repository.as_ref().is_some_and(|one| !one.fed_by(path).is_empty()))
        {
            lines.push(PageLine::wrapped(
                format!("what it becomes is not known: {}; {}", fault.why, fault.todo),
                Scope::Dim,
            ));
        }
        let wide = all.iter().take(NAMED).map(|(env, _)| facts.name(*env).len()).max().unwrap_or_default();
        for (env, known) in all.iter().take(NAMED) {
            let verb = if known.files.first().is_some_and(|first| first == path) { "becomes" } else { "changes" };
            let (sign, state, scope) = match self.live.get(&(*env, known.object.clone())) {
                None => (" ", String::new(), Scope::Dim),
                Some(Ok(node)) => {
                    (node.state.sign(), format!("  {} {}", node.state.word(), node.note), state_scope(node.state))
                }
                Some(Err(why)) => (signs::UNKNOWN.sign, format!("  {why}"), Scope::Unknown),
            };
            let target = CommandTarget::Object(*env, known.object.clone());
            let text = format!("{}{}", known.object, state.trim_end());
            lines.push(
                PageLine::cut(text, Scope::Text)
                    .after(format!("{sign} "), scope)
                    .after(format!("{verb} in {}  ", pad(facts.name(*env), wide)), Scope::Dim)
                    .opens(Some(target)),
            );
        }
        if all.len() > NAMED {
            let text = format!("and {} more: fluxdeck where {path}", all.len() - NAMED);
            lines.push(PageLine::cut(text, Scope::Dim));
        }
        if !lines.is_empty() {
            lines.push(PageLine::cut("", Scope::Dim));
        }
        lines
    }
}

/// Reports that the results are of an earlier state of the files, if so.
fn old(facts: &Facts) -> Vec<PageLine> {
    let told = facts.survey_fault.iter().map(|fault| {
        let what = match facts.survey {
            Some(_) => "what is wrong and what it becomes is told of the files as they were before",
            None => "what is wrong with it and what it becomes is not known",
        };
        PageLine::wrapped(format!("{what}: {}: {}; {}", fault.what, fault.why, fault.todo), Scope::Unknown)
    });
    told.collect()
}

/// Writes the findings on a file.
fn wrong(facts: &Facts, path: &str) -> Vec<PageLine> {
    let of_graph = facts.repository.iter().flat_map(|snapshot| &snapshot.findings);
    // The rules report the same again, once the survey is there.
    let of_graph = of_graph.filter(|finding| finding.file == path && facts.survey.is_none());
    let mut lines: Vec<PageLine> = of_graph
        .map(|finding| {
            let fault = &finding.fault;
            line(Severity::Error, finding.line, format!("{}: {}; {}", fault.what, fault.why, fault.todo))
        })
        .collect();
    let of_rules = facts.survey.iter().flat_map(|survey| survey.findings_of(path));
    lines.extend(of_rules.map(|finding| {
        let env = finding.env.as_ref().map(|env| format!("{env}: ")).unwrap_or_default();
        let text = format!("{env}{}: {}; {} [{}]", finding.said(), finding.why, finding.fix, finding.rule);
        line(finding.severity, finding.line, text)
    }));
    lines
}

fn line(severity: Severity, at: Option<usize>, text: String) -> PageLine {
    let (sign, scope) = look_of(severity);
    let place = at.map(|line| format!("line {line}: ")).unwrap_or_default();
    PageLine::wrapped(format!("{place}{text}"), scope).after(format!("{sign} "), scope)
}

/// Returns the sign and the colour of a finding.
pub(in crate::views) fn look_of(severity: Severity) -> (&'static str, Scope) {
    match severity {
        Severity::Error => (signs::FAILED.sign, Scope::Failed),
        Severity::Warning => (signs::WARNING.sign, Scope::Progressing),
        Severity::Hint => (signs::WAITING.sign, Scope::Waiting),
    }
}
