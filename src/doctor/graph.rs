//! The live facts of one environment, as causes ask for them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::live::LiveObject;
use crate::check::{DeclaredObject, DeclaredPlace, DeclaredState};
use crate::cluster::Event;
use crate::kinds;
use crate::model::segment::no_segment;
use crate::model::text::without_credentials;
use crate::model::{ObjectRef, Row, ShellLine, State};

/// Says what is known of something that a cause looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup<T> {
    /// It is there.
    Found(T),
    /// The server says that it is not there.
    Absent,
    /// It was not read yet, or may not be read: nothing follows from that.
    Unknown,
}

impl<T> Lookup<T> {
    /// Returns it if it was found.
    pub fn found(self) -> Option<T> {
        match self {
            Self::Found(found) => Some(found),
            Self::Absent | Self::Unknown => None,
        }
    }

    /// Tells whether the server says that it is not there.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

/// Asks for a list: all objects of a kind, or those of a namespace, with some labels or some fields.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct ListQuery {
    pub(super) group: String,
    pub(super) kind: String,
    /// Empty for all namespaces.
    pub(super) namespace: String,
    /// A label selector; empty for all.
    pub(super) labels: String,
    /// A field selector; empty for all.
    pub(super) fields: String,
}

impl ListQuery {
    /// Tells whether it asks for all objects of a kind, so that what is not among them is not there.
    pub(super) fn is_whole_kind(&self) -> bool {
        self.namespace.is_empty() && self.labels.is_empty() && self.fields.is_empty()
    }
}

/// Asks for the last lines of a container.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct LogQuery {
    pub(super) pod: ObjectRef,
    pub(super) container: String,
    /// Whether those of the container before its last start are meant.
    pub(super) previous: bool,
}

/// Names something that is to be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Want {
    /// A list.
    List(ListQuery),
    /// An object.
    Object(ObjectRef),
    /// The events of an object.
    Events(ObjectRef),
    /// The last lines of a log.
    Log(LogQuery),
}

/// Holds the answer to a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ListAnswer {
    /// Its objects.
    Whole(Vec<ObjectRef>),
    /// The server does not serve the kind.
    NotServed,
    /// The server refuses it, or does not answer.
    Refused,
}

/// Names pods that are not well, each after its workload.
pub(super) type UnwellPods = Arc<[(ObjectRef, ObjectRef)]>;

/// Holds what was read of an environment, and notes what causes ask for beyond it.
#[derive(Debug, Default)]
pub struct LiveGraph {
    /// The environment's name.
    pub env: String,
    /// The kube context, for lines to type.
    pub context: String,
    /// The time by the server's clock.
    pub now: Timestamp,
    lists: BTreeMap<ListQuery, ListAnswer>,
    objects: HashMap<ObjectRef, Option<Value>>,
    rows: HashMap<ObjectRef, Row>,
    /// The objects whose row is not Ready: few, so that causes need not look through all.
    not_ready: BTreeSet<ObjectRef>,
    /// The objects of each release, by its namespace and name.
    released: BTreeMap<(String, String), BTreeSet<ObjectRef>>,
    /// What the repository declares; `None` where that is not known.
    declared: Option<Arc<DeclaredState>>,
    events: BTreeMap<ObjectRef, Vec<Event>>,
    logs: BTreeMap<LogQuery, Vec<String>>,
    refused: BTreeSet<Want>,
    wanted: RefCell<BTreeSet<Want>>,
    /// What causes did not look at, because it was too much.
    left_open: RefCell<BTreeSet<String>>,
    /// The pods that are not well, each with its workload: some twenty causes ask for them.
    unwell_pods: RefCell<Option<UnwellPods>>,
    /// How many objects causes were shown.
    #[cfg(test)]
    pub(super) shown: std::cell::Cell<usize>,
}

impl LiveGraph {
    /// Starts without facts.
    pub fn new(env: &str, context: &str, now: Timestamp) -> Self {
        Self { env: env.to_owned(), context: context.to_owned(), now, ..Self::default() }
    }

