//! Every kind, rule, cause, condition, reason and field has a topic, and every topic says what it should.

use std::collections::BTreeSet;

use super::authored::{FILES, read};
use super::{Topic, TopicGroup, Topics};
use crate::{check, doctor, kinds};

fn topics() -> Topics {
    Topics::with_commands(Vec::new())
}

fn all(topics: &Topics) -> Vec<Topic> {
    TopicGroup::ALL
        .into_iter()
        .flat_map(|group| topics.of(group).map(|one| Topic::clone(one)).collect::<Vec<_>>())
        .collect()
}

/// The conditions of Flux's objects (kustomize-, helm- and source-controller, `api/` of each).
const CONDITIONS: &[&str] = &[
    "Ready",
    "Reconciling",
    "Stalled",
    "Released",
    "Remediated",
    "TestSuccess",
    "Drifted",
    "ArtifactInStorage",
    "ArtifactOutdated",
    "SourceVerified",
    "FetchFailed",
    "BuildFailed",
    "StorageOperationFailed",
    "IncludeUnavailable",
    "Healthy",
];

/// The reasons that Flux's controllers and flux-operator give in conditions and events (the constants of `api/` and `internal/` of
/// each, and `pkg/apis/meta`).
const REASONS: &[&str] = &[
    "Succeeded",
    "Progressing",
    "ProgressingWithRetry",
    "Suspended",
    "ReconciliationSucceeded",
    "ReconciliationFailed",
    "ArtifactFailed",
    "BuildFailed",
    "HealthCheckFailed",
    "PruneFailed",
    "DependencyNotReady",
    "InvalidCELExpression",
    "FeatureGateDisabled",
    "AccessDenied",
    "InstallSucceeded",
    "InstallFailed",
    "UpgradeSucceeded",
    "UpgradeFailed",
    "TestSucceeded",
    "TestFailed",
    "RollbackSucceeded",
    "RollbackFailed",
    "UninstallSucceeded",
    "UninstallFailed",
    "SourceNotReady",
    "ValuesError",
    "PendingRelease",
    "StateError",
    "RESTClientError",
    "RetriesExceeded",
    "MissingRollbackTarget",
    "DriftDetected",
    "NoDriftDetected",
    "DriftCorrected",
    "DriftCorrectionFailed",
    "InventoryBuildFailed",
    "NamespaceCheckSkipped",
    "GitOperationFailed",
    "GitOperationSucceeded",
    "AuthenticationFailed",
    "OCIArtifactPullFailed",
    "OCIArtifactLayerOperationFailed",
    "BucketOperationFailed",
    "BucketOperationSucceeded",
    "IndexationFailed",
    "InvalidChartReference",
    "ChartPullError",
    "ChartPullSucceeded",
    "ChartPackageError",
    "ChartPackageSucceeded",
    "ChartVerificationError",
    "ValuesFilesError",
    "DependencyBuildError",
    "SourceUnavailable",
    "NoSourceArtifact",
    "ArtifactUpToDate",
    "NewArtifact",
    "GarbageCollectionSucceeded",
    "URLInvalid",
    "VerificationError",
    "AcquireLockFailed",
    "ArchiveOperationFailed",
    "CacheOperationFailed",
    "DirectoryCreationFailed",
    "PatchOperationFailed",
    "ReadOperationFailed",
    "StatOperationFailed",
    "SymlinkUpdateFailed",
    "StorageOperationFailed",
    "InvalidPath",
    "InvalidProviderConfiguration",
    "InvalidSTSConfiguration",
    "VerificationFailed",
    "TokenNotFound",
    "Initialized",
    "ValidationFailed",
    "ImageURLInvalid",
    "IntervalNotConfigured",
    "GitRepositoryNotAvailable",
    "InvalidPolicySelector",
    "InvalidSourceConfiguration",
    "InvalidUpdateStrategy",
    "MissingUpdateStrategy",
    "RemovedTemplateField",
    "SourceManagerFailed",
    "SourceFetchFailed",
    "ReconciliationDisabled",
    "OutdatedVersion",
    "WebAction",
    "InvalidDefaultValues",
    "InvalidExportedInputs",
    "InvalidSchedule",
    "InvalidSpec",
    "SkippedDueToSchedule",
    "InvalidURL",
    "InsecureConnectionsDisallowed",
    "UnsupportedConnectionType",
    "Failed",
    "IndexationSucceed",
    "BucketOperationSucceed",
    "GitOperationSucceed",
    "ChartPackageFailed",
    "ChartPullFailed",
    "InitFailed",
    "GetLastReleaseFailed",
    "UpdateFailed",
    "InternalError",
];

