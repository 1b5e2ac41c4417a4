//! A database has no base backup that is young enough.

use jiff::{SignedDuration, Timestamp};

use super::databases::{self, GROUP, HEALTHY};
use crate::doctor::live::text;
use crate::doctor::message::short;
use crate::doctor::{Cause, Diagnosis, LiveGraph, LiveObject, Remedy};
use crate::model::clock::age;

pub(super) const CAUSE: Cause =
    Cause { id: "cnpg-backup-missing", title: "A PostgreSQL cluster has no young backup", find };

/// The group of the backup plugin's stores, and the plugin's name (plugin-barman-cloud 0.5 and newer).
const STORES: &str = "barmancloud.cnpg.io";
const PLUGIN: &str = "barman-cloud.cloudnative-pg.io";

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    databases::clusters(graph).filter_map(|cluster| diagnosis(graph, &cluster)).collect()
}

/// Holds what is known of the backups of one cluster.
struct Backups<'a> {
    schedules: Vec<LiveObject<'a>>,
    all: Vec<LiveObject<'a>>,
    /// The end of the last one that succeeded.
    last: Option<Timestamp>,
}

fn diagnosis(graph: &LiveGraph, cluster: &LiveObject<'_>) -> Option<Diagnosis> {
    let is_archiving = databases::condition(cluster, "ContinuousArchiving").is_none_or(|one| one.status != "False");
    if databases::phase(cluster) != HEALTHY || !is_archiving {
        return None;
    }
    let backups = backups(graph, cluster)?;
    let failed = newest_failed(&backups);
    let period = period(&backups.schedules);
    let limit = period.saturating_mul(2).saturating_add(SignedDuration::from_hours(1));
    let begun = backups.last.or(cluster.created())?;
    let is_old = graph.now.duration_since(begun) > limit;
    if !is_old && failed.is_none() {
        return None;
    }
    let what = match backups.last {
        Some(last) => format!("its last base backup is {} old", age(graph.now, last)),
        None => format!("it has no base backup, and is {} old", age(graph.now, begun)),
    };
    let why = match (&failed, backups.schedules.as_slice()) {
        (Some(backup), _) => format!("Backup {} failed: {}", backup.object.name, error_of(backup)),
        (None, []) => "no ScheduledBackup makes one".to_owned(),
        (None, schedules) if schedules.iter().all(|one| one.is_true("/spec/suspend")) => {
            "its ScheduledBackup is suspended".to_owned()
        }
        (None, _) => "its ScheduledBackup brought none".to_owned(),
    };
    let message = format!("{}: {what}; {why}", cluster.object.told());
    let at = failed.as_ref().map_or(cluster.object, |backup| backup.object);
    Some(told(graph, cluster, &backups, Diagnosis::new(CAUSE.id, cluster.object, message)).look_at(graph.describe(at)))
}

fn told(graph: &LiveGraph, cluster: &LiveObject<'_>, backups: &Backups<'_>, mut found: Diagnosis) -> Diagnosis {
    let (namespace, name) = (&cluster.object.namespace, &cluster.object.name);
    found = found.warning().seen(
        backups.last.map_or("no backup has completed".to_owned(), |at| format!("the last completed backup: {at}")),
        backups.last,
        format!("{}, its Backups and its ObjectStore", cluster.object.told()),
    );
    for schedule in &backups.schedules {
        let (last, next) = (schedule.text("/status/lastScheduleTime"), schedule.text("/status/nextScheduleTime"));
        found = found.seen(
            format!("spec.schedule: {}, last {last}, next {next}", schedule.text("/spec/schedule")),
            schedule.time("/status/lastScheduleTime"),
            schedule.object.told(),
        );
    }
    if let Some(backup) = newest_failed(backups) {
        found = found.seen(
            format!("{}: {}", backup.text("/status/phase"), error_of(&backup)),
            backup.time("/status/stoppedAt").or(backup.created()),
            backup.object.told(),
        );
    }
    found
        .look_at(
            graph.shell(
                "kubectl get backups.postgresql.cnpg.io,scheduledbackups.postgresql.cnpg.io -n {}",
                &[namespace],
            ),
        )
        .mended_by(Remedy::change(
            if backups.schedules.is_empty() {
                "Add a ScheduledBackup for the Cluster: WAL alone restores nothing."
            } else {
                "Mend what the failed backup names, or resume the ScheduledBackup."
            },
            "a Backup with phase completed",
        ))
        .mended_by(Remedy::new(
            graph.shell("kubectl cnpg backup {} -n {}", &[name, namespace]),
            "It makes a base backup at once; with a plugin, add --method plugin --plugin-name.",
            "phase completed",
        ))
        .documented("https://cloudnative-pg.io/documentation/current/backup/")
}

