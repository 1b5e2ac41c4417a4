//! A registry answers that too much is pulled.

use super::images::{self, ImageFault};
use super::pods::joined;
use crate::doctor::{Cause, Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause = Cause { id: "image-rate-limit", title: "A registry limits the number of pulls", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    let all = images::failing(graph, ImageFault::RateLimit);
    joined(all.iter().map(|ill| {
        let host = images::host(ill.container.image());
        let found = images::diagnosis(graph, ill, CAUSE.id, &format!("is not given out at the moment: {host} limits the number of pulls"))
            .mended_by(Remedy::change(
                format!("Pull with an account (imagePullSecrets) or through a mirror of {host}; without either the limit ends after some hours."),
                "events say Successfully pulled image",
            ))
            .documented("https://docs.docker.com/docker-hub/usage/pulls/");
        (host.to_owned(), found)
    }))
}
