//! The chain of cert-manager below a certificate that is not issued, and its deepest object (cert-manager 1.21).

use jiff::Timestamp;

use super::PlainCondition;
use crate::doctor::live::text;
use crate::doctor::{Diagnosis, LiveGraph, LiveObject, Lookup, message};
use crate::kinds;
use crate::model::clock::age;
use crate::model::{ObjectRef, State};

pub(super) const GROUP: &str = "cert-manager.io";
pub(super) const ACME: &str = "acme.cert-manager.io";

/// What stops a certificate, at the deepest object that says so.
pub(super) enum Stop<'a> {
    /// The issuer is not there.
    IssuerMissing(ObjectRef),
    /// The issuer is not ready.
    IssuerNotReady(LiveObject<'a>),
    /// The request was denied, is invalid, or nobody approves it.
    Request(LiveObject<'a>),
    /// The order failed, or cannot begin.
    Order(LiveObject<'a>),
    /// The challenge failed, or does not get on.
    Challenge(LiveObject<'a>),
    /// Nothing below the certificate says anything.
    Nothing,
}

/// Holds a challenge that waits until its answer is seen.
pub(super) struct WaitingChallenge<'a> {
    pub(super) challenge: LiveObject<'a>,
    /// What cert-manager says.
    pub(super) reason: &'a str,
    pub(super) since: Option<Timestamp>,
}

/// Recognises a challenge of a type (`DNS-01`, `HTTP-01`) that waits longer than so many minutes.
pub(super) fn waiting_challenge<'a>(
    graph: &LiveGraph,
    chain: &Chain<'a>,
    kind: &str,
    minutes: i64,
) -> Option<WaitingChallenge<'a>> {
    let Stop::Challenge(challenge) = chain.stop else { return None };
    let reason = challenge.text("/status/reason");
    let since = challenge.time("/status/presentedAt").or(challenge.created());
    let is_it = challenge.text("/spec/type") == kind && reason.starts_with("Waiting for");
    let is_late = is_it && graph.is_past(since, chain.patience(graph, minutes) * 60);
    is_late.then_some(WaitingChallenge { challenge, reason, since })
}

/// Diagnoses each certificate that does not come.
pub(super) fn of_each(graph: &LiveGraph, diagnosis: fn(&LiveGraph, &Chain<'_>) -> Option<Diagnosis>) -> Vec<Diagnosis> {
    chains(graph).iter().filter_map(|chain| diagnosis(graph, chain)).collect()
}

/// Holds a certificate that is not issued or not renewed, and what is below it.
pub(super) struct Chain<'a> {
    pub(super) certificate: LiveObject<'a>,
    pub(super) request: Option<LiveObject<'a>>,
    pub(super) order: Option<LiveObject<'a>>,
    pub(super) challenge: Option<LiveObject<'a>>,
    pub(super) stop: Stop<'a>,
}

/// Finds every certificate that is not issued or not renewed, with what stops it.
pub(super) fn chains(graph: &LiveGraph) -> Vec<Chain<'_>> {
    graph.all(GROUP, "Certificate").filter_map(|certificate| chain(graph, certificate)).collect()
}

/// Names the issuer of a certificate, a request, an order or a challenge; `None` if another group's controller signs.
pub(super) fn issuer_of(live: &LiveObject<'_>) -> Option<ObjectRef> {
    let (kind, group) = (live.text("/spec/issuerRef/kind"), live.text("/spec/issuerRef/group"));
    let kind = if kind.is_empty() { "Issuer" } else { kind };
    let is_known = matches!(group, "" | GROUP) && matches!(kind, "Issuer" | "ClusterIssuer");
    let namespace = if kind == "ClusterIssuer" { "" } else { &live.object.namespace };
    is_known.then(|| ObjectRef::new(kind, GROUP, namespace, live.text("/spec/issuerRef/name")))
}

fn condition<'a>(live: &LiveObject<'a>, kind: &str) -> Option<PlainCondition<'a>> {
    PlainCondition::of(live.value.pointer("/status/conditions"), kind)
}

/// Returns a condition whose status is this one.
pub(super) fn condition_is<'a>(live: &LiveObject<'a>, kind: &str, status: &str) -> Option<PlainCondition<'a>> {
    condition(live, kind).filter(|one| one.status == status)
}

/// Tells whether a certificate is over, its renewal is late, or its end is near and no renewal is known.
pub(super) fn is_late(now: Timestamp, certificate: &LiveObject<'_>) -> bool {
    let Some(end) = certificate.time("/status/notAfter") else { return false };
    match certificate.time("/status/renewalTime") {
        _ if end <= now => true,
        Some(renewal) => now.duration_since(renewal).as_hours() >= 1,
        None => end.duration_since(now).as_hours() < 14 * 24,
    }
}

