//! The steps of `tests/recordings/record-failures.sh`.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::patch;
use super::{Replay, handled, is_ready, kustomization, object, observed, path, reason, settings, workloads};
use crate::model::ObjectRef;
use crate::sim::Commit;
use crate::sim::flux::conditions;
use crate::sim::json::set;
use crate::sim::trouble::{BadImage, FailingChart};

const CHART: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${NAME}}\ndata: {version: \"${VERSION}\"}\n";

async fn rest() {
    tokio::time::sleep(Duration::from_secs(2)).await;
}

fn is_stalled(object: &Value) -> bool {
    conditions::is(object, "Stalled", "True")
}

/// Builds a Kustomization with a path and more of a spec.
fn with(name: &str, timeout: &str, dependency: Option<&str>, more: &[(&str, Value)]) -> Value {
    let mut object = kustomization(name, timeout, dependency);
    for (key, value) in more {
        set(&mut object, &["spec", key], value.clone());
    }
    object
}

pub(super) async fn kustomizations(replay: &mut Replay) {
    let spec = json!({"interval": "10m", "url": "http://HOST/git/served.git", "ref": {"branch": "main"}});
    replay.apply(object("source.toolkit.fluxcd.io/v1", "GitRepository", "repository", spec));
    replay.until("gitrepositories", "repository", is_ready).await;
    for name in ["keyless", "middle", "leaf", "drifting", "sourceless"] {
        replay.simulation.set_manifests("staging", name, settings("blue"));
    }
    let key = ObjectRef::new("Secret", "", "flux-system", "sops-age");
    let kept = replay.simulation.object("staging", &key).unwrap();
    replay.simulation.delete("staging", &key);
    let decryption = json!({"provider": "sops", "secretRef": {"name": "sops-age"}});
    replay.apply(with("keyless", "5m", None, &[("decryption", decryption)]));
    replay.until("kustomizations", "keyless", reason("BuildFailed")).await;
    replay.compare("kustomization-without-key", "kustomizations", "keyless").await;
    replay.ask("kustomizations", "keyless", "one").await;
    replay.until("kustomizations", "keyless", handled("one")).await;
    replay.compare("kustomization-without-key-requested", "kustomizations", "keyless").await;
    replay.apply(kept);
    replay.ask("kustomizations", "keyless", "two").await;
    replay.until("kustomizations", "keyless", handled("two")).await;
    replay.compare("kustomization-with-key", "kustomizations", "keyless").await;

    replay.simulation.trouble("staging", |troubles| troubles.missing_paths.push("nowhere".to_owned()));
    replay.apply(with("root", "5m", None, &[("path", "./nowhere".into())]));
    replay.until("kustomizations", "root", reason("ArtifactFailed")).await;
    replay.compare("kustomization-without-path", "kustomizations", "root").await;
    replay.apply(kustomization("middle", "5m", Some("root")));
    replay.until("kustomizations", "middle", reason("DependencyNotReady")).await;
    replay.apply(kustomization("leaf", "5m", Some("middle")));
    replay.until("kustomizations", "leaf", reason("DependencyNotReady")).await;
    replay.compare("kustomization-behind", "kustomizations", "leaf").await;

    let missing = ("unbuildable".to_owned(), "missing.yaml".to_owned());
    replay.simulation.trouble("staging", |troubles| troubles.missing_resources.push(missing));
    replay.apply(with("unbuildable", "5m", None, &[("path", "./unbuildable".into())]));
    replay.until("kustomizations", "unbuildable", reason("BuildFailed")).await;
    replay.compare("kustomization-unbuildable", "kustomizations", "unbuildable").await;

    replay.apply(kustomization("drifting", "5m", None));
    replay.until("kustomizations", "drifting", is_ready).await;
    let by_hand = json!({"data": {"colour": "red"}});
    patch(&replay.cluster, "/api/v1/namespaces/default/configmaps/settings", &by_hand).await;
    rest().await;
    replay.compare("kustomization-drifted", "kustomizations", "drifting").await;
    replay.ask("kustomizations", "drifting", "one").await;
    replay.until("kustomizations", "drifting", handled("one")).await;
    replay.compare("kustomization-drift-corrected", "kustomizations", "drifting").await;
}

fn deployment(image: &str, deadline: u32) -> Value {
    let template = json!({
        "metadata": {"labels": {"app": "rolling"}}, "spec": {"containers": [{"name": "main", "image": image}]},
    });
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "rolling", "namespace": "default"},
        "spec": {
            "replicas": 1, "progressDeadlineSeconds": deadline, "selector": {"matchLabels": {"app": "rolling"}},
            "template": template,
        },
    })
}

