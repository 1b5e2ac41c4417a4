//! A registry does not answer.

use super::images::{self, ImageFault};
use super::pods::joined;
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};
use crate::model::ShellLine;

pub(super) const CAUSE: Cause =
    Cause { id: "image-registry-unreachable", title: "A registry of images does not answer", find };

/// The reasons in words, the first that fits.
const WHY: &[(&str, &str)] = &[
    ("no such host", "its name is not known to DNS"),
    ("server misbehaving", "DNS does not answer"),
    ("name resolution", "DNS does not answer"),
    ("connection refused", "it refuses connections"),
    ("x509", "its certificate is not trusted by the node"),
    ("HTTP response to HTTPS client", "it speaks HTTP, and the node asks by HTTPS"),
    ("timeout", "it does not answer in time"),
    ("deadline exceeded", "it does not answer in time"),
    ("no route to host", "the node has no route to it"),
    ("network is unreachable", "the node has no route to it"),
];

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = images::failing(graph, ImageFault::Registry);
    joined(all.iter().map(|ill| {
        let host = images::host(ill.container.image());
        let why = WHY.iter().find(|(words, _)| ill.said.contains(words)).map_or("it answers with an error", |(_, why)| *why);
        let what = format!("cannot be pulled: registry {host} cannot be used from {}: {why}", node(ill));
        let found = images::diagnosis(graph, ill, CAUSE.id, &what)
            .look_at(ShellLine::new("curl -sSI https://{}/v2/", &[host]))
            .mended_by(Remedy::change(
                "Correct the host in the image's name where it is wrong; else mend the registry, the node's DNS or its way there. The kubelet tries again by itself.",
                "events say Successfully pulled image, at the latest 5 minutes after",
            ));
        (host.to_owned(), found)
    }))
}

fn node(ill: &super::pods::Ill<'_>) -> String {
    match ill.pod.text("/spec/nodeName") {
        "" => "the node".to_owned(),
        name => format!("node {name}"),
    }
}
