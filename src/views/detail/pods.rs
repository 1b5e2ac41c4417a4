//! The pods of an object, read beside it: the faults of a workload's pods, and the requests of a node's pods.

use serde_json::Value;

use crate::app::health::{pod_problem, state_scope};
use crate::app::{CommandTarget, Facts, Task};
use crate::cluster::Cluster;
use crate::cluster::logs::is_workload;
use crate::cluster::pod::selector;
use crate::kinds;
use crate::model::{Env, Fault, ObjectRef, Row, State};
use crate::theme::Scope;
use crate::views::parts::page::PageLine;
use crate::views::parts::row_list::urgency;

/// Holds the pods of an object.
#[derive(Debug)]
pub(super) struct PodsOf {
    /// The whole pods, kept only for a node.
    pub(super) values: Vec<Value>,
    /// The pods as rows.
    rows: Vec<Row>,
}

/// Answers the task, with the environment of the request.
pub(super) struct Answer(pub Env, pub Result<PodsOf, Fault>);

/// Tells whether the detail of an object shows its pods.
fn has_pods(object: &ObjectRef) -> bool {
    is_workload(object) || kinds::NODE.is(object)
}

/// Builds the task that reads the pods of an object; `None` if it has none.
pub(super) fn task(env: Env, object: &ObjectRef) -> Option<Task> {
    let object = object.clone();
    has_pods(&object).then(|| {
        Task::once(format!("pods of {object}"), move |task_context| async move {
            Answer(
                env,
                match task_context.cluster(env) {
                    Ok(cluster) => read(&cluster, &object).await,
                    Err(fault) => Err(fault),
                },
            )
        })
    })
}

async fn read(cluster: &Cluster, object: &ObjectRef) -> Result<PodsOf, Fault> {
    let values = if kinds::NODE.is(object) {
        cluster.pods_on(&object.name).await?
    } else {
        match cluster.detail(object).await?.and_then(|detail| selector(&detail.value)) {
            Some(labels) => cluster.objects_labelled("", "Pod", &object.namespace, &labels).await?,
            None => Vec::new(),
        }
    };
    Ok(PodsOf::new(object, values))
}

impl PodsOf {
    /// Builds the pods of an object from the read values; only those of a node are kept whole.
    pub(super) fn new(object: &ObjectRef, mut values: Vec<Value>) -> Self {
        let rows = values.iter().filter_map(|value| (kinds::POD.decode)(value.to_string().as_bytes()).ok()).collect();
        if !kinds::NODE.is(object) {
            values.clear();
        }
        Self { values, rows }
    }

    /// Writes the reasons why pods are not ready, the worst first: the number of pods, and the message of the first
    /// one. Enter opens that one.
    pub(super) fn faults(&self, env: Env, facts: &Facts) -> Vec<PageLine> {
        let mut groups: Vec<(String, Vec<&Row>)> = Vec::new();
        for row in self.rows.iter().filter(|row| row.state != State::Ready) {
            let status = row.cells.get(1).map(ToString::to_string).unwrap_or_default();
            match groups.iter_mut().find(|(known, _)| *known == status) {
                Some((_, rows)) => rows.push(row),
                None => groups.push((status, vec![row])),
            }
        }
        groups.sort_by_key(|(_, rows)| rows.iter().map(|row| urgency(row.state)).min());
        let line = |(_, rows): &(String, Vec<&Row>)| {
            let first = rows.first()?;
            let scope = if first.state == State::Failed { Scope::Error } else { state_scope(first.state) };
            let text = format!("{} of {} pods: {}", rows.len(), self.rows.len(), pod_problem(facts, env, first));
            let pod = kinds::POD.object(&first.key.namespace, &first.key.name);
            Some(PageLine::wrapped(text, scope).opens(Some(CommandTarget::Object(env, pod))))
        };
        groups.iter().filter_map(line).collect()
    }
}