/// Pods whose image cannot be pulled stand for every roll-out that does not end.
pub(super) async fn roll_outs(replay: &mut Replay) {
    let bad = BadImage { image: "example.com/bad:1".to_owned(), error: "not found".to_owned() };
    replay.simulation.trouble("staging", |troubles| troubles.images.push(bad));
    replay.simulation.set_manifests("staging", "rolling", vec![deployment("example.com/good:1", 10)]);
    replay.apply(kustomization("rolling", "30s", None));
    replay.until("kustomizations", "rolling", is_ready).await;
    replay.compare("kustomization-rolled-out", "kustomizations", "rolling").await;
    replay.simulation.set_manifests("staging", "rolling", vec![deployment("example.com/bad:1", 45)]);
    replay.simulation.push(&Commit {
        branch: "main".to_owned(),
        sha: "b".repeat(40),
        subject: "a new image".to_owned(),
        ..Commit::default()
    });
    replay.ask("gitrepositories", "repository", "two").await;
    replay.until("kustomizations", "rolling", reason("HealthCheckFailed")).await;
    replay.compare("kustomization-rollout-timeout", "kustomizations", "rolling").await;
    workloads::deployment(replay, "deployment-rollout-timeout").await;
    tokio::time::sleep(Duration::from_secs(40)).await;
    workloads::deployment(replay, "deployment-rollout-exceeded").await;
    replay.ask("kustomizations", "rolling", "three").await;
    replay.until("kustomizations", "rolling", handled("three")).await;
    replay.compare("kustomization-rollout-failed", "kustomizations", "rolling").await;
}

pub(super) async fn sources(replay: &mut Replay) {
    replay.simulation.trouble("staging", |troubles| troubles.git = Some("repository not found: ".to_owned()));
    let spec = json!({"interval": "10m", "url": "http://HOST/git/nowhere.git", "ref": {"branch": "main"}});
    replay.apply(object("source.toolkit.fluxcd.io/v1", "GitRepository", "nowhere", spec));
    replay.until("gitrepositories", "nowhere", reason("GitOperationFailed")).await;
    replay.compare("git-nowhere", "gitrepositories", "nowhere").await;
    let source = json!({"kind": "GitRepository", "name": "nowhere"});
    replay.apply(with("sourceless", "5m", None, &[("sourceRef", source)]));
    replay.until("kustomizations", "sourceless", reason("ArtifactFailed")).await;
    replay.compare("kustomization-without-artifact", "kustomizations", "sourceless").await;
    replay.ask("gitrepositories", "repository", "lost").await;
    replay.until("gitrepositories", "repository", reason("GitOperationFailed")).await;
    rest().await;
    replay.compare("git-failing", "gitrepositories", "repository").await;
    replay.simulation.trouble("staging", |troubles| troubles.git = None);
    replay.ask("gitrepositories", "repository", "found").await;
    replay.until("gitrepositories", "repository", handled("found")).await;
    rest().await;
    replay.compare("git-recovered", "gitrepositories", "repository").await;
}

fn release(name: &str, version: &str, more: &[(&str, Value)]) -> Value {
    let chart =
        json!({"chart": "fragile", "version": version, "sourceRef": {"kind": "HelmRepository", "name": "charts"}});
    let mut spec = json!({"interval": "10m", "timeout": "5s", "chart": {"spec": chart}, "values": {"colour": "red"}});
    for (key, value) in more {
        set(&mut spec, &[key], value.clone());
    }
    object("helm.toolkit.fluxcd.io/v2", "HelmRelease", name, spec)
}

async fn also(replay: &Replay, name: &str, token: &str, annotation: &str) {
    let asked = json!({"reconcile.fluxcd.io/requestedAt": token, annotation: token});
    patch(&replay.cluster, &path("helmreleases", name), &json!({"metadata": {"annotations": asked}})).await;
}

