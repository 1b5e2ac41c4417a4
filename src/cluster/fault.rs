//! Errors of the API server and of the connection to it, in a form that helps the user.

use super::connect::Broken;
use crate::model::{Fault, FaultKind};

/// The remedy for an unreachable server.
pub(super) const IS_IT_UP: &str = "is the cluster up, and the VPN or tunnel to it open?";

/// Turns an error of the connection into a fault with the attempt, the reason and the remedy.
pub(super) fn of_connection(environment: &str, tried: &str, error: &kube::Error) -> Fault {
    let what = format!("cannot {tried} in {environment}");
    if let Some(broken) = cause::<Broken>(error) {
        return Fault::new(FaultKind::Unreachable, what, &*broken.why, &*broken.todo);
    }
    let why = match error {
        kube::Error::Service(inner) => chain(&**inner),
        other => chain(other),
    };
    // hyper's word for requests whose connection broke while they waited.
    let why = if why.contains("canceled") { "the connection to the API server broke".to_owned() } else { why };
    Fault::new(FaultKind::Unreachable, what, why, IS_IT_UP)
}

/// Tells whether a request was never sent, because there was no connection.
pub(super) fn never_connected(error: &kube::Error) -> bool {
    cause::<Broken>(error).is_some()
}

/// Turns an error status of the API server into a fault.
pub fn of_status(environment: &str, tried: &str, code: u16, message: &str) -> Fault {
    let what = format!("cannot {tried} in {environment}");
    match code {
        401 => Fault::new(
            FaultKind::Unreachable,
            what,
            format!("the API server does not accept the credentials ({message})"),
            format!("log in to {environment} again, or look at the user of its context in the kubeconfig"),
        ),
        403 => Fault::failed(what, message, "ask for the permission that the message names"),
        404 => Fault::failed(what, message, "it may have been deleted, or its CRD is not installed"),
        409 => Fault::failed(what, message, "somebody changed it meanwhile: try again"),
        410 => Fault::failed(
            what,
            message,
            "it is listed again by itself; if this stays, the API server or etcd behind it has too much to do",
        ),
        429 => Fault::failed(what, message, "the API server has too much to do: try again later"),
        500.. => Fault::failed(
            what,
            message,
            "the API server, or a webhook or proxy before it, is in trouble: look at its log",
        ),
        _ => Fault::failed(what, message, "the message is the API server's own"),
    }
}

fn cause<E: std::error::Error + 'static>(error: &kube::Error) -> Option<&E> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = match error {
        kube::Error::Service(error) => Some(&**error),
        other => std::error::Error::source(other),
    };
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// Writes an error with its causes, without those that the previous message contains.
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
