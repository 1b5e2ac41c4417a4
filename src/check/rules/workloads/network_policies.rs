//! A namespace without the network policies that all others have.

use crate::check::world::World;
use crate::check::{Finding, Rule, RuleInput};

pub(in crate::check) const RULE: Rule = Rule {
    id: "network-policy-missing",
    about: "a namespace with pods and no NetworkPolicy where all others of the environment have one",
    check: RuleInput::World(check),
};

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    let has = |namespace: &str| {
        world.objects_of("networking.k8s.io", "NetworkPolicy").any(|one| one.object.namespace == namespace)
    };
    let mut with_pods: Vec<&str> =
        world.pods().map(|pods| pods.object.object.namespace.as_str()).filter(|name| *name != "flux-system").collect();
    with_pods.sort_unstable();
    with_pods.dedup();
    let without: Vec<&str> = with_pods.iter().copied().filter(|namespace| !has(namespace)).collect();
    // Only a rule that nearly all namespaces follow is a habit of the repository.
    if with_pods.len() < 4 || without.len() * 4 > with_pods.len() {
        return;
    }
    for namespace in without {
        let Some(object) = world.find("Namespace", "", namespace) else { continue };
        let message = format!(
            "it has pods and no NetworkPolicy, as {} of {} namespaces have",
            with_pods.len().saturating_sub(1),
            with_pods.len()
        );
        let why = "its pods are reached from everywhere and reach everything, unlike those of the others";
        let fix = "add the policies that the other namespaces have, or say why not: # fluxdeck:ignore network-policy-missing REASON";
        found.push(world.finding(&RULE, object, namespace, message, why, fix).hint());
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{app, assert_rule, workload};

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        let fires = [app()
            .beside(workload("Deployment", "a/app"))
            .and("networking.k8s.io/v1 NetworkPolicy a/p", "")
            .beside(workload("Deployment", "b/app"))
            .and("networking.k8s.io/v1 NetworkPolicy b/p", "")
            .beside(workload("Deployment", "c/app"))
            .and("networking.k8s.io/v1 NetworkPolicy c/p", "")
            .and("v1 Namespace web", "")];
        let silent = [
            app().and("v1 Namespace web", ""),
            app()
                .beside(workload("Deployment", "a/app"))
                .beside(workload("Deployment", "b/app"))
                .beside(workload("Deployment", "c/app"))
                .and("v1 Namespace web", ""),
        ];
        assert_rule(&super::RULE, &fires, &silent);
    }
}
