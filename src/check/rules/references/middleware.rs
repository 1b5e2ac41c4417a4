//! A Middleware of Traefik that is declared nowhere.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::check::world::{World, at, list, text};
use crate::check::{Finding, Rule, RuleInput};
use crate::render::Object;

pub(in crate::check) const RULE: Rule = Rule {
    id: "middleware-missing",
    about: "an Ingress or IngressRoute that names a Middleware of Traefik which is declared nowhere",
    check: RuleInput::World(check),
};

/// The annotation of an Ingress: names of the form `NAMESPACE-NAME@kubernetescrd`, separated by commas
/// (doc.traefik.io/traefik, "Kubernetes Ingress", annotations).
const ANNOTATION: &str = "traefik.ingress.kubernetes.io/router.middlewares";

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    // Traefik joins namespace and name with a hyphen everywhere.
    let is_middleware = |object: &&Object| {
        object.kind() == "Middleware" && matches!(object.object.group.as_str(), "traefik.io" | "traefik.containo.us")
    };
    let known: Vec<String> = world.objects().filter(is_middleware).map(qualified).collect();
    for object in world.objects() {
        for wanted in wanted(object) {
            let place = wanted.split_once('/').map(|(namespace, _)| namespace);
            let joined = wanted.replacen('/', "-", 1);
            if known.contains(&joined) {
                continue;
            }
            // A chart may create it, in a namespace that only the name hints at.
            let may_come = place.map_or_else(
                || charted(world).iter().any(|namespace| joined.starts_with(&format!("{namespace}-"))),
                |namespace| world.is_filled(namespace),
            );
            let kinds = [("traefik.io", "Middleware"), ("traefik.containo.us", "Middleware")];
            if may_come || world.may_come(&kinds, place.unwrap_or_default()) {
                continue;
            }
            let message = format!("it names the Middleware {wanted}, which is declared nowhere");
            let why = "Traefik leaves the whole route out: the address answers 404, and everything is green";
            let fix =
                "correct the name: in an annotation it is NAMESPACE-NAME@kubernetescrd; or declare the Middleware";
            let needle = wanted.rsplit('/').next().unwrap_or_default();
            found.push(world.finding(&RULE, object, needle, message, why, fix));
        }
    }
}

fn qualified(object: &Object) -> String {
    format!("{}-{}", object.object.namespace, object.object.name)
}

/// Lists the namespaces in which something else may create objects.
fn charted<'a>(world: &'a World<'_>) -> BTreeSet<&'a str> {
    let namespaces = world
        .objects()
        .flat_map(|object| [object.object.namespace.as_str(), text(&object.body, "/spec/targetNamespace")]);
    let mut all: BTreeSet<&str> = namespaces.filter(|namespace| !namespace.is_empty()).collect();
    all.retain(|namespace| world.is_filled(namespace));
    all
}

/// Lists the Middlewares that an object names, as `NAMESPACE/NAME`, or as `NAMESPACE-NAME` where the object joins the
/// two.
fn wanted(object: &Object) -> Vec<String> {
    match (object.object.group.as_str(), object.kind()) {
        ("networking.k8s.io", "Ingress") => {
            let names = at(&object.body, "/metadata/annotations").get(ANNOTATION).and_then(Value::as_str);
            let names = names.into_iter().flat_map(|names| names.split(',')).map(str::trim);
            names.filter_map(|name| name.strip_suffix("@kubernetescrd")).map(str::to_owned).collect()
        }
        ("traefik.io" | "traefik.containo.us", "IngressRoute") => {
            let all = list(&object.body, "/spec/routes").iter().flat_map(|route| list(route, "/middlewares"));
            let plain = all.filter(|one| !text(one, "/name").contains('@'));
            let name = |one| format!("{}/{}", object.namespace_of(one), text(one, "/name"));
            plain.map(name).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::found;

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        let middleware = "---\napiVersion: traefik.io/v1alpha1\nkind: Middleware\nmetadata: {name: secure-headers, namespace: edge-net}\n";
        let ingress = |names: &str| {
            format!(
                "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: a, namespace: web, annotations: {{traefik.ingress.kubernetes.io/router.middlewares: \"{names}\"}}}}\n"
            )
        };
        let route = |middlewares: &str| {
            format!(
                "---\napiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: {{name: a, namespace: web}}\nspec: {{routes: [{{kind: Rule, middlewares: {middlewares}}}]}}\n"
            )
        };
        let chart = "---\napiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: a, namespace: auth}\nspec: {chart: {spec: {chart: a}}}\n";
        for (text, count) in [
            (ingress("edge-net-secure-headers@kubernetescrd"), 0),
            (ingress("edge-net-secure-headers@kubernetescrd, web-gone@kubernetescrd"), 1),
            (ingress("secure-headers@kubernetescrd"), 1),
            (ingress("anything@file"), 0),
            (ingress("auth-forward@kubernetescrd"), 1),
            (ingress("auth-forward@kubernetescrd") + chart, 0),
            (route("[{name: secure-headers, namespace: edge-net}]"), 0),
            (route("[{name: secure-headers}]"), 1),
            (route("[{name: a@file}]"), 0),
            (route("[{name: forward, namespace: auth}]") + chart, 0),
        ] {
            let text = text + middleware;
            assert_eq!(found(&super::RULE, &text).len(), count, "{text}");
        }
    }
}
