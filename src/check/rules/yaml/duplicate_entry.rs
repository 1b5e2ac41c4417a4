//! Two entries of one key in a list.

use super::validation::doubled;
use crate::check::world::World;
use crate::check::{Finding, Rule, RuleInput};

pub(in crate::check) const RULE: Rule = Rule {
    id: "duplicate-entry",
    about: "two entries of one name in a list whose entries are told apart by it, such as env, ports or volumes",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for object in world.objects() {
        for (path, key) in doubled(&object.body) {
            let message = format!("{path} has two entries with {key}");
            let why = format!(
                "the server-side apply of Flux refuses it: .{path}: duplicate entries for key [{key}]; nothing of its Kustomization is applied"
            );
            let fix = "leave one of them; `kubectl apply` without --server-side lets the last one count";
            let needle = key.split(['=', ',']).nth(1).unwrap_or_default().trim_matches('"').to_owned();
            found.push(world.finding(&RULE, object, &needle, message, why, fix));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{assert_rule, object};

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        let ports = |ports: &str| object("v1 Service web/a", &format!("spec: {{ports: [{ports}]}}"));
        assert_rule(
            &super::RULE,
            &[ports("{name: a, port: 80}, {name: b, port: 80}")],
            &[
                ports("{name: a, port: 80}, {name: b, port: 81}"),
                ports("{name: a, port: 53}, {name: b, port: 53, protocol: UDP}"),
            ],
        );
    }
}
