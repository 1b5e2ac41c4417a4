//! Makes a port of a pod reachable on this machine, and from the user's desk.

use super::object::line;
use super::verb::{lesson, operate};
use crate::app::{Action, Ask, Command, CommandQuestion, KeyScope, Notice, Risk};
use crate::cluster::pod::has_pods;
use crate::cluster::verbs::Forward;
use crate::model::{Fault, FaultKind, Lesson, ShellLine};

/// The ports in the lesson before the user names any: kubectl needs one.
const DEFAULT_PORTS: &str = "8080:80";

/// Forwards a port of a pod, of a workload's pod, or of a Service.
pub static COMMAND: Command = Command {
    id: "port-forward",
    title: "Forward a port",
    keys: &["F"],
    scope: KeyScope::Object(has_pods),
    // It opens a way into the cluster that fluxdeck does not guard.
    risk: Risk::Writes,
    questions: &[CommandQuestion {
        id: "ports",
        label: "Which port? LOCAL:PORT or PORT; empty for its first",
        optional: true,
        check: Some(|text, _| ports(text).is_none().then(|| no_port(text))),
    }],
    lesson: teach,
    run: |ask| match ports(ask.answer("ports").unwrap_or_default()) {
        Some((local, remote)) => {
            let verb = Forward { local, remote, via: ask.facts.via.clone() };
            operate(ask, "Forward", verb, &teach(ask).shell)
        }
        None => {
            vec![Action::Tell(Notice::fault(ask.now, no_port(ask.answer("ports").unwrap_or_default())))]
        }
    },
};

fn no_port(text: &str) -> Fault {
    Fault::new(
        FaultKind::Usage,
        "no port was forwarded",
        format!("`{text}` is not LOCAL:PORT"),
        "write 8080:80, 8080:http, 80 or http; a local port is a number from 1 to 65535",
    )
}

/// Reads `LOCAL:PORT` or `PORT`, whose right side may be a name; empty means the first port.
fn ports(text: &str) -> Option<(Option<u16>, Option<String>)> {
    let remote = |text: &str| {
        let is_name = text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
        let is_port =
            text.parse::<u16>().is_ok_and(|port| port > 0) || text.chars().any(|letter| letter.is_ascii_alphabetic());
        (is_name && is_port).then(|| text.to_owned())
    };
    match text.split_once(':') {
        _ if text.is_empty() => Some((None, None)),
        None => Some((None, Some(remote(text)?))),
        Some((local, far)) => Some((Some(local.parse().ok().filter(|port| *port > 0)?), Some(remote(far)?))),
    }
}

fn teach(ask: &Ask<'_>) -> Lesson {
    let asked = ask.answer("ports").unwrap_or(DEFAULT_PORTS);
    let local = asked.split_once(':').map_or(asked, |(local, _)| local);
    lesson(
        if ask.object().is_none() { ShellLine::default() } else { line(ask, "port-forward").option(" {}", asked) },
        &format!(
            "The API server carries the bytes: nothing is exposed, and no Ingress is needed. It listens on 127.0.0.1 of this machine; from your desk: ssh -L {local}:127.0.0.1:{local} {}",
            ask.facts.via
        ),
        "the port in the operations (‹key:operations›); ‹key:cancel› stops it. It follows a workload to a new pod, kubectl does not.",
        "https://kubernetes.io/docs/tasks/access-application-cluster/port-forward-access-application-cluster/",
    )
}

#[cfg(test)]
mod tests {
    use super::ports;

    #[test]
    fn ports_are_read_as_kubectl_reads_them() {
        let far = |text: &str| Some(text.to_owned());
        assert_eq!(ports(""), Some((None, None)));
        assert_eq!(ports("80"), Some((None, far("80"))));
        assert_eq!(ports("http-web"), Some((None, far("http-web"))));
        assert_eq!(ports("8080:80"), Some((Some(8080), far("80"))));
        for wrong in ["0", "8080:", ":80", "http:80", "70000:80", "80 81", "-", "99999"] {
            assert_eq!(ports(wrong), None, "{wrong}");
        }
    }
}
