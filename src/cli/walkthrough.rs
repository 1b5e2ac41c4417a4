//! Every walk is gone through on the simulation: what is wrong before, and that it is done after the mend.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser as _;
use serde_json::{Value, json};

use super::lessons::wrong;
use super::{Arguments, Call};
use crate::cluster::Cluster;
use crate::commands::COMMANDS;
use crate::model::{Clock, Env, ObjectRef};
use crate::repo::Snapshot;
use crate::sim::{Commit, Remote, Scenario, Simulation};
use crate::walks::{self, WalkCheck, WalkProgress, WalkSubject};

/// So long the simulated controllers need to see a change: they look every ten minutes, in virtual time.
const WHILE: Duration = Duration::from_mins(15);

/// Holds the clusters of a scenario, and a repository that fits to them.
struct Course {
    simulation: Arc<Simulation>,
    cluster: Cluster,
    clock: Clock,
    repository: Arc<Snapshot>,
    _session: crate::runtime::Session,
}

impl Course {
    fn new(scenario: &str) -> Self {
        let clock = super::demo::snapshot_clock().unwrap();
        let call = Call::new(Arguments::parse_from(["fluxdeck"]).flags.global);
        let session = super::demo::session(scenario, &call, clock.clone()).unwrap();
        let repository = Arc::new(Snapshot::load(session.root.as_deref().unwrap()));
        let simulation = Simulation::new(&Scenario::named(scenario).unwrap(), clock.clone());
        let cluster = simulation.cluster(Env(1), "production");
        Self { simulation, cluster, clock, repository, _session: session }
    }

    async fn follow(&self, walk: &str, object: Option<&str>) -> WalkProgress {
        let object = object.map(|object| crate::kinds::complete(object.parse().unwrap()));
        let subject = WalkSubject { repository: Some(Arc::clone(&self.repository)), object };
        let walk = walks::named(walk).unwrap();
        walks::follow(walk, &self.cluster, "production", &self.clock, &subject).await.unwrap()
    }

    /// Pushes the commit that takes back the fault of the scenario, and lets the controllers see it.
    async fn revert(&self) {
        let commit = Commit {
            branch: "main".to_owned(),
            sha: "1".repeat(40),
            subject: "mend".to_owned(),
            mended: true,
            ..Commit::default()
        };
        self.simulation.follow(&(Arc::new(move || Some(commit.clone())) as Remote));
        tokio::time::sleep(WHILE).await;
    }

    fn apply(&self, manifest: Value) {
        self.simulation.apply("production", manifest);
    }

    fn set_status(&self, object: &ObjectRef, status: Value) {
        self.simulation.set_status("production", object, status);
    }
}

/// Lists the titles of the steps that are known not to be done, each with what is wrong.
fn open(progress: &WalkProgress) -> Vec<(&str, &str)> {
    let steps = progress.steps.iter();
    let open = steps.filter_map(|step| match &step.check {
        WalkCheck::NotYet(told) => Some((step.title.as_str(), told.as_str())),
        WalkCheck::Done(_) | WalkCheck::Unknown(_) => None,
    });
    open.collect()
}

/// Asserts that these steps are not done, that this is said of them, and that no other is known to be open.
fn expect(progress: &WalkProgress, wanted: &[(&str, &str)]) {
    let found = open(progress);
    let fits = found.len() == wanted.len()
        && found.iter().zip(wanted).all(|((title, told), (wanted, part))| title == wanted && told.contains(part));
    assert!(fits, "{}: {found:#?}\n{:#?}", progress.walk, progress.steps);
}

fn expect_done(progress: &WalkProgress) {
    assert_eq!(progress.next(), None, "{}: {:#?}", progress.walk, progress.steps);
}

fn longhorn(kind: &str, name: &str, rest: Value) -> Value {
    let mut manifest = json!({
        "apiVersion": "longhorn.io/v1beta2",
        "kind": kind,
        "metadata": {"name": name, "namespace": "longhorn-system"},
    });
    manifest.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    manifest
}

#[tokio::test(start_paused = true)]
async fn the_key_is_added() {
    let course = Course::new("no-key");
    let secret = ObjectRef::new("Secret", "", "flux-system", "sops-age");
    let before = course.follow("decryption-key", None).await;
    expect(
        &before,
        &[
            ("Give the cluster its age key", "Secret/flux-system/sops-age is not there"),
            ("Reconcile what waited for the key", "secrets \"sops-age\" not found"),
        ],
    );
    let with = |entry: &str| {
        let key = Scenario::named("healthy").map(|healthy| Simulation::new(&healthy, course.clock.clone())).unwrap();
        let mut whole = key.object("production", &secret).unwrap();
        let data = whole["data"].as_object().unwrap().values().next().unwrap().clone();
        whole["data"] = json!({ entry: data });
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "sops-age", "namespace": "flux-system"}, "data": whole["data"]})
    };
    course.apply(with("key.txt"));
    let named = course.follow("decryption-key", None).await;
    assert!(open(&named).iter().any(|(_, told)| told.contains("has only key.txt")), "{:#?}", named.steps);
    course.apply(with("age.agekey"));
    tokio::time::sleep(WHILE).await;
    expect_done(&course.follow("decryption-key", None).await);
}

