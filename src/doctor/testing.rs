//! Clusters in a file: each file below `tests/doctor` holds live objects, events and logs, and the root causes that the
//! doctor must find in them, no more and no fewer.
//!
//! The first document says what is expected:
//!
//! ```yaml
//! now: "2026-11-29T12:00:00Z"
//! expect:
//!   - {cause: sops-age-missing, object: Kustomization/flux-system/apps, blocks: [Kustomization/flux-system/web]}
//! forbidden: [CronJob]        # kinds that the server refuses to read
//! served: [Volume.longhorn.io] # kinds that the server serves although no object of them is here
//! unserved: [Deploymnt.apps] # kinds that it does not serve, of groups that it has
//! logs: [{pod: web/web-1, container: main, previous: true, lines: ["panic: no database"]}]
//! git: [{kind: Deployment, …}] # what the Kustomization apps declares; without it, nothing is known of Git
//! commit: 9f1c2aa47d3b60e8815f2c94ab07de6613c5f80b # the commit of that
//! ```
//!
//! Each other document is an object as the server sends it; one of kind Event is an event.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::FutureExt as _;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::conclude::{Conclusion, conclude, find};
use super::graph::{ListQuery, LiveGraph, Want};
use super::message::objects;
use super::read::prepared;
use super::rounds::{WantReader, rounds};
use super::{Diagnosis, all};
use crate::check::DeclaredState;
use crate::cluster::Event;
use crate::model::{Fault, ObjectRef};

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct Head {
    now: Timestamp,
    expect: Vec<Expected>,
    #[serde(default)]
    forbidden: Vec<String>,
    #[serde(default)]
    served: Vec<String>,
    #[serde(default)]
    unserved: Vec<String>,
    #[serde(default)]
    logs: Vec<Log>,
    /// The commit that Git is at.
    #[serde(default)]
    commit: String,
    /// What Git declares, applied by the Kustomization apps.
    #[serde(default)]
    git: Vec<Value>,
}

#[derive(Deserialize, Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[serde(deny_unknown_fields)]
struct Expected {
    cause: String,
    object: String,
    #[serde(default)]
    blocks: Vec<String>,
    #[serde(default)]
    or: Vec<String>,
    /// A part of the message.
    #[serde(default)]
    says: String,
}

#[derive(Deserialize, Clone)]
struct Log {
    pod: String,
    container: String,
    #[serde(default)]
    previous: bool,
    lines: Vec<String>,
}

/// Groups that every API server serves.
const BUILT_IN: &[&str] = &[
    "",
    "apps",
    "batch",
    "autoscaling",
    "policy",
    "networking.k8s.io",
    "storage.k8s.io",
    "discovery.k8s.io",
    "rbac.authorization.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "admissionregistration.k8s.io",
    "coordination.k8s.io",
    "scheduling.k8s.io",
];

struct Fixture {
    head: Head,
    objects: Vec<(ObjectRef, Value)>,
    events: Vec<Event>,
}

impl Fixture {
    fn read(text: &str) -> Self {
        let mut documents: Vec<Value> = crate::yaml::documents_as(text).expect("YAML");
        let head = serde_json::from_value(documents.remove(0)).expect("the head");
        let (mut objects, mut events) = (Vec::new(), Vec::new());
        for value in documents.into_iter().filter(|value| !value.is_null()) {
            let object = ObjectRef::of_body(&value);
            let value = prepared(&object.group, &object.kind, value);
            if value["kind"] == "Event" {
                events.push(crate::cluster::events::event_of(value.clone()).expect("an event"));
            }
            objects.push((object, value));
        }
        events.sort_by_key(|event: &Event| event.at);
        Self { head, objects, events }
    }

