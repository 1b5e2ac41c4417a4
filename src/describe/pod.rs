//! Pod, and the template of one.

use serde_json::Value;

use super::generic::field;
use super::writer::{Writer, at, conditions, controlled_by, list, map, marks, pairs, plain};

/// Describes a pod.
pub(super) fn pod(value: &Value, writer: &mut Writer) {
    writer.some("Priority", at(value, "/spec/priority"));
    writer.some("Priority Class Name", at(value, "/spec/priorityClassName"));
    writer.field("Service Account", at(value, "/spec/serviceAccountName"));
    let (node, host) = (at(value, "/spec/nodeName"), at(value, "/status/hostIP"));
    writer.field("Node", if host.is_empty() { node } else { format!("{node}/{host}") });
    writer.some("Start Time", at(value, "/status/startTime"));
    marks(value, writer);
    let deleted = at(value, "/metadata/deletionTimestamp");
    if deleted.is_empty() {
        writer.field("Status", at(value, "/status/phase"));
    } else {
        writer.field("Status", format!("Terminating (since {deleted})"));
        writer.field("Termination Grace Period", format!("{}s", at(value, "/metadata/deletionGracePeriodSeconds")));
    }
    writer.some("Reason", at(value, "/status/reason"));
    writer.some("Message", at(value, "/status/message"));
    writer.field("IP", at(value, "/status/podIP"));
    let addresses: Vec<String> = list(value, "/status/podIPs").map(|one| at(one, "/ip")).collect();
    writer.many("IPs", &addresses);
    controlled_by(value, writer);
    for (label, spec, status) in [
        ("Init Containers", "/spec/initContainers", "/status/initContainerStatuses"),
        ("Containers", "/spec/containers", "/status/containerStatuses"),
        ("Ephemeral Containers", "/spec/ephemeralContainers", "/status/ephemeralContainerStatuses"),
    ] {
        containers(value, label, spec, Some(status), writer);
    }
    conditions(value, writer);
    volumes(value, "/spec/volumes", writer);
    writer.field("QoS Class", at(value, "/status/qosClass"));
    writer.many("Node-Selectors", &pairs(value, "/spec/nodeSelector", "="));
    let tolerations: Vec<String> = list(value, "/spec/tolerations").map(toleration).collect();
    writer.many("Tolerations", &tolerations);
}

/// Describes the template of a workload's pods.
pub(super) fn template(value: &Value, pointer: &str, writer: &mut Writer) {
    let Some(template) = value.pointer(pointer) else { return };
    writer.heading("Pod Template");
    writer.block(|writer| {
        marks(template, writer);
        writer.some("Service Account", at(template, "/spec/serviceAccountName"));
        containers(template, "Init Containers", "/spec/initContainers", None, writer);
        containers(template, "Containers", "/spec/containers", None, writer);
        volumes(template, "/spec/volumes", writer);
        writer.some("Priority Class Name", at(template, "/spec/priorityClassName"));
        writer.many("Node-Selectors", &pairs(template, "/spec/nodeSelector", "="));
        let tolerations: Vec<String> = list(template, "/spec/tolerations").map(toleration).collect();
        writer.many("Tolerations", &tolerations);
    });
}

fn containers(value: &Value, label: &str, pointer: &str, statuses: Option<&str>, writer: &mut Writer) {
    if list(value, pointer).next().is_none() {
        return;
    }
    writer.heading(label);
    writer.block(|writer| {
        for spec in list(value, pointer) {
            let name = at(spec, "/name");
            writer.heading(&name);
            let status = statuses.and_then(|statuses| list(value, statuses).find(|status| at(status, "/name") == name));
            writer.block(|writer| container(spec, status, writer));
        }
    });
}

