//! The network: Service and Ingress.

use serde_json::Value;

use super::writer::{Writer, at, list, marks, pairs};

/// Describes a Service.
pub(super) fn service(value: &Value, writer: &mut Writer) {
    marks(value, writer);
    writer.field("Selector", pairs(value, "/spec/selector", "=").join(","));
    for (label, pointer) in [
        ("Type", "/spec/type"),
        ("IP Family Policy", "/spec/ipFamilyPolicy"),
        ("IP Families", "/spec/ipFamilies"),
        ("IP", "/spec/clusterIP"),
        ("IPs", "/spec/clusterIPs"),
        ("External IPs", "/spec/externalIPs"),
        ("External Name", "/spec/externalName"),
        ("Desired LoadBalancer IP", "/spec/loadBalancerIP"),
    ] {
        writer.some(label, at(value, pointer));
    }
    let ingress: Vec<String> = list(value, "/status/loadBalancer/ingress")
        .map(|one| format!("{}{}", at(one, "/ip"), at(one, "/hostname")))
        .collect();
    writer.some("LoadBalancer Ingress", ingress.join(", "));
    for port in list(value, "/spec/ports") {
        let name = at(port, "/name");
        let name = if name.is_empty() { "<unset>" } else { &name };
        let protocol = at(port, "/protocol");
        writer.field("Port", format!("{name}  {}/{protocol}", at(port, "/port")));
        writer.field("TargetPort", format!("{}/{protocol}", at(port, "/targetPort")));
        let node = at(port, "/nodePort");
        if !node.is_empty() {
            writer.field("NodePort", format!("{name}  {node}/{protocol}"));
        }
    }
    writer.field("Session Affinity", at(value, "/spec/sessionAffinity"));
    writer.some("External Traffic Policy", at(value, "/spec/externalTrafficPolicy"));
    writer.some("Internal Traffic Policy", at(value, "/spec/internalTrafficPolicy"));
}

/// Describes an Ingress.
pub(super) fn ingress(value: &Value, writer: &mut Writer) {
    marks(value, writer);
    let addresses: Vec<String> = list(value, "/status/loadBalancer/ingress")
        .map(|one| format!("{}{}", at(one, "/ip"), at(one, "/hostname")))
        .collect();
    writer.field("Address", addresses.join(", "));
    writer.field("Ingress Class", at(value, "/spec/ingressClassName"));
    if let Some(backend) = value.pointer("/spec/defaultBackend") {
        writer.field("Default Backend", target(backend));
    }
    let secure: Vec<String> = list(value, "/spec/tls")
        .map(|tls| format!("{} terminates {}", at(tls, "/secretName"), at(tls, "/hosts")))
        .collect();
    writer.many("TLS", &secure);
    let mut rows = vec![["Host", "Path", "Backends"].map(str::to_owned).to_vec()];
    for rule in list(value, "/spec/rules") {
        let host = at(rule, "/host");
        let host = if host.is_empty() { "*".to_owned() } else { host };
        for path in list(rule, "/http/paths") {
            let backend = path.get("backend").map(target).unwrap_or_default();
            rows.push(vec![host.clone(), at(path, "/path"), backend]);
        }
    }
    writer.heading("Rules");
    writer.table(&rows);
}

fn target(backend: &Value) -> String {
    let port = format!("{}{}", at(backend, "/service/port/number"), at(backend, "/service/port/name"));
    let name = at(backend, "/service/name");
    if name.is_empty() {
        format!("{}/{}", at(backend, "/resource/kind"), at(backend, "/resource/name"))
    } else {
        format!("{name}:{port}")
    }
}