    fn answer(&self, graph: &mut LiveGraph, want: Want) {
        match want {
            Want::List(query) if self.head.forbidden.contains(&query.kind) => graph.refuse_list(query, true),
            Want::List(query) if self.head.unserved.contains(&format!("{}.{}", query.kind, query.group)) => {
                graph.refuse_list(query, false);
            }
            Want::List(query) => {
                let is_known = BUILT_IN.contains(&query.group.as_str())
                    || self.head.served.contains(&format!("{}.{}", query.kind, query.group))
                    || self
                        .objects
                        .iter()
                        .any(|(object, _)| (&object.kind, &object.group) == (&query.kind, &query.group));
                if is_known {
                    let found = self.objects.iter().filter(|(object, value)| is_chosen(&query, object, value));
                    let found: Vec<Value> = found.map(|(_, value)| value.clone()).collect();
                    graph.add_list(query, found);
                } else {
                    graph.refuse_list(query, false);
                }
            }
            Want::Object(object) if self.head.forbidden.contains(&object.kind) => graph.refuse(Want::Object(object)),
            Want::Object(object) => {
                let value = self.objects.iter().find(|(one, _)| *one == object).map(|(_, value)| value.clone());
                graph.add_object(object, value);
            }
            Want::Events(object) => {
                let events = self.events.iter().filter(|event| object.means(&event.object)).cloned().collect();
                graph.add_events(object, events);
            }
            Want::Log(query) => {
                let pod = format!("{}/{}", query.pod.namespace, query.pod.name);
                let log =
                    self.head.logs.iter().find(|log| {
                        log.pod == pod && log.container == query.container && log.previous == query.previous
                    });
                let lines = log.map(|log| log.lines.clone()).unwrap_or_default();
                graph.add_log(query, lines);
            }
        }
    }

    /// Puts two clusters together.
    fn with(&self, other: &Self) -> Self {
        let mut head = self.head.clone();
        head.expect.extend(other.head.expect.iter().cloned());
        head.served.extend(other.head.served.iter().cloned());
        head.unserved.extend(other.head.unserved.iter().cloned());
        head.logs.extend(other.head.logs.iter().cloned());
        head.git.extend(other.head.git.iter().cloned());
        head.commit.clone_from(if head.commit.is_empty() { &other.head.commit } else { &self.head.commit });
        let objects = self.objects.iter().chain(&other.objects).cloned().collect();
        let mut events: Vec<Event> = self.events.iter().chain(&other.events).cloned().collect();
        events.sort_by_key(|event: &Event| event.at);
        Self { head, objects, events }
    }

    /// Tells whether a message names a kind as missing that another file serves.
    fn lacks_what_is_in(&self, other: &Self) -> bool {
        let texts: Vec<String> = self.objects.iter().map(|(_, value)| value["status"].to_string()).collect();
        let says = |words: &str| texts.iter().any(|text| text.contains(words));
        let served = other.head.served.iter().filter_map(|kind| kind.split('.').next());
        let kinds = other.objects.iter().map(|(object, _)| object.kind.as_str()).chain(served);
        kinds.into_iter().any(|kind| says(&format!("no matches for kind \\\"{kind}\\\"")))
    }

    /// Tells whether two clusters touch each other nowhere: they have no namespace in common, objects without a namespace
    /// are in one of them at most, neither serves a kind that the other lacks, and nothing is forbidden in either.
    fn is_apart_from(&self, other: &Self) -> bool {
        // What a message names may be in the other cluster.
        let named = |value: &Value| -> Vec<ObjectRef> {
            let conditions = value.pointer("/status/conditions").and_then(Value::as_array);
            let messages = conditions.into_iter().flatten().filter_map(|one| one.get("message")?.as_str());
            messages.flat_map(objects).collect()
        };
        let namespaces = |one: &Self| -> BTreeSet<String> {
            let own = one.objects.iter().map(|(object, _)| object.namespace.clone());
            own.chain(one.objects.iter().flat_map(|(_, value)| named(value)).map(|object| object.namespace)).collect()
        };
        let (own, others) = (namespaces(self), namespaces(other));
        own.is_disjoint(&others)
            && !self.lacks_what_is_in(other)
            && !other.lacks_what_is_in(self)
            && self.head.now == other.head.now
            && self.head.forbidden.is_empty()
            && other.head.forbidden.is_empty()
    }