fn container(spec: &Value, status: Option<&Value>, writer: &mut Writer) {
    if let Some(status) = status {
        writer.field("Container ID", at(status, "/containerID"));
    }
    writer.field("Image", at(spec, "/image"));
    if let Some(status) = status {
        writer.field("Image ID", at(status, "/imageID"));
    }
    let port = |port: &Value, pointer: &str| {
        let protocol = at(port, "/protocol");
        let protocol = if protocol.is_empty() { "TCP" } else { &protocol };
        format!("{}/{protocol}", at(port, pointer))
    };
    let ports: Vec<String> = list(spec, "/ports").map(|one| port(one, "/containerPort")).collect();
    writer.field(if ports.len() > 1 { "Ports" } else { "Port" }, ports.join(", "));
    for (label, pointer) in [("Command", "/command"), ("Args", "/args")] {
        let words: Vec<String> = list(spec, pointer).map(plain).collect();
        if !words.is_empty() {
            writer.heading(label);
            writer.block(|writer| words.iter().flat_map(|word| word.lines()).for_each(|line| writer.text(line)));
        }
    }
    if let Some(status) = status {
        state(status.pointer("/state"), "State", writer);
        if status.pointer("/lastState").and_then(Value::as_object).is_some_and(|last| !last.is_empty()) {
            state(status.pointer("/lastState"), "Last State", writer);
        }
        writer.field("Ready", at(status, "/ready"));
        writer.field("Restart Count", at(status, "/restartCount"));
    }
    map(spec, "/resources/limits", "Limits", writer);
    map(spec, "/resources/requests", "Requests", writer);
    for (label, pointer) in
        [("Liveness", "/livenessProbe"), ("Readiness", "/readinessProbe"), ("Startup", "/startupProbe")]
    {
        if let Some(found) = spec.pointer(pointer) {
            writer.field(label, probe(found));
        }
    }
    environment(spec, writer);
    let mounts: Vec<String> = list(spec, "/volumeMounts").map(mount).collect();
    lines("Mounts", &mounts, writer);
}

fn state(state: Option<&Value>, label: &str, writer: &mut Writer) {
    let Some((name, inner)) = state.and_then(Value::as_object).and_then(|state| state.iter().next()) else {
        writer.field(label, "Waiting");
        return;
    };
    let mut word = name.clone();
    if let Some(first) = word.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    writer.field(label, word);
    writer.block(|writer| {
        writer.some("Reason", at(inner, "/reason"));
        writer.some("Message", at(inner, "/message"));
        if name == "terminated" {
            writer.field("Exit Code", at(inner, "/exitCode"));
            writer.some("Signal", at(inner, "/signal"));
        }
        writer.some("Started", at(inner, "/startedAt"));
        writer.some("Finished", at(inner, "/finishedAt"));
    });
}

fn environment(spec: &Value, writer: &mut Writer) {
    let from: Vec<String> = list(spec, "/envFrom")
        .map(|source| {
            let name = |kind: &str| at(source, &format!("/{kind}/name"));
            let optional = |kind: &str| {
                let optional = at(source, &format!("/{kind}/optional"));
                if optional.is_empty() { "False".to_owned() } else { optional }
            };
            match name("secretRef") {
                secret if secret.is_empty() => {
                    format!("{}  ConfigMap  Optional: {}", name("configMapRef"), optional("configMapRef"))
                }
                secret => format!("{secret}  Secret  Optional: {}", optional("secretRef")),
            }
        })
        .collect();
    if !from.is_empty() {
        lines("Environment Variables from", &from, writer);
    }
    if list(spec, "/env").next().is_none() {
        writer.field("Environment", "<none>");
        return;
    }
    writer.heading("Environment");
    writer.block(|writer| {
        for variable in list(spec, "/env") {
            writer.field(&at(variable, "/name"), variable_value(variable));
        }
    });
}

fn variable_value(variable: &Value) -> String {
    let Some(from) = variable.get("valueFrom") else { return at(variable, "/value") };
    for (kind, word) in [("secretKeyRef", "secret"), ("configMapKeyRef", "config map")] {
        if let Some(reference) = from.get(kind) {
            let optional = at(reference, "/optional");
            let optional = if optional.is_empty() { "False" } else { &optional };
            return format!(
                "<set to the key '{}' of {word} '{}'>  Optional: {optional}",
                at(reference, "/key"),
                at(reference, "/name")
            );
        }
    }
    let field = at(from, "/fieldRef/fieldPath");
    if field.is_empty() { format!("({})", at(from, "/resourceFieldRef/resource")) } else { format!("({field})") }
}

