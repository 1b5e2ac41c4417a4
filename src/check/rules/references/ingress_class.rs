//! An `IngressClass` that nothing creates.

use crate::check::world::{World, at, text};
use crate::check::{Finding, Rule, RuleInput};
use crate::model::known;

pub(in crate::check) const RULE: Rule = Rule {
    id: "ingress-class-missing",
    about: "an Ingress of an IngressClass which nothing in the environment makes",
    check: RuleInput::World(check),
};

/// Charts of ingress controllers, with the class that each creates unless its values name another.
const BRINGS: [(&str, &str); 8] = [
    ("ingress-nginx", "nginx"),
    ("nginx-ingress", "nginx"),
    ("kubernetes-ingress", "haproxy"),
    ("haproxy-ingress", "haproxy"),
    ("traefik", "traefik"),
    ("kong", "kong"),
    ("contour", "contour"),
    ("tailscale-operator", "tailscale"),
];

/// Parts of the names of charts that may create a class of an unknown name.
const MAY_BRING: [&str; 16] = [
    "ingress",
    "gateway",
    "istio",
    "cilium",
    "nginx",
    "haproxy",
    "kong",
    "traefik",
    "contour",
    "tailscale",
    "cloudflare",
    "tunnel",
    "apisix",
    "emissary",
    "pomerium",
    "ngrok",
];

fn check(world: &World<'_>, found: &mut Vec<Finding>) {
    let Some(classes) = classes(world) else { return };
    for object in world.objects_of("networking.k8s.io", "Ingress") {
        let annotated = at(&object.body, "/metadata/annotations").get("kubernetes.io/ingress.class");
        let annotated = annotated.and_then(serde_json::Value::as_str).unwrap_or_default();
        let name =
            Some(text(&object.body, "/spec/ingressClassName")).filter(|name| !name.is_empty()).unwrap_or(annotated);
        if name.is_empty()
            || classes.iter().any(|class| class == name)
            || world.may_come(&[("networking.k8s.io", "IngressClass")], "")
        {
            continue;
        }
        let message = format!("its IngressClass {name} is made by nothing; there is {}", classes.join(", "));
        let why = "no controller takes it up: the address answers 404, and everything is green";
        let fix = "name a class that the environment has (kubectl get ingressclass), or declare it";
        found.push(world.finding(&RULE, object, name, message, why, fix));
    }
}

/// Lists the classes of an environment; `None` where they may come from elsewhere, as they do if nothing in the
/// repository creates one.
fn classes(world: &World<'_>) -> Option<Vec<String>> {
    let mut known: Vec<String> =
        world.objects_of("networking.k8s.io", "IngressClass").map(|class| class.object.name.clone()).collect();
    for release in world.objects_of(known::HELM, "HelmRelease") {
        let body = &release.body;
        let chart = world.chart(release);
        let class = BRINGS.iter().find(|(name, _)| *name == chart).map(|(_, class)| *class);
        match class {
            // Values from a reference may name any class.
            Some(_) if body.pointer("/spec/valuesFrom").is_some() => return None,
            Some(class) => {
                known.push(class.to_owned());
                // Traefik's class has the name of the release; any chart may take a name from its values.
                known.push(release.object.name.clone());
                named(at(body, "/spec/values"), false, &mut known);
            }
            None if MAY_BRING.iter().any(|part| chart.contains(part)) => return None,
            None => {}
        }
    }
    // K3s contains Traefik, which its own HelmChartConfig configures.
    let of_k3s = world.objects_of("helm.cattle.io", "HelmChartConfig").any(|config| config.object.name == "traefik");
    if known.is_empty() && !of_k3s {
        return None;
    }
    known.push("traefik".to_owned());
    known.sort_unstable();
    known.dedup();
    Some(known)
}

/// Collects the names of ingress classes anywhere in values.
fn named(value: &serde_json::Value, is_inside: bool, known: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(map) => {
            for (key, value) in map {
                named(value, is_inside || key.to_lowercase().contains("ingressclass"), known);
            }
        }
        serde_json::Value::Array(list) => list.iter().for_each(|value| named(value, is_inside, known)),
        serde_json::Value::String(text) if is_inside => known.push(text.clone()),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::found;

    #[test]
    fn it_fires_where_it_must_and_nowhere_else() {
        let ingress = |class: &str| {
            format!(
                "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: a, namespace: web}}\nspec: {{ingressClassName: {class}}}\n"
            )
        };
        let release = |chart: &str, more: &str| {
            format!(
                "---\napiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: r, namespace: edge}}\nspec: {{chart: {{spec: {{chart: {chart}}}}}{more}}}\n"
            )
        };
        let k3s = "---\napiVersion: helm.cattle.io/v1\nkind: HelmChartConfig\nmetadata: {name: traefik, namespace: kube-system}\n";
        let class = "---\napiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: inside}\n";
        for (class_name, beside, count) in [
            ("nginx", k3s.to_owned(), 1),
            ("traefik", k3s.to_owned(), 0),
            ("nginx", class.to_owned(), 1),
            ("inside", class.to_owned(), 0),
            ("inside", release("ingress-nginx", ""), 1),
            ("nginx", release("ingress-nginx", ""), 0),
            ("inside", release("ingress-nginx", ", values: {controller: {ingressClassResource: {name: inside}}}"), 0),
            ("inside", release("ingress-nginx", ", valuesFrom: [{kind: ConfigMap, name: v}]"), 0),
            ("r", release("traefik", ""), 0),
            // An unknown controller may create any class; if nothing creates one, the cluster has it.
            ("inside", k3s.to_owned() + &release("nginx-gateway", ""), 0),
            ("inside", String::new(), 0),
            ("inside", release("redis", ""), 0),
        ] {
            let text = ingress(class_name) + &beside;
            assert_eq!(found(&super::RULE, &text).len(), count, "{text}");
        }
        let annotated = "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a, namespace: web, annotations: {kubernetes.io/ingress.class: nginx}}\n";
        assert_eq!(
            found(&super::RULE, &(annotated.to_owned() + k3s)),
            ["staging Ingress/web/a: its IngressClass nginx is made by nothing; there is traefik"]
        );
    }
}
