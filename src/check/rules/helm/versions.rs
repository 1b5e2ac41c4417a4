//! Environments on different versions of a chart.

use crate::check::world::{World, text};
use crate::check::{Finding, Rule, RuleInput};
use crate::model::known;

pub(in crate::check) const RULE: Rule = Rule {
    id: "helm-versions-differ",
    about: "a release whose chart has another version in another environment",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for object in world.objects_of(known::HELM, "HelmRelease") {
        let version = text(&object.body, "/spec/chart/spec/version");
        for one in world.rendering.of.iter().filter(|one| one.env.as_str() > world.env) {
            let Some(other) = one.objects.iter().find(|other| other.object == object.object) else { continue };
            let theirs = text(&other.body, "/spec/chart/spec/version");
            let same_chart =
                text(&other.body, "/spec/chart/spec/chart") == text(&object.body, "/spec/chart/spec/chart");
            if same_chart && theirs != version && !theirs.is_empty() && !version.is_empty() {
                let message = format!("its chart is at {version} in {} and at {theirs} in {}", world.env, one.env);
                let why = "what was tried in the one is not what runs in the other";
                let fix = format!(
                    "bring the version that has proved itself to the other; nothing is to be done while it is being tried in {}",
                    one.env
                );
                let habit = "charts of releases are at other versions in other environments";
                found.push(world.finding(&RULE, object, version, message, why, fix).hint().habit(habit));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::assert_rule;

    const FIRES: &[&str] = &["=== staging a
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec:
  chart: {spec: {chart: a, version: 1.1.0}}
=== production a
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec:
  chart: {spec: {chart: a, version: 1.0.0}}
"];
    const SILENT: &[&str] = &["=== staging a
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec:
  chart: {spec: {chart: a, version: 1.0.0}}
=== production a
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: web}
spec:
  chart: {spec: {chart: a, version: 1.0.0}}
"];

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        assert_rule(&super::RULE, FIRES, SILENT);
    }
}