fn mount(mount: &Value) -> String {
    let mode = if mount.get("readOnly").and_then(Value::as_bool).unwrap_or(false) { "ro" } else { "rw" };
    let path = at(mount, "/subPath");
    let path = if path.is_empty() { String::new() } else { format!(",path=\"{path}\"") };
    format!("{} from {} ({mode}{path})", at(mount, "/mountPath"), at(mount, "/name"))
}

fn lines(label: &str, texts: &[String], writer: &mut Writer) {
    if texts.is_empty() {
        writer.field(label, "<none>");
    } else {
        writer.heading(label);
        writer.block(|writer| texts.iter().for_each(|text| writer.text(text.clone())));
    }
}

fn probe(probe: &Value) -> String {
    let how = if let Some(http) = probe.get("httpGet") {
        let scheme = at(http, "/scheme").to_lowercase();
        let scheme = if scheme.is_empty() { "http".to_owned() } else { scheme };
        format!("http-get {scheme}://{}:{}{}", at(http, "/host"), at(http, "/port"), at(http, "/path"))
    } else if let Some(tcp) = probe.get("tcpSocket") {
        format!("tcp-socket {}:{}", at(tcp, "/host"), at(tcp, "/port"))
    } else if let Some(grpc) = probe.get("grpc") {
        format!("grpc <pod>:{} {}", at(grpc, "/port"), at(grpc, "/service"))
    } else {
        let words: Vec<String> = list(probe, "/exec/command").map(plain).collect();
        format!("exec {words:?}")
    };
    let number = |pointer: &str, otherwise: &str| {
        let text = at(probe, pointer);
        if text.is_empty() { otherwise.to_owned() } else { text }
    };
    format!(
        "{how} delay={}s timeout={}s period={}s #success={} #failure={}",
        number("/initialDelaySeconds", "0"),
        number("/timeoutSeconds", "1"),
        number("/periodSeconds", "10"),
        number("/successThreshold", "1"),
        number("/failureThreshold", "3")
    )
}

fn volumes(value: &Value, pointer: &str, writer: &mut Writer) {
    if list(value, pointer).next().is_none() {
        writer.field("Volumes", "<none>");
        return;
    }
    writer.heading("Volumes");
    writer.block(|writer| {
        for volume in list(value, pointer) {
            writer.heading(&at(volume, "/name"));
            let sources = volume.as_object().into_iter().flatten().filter(|(key, _)| *key != "name");
            writer.block(|writer| {
                for (kind, source) in sources {
                    writer.field("Type", volume_type(kind));
                    for (key, part) in source.as_object().into_iter().flatten() {
                        field(key, part, writer);
                    }
                }
            });
        }
    });
}

fn volume_type(kind: &str) -> String {
    match kind {
        "secret" => "Secret (a volume populated by a Secret)".to_owned(),
        "configMap" => "ConfigMap (a volume populated by a ConfigMap)".to_owned(),
        "emptyDir" => "EmptyDir (a temporary directory that shares a pod's lifetime)".to_owned(),
        "persistentVolumeClaim" => {
            "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)".to_owned()
        }
        "hostPath" => "HostPath (bare host directory volume)".to_owned(),
        "nfs" => "NFS (an NFS mount that lasts the lifetime of a pod)".to_owned(),
        "projected" => "Projected (a volume that contains injected data from multiple sources)".to_owned(),
        other => other.to_owned(),
    }
}

fn toleration(toleration: &Value) -> String {
    let mut text = at(toleration, "/key");
    let value = at(toleration, "/value");
    if !value.is_empty() {
        text = format!("{text}={value}");
    }
    let effect = at(toleration, "/effect");
    if !effect.is_empty() {
        text = format!("{text}:{effect}");
    }
    if at(toleration, "/operator") == "Exists" {
        text.push_str(" op=Exists");
    }
    let seconds = at(toleration, "/tolerationSeconds");
    if !seconds.is_empty() {
        text = format!("{text} for {seconds}s");
    }
    text.trim().to_owned()
}
