//! Restores `PostgreSQL` to a point in time, beside the old cluster (CloudNativePG 1.25 to 1.30).

use super::Walk;
use super::ground::{WalkGround, condition, some_of, word};
use super::step::{WalkCheck, WalkStep};
use crate::doctor::LiveObject;
use crate::model::ShellLine;
use crate::model::known::HELM;
use serde_json::Value;

pub(super) const WALK: Walk = Walk {
    id: "restore-postgres",
    title: "Restore PostgreSQL to a point in time",
    about: "Data was deleted or changed by mistake, and the archive reaches back before that.",
    kind: Some((GROUP, "Cluster")),
    steps,
};

const GROUP: &str = "postgresql.cnpg.io";
const STORES: &str = "barmancloud.cnpg.io";
const HEALTHY: &str = "Cluster in healthy state";

fn is_restored(live: &LiveObject<'_>) -> bool {
    live.value.pointer("/spec/bootstrap/recovery").is_some()
}

fn steps(ground: &WalkGround<'_>) -> Vec<WalkStep> {
    let graph = ground.graph;
    let found = ground.all(GROUP, "Cluster").and_then(|all| {
        let asked = |live: &&LiveObject<'_>| ground.asked.is_none_or(|asked| asked.means(live.object));
        let none = || WalkCheck::not_yet("the cluster has no such Cluster of CloudNativePG");
        let first = || all.iter().filter(asked).min_by_key(|live| live.created());
        all.iter().filter(asked).find(|live| !is_restored(live)).or_else(first).copied().ok_or_else(none)
    });
    let old = match found {
        Ok(old) => old,
        Err(check) => {
            let find = WalkStep::new(
                "Find the database",
                "A Cluster of CloudNativePG says where its archive lies.",
                Err(check),
            );
            let find = find
                .line(graph.shell("kubectl get clusters.postgresql.cnpg.io -A", &[]))
                .look_for("its name and namespace.");
            return vec![find.asks("Which Cluster holds the data?")];
        }
    };
    let (old, new) = pair(ground, old);
    vec![
        window(ground, &old),
        archiving(ground, &old),
        written(ground, &old, new),
        recovered(ground, new),
        archives(ground, &old, new),
        moved(ground, &old, new),
    ]
}

/// Finds the old Cluster and the one that is restored from it. One that was restored once keeps saying so, so that it is
/// the new one only where another one was there before it.
fn pair<'a>(ground: &WalkGround<'a>, named: LiveObject<'a>) -> (LiveObject<'a>, Option<LiveObject<'a>>) {
    let all = ground.some(GROUP, "Cluster").into_iter();
    let is_beside =
        |live: &LiveObject<'a>| live.object != named.object && live.object.namespace == named.object.namespace;
    let beside: Vec<LiveObject<'a>> = all.filter(is_beside).collect();
    let is_before = |live: &&LiveObject<'a>| ground.asked.is_some() && live.created() < named.created();
    let before = beside.iter().filter(|_| is_restored(&named)).filter(is_before).max_by_key(|live| live.created());
    match before {
        Some(before) => (*before, Some(named)),
        None => (named, beside.into_iter().filter(is_restored).max_by_key(LiveObject::created)),
    }
}

/// Says how far back the backups reach: by the plugin's store, else by the Cluster's own status.
fn reach<'a>(ground: &WalkGround<'a>, old: &LiveObject<'a>) -> Option<(&'a str, &'a str)> {
    let own = (old.text("/status/firstRecoverabilityPoint"), old.text("/status/lastSuccessfulBackup"));
    let store = parameter(old, "barmanObjectName");
    let server = parameter(old, "serverName").unwrap_or(&old.object.name);
    let stores = ground.some(STORES, "ObjectStore").into_iter();
    let of_store = stores
        .filter(|one| one.object.namespace == old.object.namespace && Some(one.object.name.as_str()) == store)
        .find_map(|one| {
            let window = one.value.pointer("/status/serverRecoveryWindow")?.as_object()?.get(server)?;
            Some((word(window, "firstRecoverabilityPoint"), word(window, "lastSuccessfulBackupTime")))
        });
    of_store.or(Some(own)).filter(|(first, _)| !first.is_empty())
}

/// Returns a parameter of the backup plugin (plugin-barman-cloud 0.5 and newer).
fn parameter<'a>(live: &LiveObject<'a>, name: &str) -> Option<&'a str> {
    live.items("/spec/plugins").iter().find_map(|one| one.get("parameters")?.get(name)?.as_str())
}

