//! A chart without a fixed version.

use crate::check::world::{World, text};
use crate::check::{Finding, Rule, RuleInput};
use crate::model::known;

pub(in crate::check) const RULE: Rule = Rule {
    id: "helm-unpinned",
    about: "a HelmRelease whose chart has no version, or a range",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for object in world.objects_of(known::HELM, "HelmRelease") {
        let Some(chart) = object.body.pointer("/spec/chart/spec") else { continue };
        let from_git = matches!(text(chart, "/sourceRef/kind"), "GitRepository" | "Bucket");
        let version = text(chart, "/version");
        if from_git || is_exact(version) {
            continue;
        }
        // A range is intended; a missing version may be forgotten.
        let is_any = matches!(version, "" | "*");
        let (message, habit) = if is_any {
            ("its chart has no version: the newest is taken".to_owned(), "charts have no version: the newest is taken")
        } else {
            (format!("its chart's version is a range: {version}"), "versions of charts are ranges")
        };
        let why = "the cluster upgrades by itself whenever a chart is published: no commit tells when and why, and no revert takes it back";
        let fix = "pin the version; Renovate proposes the next as a commit";
        let finding = world.finding(&RULE, object, "version:", message, why, fix).habit(habit);
        found.push(if is_any { finding.warning() } else { finding.hint() });
    }
}

fn is_exact(version: &str) -> bool {
    let digits = version.strip_prefix('v').unwrap_or(version);
    let core = digits.split(['-', '+']).next().unwrap_or_default();
    core.split('.').count() == 3
        && core.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use crate::check::testing::assert_rule;

    const FIRES: &[&str] = &[
        "---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec:
  chart: {spec: {chart: a}}
",
        "---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec:
  chart: {spec: {chart: a, version: 1.x}}
",
        "---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec:
  chart: {spec: {chart: a, version: '>=1.0.0 <2.0.0'}}
",
    ];
    const SILENT: &[&str] = &[
        "---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec:
  chart: {spec: {chart: a, version: v1.2.3}}
",
        "---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec:
  chart: {spec: {chart: ./charts/a, sourceRef: {kind: GitRepository, name: a}}}
",
        "---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec:
  chartRef: {kind: OCIRepository, name: a}
",
    ];

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        assert_rule(&super::RULE, FIRES, SILENT);
    }
}