/// Tells whether a certificate is not issued, or is being renewed.
fn needs_issue(graph: &LiveGraph, certificate: &LiveObject<'_>) -> bool {
    // Nothing follows from a certificate that its controller has not looked at.
    let is_unready = condition(certificate, "Ready").is_some_and(|ready| ready.status != "True");
    let issuing = condition(certificate, "Issuing");
    let has_failed = certificate.number("/status/failedIssuanceAttempts").is_some_and(|count| count > 0);
    is_unready || has_failed || is_late(graph.now, certificate) || issuing.is_some_and(|one| one.status == "True")
}

fn chain<'a>(graph: &'a LiveGraph, certificate: LiveObject<'a>) -> Option<Chain<'a>> {
    if certificate.is_deleting() || !needs_issue(graph, &certificate) {
        return None;
    }
    let mut chain = Chain { certificate, request: None, order: None, challenge: None, stop: Stop::Nothing };
    if let Some(issuer) = issuer_of(&certificate) {
        match graph.get(&issuer) {
            Lookup::Absent => {
                chain.stop = Stop::IssuerMissing(issuer);
                return Some(chain);
            }
            Lookup::Found(issuer) if is_not_ready(&issuer) => {
                chain.stop = Stop::IssuerNotReady(issuer);
                return Some(chain);
            }
            Lookup::Found(_) | Lookup::Unknown => {}
        }
    }
    chain.request = newest_of(graph, GROUP, "CertificateRequest", certificate.object);
    let Some(request) = chain.request else { return Some(chain) };
    let is_refused = ["Denied", "InvalidRequest"].iter().any(|kind| condition_is(&request, kind, "True").is_some());
    if is_refused || condition_is(&request, "Approved", "True").is_none() {
        chain.stop = Stop::Request(request);
        return Some(chain);
    }
    chain.order = newest_of(graph, ACME, "Order", request.object);
    let Some(order) = chain.order else {
        if condition(&request, "Ready").is_some_and(|ready| ready.status != "True") {
            chain.stop = Stop::Request(request);
        }
        return Some(chain);
    };
    chain.challenge = challenge_of(graph, &order);
    chain.stop = match chain.challenge {
        Some(challenge) => Stop::Challenge(challenge),
        None if is_failed(order.text("/status/state")) => Stop::Order(order),
        None if order.text("/status/state") == "valid" => Stop::Nothing,
        None => Stop::Order(order),
    };
    Some(chain)
}

/// Tells whether an issuer says that it is not ready; one without a status says nothing.
pub(super) fn is_not_ready(issuer: &LiveObject<'_>) -> bool {
    condition(issuer, "Ready").is_some_and(|ready| ready.status != "True")
}

/// Tells whether a state of ACME is final and bad (cert-manager, `types_order.go`).
pub(super) fn is_failed(state: &str) -> bool {
    matches!(state, "invalid" | "errored" | "expired")
}

/// Finds the newest object of a kind that another one owns.
fn newest_of<'a>(graph: &'a LiveGraph, group: &str, kind: &str, owner: &ObjectRef) -> Option<LiveObject<'a>> {
    let own = graph.all(group, kind).filter(|one| one.owner().as_ref() == Some(owner) && !one.is_deleting());
    own.max_by_key(|one| (one.created(), one.object.name.as_str()))
}

/// Finds the challenge that stops an order: one that failed before one that waits, and one that says why before others.
fn challenge_of<'a>(graph: &'a LiveGraph, order: &LiveObject<'_>) -> Option<LiveObject<'a>> {
    let own = graph.all(ACME, "Challenge").filter(|one| one.owner().as_ref() == Some(order.object));
    let open = own.filter(|one| one.text("/status/state") != "valid");
    open.max_by_key(|one| (is_failed(one.text("/status/state")), !one.text("/status/reason").is_empty()))
}