fn window(ground: &WalkGround<'_>, old: &LiveObject<'_>) -> WalkStep {
    let graph = ground.graph;
    let namespace = &old.object.namespace;
    let verdict = match reach(ground, old) {
        Some((first, last)) => Ok(format!(
            "the archive of {} reaches back to {first}; its last base backup is of {last}",
            old.object.told()
        )),
        None => Err(WalkCheck::not_yet(format!("nothing says that {} has a base backup", old.object.told()))),
    };
    WalkStep::new("Choose the moment", "A restore begins at a base backup and replays the WAL up to the moment: it must lie after the first and before the fault.", verdict)
        .line(graph.shell("kubectl get backups.postgresql.cnpg.io -n {}", &[namespace]))
        .line(graph.shell("kubectl get objectstores.barmancloud.cnpg.io -n {} -o yaml", &[namespace]))
        .look_for("a backup that is completed, older than the fault.")
        .asks("At which second were the data still right, in UTC, and is there a base backup before it?")
}

fn archiving(ground: &WalkGround<'_>, old: &LiveObject<'_>) -> WalkStep {
    let verdict = match condition(old, "ContinuousArchiving") {
        Some(("True", told)) => Ok(told.to_owned()),
        Some((_, told)) => Err(WalkCheck::not_yet(format!("{}: {told}", old.object.told()))),
        None => Err(WalkCheck::unknown("the Cluster does not say whether WAL is archived")),
    };
    WalkStep::new(
        "See that the WAL is archived",
        "What is not in the archive cannot be replayed. A segment is archived once it is full, or after archive_timeout, five minutes unless set; the last line closes it now, while the old primary still runs.",
        verdict,
    )
    .line(ground.graph.describe(old.object))
    .line(ground.graph.shell(
        "kubectl exec -n {} {} -c postgres -- psql -c 'SELECT pg_switch_wal()'",
        &[&old.object.namespace, primary(old)],
    ))
    .look_for("ContinuousArchiving True.")
    .asks("Does the Cluster say that continuous archiving works?")
    .by_for("describe", old.object)
}

fn written(ground: &WalkGround<'_>, old: &LiveObject<'_>, new: Option<LiveObject<'_>>) -> WalkStep {
    let verdict = match new {
        None => Err(WalkCheck::not_yet(format!("no Cluster in {} has bootstrap.recovery", old.object.namespace))),
        Some(new) => match new.text("/spec/bootstrap/recovery/recoveryTarget/targetTime") {
            "" => Err(WalkCheck::not_yet(format!(
                "{} has no recoveryTarget.targetTime: it would replay everything, the fault too",
                new.object.told()
            ))),
            time => is_external(&new).map(|()| format!("{} is to be restored to {time}", new.object.told())),
        },
    };
    WalkStep::new(
        "Write a second Cluster",
        format!(
            "A restore makes a new Cluster beside the old one: bootstrap.recovery with source and recoveryTarget.targetTime (with its time zone: 2026-01-15T08:00:00Z), and in externalClusters an entry of that name with {}. bootstrap.recovery.database, owner and secret keep the application's login. The old one stays until you are sure.",
            archive_of(old),
        ),
        verdict,
    )
    .line(ShellLine::new("git grep -n {} -- '*.yaml'", &[&old.object.name]))
    .line(ground.graph.yaml(old.object))
    .line(ground.graph.shell("kubectl explain clusters.spec.bootstrap.recovery --api-version=postgresql.cnpg.io/v1", &[]))
    .look_for("the new Cluster in Git, pushed and applied, under a name of its own.")
    .asks("Does the new Cluster have bootstrap.recovery.source, an entry of that name in externalClusters, and targetTime?")
    .by("git")
}

/// Says what leads to the archive of a Cluster: the plugin with its parameters, else the fields of the Cluster itself.
fn archive_of(old: &LiveObject<'_>) -> String {
    let server = parameter(old, "serverName").unwrap_or(&old.object.name);
    match parameter(old, "barmanObjectName") {
        Some(store) => format!(
            "plugin.name: barman-cloud.cloudnative-pg.io and plugin.parameters barmanObjectName: {store}, serverName: {server}"
        ),
        None => format!(
            "the archive of the old one: barmanObjectStore as in its spec.backup, serverName: {server} (from CloudNativePG 1.26 on the plugin barman-cloud.cloudnative-pg.io is the way)"
        ),
    }
}

fn is_external(new: &LiveObject<'_>) -> Result<(), WalkCheck> {
    let source = new.text("/spec/bootstrap/recovery/source");
    let from_backup = !new.text("/spec/bootstrap/recovery/backup/name").is_empty();
    let has = new.items("/spec/externalClusters").iter().any(|one| word(one, "name") == source);
    if from_backup || has {
        return Ok(());
    }
    Err(WalkCheck::not_yet(format!("externalClusters has no entry {source}, to restore it from")))
}

