//! The topics that kinds, rules and causes tell of themselves.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::authored::fields_of;
use super::topic::{Topic, TopicCommand, TopicGroup};
use crate::model::Kind;
use crate::{check, doctor, kinds};

/// What a rule does not say in its one sentence.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    why: String,
    fix: String,
}

/// What a cause says of one cluster of `tests/doctor`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct CauseText {
    message: String,
    look: Vec<String>,
    #[serde(default)]
    fix: Vec<FixText>,
    docs: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FixText {
    shell: String,
    why: String,
    look_for: String,
}

/// The page about what goes wrong in Flux.
const TROUBLE: &str = "https://fluxcd.io/flux/cheatsheets/troubleshooting/";

/// Returns the topics of the kinds that have none written by hand.
pub(super) fn of_kinds() -> impl Iterator<Item = Topic> {
    kinds::KINDS.iter().copied().chain([kinds::WARNING]).map(of_kind)
}

fn of_kind(kind: &'static Kind) -> Topic {
    let lesson = (kind.lesson)("CONTEXT", None);
    let group = if kind.group.is_empty() { "the core group".to_owned() } else { kind.group.to_owned() };
    let keeper = if kind.controller.is_empty() { String::new() } else { format!(" {} acts on it.", kind.controller) };
    Topic {
        id: kind.kind.to_owned(),
        title: format!("{} ({group})", kind.kind),
        short: lesson.why,
        more: format!("kubectl calls it {}.{keeper}", called(kind)),
        command: TopicCommand {
            shell: lesson.shell.as_str().to_owned(),
            why: "It lists all of them with what they say of themselves.".to_owned(),
            look_for: lesson.look_for,
        },
        docs: vec![lesson.docs.into_owned()],
        see: fields_of(kind.kind).collect(),
        also: std::iter::once(kind.plural).chain(kind.aliases.iter().copied()).map(str::to_owned).collect(),
        group: TopicGroup::Kinds,
    }
}

/// Names a kind as kubectl does: the plural, then the short names.
fn called(kind: &Kind) -> String {
    std::iter::once(kind.plural).chain(kind.aliases.iter().copied()).collect::<Vec<_>>().join(", ")
}

/// Returns the topics of all rules.
pub(super) fn of_rules() -> Vec<Topic> {
    let texts: BTreeMap<String, RuleText> = toml::from_str(include_str!("topics/rules.toml")).unwrap_or_default();
    let of_rule = |rule: &'static check::Rule| {
        let text = texts.get(rule.id);
        let (why, fix) = text.map_or(("", ""), |text| (text.why.as_str(), text.fix.as_str()));
        Topic {
            id: format!("rule.{}", rule.id),
            title: format!("Rule {}", rule.id),
            short: format!("Finds {}. {why}", rule.about).trim_end().to_owned(),
            more: fix.to_owned(),
            command: TopicCommand {
                shell: format!("fluxdeck check --rule {}", rule.id),
                why: "It looks for this alone, in every environment.".to_owned(),
                look_for:
                    "the file and line of each finding; # fluxdeck:ignore RULE REASON beside a line silences one."
                        .to_owned(),
            },
            docs: vec![page_of_rule(rule.id).to_owned()],
            see: doctor::all().filter(|cause| cause.id == rule.id).map(|cause| format!("cause.{}", cause.id)).collect(),
            also: Vec::new(),
            group: TopicGroup::Rules,
        }
    };
    check::all().map(of_rule).collect()
}

/// Returns the page about the subject of a rule, which the beginning of its name tells.
fn page_of_rule(id: &str) -> &'static str {
    const PAGES: &[(&str, &str)] = &[
        ("flux-", "https://fluxcd.io/flux/components/kustomize/kustomizations/"),
        ("helm-", "https://fluxcd.io/flux/components/helm/helmreleases/"),
        ("kustomize-", "https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/"),
        ("cnpg-", "https://cloudnative-pg.io/docs/"),
        ("secret-missing", "https://kubernetes.io/docs/concepts/configuration/secret/"),
        ("secret-key-missing", "https://kubernetes.io/docs/concepts/configuration/secret/"),
        ("secret-", "https://fluxcd.io/flux/guides/mozilla-sops/"),
        ("sops-", "https://getsops.io/docs/"),
        ("new-reader", "https://getsops.io/docs/"),
        ("private-key", "https://fluxcd.io/flux/guides/mozilla-sops/"),
        ("conflict", "https://git-scm.com/docs/git-merge#_how_conflicts_are_presented"),
        ("alert-", "https://fluxcd.io/flux/components/notification/alerts/"),
        ("monitor-", "https://prometheus-operator.dev/docs/developer/getting-started/"),
        ("document-", "https://git-scm.com/book/en/v2/GitHub-Contributing-to-a-Project"),
        ("fluxdeck-", "https://toml.io/en/"),
        ("issuer-", "https://cert-manager.io/docs/concepts/issuer/"),
        (
            "middleware-",
            "https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/crd/http/middleware/",
        ),
        ("image-", "https://kubernetes.io/docs/concepts/containers/images/"),
        ("yaml-", "https://yaml.org/type/bool.html"),
        ("api-version", "https://kubernetes.io/docs/reference/using-api/deprecation-guide/"),
    ];
    let found = PAGES.iter().find(|(begins, _)| id.starts_with(begins));
    found.map_or("https://kubernetes.io/docs/concepts/", |(_, page)| page)
}

/// Returns the topics of all causes.
pub(super) fn of_causes() -> Vec<Topic> {
    let mut texts: BTreeMap<String, CauseText> = toml::from_str(include_str!("topics/causes.toml")).unwrap_or_default();
    doctor::all().map(|cause| of_cause(cause, texts.remove(cause.id).unwrap_or_default())).collect()
}

fn of_cause(cause: &doctor::Cause, text: CauseText) -> Topic {
    let example = if text.message.is_empty() { String::new() } else { format!(" For example: {}.", text.message) };
    let fixes: Vec<String> = text.fix.iter().map(fix).collect();
    Topic {
        id: format!("cause.{}", cause.id),
        title: cause.title.to_owned(),
        short: format!("{}.{example}", cause.title),
        more: fixes.join("\n"),
        command: TopicCommand {
            shell: if text.look.is_empty() { "fluxdeck doctor".to_owned() } else { text.look.join("\n") },
            why: "For the example, this shows what the cause is concluded from; `fluxdeck doctor` says it of your own objects."
                .to_owned(),
            look_for: "what the example says, in the status and in the events.".to_owned(),
        },
        docs: if text.docs.is_empty() { vec![TROUBLE.to_owned()] } else { text.docs },
        see: check::all().filter(|rule| rule.id == cause.id).map(|rule| format!("rule.{}", rule.id)).collect(),
        also: Vec::new(),
        group: TopicGroup::Causes,
    }
}

/// Writes what mends a cause.
fn fix(fix: &FixText) -> String {
    let line = if fix.shell.is_empty() { String::new() } else { format!(" ({})", fix.shell.replace('\n', "; ")) };
    format!("{}{line} Look for: {}", fix.why, fix.look_for)
}