/// The fields of `spec` that matter, as an operator writes them.
const FIELDS: &[&str] = &[
    "Kustomization.interval",
    "Kustomization.retryInterval",
    "Kustomization.timeout",
    "Kustomization.prune",
    "Kustomization.deletionPolicy",
    "Kustomization.wait",
    "Kustomization.force",
    "Kustomization.dependsOn",
    "Kustomization.dependsOn[].readyExpr",
    "Kustomization.healthChecks",
    "Kustomization.healthCheckExprs",
    "Kustomization.decryption",
    "Kustomization.decryption.secretRef",
    "Kustomization.postBuild",
    "Kustomization.postBuild.substitute",
    "Kustomization.postBuild.substituteFrom",
    "Kustomization.suspend",
    "Kustomization.targetNamespace",
    "Kustomization.sourceRef",
    "Kustomization.path",
    "Kustomization.components",
    "Kustomization.patches",
    "Kustomization.images",
    "Kustomization.commonMetadata",
    "Kustomization.serviceAccountName",
    "Kustomization.kubeConfig",
    "HelmRelease.interval",
    "HelmRelease.timeout",
    "HelmRelease.dependsOn",
    "HelmRelease.chart",
    "HelmRelease.chartRef",
    "HelmRelease.values",
    "HelmRelease.valuesFrom",
    "HelmRelease.install.remediation",
    "HelmRelease.upgrade.remediation.retries",
    "HelmRelease.upgrade.strategy",
    "HelmRelease.driftDetection",
    "HelmRelease.driftDetection.mode",
    "HelmRelease.maxHistory",
    "HelmRelease.targetNamespace",
    "HelmRelease.storageNamespace",
    "HelmRelease.releaseName",
    "HelmRelease.postRenderers",
    "GitRepository.interval",
    "GitRepository.ref",
    "GitRepository.secretRef",
    "OCIRepository.url",
    "HelmRepository.timeout",
    "HelmChart.verify",
    "Bucket.interval",
];

#[test]
fn every_file_reads_without_fault() {
    for (group, text) in FILES {
        if let Err(error) = read(text) {
            panic!("{group:?}: {error}");
        }
    }
    toml::from_str::<toml::Table>(include_str!("topics/rules.toml")).unwrap();
    toml::from_str::<toml::Table>(include_str!("topics/causes.toml")).unwrap();
}

#[test]
fn every_kind_rule_cause_condition_reason_and_field_has_a_topic() {
    let topics = topics();
    let of_kinds = kinds::KINDS.iter().chain(kinds::BESIDE).map(|kind| kind.kind.to_owned());
    let others = [CONDITIONS, REASONS, FIELDS].concat().into_iter().map(str::to_owned);
    let rules = check::all().map(|rule| format!("rule.{}", rule.id));
    let causes = doctor::all().map(|cause| format!("cause.{}", cause.id));
    let missing: Vec<String> =
        of_kinds.chain(others).chain(rules).chain(causes).filter(|name| topics.find(name).is_none()).collect();
    assert_eq!(missing, Vec::<String>::new());
    // A field is not explained by the one around it.
    for field in FIELDS {
        let found = topics.find(field).unwrap();
        let (_, last) = field.rsplit_once('.').unwrap();
        let names = std::iter::once(&found.id).chain(&found.also).any(|name| name.ends_with(last));
        assert!(names, "{field} is explained by {}", found.id);
    }
}

/// The parts of references and selectors, which say the same everywhere.
const OF_REFERENCES: &[&str] = &[
    "apiVersion",
    "kind",
    "name",
    "namespace",
    "group",
    "version",
    "labelSelector",
    "annotationSelector",
    "matchLabels",
    "secretRef",
];

