//! A certificate that does not come: issuer, request, order, challenge, Secret.

use super::Walk;
use super::ground::{WalkGround, condition, some_of};
use super::step::{StepVerdict, WalkCheck, WalkStep};
use crate::doctor::LiveObject;
use crate::model::{ObjectRef, ShellLine, State};

pub(super) const WALK: Walk = Walk {
    id: "certificate",
    title: "A certificate that does not come",
    about: "A Certificate of cert-manager is not Ready, or browsers warn.",
    kind: Some((GROUP, "Certificate")),
    steps,
};

const GROUP: &str = "cert-manager.io";
const ACME: &str = "acme.cert-manager.io";

fn steps(ground: &WalkGround<'_>) -> Vec<WalkStep> {
    let graph = ground.graph;
    let find = |told: StepVerdict| {
        WalkStep::new(
            "Find the certificate",
            "Each Certificate says which names it is for and which Secret it fills.",
            told,
        )
        .line(graph.shell("kubectl get certificates.cert-manager.io -A", &[]))
        .look_for("READY False.")
        .asks("Which Certificate is not Ready?")
    };
    let found = ground.all(GROUP, "Certificate").and_then(|_| {
        let none = || WalkCheck::not_yet("the cluster has no such Certificate");
        ground.subject(GROUP, "Certificate").ok_or_else(none)
    });
    let live = match found {
        Ok(live) => live,
        Err(check) => return vec![find(Err(check))],
    };
    let told = ground.about(live.object, ground.graph.state(live.object) == State::Ready, "every certificate is ready");
    let request = newest_of(ground, GROUP, "CertificateRequest", live.object);
    let order = request.and_then(|one| newest_of(ground, ACME, "Order", one.object));
    vec![
        find(Ok(told)),
        issuer(ground, &live),
        requested(ground, &live, request),
        challenged(ground, &live, order),
        issued(ground, &live),
        served(ground, &live),
    ]
}

/// Finds the newest object of a kind that another one owns.
fn newest_of<'a>(ground: &WalkGround<'a>, group: &str, kind: &str, owner: &ObjectRef) -> Option<LiveObject<'a>> {
    let own = ground.some(group, kind).into_iter().filter(|one| one.owner().as_ref() == Some(owner));
    own.max_by_key(|one| (one.created(), one.object.name.as_str()))
}

fn is_ready(ground: &WalkGround<'_>, live: &LiveObject<'_>) -> bool {
    ground.graph.state(live.object) == State::Ready
}

fn issuer(ground: &WalkGround<'_>, live: &LiveObject<'_>) -> WalkStep {
    let kind = match live.text("/spec/issuerRef/kind") {
        "" => "Issuer",
        kind => kind,
    };
    let namespace = if kind == "ClusterIssuer" { "" } else { live.object.namespace.as_str() };
    let object = ObjectRef::new(kind, GROUP, namespace, live.text("/spec/issuerRef/name"));
    let verdict = ground.found(&object).and_then(|issuer| match condition(&issuer, "Ready") {
        Some(("True", _)) => Ok(format!("{} is ready", object.told())),
        Some((_, told)) => Err(WalkCheck::not_yet(format!("{}: {told}", object.told()))),
        None if is_ready(ground, live) => Ok(format!("{} signed it", object.told())),
        None => Err(WalkCheck::unknown(format!("{} says nothing of its state", object.told()))),
    });
    WalkStep::new("Look at the issuer", "It holds the account at the authority and says how a name is proven.", verdict)
        .line(ground.graph.describe(&object))
        .look_for("Ready True: the account is registered.")
        .asks("Is the issuer that the Certificate names there, and Ready?")
        .by_for("describe", &object)
}

fn requested(ground: &WalkGround<'_>, live: &LiveObject<'_>, request: Option<LiveObject<'_>>) -> WalkStep {
    let verdict = match request {
        _ if is_ready(ground, live) => Ok("the certificate was issued".to_owned()),
        None => Err(WalkCheck::not_yet("cert-manager made no request for it: does its controller run?")),
        Some(request) => match (condition(&request, "Denied"), condition(&request, "Approved")) {
            (Some(("True", told)), _) => {
                Err(WalkCheck::not_yet(format!("{} was denied: {told}", request.object.told())))
            }
            (_, Some(("True", _))) => Ok(format!("{} is approved", request.object.told())),
            _ => Err(WalkCheck::not_yet(format!("nobody has approved {}", request.object.told()))),
        },
    };
    let object = live.object;
    WalkStep::new(
        "See that it was requested",
        "cert-manager makes a request for each attempt, and one that was denied is not tried again by itself.",
        verdict,
    )
    .line(ground.graph.shell("kubectl get certificaterequests.cert-manager.io -n {}", &[&object.namespace]))
    .line(ground.graph.describe(object))
    .look_for("APPROVED True.")
    .asks("Is there a request of this certificate, and is it approved?")
    .by_for("describe", object)
}

