//! Errors of the API server and of the way to it, as an operator can use them.

use crate::model::{Fault, FaultKind};

/// Turns an error of the client into a fault that says what was tried, why it failed and what to do.
pub fn of(environment: &str, tried: &str, error: &kube::Error) -> Fault {
    let what = format!("cannot {tried} in {environment}");
    match error {
        kube::Error::Api(status) => match status.code {
            401 => Fault::new(
                FaultKind::Unreachable,
                what,
                format!("the API server does not accept the credentials ({})", status.message),
                format!("log in again, or look at the user of context {environment} in the kubeconfig"),
            ),
            403 => Fault::failed(what, status.message.clone(), "ask for the permission named in the message"),
            404 => Fault::failed(what, status.message.clone(), "it may have been deleted, or its CRD is not installed"),
            _ => Fault::failed(what, status.message.clone(), "the message is the API server's own"),
        },
        other => Fault::new(FaultKind::Unreachable, what, chain(other), "is the cluster up, and the way to it open?"),
    }
}

/// Writes an error with the causes behind it, without repeating what one cause says of the next.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let said = cause.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        next = cause.source();
    }
    text
}
