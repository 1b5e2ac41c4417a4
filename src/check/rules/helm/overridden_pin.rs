//! A chart version in a base that every environment overrides.

use serde_json::Value;

use crate::check::world::{World, text};
use crate::check::{Finding, Rule, RuleInput};
use crate::model::known;
use crate::repo::contents;
use crate::yaml;

pub(in crate::check) const RULE: Rule = Rule {
    id: "helm-overridden-pin",
    about: "a version of a chart that stands in a base and is replaced in every environment",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for object in world.objects_of(known::HELM, "HelmRelease") {
        let file = &object.origin.file;
        let users = || {
            let all = world.rendering.of.iter().flat_map(|one| one.objects.iter().map(move |other| (&one.env, other)));
            all.filter(|(_, other)| other.object == object.object && other.origin.file == *file)
        };
        let mut environments: Vec<&str> = users().map(|(env, _)| env.as_str()).collect();
        environments.sort_unstable();
        environments.dedup();
        // The first environment reports it, for bases of several environments only.
        if environments.len() < 2 || environments.first() != Some(&world.env) {
            continue;
        }
        let Some(written) = written(world, file, &object.object.name) else { continue };
        if users().any(|(_, other)| text(&other.body, "/spec/chart/spec/version") == written) {
            continue;
        }
        let message = format!("its version {written} is applied nowhere: {} say their own", environments.join(" and "));
        let why = "raising it here, as Renovate does, changes nothing that runs";
        let fix = "take version out of the base: each environment says its own";
        let line = world.line(file, object.origin.line.unwrap_or(1), &written);
        let finding = Finding::new(RULE.id, file, message, why, fix).about(Some(object.object.to_string())).hint();
        found.push(Finding { line: line.or(object.origin.line), ..finding });
    }
}

/// Reads the version in the file itself.
fn written(world: &World<'_>, file: &str, name: &str) -> Option<String> {
    let read = contents::text(world.root(), file).ok()?;
    let documents: Vec<Value> = yaml::documents_as(&read).ok()?;
    let own =
        documents.iter().find(|one| text(one, "/kind") == "HelmRelease" && text(one, "/metadata/name") == name)?;
    Some(text(own, "/spec/chart/spec/version").to_owned()).filter(|version| !version.is_empty())
}

#[cfg(test)]
mod tests {
    use crate::check::testing::found_in;
    use crate::model::Nodes;

    fn release(version: &str) -> String {
        format!(
            "---\napiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: app, namespace: web}}\nspec:\n  chart:\n    spec:\n      chart: a\n      version: {version}\n"
        )
    }

    fn found(base: &str, staging: &str, production: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        // The objects of a Kustomization `apps` come from `apps.yaml`.
        std::fs::write(folder.path().join("apps.yaml"), base).unwrap();
        let text = format!("=== staging apps\n{}=== production apps\n{}", release(staging), release(production));
        found_in(folder.path(), &Nodes::default(), &super::RULE, &text)
    }

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        assert_eq!(
            found(&release("1.0.0"), "1.2.0", "1.1.0"),
            [" HelmRelease/web/app: its version 1.0.0 is applied nowhere: production and staging say their own"]
        );
        assert!(found(&release("1.0.0"), "1.2.0", "1.0.0").is_empty());
        assert!(found(&release("1.0.0").replace("      version: 1.0.0\n", ""), "1.2.0", "1.1.0").is_empty());
        assert!(found("a: [", "1.2.0", "1.1.0").is_empty());
    }
}