    /// Compares the roots with those that are expected; tells the difference.
    fn wrong(&self) -> Option<String> {
        let roots = self.roots();
        let mut found: Vec<Expected> = roots
            .iter()
            .map(|root| Expected {
                cause: root.cause.to_owned(),
                object: root.object.to_string(),
                blocks: root.blocks.iter().map(ToString::to_string).collect(),
                or: root.or.iter().map(ToString::to_string).collect(),
                says: root.message.clone(),
            })
            .collect();
        found.sort();
        let mut expected: Vec<&Expected> = self.head.expect.iter().collect();
        expected.sort();
        let is_same = expected.len() == found.len()
            && expected.iter().zip(&found).all(|(wanted, found)| {
                (&wanted.cause, &wanted.object, &wanted.blocks, &wanted.or)
                    == (&found.cause, &found.object, &found.blocks, &found.or)
                    && found.says.contains(&wanted.says)
            });
        (!is_same).then(|| format!("expected {expected:#?}, found {found:#?}"))
    }

    fn roots(&self) -> Vec<Diagnosis> {
        let mut graph = LiveGraph::new("staging", "staging", self.head.now);
        graph.declare(self.declared());
        examined_at_once(&mut graph, |graph, want| self.answer(graph, want)).roots
    }

    /// Returns what Git declares, where the file says so.
    fn declared(&self) -> Option<Arc<DeclaredState>> {
        let head = &self.head;
        let is_applier = |object: &&ObjectRef| object.kind == "Kustomization" && object.name == "apps";
        let applier = self.objects.iter().map(|(object, _)| object).find(is_applier)?.clone();
        (!head.git.is_empty())
            .then(|| Arc::new(DeclaredState::saying(&head.commit, &applier, head.git.iter().cloned())))
    }
}

/// Reads from what a test has.
struct TestReader<A>(A);

impl<A: FnMut(&mut LiveGraph, Want) + Send> WantReader for TestReader<A> {
    async fn read(&mut self, graph: &mut LiveGraph, wanted: BTreeSet<Want>) -> Result<(), Fault> {
        for want in wanted {
            (self.0)(graph, want);
        }
        Ok(())
    }

    fn has_room(&self) -> bool {
        true
    }

    fn left_open(&mut self, count: usize) {
        assert_eq!(count, 0, "the causes still ask");
    }
}

/// Examines what is answered at once.
pub(super) fn examined_at_once(graph: &mut LiveGraph, answer: impl FnMut(&mut LiveGraph, Want) + Send) -> Conclusion {
    let mut reader = TestReader(answer);
    let found = rounds(graph, &mut reader, 12, find, conclude).now_or_never();
    found.expect("it waits for nothing").expect("it reads")
}

/// Chooses as the API server does; of fields it knows those that causes ask for.
pub(super) fn is_chosen(query: &ListQuery, object: &ObjectRef, value: &Value) -> bool {
    let labels = &value["metadata"]["labels"];
    let word = |key: &str| labels.get(key).and_then(Value::as_str);
    let fits_label = |part: &str| match part.split_once(" in (") {
        Some((key, values)) => {
            word(key).is_some_and(|own| values.trim_end_matches(')').split(',').any(|value| value == own))
        }
        None => match part.split_once('=') {
            Some((key, value)) => word(key) == Some(value),
            None => word(part).is_some(),
        },
    };
    let fits_field = |part: &str| {
        let field = |path: &str| value.pointer(&format!("/{}", path.replace('.', "/"))).and_then(Value::as_str);
        match part.split_once("!=") {
            Some((path, value)) => field(path) != Some(value),
            None => part.split_once('=').is_some_and(|(path, value)| field(path) == Some(value)),
        }
    };
    // A comma within parentheses separates values.
    let mut parts: Vec<String> = Vec::new();
    for piece in query.labels.split(',').filter(|piece| !piece.is_empty()) {
        match parts.last_mut().filter(|last| last.contains('(') && !last.contains(')')) {
            Some(last) => last.extend([",", piece]),
            None => parts.push(piece.to_owned()),
        }
    }
    (&object.kind, &object.group) == (&query.kind, &query.group)
        && (query.namespace.is_empty() || query.namespace == object.namespace)
        && parts.iter().all(|part| fits_label(part))
        && query.fields.split(',').filter(|part| !part.is_empty()).all(fits_field)
}

