//! The shared parts of the commands that act on Flux objects through the cluster's verbs.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::app::operation::NO_LONGER_WAITED_FOR;
use crate::app::{Action, Ask, Notice, Operation};
use crate::cluster::verbs::{self, Verb};
use crate::kinds;
use crate::model::{Env, Fault, Lesson, ObjectRef, ShellLine};

/// The longest wait of an operation; the same as the flux CLI's default.
pub const TIMEOUT: Duration = Duration::from_mins(5);

/// Tells whether Flux reconciles an object, so that its verbs apply.
pub fn is_flux(object: &ObjectRef) -> bool {
    kinds::kind_of(object).is_some_and(|kind| kind.flux)
}

/// Tells whether an object is a HelmRelease.
pub fn is_release(object: &ObjectRef) -> bool {
    kinds::HELM_RELEASE.is(object)
}

/// Returns the flux CLI's words for an object, such as `kustomization apps` or `source git flux-system`; the source of
/// the words is `flux reconcile --help`.
pub fn flux_words(object: &ObjectRef) -> ShellLine {
    match kinds::kind_of(object).map(|kind| kind.noun).filter(|noun| !noun.is_empty()) {
        Some(noun) => ShellLine::from(noun).word(&object.name),
        None => ShellLine::new("{} {}", &[&object.kind.to_lowercase(), &object.name]),
    }
}

/// The kinds that `flux reconcile` does not support.
const NOT_RECONCILED: [&str; 3] = ["alert", "alert-provider", "source external"];

/// The kinds that `flux suspend` does not support.
const NOT_SUSPENDED: [&str; 1] = ["source external"];

/// Tells whether the flux CLI has a verb for an object.
fn has_verb(verb: &str, object: &ObjectRef) -> bool {
    let without: &[&str] = if verb == "reconcile" { &NOT_RECONCILED } else { &NOT_SUSPENDED };
    kinds::kind_of(object).is_some_and(|kind| kind.flux && !without.contains(&kind.noun))
}

/// Returns the equivalent kubectl line for a kind without a verb in the flux CLI.
fn kubectl_line(ask: &Ask<'_>, verb: &str, env: Env, object: &ObjectRef) -> ShellLine {
    let place = super::object::place(ask, env, object);
    if verb == "reconcile" {
        return ShellLine::from("kubectl annotate --overwrite ")
            .line(&place)
            .and_then(" reconcile.fluxcd.io/requestedAt=\"$(date +%s)\"", &[]);
    }
    let patch = serde_json::json!({"spec": {"suspend": verb == "suspend"}}).to_string();
    ShellLine::from("kubectl patch ").line(&place).and_then(" --type=merge --patch={}", &[&patch])
}

/// Returns the page about a verb of the flux CLI for the first target's kind, or about the kubectl line in its place.
pub fn flux_docs(ask: &Ask<'_>, verb: &'static str) -> Cow<'static, str> {
    let Some((_, object)) = ask.object() else { return format!("https://fluxcd.io/flux/cmd/flux_{verb}/").into() };
    if !has_verb(verb, object) {
        let page = if verb == "reconcile" { "annotate" } else { "patch" };
        return format!("https://kubernetes.io/docs/reference/kubectl/generated/kubectl_{page}/").into();
    }
    let noun = kinds::kind_of(object).map_or("", |kind| kind.noun);
    format!("https://fluxcd.io/flux/cmd/flux_{verb}_{}/", noun.replace(' ', "_")).into()
}

