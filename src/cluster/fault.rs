//! Errors of the API server and of the way to it, as an operator can use them.

use super::address::Misnamed;
use super::connect::Broken;
use crate::model::{Fault, FaultKind};

/// Turns an error of the client into a fault that says what was tried, why it failed and what to do.
pub fn of(environment: &str, tried: &str, error: &kube::Error) -> Fault {
    if let kube::Error::Api(status) = error {
        return of_status(environment, tried, status.code, &status.message);
    }
    let what = format!("cannot {tried} in {environment}");
    if let Some(misnamed) = cause::<Misnamed>(error) {
        return of_misnamed(environment, tried, misnamed);
    }
    if let Some(broken) = cause::<Broken>(error) {
        return Fault::new(FaultKind::Unreachable, what, &*broken.why, &*broken.todo);
    }
    let why = match error {
        kube::Error::Service(inner) => chain(&**inner),
        other => chain(other),
    };
    // hyper's word for requests that lost the connection they waited for.
    let why = if why.contains("canceled") { "the connection to the API server broke".to_owned() } else { why };
    Fault::new(FaultKind::Unreachable, what, why, "is the cluster up, and the VPN or tunnel to it open?")
}

/// Does the same for a request that changes something: where the answer was lost, nobody knows whether the request arrived.
pub(super) fn of_write(environment: &str, tried: &str, error: &kube::Error) -> Fault {
    let fault = of(environment, tried, error);
    let sent =
        !matches!(error, kube::Error::Api(_)) && cause::<Broken>(error).is_none() && cause::<Misnamed>(error).is_none();
    if !sent {
        return fault;
    }
    Fault {
        why: format!("{}; it may have arrived all the same", fault.why),
        todo: format!("look at the object before you ask again; {}", fault.todo),
        ..fault
    }
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

/// Says that a name can be none, and that nothing was asked.
pub(super) fn of_misnamed(environment: &str, tried: &str, misnamed: &Misnamed) -> Fault {
    Fault::new(
        FaultKind::Usage,
        format!("cannot {tried} in {environment}"),
        format!("{misnamed}; nothing was asked"),
        "write the name as the list shows it",
    )
}

/// Tells whether a request was never sent, because a name in its address can be none.
pub(super) fn is_misnamed(error: &kube::Error) -> bool {
    cause::<Misnamed>(error).is_some()
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