    /// Iterates over all objects of a kind; empty while they are not read.
    pub fn all(&self, group: &str, kind: &str) -> impl Iterator<Item = LiveObject<'_>> + Clone {
        self.list(ListQuery { group: group.to_owned(), kind: kind.to_owned(), ..ListQuery::default() })
    }

    /// Iterates over the objects of a kind whose row is not Ready; empty while they are not read.
    pub fn not_ready<'a>(&'a self, group: &'a str, kind: &'a str) -> impl Iterator<Item = LiveObject<'a>> + Clone {
        let is_read = self.is_listed(group, kind);
        let found = self.not_ready.iter().filter(move |object| is_read && object.kind == kind && object.group == group);
        found.filter_map(|object| self.peek(object))
    }

    /// Iterates over the objects of a kind that belong to a release, by helm-controller's labels; empty while the kind is
    /// not read.
    pub fn released<'a>(
        &'a self,
        release: &ObjectRef,
        group: &str,
        kind: &str,
    ) -> impl Iterator<Item = LiveObject<'a>> {
        let key = (release.namespace.clone(), release.name.clone());
        let found = self.released.get(&key).filter(|_| self.is_listed(group, kind)).into_iter().flatten();
        let (group, kind) = (group.to_owned(), kind.to_owned());
        found.filter(move |object| object.kind == kind && object.group == group).filter_map(|object| self.peek(object))
    }

    /// Iterates over the objects of a kind in a namespace that match a label selector (`a=b,c=d`; empty for all).
    pub fn labelled(
        &self,
        group: &str,
        kind: &str,
        namespace: &str,
        labels: &str,
    ) -> impl Iterator<Item = LiveObject<'_>> + Clone {
        self.list(ListQuery {
            group: group.to_owned(),
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            labels: labels.to_owned(),
            fields: String::new(),
        })
    }

    /// Iterates over the objects of a kind in all namespaces that match a field selector (`status.phase=Pending`).
    pub fn selected(&self, group: &str, kind: &str, fields: &str) -> impl Iterator<Item = LiveObject<'_>> + Clone {
        self.list(ListQuery {
            group: group.to_owned(),
            kind: kind.to_owned(),
            fields: fields.to_owned(),
            ..ListQuery::default()
        })
    }

    /// Iterates over the pods of a workload by its selector; empty while they are not read.
    pub fn pods_of(&self, workload: &LiveObject<'_>) -> Vec<LiveObject<'_>> {
        match selector(workload.value.pointer("/spec/selector").unwrap_or(&Value::Null)) {
            Some(labels) => self.labelled("", "Pod", &workload.object.namespace, &labels).collect(),
            None => Vec::new(),
        }
    }

    /// Returns the pods that are not well, found once for what is read.
    pub(super) fn unwell_pods(&self, find: impl FnOnce() -> Vec<(ObjectRef, ObjectRef)>) -> UnwellPods {
        if let Some(known) = self.unwell_pods.borrow().as_ref() {
            return Arc::clone(known);
        }
        let found: UnwellPods = find().into();
        *self.unwell_pods.borrow_mut() = Some(Arc::clone(&found));
        found
    }

    /// Returns all objects that are read, but pods, sorted.
    pub fn read_objects(&self) -> Vec<LiveObject<'_>> {
        let all = self.objects.iter().filter_map(|(object, value)| Some(LiveObject { object, value: value.as_ref()? }));
        let mut all: Vec<LiveObject<'_>> = all.filter(|live| live.object.kind != "Pod").collect();
        all.sort_unstable_by_key(|live| live.object);
        all
    }

    /// Tells whether all objects of a kind are known, so that what is not among them is absent.
    pub fn is_listed(&self, group: &str, kind: &str) -> bool {
        let query = ListQuery { group: group.to_owned(), kind: kind.to_owned(), ..ListQuery::default() };
        matches!(self.answer(&query), Some(ListAnswer::Whole(_)))
    }

    /// Tells whether the objects of a kind in a namespace that match a label selector are known, so that what is not among
    /// them is absent.
    pub fn is_listed_in(&self, group: &str, kind: &str, namespace: &str, labels: &str) -> bool {
        let query = ListQuery {
            group: group.to_owned(),
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            labels: labels.to_owned(),
            fields: String::new(),
        };
        matches!(self.answer(&query), Some(ListAnswer::Whole(_) | ListAnswer::NotServed))
    }

    /// Says what a cause did not look at, because it was too much: an absence there is not known.
    pub fn leave_open(&self, what: String) {
        self.left_open.borrow_mut().insert(what);
    }

    /// Tells whether the server serves a kind; `None` while that is unknown.
    pub fn is_served(&self, group: &str, kind: &str) -> Option<bool> {
        let query = ListQuery { group: group.to_owned(), kind: kind.to_owned(), ..ListQuery::default() };
        match self.answer(&query)? {
            ListAnswer::Whole(_) => Some(true),
            ListAnswer::NotServed => Some(false),
            ListAnswer::Refused => None,
        }
    }

    /// Looks an object up.
    pub fn get(&self, object: &ObjectRef) -> Lookup<LiveObject<'_>> {
        if let Some((object, value)) = self.objects.get_key_value(object) {
            return match value {
                Some(value) => Lookup::Found(LiveObject { object, value }),
                None => Lookup::Absent,
            };
        }
        let query = ListQuery { group: object.group.clone(), kind: object.kind.clone(), ..ListQuery::default() };
        match self.lists.get(&query) {
            Some(ListAnswer::Whole(_) | ListAnswer::NotServed) => Lookup::Absent,
            Some(ListAnswer::Refused) | None => {
                if object.name.is_empty() || object.kind.is_empty() {
                    return Lookup::Unknown;
                }
                // No object can have such a name: the provisioner of a StorageClass may hold a slash, a CSIDriver may not.
                if no_segment(&object.name).is_some() {
                    return Lookup::Absent;
                }
                self.want(Want::Object(object.clone()));
                Lookup::Unknown
            }
        }
    }

    /// Returns the events of an object, the newest last; empty while they are not read.
    pub fn events(&self, object: &ObjectRef) -> &[Event] {
        if let Some(events) = self.events.get(object) {
            return events;
        }
        self.want(Want::Events(object.clone()));
        &[]
    }

    /// Returns the newest event of an object with one of these reasons.
    pub fn event(&self, object: &ObjectRef, reasons: &[&str]) -> Option<&Event> {
        self.events(object).iter().rev().find(|event| reasons.contains(&event.reason.as_str()))
    }

    /// Returns the last lines of a container's log, or of the one before its last start; empty while they are not read.
    pub fn log(&self, pod: &ObjectRef, container: &str, previous: bool) -> &[String] {
        let query = LogQuery { pod: pod.clone(), container: container.to_owned(), previous };
        if let Some(lines) = self.logs.get(&query) {
            return lines;
        }
        self.want(Want::Log(query));
        &[]
    }

    /// Returns the row of an object that was read, as its kind judges it; `None` for a kind that fluxdeck does not know.
    pub fn row(&self, object: &ObjectRef) -> Option<&Row> {
        self.rows.get(object)
    }

    /// Returns what the repository declares of a live object; `None` where that is not known, or another one applied it.
    pub fn declared(&self, live: &LiveObject<'_>) -> Option<&DeclaredObject> {
        let declared = self.declared.as_ref()?.get(live.object)?;
        let applier = (live.applier_namespace(), live.applier());
        (applier == (declared.applier.namespace.as_str(), declared.applier.name.as_str())).then_some(declared)
    }

    /// Returns where the repository declares an object that need not be there; `None` where that is not known.
    pub fn declared_place(&self, object: &ObjectRef) -> Option<&DeclaredPlace> {
        self.declared.as_ref()?.place_of(object)
    }

    /// Tells whether the Kustomization of an object applied surely what the repository declares now.
    pub fn is_applied(&self, declared: &DeclaredObject) -> bool {
        let applied = self.rows.get(&declared.applier).and_then(|row| row.flux.as_deref());
        applied.zip(self.declared.as_ref()).is_some_and(|(applied, declared)| declared.is_at(&applied.revision))
    }

    /// Takes what the repository declares.
    pub(super) fn declare(&mut self, declared: Option<Arc<DeclaredState>>) {
        self.declared = declared;
    }

    /// Returns the state of an object that was read, as its kind judges it; unknown for a kind that fluxdeck does not know.
    pub fn state(&self, object: &ObjectRef) -> State {
        self.row(object).map(|row| row.state).unwrap_or_default()
    }

    /// Tells whether something was at least so many seconds ago; unknown times were not.
    pub fn is_past(&self, at: Option<Timestamp>, seconds: i64) -> bool {
        at.is_some_and(|at| self.now.duration_since(at).as_secs() >= seconds)
    }

    /// Returns an object if it was read already; it is not asked for.
    pub fn peek(&self, object: &ObjectRef) -> Option<LiveObject<'_>> {
        #[cfg(test)]
        self.shown.set(self.shown.get() + 1);
        let (object, value) = self.objects.get_key_value(object)?;
        Some(LiveObject { object, value: value.as_ref()? })
    }

    /// Writes a line to type, with the environment's context at its end.
    pub fn shell(&self, fixed: &'static str, words: &[&str]) -> ShellLine {
        let line = ShellLine::new(fixed, words);
        // fluxdeck's own --env names the context already; git, dig and their like have none.
        let takes_context = fixed.starts_with("kubectl ") || fixed.starts_with("flux ");
        if takes_context { line.option(" --context {}", &self.context) } else { line }
    }

    /// Writes `kubectl describe` for an object.
    pub fn describe(&self, object: &ObjectRef) -> ShellLine {
        self.at(ShellLine::new("kubectl describe {} {}", &[&kind_word(object), &object.name]), object)
    }

    /// Writes `kubectl get -o yaml` for an object.
    pub fn yaml(&self, object: &ObjectRef) -> ShellLine {
        self.at(ShellLine::new("kubectl get {} {} -o yaml", &[&kind_word(object), &object.name]), object)
    }

    /// Writes `kubectl edit` for an object.
    pub fn edit(&self, object: &ObjectRef) -> ShellLine {
        self.at(ShellLine::new("kubectl edit {} {}", &[&kind_word(object), &object.name]), object)
    }

    /// Writes `flux reconcile` for a Flux object; `None` for any other.
    pub fn reconcile(&self, object: &ObjectRef) -> Option<ShellLine> {
        self.flux_line("flux reconcile", object)
    }

    /// Writes `flux resume` for a Flux object; `None` for any other.
    pub fn resume(&self, object: &ObjectRef) -> Option<ShellLine> {
        self.flux_line("flux resume", object)
    }

    fn flux_line(&self, verb: &'static str, object: &ObjectRef) -> Option<ShellLine> {
        let kind = kinds::kind_of(object).filter(|kind| kind.flux && !kind.noun.is_empty())?;
        let mut line = ShellLine::from(verb);
        for word in kind.noun.split(' ') {
            line = line.word(word);
        }
        Some(self.at(line.word(&object.name), object))
    }

    /// Ends a line with the namespace of its object and the environment's context, as far as there are such.
    fn at(&self, line: ShellLine, object: &ObjectRef) -> ShellLine {
        line.option(" -n {}", &object.namespace).option(" --context {}", &self.context)
    }

    fn list(&self, query: ListQuery) -> impl Iterator<Item = LiveObject<'_>> + Clone {
        let found = match self.answer(&query) {
            Some(ListAnswer::Whole(objects)) => objects.as_slice(),
            Some(ListAnswer::NotServed | ListAnswer::Refused) | None => &[],
        };
        found.iter().filter_map(|object| self.peek(object))
    }

    fn answer(&self, query: &ListQuery) -> Option<&ListAnswer> {
        let answer = self.lists.get(query);
        if answer.is_none() {
            self.want(Want::List(query.clone()));
        }
        answer
    }

    fn want(&self, want: Want) {
        if !self.refused.contains(&want) {
            self.wanted.borrow_mut().insert(want);
        }
    }

    /// Takes what was asked for and is not read yet.
    pub(super) fn take_wanted(&self) -> BTreeSet<Want> {
        // What was asked for changes what is found next.
        self.unwell_pods.take();
        self.wanted.take()
    }

    /// Takes what causes did not look at.
    pub(super) fn take_left_open(&self) -> BTreeSet<String> {
        self.left_open.take()
    }

    /// Adds the answer to a list.
    pub(super) fn add_list(&mut self, query: ListQuery, values: Vec<Value>) {
        let objects: Vec<ObjectRef> = values.into_iter().map(|value| self.add_listed(&query, value)).collect();
        self.lists.insert(query, ListAnswer::Whole(objects));
    }

    /// Adds a listed object: the items of a built-in kind's list do not name their kind.
    fn add_listed(&mut self, query: &ListQuery, value: Value) -> ObjectRef {
        let named = LiveObject { object: &ObjectRef::new("", "", "", ""), value: &value };
        let object =
            ObjectRef::new(&query.kind, &query.group, named.text("/metadata/namespace"), named.text("/metadata/name"));
        self.insert(object.clone(), Some(value));
        object
    }

    fn insert(&mut self, object: ObjectRef, mut value: Option<Value>) {
        // A field that is null is none: `status: null` would keep a kind from reading the rest.
        if let Some(fields) = value.as_mut().and_then(Value::as_object_mut) {
            fields.retain(|_, field| !field.is_null());
        }
        if let Some(value) = value.as_mut().filter(|_| kinds::kind_of(&object).is_some_and(|kind| kind.flux)) {
            cut_credentials(value);
        }
        let beside = || kinds::BESIDE.iter().copied().find(|kind| kind.is(&object));
        if let (Some(kind), Some(value)) = (kinds::kind_of(&object).or_else(beside), &value)
            && let Ok(mut row) = (kind.decode)(value.to_string().as_bytes())
        {
            row.judge_by_clock(self.now);
            if row.state == State::Ready {
                self.not_ready.remove(&object);
            } else {
                self.not_ready.insert(object.clone());
            }
            self.rows.insert(object.clone(), row);
        }
        if let Some(value) = &value {
            let (namespace, name) = (LiveObject { object: &object, value }).release();
            if !name.is_empty() {
                let key = (namespace.to_owned(), name.to_owned());
                self.released.entry(key).or_default().insert(object.clone());
            }
        }
        self.objects.insert(object, value);
    }

    /// Notes that a list cannot be had.
    pub(super) fn refuse_list(&mut self, query: ListQuery, is_served: bool) {
        self.lists.insert(query, if is_served { ListAnswer::Refused } else { ListAnswer::NotServed });
    }

    /// Adds an object; `None` if it is not there.
    pub(super) fn add_object(&mut self, object: ObjectRef, value: Option<Value>) {
        self.insert(object, value);
    }

    /// Adds the events of an object.
    pub(super) fn add_events(&mut self, object: ObjectRef, events: Vec<Event>) {
        self.events.insert(object, events);
    }

    /// Adds the last lines of a log.
    pub(super) fn add_log(&mut self, query: LogQuery, lines: Vec<String>) {
        self.logs.insert(query, lines);
    }

    /// Notes that something may not be read: it is not asked for again.
    pub(super) fn refuse(&mut self, want: Want) {
        self.refused.insert(want);
    }
}