/// Writes the flux line of a verb for every target, one line each.
pub fn flux_line(ask: &Ask<'_>, verb: &'static str, flags: &[&'static str]) -> ShellLine {
    let line = |(env, object): (Env, &ObjectRef)| {
        if !has_verb(verb, object) {
            return kubectl_line(ask, verb, env, object);
        }
        let line =
            ShellLine::new("flux {} ", &[verb]).line(&flux_words(object)).and_then(" -n {}", &[&object.namespace]);
        let line = flags.iter().fold(line, |line, flag| line.word(flag));
        line.and_then(" --context {}", &[ask.context(env)])
    };
    ShellLine::join(ask.objects().map(line), "\n")
}

/// Builds a lesson from its parts; `docs` is the address of the official page on exactly this command.
pub fn lesson(shell: impl Into<ShellLine>, why: &str, look_for: &str, docs: impl Into<Cow<'static, str>>) -> Lesson {
    Lesson {
        shell: shell.into(),
        place: String::new(),
        why: why.to_owned(),
        look_for: look_for.to_owned(),
        docs: docs.into(),
    }
}

/// Starts one operation for each target.
pub fn operate(ask: &Ask<'_>, title: &str, verb: impl Verb + 'static, shell: &ShellLine) -> Vec<Action> {
    let Some(permit) = ask.permit else {
        return vec![Action::Tell(Notice::fault(
            ask.now,
            Fault::new(
                crate::model::FaultKind::Refused,
                format!("{title} was not begun"),
                "the guard gave no leave",
                "this is a defect of fluxdeck",
            ),
        ))];
    };
    let verb: Arc<dyn Verb> = Arc::new(verb);
    ask.objects()
        .enumerate()
        .map(|(index, (env, object))| {
            let line = shell.nth(index).unwrap_or_else(|| shell.clone());
            Action::Operate(operation(title, env, object, Arc::clone(&verb), line, permit))
        })
        .collect()
}

/// Builds the operation of a verb on one object.
fn operation(
    title: &str,
    env: Env,
    object: &ObjectRef,
    verb: Arc<dyn Verb>,
    shell: ShellLine,
    permit: crate::app::Permit,
) -> Operation {
    let target = object.clone();
    Operation {
        title: format!("{title} {}", object.short()),
        env: Some(env),
        object: object.to_string(),
        shell,
        stopped: verb.stopped().unwrap_or(NO_LONGER_WAITED_FOR),
        permit,
        work: Box::new(move |task_context, mut steps| {
            Box::pin(async move {
                match task_context.cluster(env) {
                    Ok(cluster) => {
                        verbs::perform(&cluster, &*verb, &target, &task_context.clock, &mut *steps, &permit).await
                    }
                    Err(fault) => crate::model::Outcome::Failed(fault),
                }
            })
        }),
    }
}

/// Returns the requested timeout, else the default.
pub fn timeout(ask: &Ask<'_>) -> Duration {
    ask.answer("timeout").and_then(crate::model::clock::go_duration).unwrap_or(TIMEOUT)
}

/// Reads the end of a suspension: a duration from now such as `2h`, a time of day such as `18:00` or `tomorrow 9:00` by
/// this machine's clock, or a date or time; `None` if it is none of them, or in the past.
pub fn until(text: &str, now: Timestamp) -> Option<Timestamp> {
    until_in(text.trim(), now, &TimeZone::system()).filter(|end| *end > now)
}

fn until_in(text: &str, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    if let Some(duration) = crate::model::clock::go_duration(text) {
        return now.checked_add(duration).ok();
    }
    let (days, time) = match text.split_once(' ') {
        Some(("tomorrow", time)) => (1, time),
        Some(("today", time)) => (0, time),
        None if text == "tomorrow" => (1, "00:00"),
        _ => (0, text),
    };
    if let Some((hour, minute)) = time.split_once(':')
        && let (Ok(hour), Ok(minute)) = (hour.parse(), minute.parse())
    {
        let time = jiff::civil::Time::new(hour, minute, 0, 0).ok()?;
        let day = now.to_zoned(zone.clone()).date().checked_add(jiff::Span::new().days(days)).ok()?;
        return day.to_datetime(time).to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp());
    }
    text.parse::<Timestamp>().ok().or_else(|| {
        let date: jiff::civil::Date = text.parse().ok()?;
        date.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })
}

#[cfg(test)]
mod tests {
    use super::until_in;
    use jiff::tz::TimeZone;

    #[test]
    fn an_end_is_said_as_people_say_it() {
        let now = "2026-01-02T12:00:00Z".parse().unwrap();
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        let end = |text: &str| until_in(text, now, &zone).map(|end| end.to_string());
        assert_eq!(end("2h").unwrap(), "2026-01-02T14:00:00Z");
        assert_eq!(end("18:30").unwrap(), "2026-01-02T17:30:00Z");
        assert_eq!(end("tomorrow 9:00").unwrap(), "2026-01-03T08:00:00Z");
        assert_eq!(end("tomorrow").unwrap(), "2026-01-02T23:00:00Z");
        assert_eq!(end("2026-01-31T18:00:00Z").unwrap(), "2026-01-31T18:00:00Z");
        assert_eq!(end("2026-01-31").unwrap(), "2026-01-31T00:00:00Z");
        for wrong in ["soon", "25:00", "yesterday 9:00"] {
            assert_eq!(end(wrong), None, "{wrong}");
        }
    }
}