impl Chain<'_> {
    /// Names everything between the certificate and what stops it.
    pub(super) fn links(&self) -> Vec<ObjectRef> {
        let below = [self.request, self.order, self.challenge].into_iter().flatten();
        std::iter::once(self.certificate).chain(below).map(|live| live.object.clone()).collect()
    }

    /// Returns since when the certificate waits: the beginning of what is deepest.
    pub(super) fn begun(&self) -> Option<Timestamp> {
        let deepest = self.challenge.or(self.order).or(self.request).unwrap_or(self.certificate);
        deepest.created()
    }

    /// Returns how long to wait before what only waits is told: not at all where Flux gave up on the certificate.
    pub(super) fn patience(&self, graph: &LiveGraph, minutes: i64) -> i64 {
        let kinds = [kinds::KUSTOMIZATION, kinds::HELM_RELEASE].into_iter();
        let all = kinds.flat_map(|kind| graph.all(kind.group, kind.kind)).filter_map(|live| graph.row(live.object));
        let is_named = |said: &str| message::objects(said).iter().any(|one| one.means(self.certificate.object));
        let is_missed = all.filter(|row| row.state == State::Failed).any(|row| is_named(&row.message));
        if is_missed { 0 } else { minutes }
    }

    /// Adds to a diagnosis what the chain says, the certificate first, and what it holds back.
    pub(super) fn add_to(&self, graph: &LiveGraph, mut found: Diagnosis) -> Diagnosis {
        let ready = ["Ready", "Issuing"].into_iter().find_map(|kind| {
            let condition = condition(&self.certificate, kind)?;
            let is_told = !condition.says().is_empty() && (kind != "Ready" || condition.status != "True");
            is_told.then_some((kind, condition))
        });
        if let Some((kind, condition)) = ready {
            let from = format!("{} condition {kind}={}", self.certificate.object.told(), condition.status);
            found = found.seen(condition.says(), condition.at, from);
        }
        if let Some((request, ready)) = self.request.and_then(|one| Some((one, condition(&one, "Ready")?)))
            && request.object != &found.object
            && !ready.says().is_empty()
        {
            found = found.seen(
                ready.says(),
                ready.at,
                format!("{} condition Ready={}", request.object.told(), ready.status),
            );
        }
        if let Some(order) = self.order.filter(|order| order.object != &found.object) {
            let (state, reason) = (order.text("/status/state"), order.text("/status/reason"));
            found = found.seen(
                format!("status.state: {state} {reason}").trim_end(),
                order.time("/status/failureTime"),
                order.object.told(),
            );
        }
        let names: Vec<&str> = self.names();
        let end = match self.certificate.time("/status/notAfter") {
            Some(end) if end <= graph.now => format!("; the one in use ended {} ago", age(graph.now, end)),
            Some(end) => format!("; the one in use ends in {}", age(end, graph.now)),
            None => String::new(),
        };
        found = found
            .seen(
                format!("for {}{end}", names.join(", ")),
                self.certificate.time("/status/notAfter"),
                self.certificate.object.told(),
            )
            .explaining(self.links())
            .look_at(graph.describe(self.certificate.object))
            .documented("https://cert-manager.io/docs/troubleshooting/");
        // As long as the old certificate is good, nobody notices.
        let is_served = self.certificate.time("/status/notAfter").is_some_and(|end| end > graph.now)
            && condition_is(&self.certificate, "Ready", "True").is_some();
        if is_served { found.warning() } else { found }
    }

    /// Returns the names that the certificate is for.
    pub(super) fn names(&self) -> Vec<&str> {
        let names = self.certificate.items("/spec/dnsNames").iter().filter_map(serde_json::Value::as_str).take(3);
        let names: Vec<&str> = names.collect();
        if names.is_empty() { vec![self.certificate.text("/spec/commonName")] } else { names }
    }
}

/// Finds the namespace that cert-manager looks for the Secrets of `ClusterIssuers` in: an argument of its controller, else its own.
pub(super) fn cluster_namespace(graph: &LiveGraph) -> String {
    let is_controller = |one: &LiveObject<'_>| {
        one.label("app.kubernetes.io/name") == "cert-manager"
            && one.label("app.kubernetes.io/component") == "controller"
    };
    let Some(controller) = graph.all("apps", "Deployment").find(is_controller) else {
        return "cert-manager".to_owned();
    };
    let containers = controller.items("/spec/template/spec/containers").iter();
    let mut args =
        containers.flat_map(|one| one.get("args").and_then(serde_json::Value::as_array).into_iter().flatten());
    let argument = args.find_map(|one| one.as_str()?.strip_prefix("--cluster-resource-namespace="));
    match argument {
        Some(namespace) if !namespace.is_empty() && !namespace.starts_with('$') => namespace.to_owned(),
        Some(_) | None => controller.object.namespace.clone(),
    }
}

/// Finds the references to Secrets of a solver or an issuer: the name, and the key where one is named.
pub(super) fn secret_refs(value: &serde_json::Value) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        for (key, part) in value.as_object().into_iter().flatten() {
            // The account's key is made by cert-manager itself.
            if key.ends_with("SecretRef") && key != "privateKeySecretRef" && !text(part, "/name").is_empty() {
                found.push((text(part, "/name"), text(part, "/key")));
            }
            open.push(part);
        }
        open.extend(value.as_array().into_iter().flatten());
    }
    found
}