/// Reads the backups of a cluster; `None` where it is not backed up at all, and while something is unknown.
fn backups<'a>(graph: &'a LiveGraph, cluster: &LiveObject<'_>) -> Option<Backups<'a>> {
    let is_own = |one: &LiveObject<'_>| {
        one.object.namespace == cluster.object.namespace && one.text("/spec/cluster/name") == cluster.object.name
    };
    let schedules: Vec<LiveObject<'a>> = graph.all(GROUP, "ScheduledBackup").filter(is_own).collect();
    let plugins = cluster.items("/spec/plugins").iter();
    let plugin =
        plugins.filter(|one| text(one, "/name") == PLUGIN).find(|one| one.get("enabled").is_none_or(|on| on != false));
    let in_tree = ["/spec/backup/barmanObjectStore", "/spec/backup/volumeSnapshot"];
    let is_backed_up = plugin.is_some()
        || in_tree.into_iter().any(|pointer| cluster.value.pointer(pointer).is_some())
        || !schedules.is_empty();
    if !is_backed_up || !graph.is_listed(GROUP, "ScheduledBackup") {
        return None;
    }
    let all: Vec<LiveObject<'a>> = graph.all(GROUP, "Backup").filter(is_own).collect();
    if !graph.is_listed(GROUP, "Backup") {
        return None;
    }
    let done = all.iter().filter(|one| one.text("/status/phase") == "completed");
    let mut times: Vec<Timestamp> = done.filter_map(|one| one.time("/status/stoppedAt").or(one.created())).collect();
    times.extend(cluster.time("/status/lastSuccessfulBackup"));
    if let Some(plugin) = plugin {
        let stores = graph.all(STORES, "ObjectStore");
        if !graph.is_listed(STORES, "ObjectStore") {
            return None;
        }
        let server = match text(plugin, "/parameters/serverName") {
            "" => cluster.object.name.as_str(),
            server => server,
        };
        let named = text(plugin, "/parameters/barmanObjectName");
        let own = stores.filter(|one| {
            (one.object.namespace.as_str(), one.object.name.as_str()) == (&cluster.object.namespace, named)
        });
        let windows = own.filter_map(|one| one.value.pointer("/status/serverRecoveryWindow")?.get(server));
        times.extend(windows.filter_map(|window| text(window, "/lastSuccessfulBackupTime").parse::<Timestamp>().ok()));
    }
    Some(Backups { schedules, all, last: times.into_iter().max() })
}

/// Finds the newest Backup where it failed, and none succeeded since.
fn newest_failed<'a>(backups: &Backups<'a>) -> Option<LiveObject<'a>> {
    let newest = backups.all.iter().max_by_key(|one| one.created())?;
    let phase = newest.text("/status/phase");
    let at = newest.time("/status/stoppedAt").or(newest.created());
    (matches!(phase, "failed" | "invalid backup definition") && at > backups.last).then_some(*newest)
}

fn error_of(backup: &LiveObject<'_>) -> String {
    match backup.text("/status/error") {
        "" => "its status names no error".to_owned(),
        error => short(error),
    }
}

/// Returns the time between two backups, from what the operator computed: a day where it says nothing.
fn period(schedules: &[LiveObject<'_>]) -> SignedDuration {
    let times = schedules.iter().filter_map(|one| {
        let (last, next) = (one.time("/status/lastScheduleTime")?, one.time("/status/nextScheduleTime")?);
        Some(next.duration_since(last)).filter(SignedDuration::is_positive)
    });
    let day = SignedDuration::from_hours(24);
    // Without a schedule, somebody else may make backups: a week is too old for them too.
    let fallback = if schedules.is_empty() { day.saturating_mul(3) } else { day };
    times.min().unwrap_or(fallback)
}
