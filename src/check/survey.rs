//! The survey of a repository: the objects of each file in each environment, and their faults.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::sources::beside;
use super::{Context, DeclaredState, Finding, Quiet, Severity, check_all};
use crate::markdown::{DocumentPage, DocumentPlace, DocumentSubject, documents_about};
use crate::model::{Fault, LiveFacts, ObjectRef};
use crate::render::{Stop, Worker};
use crate::repo::{Graph, Snapshot, path};
use crate::sops::Identities;

/// Holds the survey of a repository.
#[derive(Debug, Default)]
pub struct Survey {
    /// The findings, by file and line.
    pub findings: Vec<Finding>,
    /// The graph of the rendered repository, where it is known.
    pub graph: Option<Arc<Graph>>,
    /// The reason why nothing was rendered.
    pub fault: Option<Fault>,
    /// The rules that did not check everything, with the reasons.
    pub quiet: Vec<Quiet>,
    /// The number of findings that a comment or the settings of the repository silence.
    pub silenced: usize,
    /// The number of checked files.
    pub files: usize,
    /// The documents, by file.
    pub pages: Vec<DocumentPage>,
    /// The facts that each environment's cluster reports.
    pub live: BTreeMap<String, LiveFacts>,
    declared: BTreeMap<String, Arc<DeclaredState>>,
    objects: Vec<Surveyed>,
    by_file: BTreeMap<String, Vec<usize>>,
    worst: BTreeMap<String, Severity>,
}

/// Names a rendered object, with the files that it comes from.
#[derive(Debug)]
pub struct Surveyed {
    /// The environment's name.
    pub env: String,
    /// The object.
    pub object: ObjectRef,
    /// The files: the one that declares it, then those that change it.
    pub files: Vec<String>,
    /// The number of pods (`spec.replicas`), where it is set or the kind defaults to one.
    pub replicas: Option<u64>,
}

impl Survey {
    /// Surveys a repository, with the facts that the clusters report. It runs kustomize where no rendering is cached,
    /// and blocks until that ends or is cancelled.
    ///
    /// # Errors
    /// Fails when git does not list the files, and when it was cancelled.
    pub fn until(
        stop: &Stop,
        snapshot: &Snapshot,
        live: &BTreeMap<String, LiveFacts>,
        renderer: &Worker,
    ) -> Result<Self, Fault> {
        let rendering = renderer.until(stop, |renderer| renderer.render(snapshot));
        if stop.is_given_up() {
            return Err(Fault::failed(
                "nothing was looked at",
                "the files have changed meanwhile",
                "it is looked at again",
            ));
        }
        let files = beside(&snapshot.root)?;
        let declared = rendering.iter().flat_map(|rendering| {
            let of = |env: &str| (env.to_owned(), Arc::new(DeclaredState::of(rendering, snapshot, env)));
            rendering.environments().into_iter().map(of).collect::<Vec<_>>()
        });
        let declared = declared.collect();
        let effective = rendering.as_ref().ok().map(|rendering| snapshot.with_graph(&rendering.graph));
        let snapshot = effective.as_ref().unwrap_or(snapshot);
        // No key is loaded here: `secret verify` reports values that were changed without sops.
        let identities = Identities::default();
        let context = Context::new(snapshot, &identities, rendering.as_ref().ok()).with_live(live);
        let report = check_all(&files, &context);
        let mut survey = Self {
            findings: report.findings,
            quiet: report.quiet,
            silenced: report.silenced,
            graph: rendering.as_ref().ok().map(|rendering| Arc::clone(&rendering.graph)),
            fault: rendering.as_ref().err().cloned(),
            files: files.len(),
            pages: files.iter().filter_map(|file| DocumentPage::of_file(&file.path, || file.document())).collect(),
            live: live.clone(),
            declared,
            ..Self::default()
        };
        for finding in &survey.findings {
            survey
                .worst
                .entry(finding.file.clone())
                .and_modify(|known| *known = (*known).min(finding.severity))
                .or_insert(finding.severity);
            let mut folder = path::parent(&finding.file);
            while !folder.is_empty() {
                let known = survey.worst.entry(folder.to_owned()).or_insert(finding.severity);
                *known = (*known).min(finding.severity);
                folder = path::parent(folder);
            }
        }
        for one in rendering.iter().flat_map(|rendering| &rendering.of) {
            for object in &one.objects {
                let index = survey.objects.len();
                let files: Vec<String> = object.files().map(str::to_owned).collect();
                for file in &files {
                    survey.by_file.entry(file.clone()).or_default().push(index);
                }
                let (env, replicas) = (one.env.clone(), replicas(&object.object, &object.body));
                survey.objects.push(Surveyed { env, object: object.object.clone(), files, replicas });
            }
        }
        Ok(survey)
    }

    /// Builds one that says of an environment how many pods a workload asks for.
    #[cfg(test)]
    pub(crate) fn saying(env: &str, object: ObjectRef, replicas: u64) -> Self {
        let said = Surveyed { env: env.to_owned(), object, files: Vec::new(), replicas: Some(replicas) };
        Self { objects: vec![said], ..Self::default() }
    }

    /// Returns the worst severity in a file, or below a folder.
    pub fn worst(&self, path: &str) -> Option<Severity> {
        self.worst.get(path).copied()
    }

    /// Iterates over the findings of a file.
    pub fn findings_of<'a>(&'a self, file: &'a str) -> impl Iterator<Item = &'a Finding> {
        self.findings.iter().filter(move |finding| finding.file == file)
    }

    /// Lists the places in documents that speak of a finding, the most telling first: by its rule, its file, its object
    /// and the words of its message.
    pub fn pages_of(&self, finding: &Finding) -> Vec<DocumentPlace<'_>> {
        let name = finding.object.as_ref().and_then(|object| object.rsplit('/').next()).unwrap_or_default();
        let kind = finding.object.as_ref().and_then(|object| object.split('/').next()).unwrap_or_default();
        let subject = DocumentSubject::named(name).quoting(finding.rule).quoting(&finding.file);
        let found = documents_about(&self.pages, &subject.saying(kind).saying(&finding.message));
        found.into_iter().filter(|place| place.page.file != finding.file).collect()
    }

    /// Iterates over the objects that a file declares or changes, in the order of environments.
    pub fn objects_of_file(&self, file: &str) -> impl Iterator<Item = &Surveyed> {
        self.by_file.get(file).into_iter().flatten().filter_map(|index| self.objects.get(*index))
    }

    /// Returns what the repository declares of an environment's objects; `None` where that is not known.
    pub fn declared(&self, env: &str) -> Option<&Arc<DeclaredState>> {
        self.declared.get(env)
    }

    /// Finds an object of an environment; a name without a group matches any.
    pub fn find(&self, env: &str, wanted: &ObjectRef) -> Option<&Surveyed> {
        self.objects.iter().find(|known| known.env == env && wanted.means(&known.object))
    }
}

/// Returns the number of pods that a workload requests, by default one (Kubernetes API reference, `spec.replicas`).
fn replicas(object: &ObjectRef, body: &Value) -> Option<u64> {
    if object.group != "apps" || !matches!(object.kind.as_str(), "Deployment" | "StatefulSet") {
        return None;
    }
    match body.pointer("/spec/replicas") {
        None => Some(1),
        Some(replicas) => replicas.as_u64(),
    }
}