fn fixtures() -> BTreeMap<String, Fixture> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/doctor");
    let files = std::fs::read_dir(folder).expect("tests/doctor").map(|file| file.expect("a file").path());
    let read = |path: std::path::PathBuf| {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        (name, Fixture::read(&std::fs::read_to_string(&path).expect("a text")))
    };
    files.filter(|path| path.extension().is_some_and(|end| end == "yaml")).map(read).collect()
}

#[test]
fn every_file_gives_its_root_causes_and_no_other() {
    let wrong: Vec<String> =
        fixtures().iter().filter_map(|(name, fixture)| Some(format!("{name}: {}", fixture.wrong()?))).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn what_may_not_be_read_is_not_taken_for_absent() {
    let fixtures = fixtures();
    let mut wrong = Vec::new();
    for (name, kind, unsaid) in [
        ("crd-missing-version", "CustomResourceDefinition", "the cluster knows"),
        ("tls-secret-missing", "Certificate", "Secret/web/made is missing"),
        ("evicted-long-ago", "Deployment", "are evicted"),
        ("chart-registry-denied", "HelmRepository", "no spec.secretRef"),
        ("dns-propagation", "Challenge", "nothing below it says why"),
        ("node-taint", "Node", "no node has the labels"),
        ("release-hook-failed", "Job", "its Job is gone"),
    ] {
        let fixture = &fixtures[name];
        let mut head = fixture.head.clone();
        head.forbidden.push(kind.to_owned());
        let blind = Fixture { head, objects: fixture.objects.clone(), events: fixture.events.clone() };
        let roots = blind.roots();
        let says = |root: &&Diagnosis| {
            root.message.contains(unsaid) || root.fix.iter().any(|remedy| remedy.why.contains(unsaid))
        };
        let said = roots.iter().filter(says);
        wrong.extend(said.map(|root| format!("{name} without {kind}: {}", root.message)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_root_offers_no_remedy_for_the_causes_of_what_it_holds_back() {
    let fixtures = fixtures();
    let roots = fixtures["volume-multi-attach-lost-node"].roots();
    let offered: Vec<String> =
        roots.iter().flat_map(|root| &root.fix).map(|remedy| format!("{} {}", remedy.shell, remedy.why)).collect();
    assert!(!offered.is_empty() && !offered.iter().any(|one| one.contains("Recreate")), "{offered:#?}");
    assert!(!offered.iter().any(|one| one.contains("kubectl delete pod")), "{offered:#?}");
    // A release that is given up needs its reset whatever the cause was.
    let roots = fixtures["release-timed-out-given-up"].roots();
    assert!(
        roots.iter().flat_map(|root| &root.fix).any(|remedy| remedy.shell.as_str().contains("--reset")),
        "{roots:#?}"
    );
}

#[test]
fn a_missing_file_that_is_called_as_encrypted_ones_is_recognised() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/doctor/build-failed.yaml");
    let text = std::fs::read_to_string(path).expect("a text").replace("missing.yaml", "secret.sops.yaml");
    assert_eq!(Fixture::read(&text).wrong(), None);
}

#[test]
fn a_service_whose_part_is_switched_off_is_not_meant_for_its_neighbours() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/doctor/service-without-endpoints.yaml");
    let text = std::fs::read_to_string(path).expect("a text");
    let unrouted = |name: &str| {
        let mut fixture = Fixture::read(&text);
        fixture.objects.retain(|(object, _)| object.kind != "Ingress");
        for (object, value) in &mut fixture.objects {
            if matches!(object.kind.as_str(), "Service" | "Endpoints") {
                object.name = name.to_owned();
                value["metadata"]["name"] = name.into();
            }
        }
        fixture.roots().iter().map(|root| root.cause).collect::<Vec<_>>()
    };
    assert_eq!(unrouted("web"), ["service-without-endpoints"], "it is called as the Deployment is");
    assert_eq!(unrouted("migration"), [""; 0]);
}

#[test]
fn flux_may_live_in_any_namespace() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/doctor");
    let mut wrong = Vec::new();
    for file in std::fs::read_dir(folder).expect("tests/doctor") {
        let path = file.expect("a file").path();
        let text = std::fs::read_to_string(&path).expect("a text").replace("flux-system", "gitops");
        let fixture = Fixture::read(&text);
        wrong.extend(fixture.wrong().map(|told| format!("{}: {told}", path.display())));
        for root in fixture.roots() {
            let lines = root.look_at.iter().chain(root.fix.iter().map(|fix| &fix.shell));
            wrong.extend(
                lines
                    .filter(|line| line.as_str().contains("flux-system"))
                    .map(|line| format!("{}: {line:?}", path.display())),
            );
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

/// One pair in so many is tried; which ones, their names say, so that a new file changes nothing for the others.
const EVERY: u64 = 43;

fn is_tried(name: &str, other: &str) -> bool {
    // FNV-1a: the same in every version of Rust.
    let step = |sum: u64, byte: u8| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let sum = name.bytes().chain([0]).chain(other.bytes()).fold(0xcbf2_9ce4_8422_2325, step);
    sum % EVERY == 0
}

#[test]
fn two_faults_at_once_give_the_roots_of_both() {
    let fixtures: Vec<(String, Fixture)> = fixtures().into_iter().collect();
    let pairs = fixtures.iter().enumerate().flat_map(|(number, (name, one))| {
        let others = fixtures.iter().skip(number + 1);
        others
            .filter(|(_, other)| one.is_apart_from(other))
            .map(move |(other_name, other)| (name, one, other_name, other))
    });
    let (mut count, mut wrong) = (0, Vec::new());
    for (name, one, other_name, other) in pairs.filter(|(name, _, other, _)| is_tried(name, other)) {
        count += 1;
        let both = one.with(other);
        let named = |cause: &str, object: &str| format!("{cause} {object}");
        let expected: BTreeSet<String> = both.head.expect.iter().map(|root| named(&root.cause, &root.object)).collect();
        let roots = both.roots();
        let found: BTreeSet<String> = roots.iter().map(|root| named(root.cause, &root.object.to_string())).collect();
        if expected != found {
            wrong.push(format!("{name} and {other_name}: expected {expected:#?}, found {found:#?}"));
        }
        // What each holds back may grow: a controller that is down holds the other cluster's objects too.
        let held = |cause: &str, object: &str, held: &str| format!("{cause} {object} holds {held}");
        let expected_held = both
            .head
            .expect
            .iter()
            .flat_map(|root| root.blocks.iter().map(move |one| held(&root.cause, &root.object, one)));
        let found_held: BTreeSet<String> = roots
            .iter()
            .flat_map(|root| {
                root.blocks.iter().map(move |one| held(root.cause, &root.object.to_string(), &one.to_string()))
            })
            .collect();
        let lost: Vec<String> = expected_held.filter(|one| !found_held.contains(one)).collect();
        if !lost.is_empty() {
            wrong.push(format!("{name} and {other_name}: lost {lost:#?} of {found_held:#?}"));
        }
    }
    assert!(count >= 200, "only {count} pairs");
    assert!(wrong.is_empty(), "{} of {count}: {}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn every_diagnosis_has_evidence_and_a_way_on() {
    for (name, fixture) in fixtures() {
        for root in fixture.roots() {
            let what = format!("{name}: {}", root.cause);
            assert!(!root.evidence.is_empty(), "{what} has no evidence");
            assert!(
                root.evidence.iter().all(|one| !one.text.trim().is_empty() && !one.from.is_empty()),
                "{what}: empty evidence"
            );
            assert!(!root.look_at.is_empty() || !root.fix.is_empty(), "{what} leads nowhere");
            assert!(root.message.len() < 400 && !root.message.contains('\n'), "{what}: {}", root.message);
            for remedy in &root.fix {
                assert!(!remedy.why.is_empty() && !remedy.look_for.is_empty(), "{what}: a remedy says nothing");
            }
        }
    }
}

#[test]
fn a_field_that_was_changed_by_hand_is_evidence_and_taken_back() {
    let fixtures = fixtures();
    let roots = fixtures["changed-by-hand-and-failing"].roots();
    let of = |name: &str| roots.iter().find(|root| root.object.name == name).expect("a root");
    let by_hand = |root: &Diagnosis| root.evidence.iter().any(|one| one.text.contains("changed by hand with"));
    let (web, shop) = (of("web"), of("shop"));
    assert!(by_hand(web) && !by_hand(shop), "{web:#?} {shop:#?}");
    let told =
        "spec.template.spec.containers[main].image: registry.example.org/web:9.9.9, changed by hand with kubectl set";
    assert!(
        web.evidence
            .iter()
            .any(|one| one.text.starts_with(told) && one.text.ends_with("Git says registry.example.org/web:1.2.0"))
    );
    assert!(web.fix[0].shell.as_str().starts_with("flux reconcile kustomization apps"), "{:?}", web.fix);
    // The file of the one is right, that of the other is at fault.
    assert!(!web.fix.iter().any(|fix| fix.why.contains("Correct the name or the tag")), "{:?}", web.fix);
    assert!(shop.fix.iter().any(|fix| fix.why.contains("Correct the name or the tag")), "{:?}", shop.fix);
    let known = fixtures["changed-by-hand"].roots();
    assert!(known.iter().all(|root| !format!("{root:?}").contains("hunter2")), "an argument may be a secret");
}

#[test]
fn every_cause_has_a_file() {
    let fixtures = fixtures();
    let expected: BTreeSet<&str> =
        fixtures.values().flat_map(|fixture| &fixture.head.expect).map(|one| one.cause.as_str()).collect();
    let mut seen = BTreeSet::new();
    for cause in all() {
        assert!(seen.insert(cause.id), "{} stands twice", cause.id);
        assert!(!cause.title.is_empty());
        assert!(expected.contains(cause.id), "tests/doctor has no file that expects {}", cause.id);
    }
}

/// Holds what `fluxdeck explain` says of a cause, from one diagnosis of it.
#[derive(serde::Serialize)]
struct Told {
    message: String,
    look: Vec<String>,
    fix: Vec<super::Remedy>,
    docs: Vec<String>,
}

/// The file is written anew by `UPDATE_TOPICS=1 cargo test --lib doctor::testing`: what causes say is not written twice.
#[test]
fn what_explain_tells_of_a_cause_is_what_the_cause_says() {
    let found: Vec<(String, Diagnosis)> = fixtures()
        .into_iter()
        .flat_map(|(name, fixture)| fixture.roots().into_iter().map(move |root| (name.clone(), root)))
        .collect();
    let mut told = BTreeMap::new();
    for cause in all() {
        let own = found.iter().find(|(name, root)| name == cause.id && root.cause == cause.id);
        let Some((_, root)) = own.or_else(|| found.iter().find(|(_, root)| root.cause == cause.id)) else { continue };
        let look = root.look_at.iter().map(|line| line.as_str().to_owned()).collect();
        let Diagnosis { message, fix, docs, .. } = root.clone();
        told.insert(cause.id, Told { message, look, fix, docs });
    }
    let text = format!(
        "# Written by UPDATE_TOPICS=1 cargo test --lib doctor::testing, from tests/doctor: do not edit.\n\n{}",
        toml::to_string(&told).expect("TOML")
    );
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/explain/topics/causes.toml");
    if std::env::var_os("UPDATE_TOPICS").is_some() {
        std::fs::write(&file, text).expect("a file to write");
        return;
    }
    let is_same = std::fs::read_to_string(&file).is_ok_and(|kept| kept == text);
    assert!(is_same, "causes say other things than explain: UPDATE_TOPICS=1 cargo test --lib doctor::testing");
}