fn challenged(ground: &WalkGround<'_>, live: &LiveObject<'_>, order: Option<LiveObject<'_>>) -> WalkStep {
    let own = |order: &LiveObject<'_>| {
        let all = ground.some(ACME, "Challenge").into_iter();
        all.filter(|one| one.owner().as_ref() == Some(order.object)).collect::<Vec<_>>()
    };
    let challenges = order.as_ref().map(own).unwrap_or_default();
    let open: Vec<&LiveObject<'_>> = challenges.iter().filter(|one| one.text("/status/state") != "valid").collect();
    let state = order.map_or("", |one| one.text("/status/state"));
    let verdict = match (is_ready(ground, live), state) {
        (true, _) | (_, "valid") => Ok("the names are proven".to_owned()),
        (_, "") => {
            Err(WalkCheck::unknown("there is no order: the issuer is none of ACME, or the request did not come so far"))
        }
        (_, state) if open.is_empty() => Err(WalkCheck::not_yet(format!("the order is {state}"))),
        (_, _) => Err(WalkCheck::not_yet(some_of(
            open.iter().map(|one| format!("{}: {}", one.text("/spec/dnsName"), one.text("/status/reason"))),
            "; ",
        ))),
    };
    let mut step = WalkStep::new(
        "Prove the names",
        "The authority wants to see a record in the zone (DNS-01) or a page at the name (HTTP-01); cert-manager looks first whether it is seen.",
        verdict,
    );
    for challenge in open.iter().take(2) {
        let name = challenge.text("/spec/dnsName");
        step = match challenge.text("/spec/type") {
            "DNS-01" => step.line(ShellLine::new("dig +short TXT {} @1.1.1.1", &[&format!("_acme-challenge.{name}")])),
            _ => step.line(ShellLine::new("curl -sSI {}", &[&format!("http://{name}/.well-known/acme-challenge/")])),
        };
        step = step.line(ground.graph.describe(challenge.object)).by_for("describe", challenge.object);
    }
    step.line(ground.graph.shell("kubectl get challenges.acme.cert-manager.io -A", &[]))
        .look_for("the record, as the world sees it; then no challenge any more.")
        .asks("Do the name servers of the zone show the record of the challenge to the world, and to the cluster?")
}

fn issued(ground: &WalkGround<'_>, live: &LiveObject<'_>) -> WalkStep {
    let object = live.object;
    let verdict = match condition(live, "Ready") {
        Some(("True", told)) => match live.time("/status/notAfter").filter(|end| *end <= ground.graph.now) {
            Some(_) => Err(WalkCheck::not_yet("the certificate has ended")),
            None => Ok(told.to_owned()),
        },
        Some((_, told)) => Err(WalkCheck::not_yet(format!("{}: {told}", object.told()))),
        None => Err(WalkCheck::not_yet(format!("cert-manager has not looked at {}", object.told()))),
    };
    WalkStep::new(
        "See it issued",
        "After a failure cert-manager waits an hour and longer before it tries again; a renewal by hand does not wait.",
        verdict,
    )
    .line(ground.graph.shell("kubectl get certificates.cert-manager.io {} -n {}", &[&object.name, &object.namespace]))
    .line(
        ShellLine::new("cmctl renew {}", &[&object.name])
            .option(" -n {}", &object.namespace)
            .option(" --context {}", &ground.graph.context),
    )
    .look_for("READY True.")
    .asks("Is the Certificate Ready? If not: what does its condition Issuing say?")
    .by_for("describe", object)
}

fn served(ground: &WalkGround<'_>, live: &LiveObject<'_>) -> WalkStep {
    let secret = ObjectRef::new("Secret", "", &live.object.namespace, live.text("/spec/secretName"));
    let verdict = ground.found(&secret).and_then(|found| {
        let has = found.value.get("data").is_some_and(|data| data.get("tls.crt").is_some());
        if has {
            Ok(format!("{} has tls.crt", secret.told()))
        } else {
            Err(WalkCheck::not_yet(format!("{} has no tls.crt", secret.told())))
        }
    });
    let host =
        live.items("/spec/dnsNames").iter().filter_map(serde_json::Value::as_str).find(|name| !name.starts_with('*'));
    let step = WalkStep::new(
        "See it served",
        "An ingress serves what its Secret holds, from the same namespace as the Secret.",
        verdict,
    )
    .line(ground.graph.shell("kubectl get secret {} -n {}", &[&secret.name, &secret.namespace]))
    .look_for("tls.crt and tls.key; then the new date in the browser.")
    .asks("Does the Secret that the ingress names have tls.crt, and is it in the ingress's namespace?");
    match host {
        Some(host) => step.line(ShellLine::new("curl -sSvI {}", &[&format!("https://{host}/")])),
        None => step,
    }
}