fn recovered(ground: &WalkGround<'_>, new: Option<LiveObject<'_>>) -> WalkStep {
    let verdict = match new {
        None => Err(WalkCheck::unknown("there is no new Cluster yet")),
        Some(new) if new.text("/status/phase") == HEALTHY => Ok(format!("{}: {HEALTHY}", new.object.told())),
        Some(new) => {
            let root = ground.root_of(new.object).map(|root| format!(". {}", root.message)).unwrap_or_default();
            Err(WalkCheck::not_yet(format!("{}: {}{root}", new.object.told(), new.text("/status/phase"))))
        }
    };
    let step = WalkStep::new(
        "See it restored",
        "A Job fetches the base backup and replays the WAL; its log says what it misses.",
        verdict,
    )
    .look_for(format!("`{HEALTHY}`, then your data by a SELECT."))
    .asks("Is the new Cluster healthy, and are the rows there that were lost?");
    match new {
        Some(new) => step
            .line(ground.graph.describe(new.object))
            .line(
                ground
                    .graph
                    .shell("kubectl exec -n {} {} -c postgres -- psql -l", &[&new.object.namespace, primary(&new)]),
            )
            .by_for("describe", new.object),
        None => step.line(ground.graph.shell("kubectl get clusters.postgresql.cnpg.io -A", &[])),
    }
}

fn primary<'a>(live: &LiveObject<'a>) -> &'a str {
    match live.text("/status/currentPrimary") {
        "" => &live.object.name,
        name => name,
    }
}

fn archives(ground: &WalkGround<'_>, old: &LiveObject<'_>, new: Option<LiveObject<'_>>) -> WalkStep {
    let verdict = match new {
        None => Err(WalkCheck::unknown("there is no new Cluster yet")),
        Some(new) => match condition(&new, "ContinuousArchiving") {
            Some(("True", told)) => Ok(told.to_owned()),
            Some((_, told)) => Err(WalkCheck::not_yet(format!("{}: {told}", new.object.told()))),
            None => Err(WalkCheck::not_yet(format!("{} does not archive", new.object.told()))),
        },
    };
    WalkStep::new(
        "Let it archive under a name of its own",
        "Into the archive of the old Cluster it must not write, and CloudNativePG refuses an archive that is not empty: serverName of its own spec.plugins says which is its own.",
        verdict,
    )
    .line(ground.graph.shell("kubectl get clusters.postgresql.cnpg.io -n {} -o yaml", &[&old.object.namespace]))
    .line(ground.graph.shell("kubectl get scheduledbackups.postgresql.cnpg.io -n {}", &[&old.object.namespace]))
    .look_for("ContinuousArchiving True, and a first base backup; a ScheduledBackup that names the new Cluster.")
    .asks("Does the new Cluster write WAL into an archive of its own?")
}

/// Names the workloads and their settings that name a host.
fn users<'a>(ground: &WalkGround<'a>, host: &str) -> Result<Vec<LiveObject<'a>>, WalkCheck> {
    let mut found = Vec::new();
    for (group, kind) in [("apps", "Deployment"), ("apps", "StatefulSet"), ("", "ConfigMap"), (HELM, "HelmRelease")] {
        let all = ground.all(group, kind)?;
        found.extend(all.into_iter().filter(|live| {
            ["/spec", "/data"].iter().any(|at| live.value.pointer(at).is_some_and(|part| names(part, host)))
        }));
    }
    Ok(found)
}

/// Tells whether a text of a value holds a host's name, as a whole word.
fn names(value: &Value, host: &str) -> bool {
    match value {
        Value::String(text) => {
            text.split(|one: char| !(one.is_ascii_alphanumeric() || one == '-')).any(|word| word == host)
        }
        Value::Array(items) => items.iter().any(|item| names(item, host)),
        Value::Object(map) => map.values().any(|item| names(item, host)),
        _ => false,
    }
}

fn moved(ground: &WalkGround<'_>, old: &LiveObject<'_>, new: Option<LiveObject<'_>>) -> WalkStep {
    let from = format!("{}-rw", old.object.name);
    let verdict = match new {
        None => Err(WalkCheck::unknown("there is no new Cluster yet")),
        Some(new) => users(ground, &from).and_then(|left| {
            let to = format!("{}-rw", new.object.name);
            let here = users(ground, &to)?;
            if !left.is_empty() {
                let told = some_of(left.iter().map(|live| live.object.told()), ", ");
                return Err(WalkCheck::not_yet(format!("{told} still names {from}")));
            }
            if here.is_empty() {
                return Err(WalkCheck::unknown(format!(
                    "no workload or ConfigMap names {to}; it may stand in a Secret, which is not read here"
                )));
            }
            Ok(format!("{} names {to}", some_of(here.iter().map(|live| live.object.told()), ", ")))
        }),
    };
    WalkStep::new(
        "Lead the applications over",
        "They name the Service of a Cluster, NAME-rw: change it in Git, where the host stands."
            .replace("NAME", &old.object.name),
        verdict,
    )
    .line(ShellLine::new("git grep -n {} -- '*.yaml'", &[&from]))
    .line(ground.graph.shell("kubectl get services -n {}", &[&old.object.namespace]))
    .look_for("the name of the new Cluster wherever that of the old one stood.")
    .asks(format!("Which application still connects to {from}?"))
    .by("git")
}