/// Every field of the specs has a topic of its own where it stands at the top, else one that names it.
#[test]
fn every_field_of_every_spec_of_flux_is_explained() {
    let topics = topics();
    let mut wrong = Vec::new();
    let lines = include_str!("fields.txt").lines().filter(|line| !line.starts_with('#'));
    for line in lines {
        let (kind, path) = line.split_once('.').unwrap();
        let Some(topic) = topics.find(line) else {
            wrong.push(format!("{line}: no topic"));
            continue;
        };
        let last = path.rsplit('.').next().unwrap();
        let own = std::iter::once(&topic.id).chain(&topic.also).any(|name| name.rsplit('.').next() == Some(last));
        let text = [&topic.title, &topic.short, &topic.more, &topic.command.look_for].map(String::as_str).join(" ");
        let is_told = text.split(|one: char| !one.is_alphanumeric()).any(|word| word == last);
        let is_part = path.contains('.') && (is_told || OF_REFERENCES.contains(&last));
        let is_explained = own || is_part;
        if !is_explained {
            wrong.push(format!("{line}: {} does not name it", topic.id));
        }
        let is_of_kind =
            std::iter::once(&topic.id).chain(&topic.also).any(|name| name.starts_with(&format!("{kind}.")));
        if !is_of_kind {
            wrong.push(format!("{line}: {} is about another kind", topic.id));
        }
    }
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_rule_says_why_and_what_mends_it_and_every_cause_what_it_says() {
    let topics = topics();
    for topic in topics.of(TopicGroup::Rules) {
        assert!(!topic.more.is_empty(), "{}: add a table to src/explain/topics/rules.toml", topic.id);
    }
    for topic in topics.of(TopicGroup::Causes) {
        let advice = "UPDATE_TOPICS=1 cargo test --lib doctor::testing";
        assert!(topic.short.contains("For example"), "{}: {advice}", topic.id);
    }
    let known: BTreeSet<&str> = check::all().map(|rule| rule.id).collect();
    for id in toml::from_str::<toml::Table>(include_str!("topics/rules.toml")).unwrap().keys() {
        assert!(known.contains(id.as_str()), "there is no rule {id}");
    }
}

#[test]
fn every_topic_is_whole_and_leads_to_others_that_are_there() {
    let topics = topics();
    let (mut ids, mut nowhere) = (BTreeSet::new(), Vec::new());
    for topic in all(&topics) {
        let id = &topic.id;
        assert!(ids.insert(id.clone()), "{id} stands twice");
        assert!(!topic.title.is_empty() && topic.short.len() > 20, "{id} says too little");
        assert!(topic.short.ends_with(['.', '!']), "{id}: {}", topic.short);
        assert!(!topic.command.why.is_empty() && !topic.command.look_for.is_empty(), "{id} teaches no command");
        assert!(!topic.command.shell.is_empty(), "{id} has no line to type");
        assert!(!topic.docs.is_empty(), "{id} names no page");
        assert!(topic.docs.iter().all(|page| page.starts_with("https://")), "{id}: {:?}", topic.docs);
        for other in topic.see.iter().filter(|name| !name.starts_with("command.")) {
            if topics.find(other).is_none() {
                nowhere.push(format!("{id} leads to {other}"));
            }
        }
        let found = topics.find(id).unwrap_or_else(|| panic!("{id} is not found by its own name"));
        assert_eq!(&found.id, id);
    }
    assert_eq!(nowhere, Vec::<String>::new());
}

#[test]
fn a_topic_is_found_by_any_spelling() {
    let topics = topics();
    for (typed, id) in [
        ("ks", "Kustomization"),
        ("KUSTOMIZATIONS", "Kustomization"),
        ("Kustomization/flux-system/apps", "Kustomization"),
        ("kustomizations.kustomize.toolkit.fluxcd.io", "Kustomization"),
        ("ks.prune", "Kustomization.prune"),
        ("spec.prune", "Kustomization.prune"),
        ("Kustomization.spec.postBuild", "Kustomization.postBuild"),
        ("spec.postBuild.substituteFrom", "Kustomization.substituteFrom"),
        ("hr.spec.upgrade.remediation.retries", "HelmRelease.upgrade.remediation"),
        ("helmrelease.interval", "HelmRelease.interval"),
        ("hr.dependsOn", "HelmRelease.dependsOn"),
        ("gitrepo.secretRef", "GitRepository.secretRef"),
        ("artifact failed", "ArtifactFailed"),
        ("artifact-failed", "ArtifactFailed"),
        ("Ready=False", "Ready"),
        ("flux-no-prune", "rule.flux-no-prune"),
        ("rule.flux-no-prune", "rule.flux-no-prune"),
        ("SOPS-AGE-MISSING", "cause.sops-age-missing"),
        ("ErrImagePull", "ImagePullBackOff"),
        ("ks.postBuild.substituteStrategy", "Kustomization.postBuild"),
        ("po", "Pod"),
        ("cert", "Certificate"),
        ("kustomization.spec.prune", "Kustomization.prune"),
        ("HelmRelease", "HelmRelease"),
        ("spec.dependsOn", "Kustomization.dependsOn"),
        ("ReconciliationFailed", "ReconciliationFailed"),
        ("CrashLoopBackOff", "CrashLoopBackOff"),
        ("sops-key-wrong", "cause.sops-key-wrong"),
        ("secret-scope", "rule.secret-scope"),
        ("ResourceSet.spec.steps", "ResourceSet.steps"),
        ("FluxInstance", "FluxInstance"),
        ("alert.eventSources", "Alert.eventSources"),
        ("OCIRepository.verify.secretRef", "GitRepository.verify"),
        ("hr.spec.chart.spec.version", "HelmChart.version"),
        ("kustomize.toolkit.fluxcd.io/ssa", "ssa"),
        ("kustomize.toolkit.fluxcd.io/prune: disabled", "annotation-prune"),
        ("kustomize.toolkit.fluxcd.io/reconcile=disabled", "annotation-reconcile"),
        ("IfNotPresent", "ssa"),
        ("helm.toolkit.fluxcd.io/driftDetection", "annotation-drift-detection"),
        ("reconcile.fluxcd.io/forceAt", "requested-at"),
        ("orphan", "orphan"),
        ("finalizer", "finalizers"),
        ("kubectl-patch", "managedFields"),
        ("pending-upgrade", "PendingRelease"),
        ("another operation is in progress", "PendingRelease"),
        (
            "Helm upgrade failed for release web/web with chart web@1.2.3: another operation (install/upgrade/rollback) is in progress",
            "PendingRelease",
        ),
        (
            "Deployment/web/web dry-run failed (Invalid): spec.selector: Invalid value: {}: field is immutable",
            "immutable",
        ),
        ("no matches for kind \"Certificate\" in version \"cert-manager.io/v1\"", "kind-not-served"),
        ("upgrade retries exhausted", "stuck-release"),
        ("ENC[AES256_GCM,data:abc", "encrypted-value"),
    ] {
        assert_eq!(topics.find(typed).map(|topic| topic.id).as_deref(), Some(id), "{typed}");
    }
    for unknown in ["", "nonsense", "ks.", "..", "\u{1b}[31m"] {
        let found = topics.find(unknown).map(|topic| topic.id);
        assert!(found.is_none() || found.as_deref() == Some("Kustomization"), "{unknown:?}: {found:?}");
    }
}

#[test]
fn a_name_that_several_topics_have_leads_to_all_of_them() {
    let topics = topics();
    let found = topics.find("interval").unwrap();
    assert_eq!(found.id, "Kustomization.interval");
    assert!(found.see.contains(&"HelmRelease.interval".to_owned()), "{:?}", found.see);
    let found = topics.find("storage-class-missing").unwrap();
    assert_eq!(found.id, "rule.storage-class-missing");
    assert!(found.see.contains(&"cause.storage-class-missing".to_owned()), "{:?}", found.see);
}

#[test]
fn an_unknown_name_is_offered_those_that_are_near() {
    let topics = topics();
    let near = |typed: &str| topics.nearest(typed, 16).iter().map(|one| one.id.clone()).collect::<Vec<_>>();
    assert_eq!(near("ArtefactFailed").first().map(String::as_str), Some("ArtifactFailed"));
    assert_eq!(near("Kustomisation.prune").first().map(String::as_str), Some("Kustomization.prune"));
    assert_eq!(near("helmrelese").first().map(String::as_str), Some("HelmRelease"));
    assert_eq!(near("sops-key-wrng").first().map(String::as_str), Some("cause.sops-key-wrong"));
    assert_eq!(near("stuck release going").first().map(String::as_str), Some("stuck-release"));
    assert!(near("volume degraded replica").iter().any(|id| id.contains("degraded")));
    assert!(near("drift").contains(&"HelmRelease.driftDetection".to_owned()));
    assert_eq!(near("qqqqqqqqqq"), Vec::<String>::new());
}