#[tokio::test(start_paused = true)]
async fn a_failed_reconcile_is_followed_to_the_step_that_failed() {
    let course = Course::new("broken-chain");
    let before = course.follow("failed-reconcile", None).await;
    expect(
        &before,
        &[
            ("Build it", "kustomization path not found"),
            ("Mend the cause, push, and reconcile", "a path that is not in GitRepository/flux-system/flux-system"),
        ],
    );
    let waits = course.follow("failed-reconcile", Some("Kustomization/flux-system/apps")).await;
    assert_eq!(open(&waits).first().map(|one| one.0), Some("Look at what it waits for"), "{:#?}", waits.steps);
    course.revert().await;
    expect_done(&course.follow("failed-reconcile", None).await);
}

#[tokio::test(start_paused = true)]
async fn a_stuck_release_gets_going() {
    let course = Course::new("helm-exhausted");
    let object = Some("HelmRelease/monitoring/kube-prometheus-stack");
    let before = course.follow("stuck-release", None).await;
    expect(
        &before,
        &[
            ("Mend the cause", "kube-prometheus-stack"),
            ("Let it try again", "Failed to upgrade after"),
            ("See it become ready", "HelmRelease/monitoring/kube-prometheus-stack is failed"),
        ],
    );
    course.revert().await;
    expect_done(&course.follow("stuck-release", object).await);
}

#[tokio::test(start_paused = true)]
async fn a_certificate_comes() {
    let course = Course::new("certificate");
    let before = course.follow("certificate", None).await;
    expect(
        &before,
        &[
            ("Prove the names", "not yet propagated"),
            ("See it issued", "Issuing certificate as Secret does not exist"),
            ("See it served", "Secret/kube-system/wildcard-tls is not there"),
        ],
    );
    let lines: Vec<&str> =
        before.steps.iter().flat_map(|step| &step.lines).map(crate::model::ShellLine::as_str).collect();
    assert!(lines.contains(&"dig +short TXT _acme-challenge.production.homelab.example @1.1.1.1"), "{lines:#?}");
    // The provider publishes the record: cert-manager ends the challenge and the order, and issues the certificate.
    course.set_status(
        &ObjectRef::new("Order", "acme.cert-manager.io", "kube-system", "wildcard-1-3145728103"),
        json!({"state": "valid"}),
    );
    course.set_status(
        &ObjectRef::new("Certificate", "cert-manager.io", "kube-system", "wildcard"),
        json!({"notAfter": "2026-04-15T00:00:00Z", "conditions": [
            {"type": "Ready", "status": "True", "observedGeneration": 1, "reason": "Ready", "lastTransitionTime": "2026-01-01T00:00:00Z", "message": "Certificate is up to date and has not expired"},
        ]}),
    );
    course.apply(json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "wildcard-tls", "namespace": "kube-system"}, "data": {"tls.crt": "eA=="}}));
    expect_done(&course.follow("certificate", None).await);
}

#[tokio::test(start_paused = true)]
async fn a_degraded_volume_becomes_healthy() {
    let course = Course::new("healthy");
    expect(&course.follow("degraded-volume", None).await, &[("Find the volume", "no volume of Longhorn")]);
    let replica = |name: &str, node: &str, failed: &str, state: &str| {
        let spec = json!({"volumeName": "pvc-1", "nodeID": node, "failedAt": failed});
        course.apply(longhorn("Replica", name, json!({"spec": spec, "status": {"currentState": state}})));
    };
    let volume = |robustness: &str, backup: &str| {
        let status = json!({"robustness": robustness, "lastBackupAt": backup, "lastDegradedAt": "2026-01-15T11:59:00Z",
            "kubernetesStatus": {"pvcName": "linkding", "namespace": "linkding"}});
        course.apply(longhorn("Volume", "pvc-1", json!({"spec": {"numberOfReplicas": 2}, "status": status})));
    };
    let node = |name: &str, is_open: bool| {
        let status =
            json!({"conditions": [{"type": "Ready", "status": "True"}, {"type": "Schedulable", "status": "True"}]});
        course.apply(longhorn("Node", name, json!({"spec": {"allowScheduling": is_open}, "status": status})));
    };
    volume("degraded", "");
    node("production-1", true);
    node("production-2", false);
    replica("pvc-1-a", "production-1", "", "running");
    replica("pvc-1-b", "production-2", "2026-01-15T11:58:00Z", "stopped");
    let before = course.follow("degraded-volume", None).await;
    expect(
        &before,
        &[
            ("Know that there is a backup", "it has no backup"),
            ("Give the replica a place", "scheduling is off on node production-2"),
            ("See the replica rebuilt", "1 of 2 replicas run: pvc-1-b failed on node production-2"),
            ("See it healthy", "its robustness is degraded"),
        ],
    );
    volume("healthy", "2026-01-15T10:00:00Z");
    node("production-2", true);
    replica("pvc-1-b", "production-2", "", "running");
    expect_done(&course.follow("degraded-volume", None).await);
}