pub(super) async fn releases(replay: &mut Replay) {
    let spec = json!({"interval": "10m", "url": "http://HOST/charts"});
    replay.apply(object("source.toolkit.fluxcd.io/v1", "HelmRepository", "charts", spec));
    replay.until("helmrepositories", "charts", is_ready).await;
    replay.simulation.set_chart("staging", "fragile", CHART);
    let error = "context deadline exceeded".to_owned();
    let failing = FailingChart { chart: "fragile".to_owned(), version: "0.3.0".to_owned(), error };
    replay.simulation.trouble("staging", |troubles| troubles.failing_charts.push(failing));
    replay.apply(release("stuck", "0.1.0", &[]));
    replay.until("helmreleases", "stuck", is_ready).await;
    replay.apply(release("stuck", "0.3.0", &[]));
    replay.until("helmreleases", "stuck", is_stalled).await;
    replay.compare("release-exhausted", "helmreleases", "stuck").await;
    replay.ask("helmreleases", "stuck", "one").await;
    replay.until("helmreleases", "stuck", handled("one")).await;
    replay.compare("release-exhausted-requested", "helmreleases", "stuck").await;
    also(replay, "stuck", "two", "reconcile.fluxcd.io/forceAt").await;
    replay.until("helmreleases", "stuck", handled("two")).await;
    replay.compare("release-exhausted-forced", "helmreleases", "stuck").await;
    also(replay, "stuck", "three", "reconcile.fluxcd.io/resetAt").await;
    replay.until("helmreleases", "stuck", handled("three")).await;
    replay.compare("release-exhausted-reset", "helmreleases", "stuck").await;
    replay.apply(release("stuck", "0.2.0", &[]));
    replay.until("helmreleases", "stuck", is_ready).await;
    replay.compare("release-mended", "helmreleases", "stuck").await;
}

pub(super) async fn remediated_releases(replay: &mut Replay) {
    let once = json!({"remediation": {"retries": 1}});
    let upgrade = &[("upgrade", once.clone())];
    replay.apply(release("rolled", "0.1.0", upgrade));
    replay.until("helmreleases", "rolled", is_ready).await;
    replay.apply(release("rolled", "0.3.0", upgrade));
    replay.until("helmreleases", "rolled", |object| conditions::is(object, "Remediated", "True")).await;
    replay.compare("release-rolled-back", "helmreleases", "rolled").await;
    replay.until("helmreleases", "rolled", is_stalled).await;
    replay.compare("release-rolled-back-exhausted", "helmreleases", "rolled").await;
    replay.apply(release("rolled", "0.2.0", upgrade));
    replay.until("helmreleases", "rolled", is_ready).await;
    replay.compare("release-rolled-back-mended", "helmreleases", "rolled").await;
    replay.apply(release("unborn", "0.3.0", &[]));
    replay.until("helmreleases", "unborn", is_stalled).await;
    replay.compare("release-install-failed", "helmreleases", "unborn").await;
    replay.apply(release("reborn", "0.3.0", &[("install", once)]));
    replay.until("helmreleases", "reborn", is_stalled).await;
    replay.compare("release-install-retried", "helmreleases", "reborn").await;
}

pub(super) async fn drift(replay: &mut Replay) {
    replay.apply(release("drifting", "0.1.0", &[("driftDetection", json!({"mode": "warn"}))]));
    replay.until("helmreleases", "drifting", is_ready).await;
    let by_hand = json!({"data": {"version": "by hand"}});
    patch(&replay.cluster, "/api/v1/namespaces/flux-system/configmaps/drifting", &by_hand).await;
    replay.ask("helmreleases", "drifting", "one").await;
    replay.until("helmreleases", "drifting", handled("one")).await;
    replay.compare("release-drifted", "helmreleases", "drifting").await;
    replay.apply(release("drifting", "0.1.0", &[("driftDetection", json!({"mode": "enabled"}))]));
    replay.until("helmreleases", "drifting", observed(2)).await;
    replay.compare("release-drift-corrected", "helmreleases", "drifting").await;
}