/// Cuts the user's part out of the addresses of a Flux object: causes write addresses into sentences and lines to type.
fn cut_credentials(value: &mut Value) {
    match value {
        Value::String(text) if text.contains("://") && text.contains('@') => *text = without_credentials(text),
        Value::Array(items) => items.iter_mut().for_each(cut_credentials),
        Value::Object(fields) => fields.values_mut().for_each(cut_credentials),
        _ => {}
    }
}

/// Writes a kind as kubectl takes it: with its group where two groups have one.
fn kind_word(object: &ObjectRef) -> String {
    object.typed_kind().to_lowercase()
}

/// Writes the label selector of an object as the API takes it; `None` if it selects nothing or everything.
pub(super) fn selector(selector: &Value) -> Option<String> {
    let labels = selector.get("matchLabels").and_then(Value::as_object).or_else(|| {
        // A Service has the labels alone.
        let is_plain = selector.get("matchExpressions").is_none();
        selector.as_object().filter(|map| is_plain && map.values().all(Value::is_string))
    });
    let mut parts: Vec<String> = labels
        .into_iter()
        .flatten()
        .map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()))
        .collect();
    for one in selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten() {
        let word = |key: &str| one.get(key).and_then(Value::as_str).unwrap_or_default();
        let values = one.get("values").and_then(Value::as_array).into_iter().flatten();
        let values: Vec<&str> = values.filter_map(Value::as_str).collect();
        parts.push(match word("operator") {
            "In" => format!("{} in ({})", word("key"), values.join(",")),
            "NotIn" => format!("{} notin ({})", word("key"), values.join(",")),
            "Exists" => word("key").to_owned(),
            "DoesNotExist" => format!("!{}", word("key")),
            _ => return None,
        });
    }
    (!parts.is_empty()).then(|| parts.join(","))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{LiveGraph, Lookup, Want};
    use crate::model::ObjectRef;

    #[test]
    fn an_object_whose_name_none_can_have_is_absent_and_not_asked_for() {
        let graph = LiveGraph::new("staging", "staging", Timestamp::UNIX_EPOCH);
        let driver = |name| ObjectRef::new("CSIDriver", "storage.k8s.io", "", name);
        assert!(matches!(graph.get(&driver("rancher.io/local-path")), Lookup::Absent));
        assert_eq!(graph.take_wanted().len(), 0);
        assert!(matches!(graph.get(&driver("driver.longhorn.io")), Lookup::Unknown));
        assert!(graph.take_wanted().contains(&Want::Object(driver("driver.longhorn.io"))));
    }
}