#[tokio::test(start_paused = true)]
async fn postgres_is_restored_beside_the_old_cluster() {
    let course = Course::new("healthy");
    let before = course.follow("restore-postgres", None).await;
    expect(
        &before,
        &[
            ("Choose the moment", "has a base backup"),
            ("Write a second Cluster", "no Cluster in postgres has bootstrap.recovery"),
        ],
    );
    course.set_status(
        &ObjectRef::new("ObjectStore", "barmancloud.cnpg.io", "postgres", "backblaze-b2"),
        json!({"serverRecoveryWindow": {"postgres": {
            "firstRecoverabilityPoint": "2025-12-16T02:00:00Z", "lastSuccessfulBackupTime": "2026-01-15T02:00:00Z"}}}),
    );
    let restored = |target: Value, phase: &str| {
        course.apply(json!({
            "apiVersion": "postgresql.cnpg.io/v1",
            "kind": "Cluster",
            "metadata": {"name": "postgres-restored", "namespace": "postgres"},
            "spec": {
                "instances": 1,
                "bootstrap": {"recovery": {"source": "before", "recoveryTarget": target}},
                "externalClusters": [{"name": "before"}],
            },
            "status": {"phase": phase, "conditions": [
                {"type": "ContinuousArchiving", "status": "True", "reason": "ContinuousArchivingSuccess", "message": "Continuous archiving is working"},
            ]},
        }));
    };
    restored(json!({}), "Setting up primary");
    let begun = course.follow("restore-postgres", None).await;
    assert!(
        open(&begun).iter().any(|(_, told)| told.contains("has no recoveryTarget.targetTime")),
        "{:#?}",
        begun.steps
    );
    assert!(open(&begun).iter().any(|(_, told)| told.contains("still names postgres-rw")), "{:#?}", begun.steps);
    restored(json!({"targetTime": "2026-01-15T08:00:00Z"}), "Cluster in healthy state");
    for (kind, group, namespace, name) in [
        ("Deployment", "apps", "linkding", "linkding"),
        ("Deployment", "apps", "commafeed", "commafeed"),
        ("Deployment", "apps", "nightscout", "ferretdb"),
        ("Deployment", "apps", "speedtest-tracker", "speedtest-tracker"),
        ("ConfigMap", "", "pgadmin", "pgadmin-servers"),
        ("HelmRelease", "helm.toolkit.fluxcd.io", "immich", "immich"),
    ] {
        let object = ObjectRef::new(kind, group, namespace, name);
        let Some(live) = course.simulation.object("production", &object) else { continue };
        course.apply(live.to_string().replace("postgres-rw", "postgres-restored-rw").parse().unwrap());
    }
    expect_done(&course.follow("restore-postgres", None).await);
    let old = ObjectRef::new("Cluster", "postgresql.cnpg.io", "postgres", "postgres");
    let mut earlier = course.simulation.object("production", &old).unwrap();
    earlier["spec"]["bootstrap"] = json!({"recovery": {"source": "long-ago"}});
    earlier["metadata"]["creationTimestamp"] = "2025-01-15T12:00:00Z".into();
    course.apply(earlier);
    let again = course.follow("restore-postgres", None).await;
    let told: Vec<&str> = again.steps.iter().map(|step| step.check.told()).collect();
    assert!(told.iter().any(|told| told.contains("postgres-restored is to be restored")), "{told:?}");
    let asked = Some("Cluster.postgresql.cnpg.io/postgres/postgres-restored");
    expect_done(&course.follow("restore-postgres", asked).await);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_is_bootstrapped() {
    let course = Course::new("healthy");
    expect_done(&course.follow("bootstrap", None).await);
    let controller = ObjectRef::new("Deployment", "apps", "flux-system", "kustomize-controller");
    course.simulation.delete("production", &controller);
    let before = course.follow("bootstrap", None).await;
    let step = "Put Flux into the cluster, and let it follow the folder";
    expect(&before, &[(step, "there is no Deployment kustomize-controller")]);
    course.simulation.set_faults("production", |faults| faults.refused = true);
    let away = course.follow("bootstrap", None).await;
    assert_eq!(open(&away).first().map(|one| one.0), Some("Reach the cluster"), "{:#?}", away.steps);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_is_rebuilt() {
    let course = Course::new("healthy");
    let claim = ObjectRef::new("PersistentVolumeClaim", "", "linkding", "linkding");
    let database = ObjectRef::new("Cluster", "postgresql.cnpg.io", "postgres", "postgres");
    // Nothing stands for cert-manager in the simulation.
    course.set_status(
        &ObjectRef::new("Certificate", "cert-manager.io", "kube-system", "wildcard"),
        json!({"notAfter": "2026-04-15T00:00:00Z", "conditions": [{"type": "Ready", "status": "True", "observedGeneration": 1, "reason": "Ready", "lastTransitionTime": "2026-01-01T00:00:00Z", "message": "Certificate is up to date and has not expired"}]}),
    );
    let before = [&claim, &database].map(|object| course.simulation.object("production", object).unwrap());
    course.set_status(&claim, json!({"phase": "Pending"}));
    course.set_status(&database, json!({"phase": "Setting up primary"}));
    expect(
        &course.follow("rebuild", None).await,
        &[
            ("Give the claims their volumes back", "PersistentVolumeClaim/linkding/linkding is Pending"),
            ("Give the databases their data back", "Cluster.postgresql.cnpg.io/postgres/postgres: Setting up primary"),
        ],
    );
    for (object, live) in [&claim, &database].into_iter().zip(before) {
        course.set_status(object, live["status"].clone());
    }
    expect_done(&course.follow("rebuild", None).await);
}

#[tokio::test(start_paused = true)]
async fn where_a_flux_instance_syncs_nobody_is_told_to_bootstrap() {
    let mut course = Course::new("healthy");
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("clusters/production");
    std::fs::create_dir_all(&folder).unwrap();
    let instance = "apiVersion: fluxcd.controlplane.io/v1\nkind: FluxInstance\nmetadata: {name: flux, namespace: flux-system}\nspec:\n  distribution: {version: 2.x, registry: ghcr.io/fluxcd}\n  sync: {kind: GitRepository, url: https://git.example.org/fleet, ref: refs/heads/main, path: clusters/production}\n";
    std::fs::write(folder.join("flux.yaml"), instance).unwrap();
    let lines = |progress: &WalkProgress| {
        let all = progress.steps.iter().flat_map(|step| &step.lines).map(|line| line.as_str().to_owned());
        all.collect::<Vec<_>>().join("\n")
    };
    assert!(lines(&course.follow("bootstrap", None).await).contains("flux bootstrap git"));
    course.repository = Arc::new(Snapshot::load(root.path()));
    for walk in ["bootstrap", "rebuild"] {
        let told = lines(&course.follow(walk, None).await);
        assert!(!told.contains("flux bootstrap"), "{walk}: {told}");
        assert!(told.contains("kubectl apply -f clusters/production/flux.yaml"), "{walk}: {told}");
        assert!(told.lines().any(|line| line.starts_with("helm install flux-operator")), "{walk}: {told}");
    }
}

#[test]
fn every_step_of_every_walk_explains_asks_and_has_lines_that_run() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let mut script = BTreeSet::new();
    for scenario in Scenario::names().filter(|name| !matches!(*name, "slow")) {
        runtime.block_on(async {
            let course = Course::new(scenario);
            for walk in walks::all() {
                let progress = course.follow(walk.id, None).await;
                let mut titles = BTreeSet::new();
                for step in &progress.steps {
                    let what = format!("{scenario}: {}: {}", walk.id, step.title);
                    assert!(titles.insert(step.title.as_str()), "{what} stands twice");
                    assert!(step.question.ends_with('?'), "{what}: {}", step.question);
                    assert!(!step.why.is_empty() && !step.look_for.is_empty(), "{what} does not teach");
                    assert!(!step.check.told().is_empty(), "{what} says nothing");
                    if let Some((id, _)) = &step.command {
                        assert!(COMMANDS.iter().any(|command| command.id == *id), "{what}: there is no command {id}");
                    }
                    for line in step.lines.iter().flat_map(|line| line.as_str().lines()) {
                        assert_eq!(wrong(line), None, "{what}: {line}");
                        script.insert(line.to_owned());
                    }
                }
            }
        });
    }
    assert!(script.len() > 60, "{}", script.len());
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), script.into_iter().collect::<Vec<_>>().join("\n")).unwrap();
    let read = std::process::Command::new("bash").arg("-n").arg(file.path()).output().unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
}
