//! A chart of the repository that does not exist.

use super::charts_here;
use crate::check::world::World;
use crate::check::{Finding, Rule, RuleInput};
use crate::repo::{contents, path};

pub(in crate::check) const RULE: Rule = Rule {
    id: "helm-chart-missing",
    about: "a HelmRelease whose chart is a folder of the repository that holds none",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for (chart, object) in charts_here(world) {
        let file = path::join(&chart, "Chart.yaml");
        if contents::text(world.root(), &file).is_ok() {
            continue;
        }
        let message = format!("its chart is the folder {chart} of the repository, and {file} is not there");
        let why = "source-controller makes no chart of it, and the release is never installed: HelmChart is not ready";
        let fix = "correct spec.chart.spec.chart: it is a path from the root of the repository";
        found.push(world.finding(&RULE, object, "chart:", message, why, fix));
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::found_in;
    use crate::model::Nodes;

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("charts/app")).unwrap();
        std::fs::write(folder.path().join("charts/app/Chart.yaml"), "name: app\n").unwrap();
        let found = |chart: &str, source: &str| {
            let text = format!(
                "---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: apps, namespace: flux-system}}
spec: {{path: ./apps, sourceRef: {{kind: GitRepository, name: flux-system}}}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: app, namespace: flux-system}}
spec: {{chart: {{spec: {{chart: {chart}, sourceRef: {source}}}}}}}
"
            );
            found_in(folder.path(), &Nodes::default(), &super::RULE, &text)
        };
        let here = "{kind: GitRepository, name: flux-system}";
        assert_eq!(
            found("./charts/ap", here),
            [
                "staging HelmRelease/flux-system/app: its chart is the folder charts/ap of the repository, and charts/ap/Chart.yaml is not there"
            ]
        );
        assert!(found("./charts/app", here).is_empty());
        assert!(found("charts/app/", here).is_empty());
        for elsewhere in ["{kind: GitRepository, name: charts}", "{kind: HelmRepository, name: flux-system}"] {
            assert!(found("./charts/ap", elsewhere).is_empty(), "{elsewhere}");
        }
    }
}
