//! A Secret that Flux itself needs to reach something, and that nothing makes.

use crate::check::world::{World, text};
use crate::check::{Finding, Rule, RuleInput};
use crate::model::known;

pub(in crate::check) const RULE: Rule = Rule {
    id: "flux-secret-missing",
    about: "a source, Provider or Receiver whose secretRef names a Secret that nothing makes",
    check: RuleInput::World(check),
};

/// The references to a Secret in the object's own namespace.
const REFERENCES: [&str; 4] =
    ["/spec/secretRef/name", "/spec/certSecretRef/name", "/spec/proxySecretRef/name", "/spec/verify/secretRef/name"];

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    for object in world.objects() {
        let group = object.object.group.as_str();
        // `flux bootstrap` makes the Secret of its own source.
        let is_bootstrap =
            (object.object.namespace.as_str(), object.object.name.as_str()) == ("flux-system", "flux-system");
        if !matches!(group, known::SOURCE | known::NOTIFICATION | known::IMAGE) || is_bootstrap {
            continue;
        }
        let namespace = object.object.namespace.as_str();
        for name in REFERENCES.iter().map(|pointer| text(&object.body, pointer)) {
            // Flux makes this one for itself, and other sources may use it.
            if name.is_empty()
                || name.contains("${")
                || (namespace, name) == ("flux-system", "flux-system")
                || world.has("Secret", namespace, name)
                || world.makes_secret(namespace, name)
                || world.is_filled(namespace)
                || world.may_come(&[("", "Secret")], namespace)
            {
                continue;
            }
            let message = format!("it needs the Secret {name}, and nothing makes it in {namespace}");
            let (why, fix) = if group == known::NOTIFICATION {
                (
                    "nothing is sent or received: every event fails, and only the controller's log says so",
                    "declare the Secret in its namespace, encrypted, or correct the name",
                )
            } else {
                (
                    "the fetch fails on a new cluster: it works only where somebody made the Secret by hand",
                    "declare the Secret in its namespace, encrypted, or note how it is made by hand",
                )
            };
            let finding = world.finding(&RULE, object, name, message, why, fix);
            // What a cluster is bootstrapped with is often made by hand, once.
            found.push(if group == known::NOTIFICATION { finding.warning() } else { finding.hint() });
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{assert_rule, object};

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        let provider = "notification.toolkit.fluxcd.io/v1beta3 Provider flux-system/a";
        let source = |name: &str| format!("source.toolkit.fluxcd.io/v1 GitRepository flux-system/{name}");
        let needs =
            |head: &str, secret: &str| object(head, &format!("spec: {{type: slack, secretRef: {{name: {secret}}}}}"));
        let made = format!(
            "{}---\napiVersion: v1\nkind: Secret\nmetadata: {{name: token, namespace: flux-system}}\n",
            needs(provider, "token").as_ref()
        );
        assert_rule(
            &super::RULE,
            &[needs(provider, "token"), needs(&source("other"), "key")],
            &[needs(&source("flux-system"), "key"), needs(&source("other"), "flux-system")],
        );
        assert_rule(&super::RULE, &[], &[made]);
    }
}
