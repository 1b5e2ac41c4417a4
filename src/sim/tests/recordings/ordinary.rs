//! The steps of `tests/recordings/record.sh`.

use std::time::Duration;

use serde_json::json;

use super::super::patch;
use super::{Replay, handled, is_ready, kustomization, object, observed, path, reason, release, settings};
use crate::sim::Commit;
use crate::sim::flux::conditions;
use crate::sim::json::list;

pub(super) async fn sources(replay: &mut Replay) {
    let spec = json!({"interval": "10m", "url": "http://HOST/git/served.git", "ref": {"branch": "main"}});
    replay.apply(object("source.toolkit.fluxcd.io/v1", "GitRepository", "repository", spec));
    replay.until("gitrepositories", "repository", is_ready).await;
    replay.compare("git-fresh", "gitrepositories", "repository").await;
    replay.ask("gitrepositories", "repository", "one").await;
    replay.until("gitrepositories", "repository", handled("one")).await;
    replay.compare("git-requested", "gitrepositories", "repository").await;
}

pub(super) async fn kustomizations(replay: &mut Replay) {
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data", "namespace": "default"}, "spec": {}});
    replay.simulation.set_manifests("staging", "healthy", settings("blue"));
    replay.simulation.set_manifests("staging", "failing", vec![claim]);
    replay.apply(kustomization("healthy", "5m", None));
    replay.until("kustomizations", "healthy", is_ready).await;
    replay.compare("kustomization-fresh", "kustomizations", "healthy").await;
    replay.ask("kustomizations", "healthy", "one").await;
    replay.until("kustomizations", "healthy", handled("one")).await;
    replay.compare("kustomization-requested", "kustomizations", "healthy").await;
    replay.apply(kustomization("failing", "10s", None));
    replay.until("kustomizations", "failing", |object| conditions::get(object, "Healthy").is_some()).await;
    replay.compare("kustomization-checking", "kustomizations", "failing").await;
    replay.apply(kustomization("waiting", "5m", Some("failing")));
    replay.until("kustomizations", "waiting", reason("DependencyNotReady")).await;
    replay.compare("kustomization-waiting", "kustomizations", "waiting").await;
    replay.apply(kustomization("orphaned", "5m", Some("nobody")));
    replay.until("kustomizations", "orphaned", reason("DependencyNotReady")).await;
    replay.compare("kustomization-orphaned", "kustomizations", "orphaned").await;
    replay.until("kustomizations", "failing", reason("HealthCheckFailed")).await;
    replay.compare("kustomization-failing", "kustomizations", "failing").await;
    replay.suspend("kustomizations", "healthy", true).await;
    replay.ask("kustomizations", "healthy", "two").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    replay.compare("kustomization-suspended", "kustomizations", "healthy").await;
    replay.suspend("kustomizations", "healthy", false).await;
    replay.until("kustomizations", "healthy", observed(3)).await;
    replay.compare("kustomization-resumed", "kustomizations", "healthy").await;
}

pub(super) async fn a_new_commit(replay: &mut Replay) {
    replay.suspend("gitrepositories", "repository", true).await;
    replay.ask("gitrepositories", "repository", "two").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    replay.compare("git-suspended", "gitrepositories", "repository").await;
    replay.suspend("gitrepositories", "repository", false).await;
    replay.until("gitrepositories", "repository", observed(3)).await;
    replay.simulation.set_manifests("staging", "healthy", settings("green"));
    replay.simulation.push(&Commit {
        branch: "main".to_owned(),
        sha: "b".repeat(40),
        subject: "the second commit".to_owned(),
        ..Commit::default()
    });
    replay.ask("gitrepositories", "repository", "three").await;
    replay.until("gitrepositories", "repository", handled("three")).await;
    replay.compare("git-new-commit", "gitrepositories", "repository").await;
    replay.until("kustomizations", "healthy", |object| list(object, "/status/history").len() == 2).await;
    replay.compare("kustomization-new-commit", "kustomizations", "healthy").await;
}

pub(super) async fn releases(replay: &mut Replay) {
    let spec = json!({"interval": "10m", "url": "http://HOST/charts"});
    replay.apply(object("source.toolkit.fluxcd.io/v1", "HelmRepository", "charts", spec));
    replay.until("helmrepositories", "charts", is_ready).await;
    replay.compare("helm-repository-fresh", "helmrepositories", "charts").await;
    replay.ask("helmrepositories", "charts", "one").await;
    replay.until("helmrepositories", "charts", handled("one")).await;
    replay.compare("helm-repository-requested", "helmrepositories", "charts").await;
    replay.apply(release("demo", "0.1.0", None));
    replay.until("helmreleases", "demo", is_ready).await;
    replay.compare("release-fresh", "helmreleases", "demo").await;
    replay.compare("chart-fresh", "helmcharts", "flux-system-demo").await;
    replay.ask("helmreleases", "demo", "one").await;
    replay.until("helmreleases", "demo", handled("one")).await;
    replay.compare("release-requested", "helmreleases", "demo").await;
    replay.apply(release("demo", "0.2.0", None));
    replay
        .until("helmreleases", "demo", |object| object["status"]["history"][0]["version"] == 2 && is_ready(object))
        .await;
    replay.compare("release-upgraded", "helmreleases", "demo").await;
    replay.compare("chart-upgraded", "helmcharts", "flux-system-demo").await;
    let force = json!({"reconcile.fluxcd.io/requestedAt": "two", "reconcile.fluxcd.io/forceAt": "two"});
    patch(&replay.cluster, &path("helmreleases", "demo"), &json!({"metadata": {"annotations": force}})).await;
    replay.until("helmreleases", "demo", handled("two")).await;
    replay.compare("release-forced", "helmreleases", "demo").await;
    replay.suspend("helmreleases", "demo", true).await;
    replay.ask("helmreleases", "demo", "three").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    replay.compare("release-suspended", "helmreleases", "demo").await;
    replay.apply(release("waiting", "0.1.0", Some("demo-that-is-not-there")));
    replay.until("helmreleases", "waiting", reason("DependencyNotReady")).await;
    replay.compare("release-orphaned", "helmreleases", "waiting").await;
    replay.simulation.withdraw_chart("staging", "demo", "9.9.9");
    replay.apply(release("lacking", "9.9.9", None));
    replay.until("helmreleases", "lacking", reason("SourceNotReady")).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    replay.compare("release-without-chart", "helmreleases", "lacking").await;
    replay.compare("chart-missing", "helmcharts", "flux-system-lacking").await;
}
