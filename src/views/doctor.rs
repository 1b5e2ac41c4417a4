//! The doctor's screen: the root causes of all environments, the worst first.
//!
//! ```text
//! +> why: 2 causes ------------------------------------------------------------------------+
//! | x production  Kustomization/flux-system/apps cannot decrypt: Secret sops-age is missing |
//! |     seen   secrets "sops-age" not found  (condition Ready=False, 10m ago)               |
//! |     file   clusters/production/apps.yaml:12  9f1c2aa Maria, 3d ago                      |
//! |     holds  Kustomization/flux-system/monitoring                                         |
//! |     fix    fluxdeck secret age-key --env production                                     |
//! |            It puts the environment's age key into the cluster.                          |
//! +----------------------------------------------------------------------------------------+
//! ```

use jiff::Timestamp;

use crate::app::{Action, CommandTarget, Scene};
use crate::check::Severity;
use crate::doctor::{Diagnosis, Evidence, Examination, ManifestOrigin, Remedy};
use crate::markdown::document_place;
use crate::model::clock::age;
use crate::model::revision::short;
use crate::model::{Env, ObjectRef};
use crate::theme::Scope;
use crate::views::file::look_of;
use crate::views::parts::page::{Page, PageLine, SearchKey, SharedLines};
use crate::views::parts::paged::{Paged, follow};

/// The width of the labels below a cause.
const LABEL: usize = 13;

/// Shows the root causes.
#[derive(Debug)]
pub struct DoctorView {
    /// The object that the user asked about.
    asked: Option<(Env, ObjectRef)>,
    page: Page,
    /// The root causes of the last look, to tell which are gone.
    known: Vec<(Env, &'static str, ObjectRef, String)>,
    /// The root causes that are gone since the screen was opened, newest first.
    mended: Vec<(Timestamp, Env, String)>,
}

impl DoctorView {
    /// Opens the root causes; those of an object come first.
    pub fn new(asked: Option<(Env, ObjectRef)>) -> Self {
        Self { asked, page: Page::new(SearchKey::Filters), known: Vec::new(), mended: Vec::new() }
    }

    /// Notes the causes that are gone; an environment that does not answer has lost none.
    fn compare(&mut self, scene: &Scene<'_>) {
        let facts = scene.facts;
        let mut now = Vec::new();
        for (env, _) in facts.environments.iter() {
            let Some(Ok(examination)) = facts.examination(env) else {
                now.extend(self.known.iter().filter(|one| one.0 == env).cloned());
                continue;
            };
            let roots = &examination.roots;
            now.extend(roots.iter().map(|root| (env, root.cause, root.object.clone(), root.message.clone())));
        }
        let is_gone = |one: &&(Env, &'static str, ObjectRef, String)| {
            !now.iter().any(|root| (root.0, root.1, &root.2) == (one.0, one.1, &one.2))
        };
        let gone: Vec<_> = self.known.iter().filter(is_gone).map(|one| (facts.now, one.0, one.3.clone())).collect();
        self.mended.splice(0..0, gone);
        self.known = now;
    }
}

/// Counts the root causes of all environments.
fn count(scene: &Scene<'_>) -> usize {
    let envs = scene.facts.environments.iter();
    envs.filter_map(|(env, _)| scene.facts.examination(env)?.as_ref().ok()).map(|found| found.roots.len()).sum()
}

impl Paged for DoctorView {
    fn id(&self) -> &'static str {
        "doctor"
    }

    fn title(&self, scene: &Scene<'_>) -> String {
        match count(scene) {
            0 => "why".to_owned(),
            1 => "why: 1 cause".to_owned(),
            causes => format!("why: {causes} causes"),
        }
    }

    fn page(&self) -> Option<&Page> {
        Some(&self.page)
    }

    fn page_mut(&mut self) -> Option<&mut Page> {
        Some(&mut self.page)
    }

    fn load(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        self.compare(scene);
        Vec::new()
    }

    fn changed(&mut self, scene: &Scene<'_>) -> Vec<Action> {
        self.compare(scene);
        Vec::new()
    }

    fn open(&mut self, line: Option<&PageLine>, scene: &Scene<'_>) -> Option<Vec<Action>> {
        // A document opens where it speaks of the cause.
        let at = line.and_then(|line| super::file::open_at(line.link()?, line.place()?, scene.facts));
        let action = at.map(Action::Push).or_else(|| follow(line?, scene));
        Some(action.into_iter().collect())
    }

    fn env(&self, scene: &Scene<'_>) -> Option<Env> {
        Some(self.asked.as_ref().map_or(scene.facts.focused, |(env, _)| *env))
    }

    fn lines(&self, scene: &Scene<'_>) -> SharedLines {
        let facts = scene.facts;
        let mut lines = Vec::new();
        let mut first: Vec<&Diagnosis> = Vec::new();
        if let Some((env, object)) = &self.asked
            && let Some(Ok(examination)) = facts.examination(*env)
        {
            first = examination.roots_of(object).collect();
            lines.push(answer(object, examination, first.len()));
            for root in &first {
                lines.extend(root_lines(*env, root, scene));
            }
        }
        let mut rest: Vec<(Env, &Diagnosis)> = Vec::new();
        // What is not looked at stands below the causes: where rights are few, it is many lines.
        let (mut well_ones, mut unread_ones): (Vec<PageLine>, Vec<PageLine>) = (Vec::new(), Vec::new());
        for (env, environment) in facts.environments.iter() {
            match facts.examination(env) {
                None => lines.push(unknown(env, &environment.name, scene)),
                Some(Err(fault)) => {
                    let text = format!("{}: {}: {}; {}", environment.name, fault.what, fault.why, fault.todo);
                    lines.push(PageLine::wrapped(text, Scope::Failed).after("? ", Scope::Unknown));
                }
                Some(Ok(examination)) => {
                    let is_first = |root: &&Diagnosis| first.iter().any(|one| std::ptr::eq(*one, *root));
                    rest.extend(examination.roots.iter().filter(|root| !is_first(root)).map(|root| (env, root)));
                    if examination.roots.is_empty() {
                        well_ones.push(well(&environment.name, examination));
                    }
                    let unread = examination.unread.iter().map(|unread| {
                        let text = format!("{}: not looked at: {unread}", environment.name);
                        PageLine::wrapped(text, Scope::Unknown).after("? ", Scope::Unknown)
                    });
                    unread_ones.extend(unread);
                }
            }
        }
        rest.sort_by_key(|(_, root)| (root.severity, std::cmp::Reverse(root.blocks.len())));
        for (env, root) in rest {
            lines.extend(root_lines(env, root, scene));
        }
        lines.extend(well_ones);
        lines.extend(unread_ones);
        for (at, env, message) in &self.mended {
            let text = format!("gone {} ago in {}: {message}", age(facts.now, *at), facts.name(*env));
            lines.push(PageLine::wrapped(text, Scope::Ready).after("= ", Scope::Ready));
        }
        lines.into()
    }
}

/// Answers the question about one object.
fn answer(object: &ObjectRef, examination: &Examination, causes: usize) -> PageLine {
    let text = match causes {
        0 if examination.unread.is_empty() => format!("{}: nothing is known to be wrong with it", object.told()),
        0 => format!("{}: nothing is known to be wrong with it, as far as it was looked at", object.told()),
        1 => format!("{} is held back by:", object.told()),
        _ => format!("{} is held back by {causes} causes:", object.told()),
    };
    PageLine::heading(text)
}

fn unknown(env: Env, name: &str, scene: &Scene<'_>) -> PageLine {
    let text = match scene.facts.trouble(env) {
        Some(fault) => format!("{name}: {}: {}; {}", fault.what, fault.why, fault.todo),
        None => format!("{name}: being examined..."),
    };
    PageLine::wrapped(text, Scope::Dim).after("? ", Scope::Unknown)
}

fn well(name: &str, examination: &Examination) -> PageLine {
    let text = match examination.symptoms {
        0 => format!("{name}: nothing is wrong"),
        waiting => format!("{name}: nothing has failed; not ready yet: {waiting}"),
    };
    PageLine::wrapped(text, Scope::Ready).after("= ", Scope::Ready)
}

fn label(label: &str) -> String {
    format!("{:<LABEL$}", format!("    {label}"))
}

/// Writes a root cause: the sentence, then what proves it, where it comes from, what it holds back, what mends it.
fn root_lines(env: Env, root: &Diagnosis, scene: &Scene<'_>) -> Vec<PageLine> {
    let now = scene.facts.now_in(env);
    let (sign, scope) = look_of(root.severity);
    let target = |object: &ObjectRef| Some(CommandTarget::Object(env, object.clone()));
    let text_scope = if root.severity == Severity::Error { Scope::Title } else { Scope::Text };
    let head = PageLine::wrapped(format!("{} [{}]", root.message, root.cause), text_scope)
        .after(format!("{}: ", scene.facts.name(env)), Scope::Dim)
        .after(format!("{sign} "), scope)
        .opens(target(&root.object));
    let mut lines = vec![head];
    if !root.or.is_empty() {
        let text = format!("it cannot be told apart from {}", root.or.join(", "));
        lines.push(PageLine::wrapped(text, Scope::Waiting).after(label("or"), Scope::Dim));
    }
    for (evidence, others) in Evidence::distinct(&root.evidence) {
        let ago = evidence.at.map(|at| format!(", {} ago", age(now, at))).unwrap_or_default();
        let more = if others > 0 { format!(", and {others} more") } else { String::new() };
        let text = format!("{}  ({}{ago}{more})", evidence.text.lines().next().unwrap_or_default(), evidence.from);
        lines.push(PageLine::wrapped(text, Scope::Text).after(label("seen"), Scope::Dim).opens(target(&root.object)));
    }
    lines.extend(root.origin.as_ref().map(|origin| origin_line(env, origin, now)));
    for (index, object) in root.blocks.iter().enumerate() {
        let line = PageLine::cut(object.told(), Scope::Linked).opens(target(object));
        lines.push(line.after(label(if index == 0 { "holds" } else { "" }), Scope::Dim));
    }
    for line in &root.look_at {
        lines.push(
            PageLine::wrapped(line.as_str(), Scope::Shell).after(label("look"), Scope::Dim).opens(target(&root.object)),
        );
    }
    for remedy in &root.fix {
        lines.extend(remedy_lines(env, remedy));
    }
    for page in &root.docs {
        let line = PageLine::cut(page.clone(), Scope::Linked).after(label("read"), Scope::Dim);
        let place = document_place(page);
        let file = place.map(|(file, _)| CommandTarget::File(Some(env), file.to_owned()));
        lines.push(line.opens(file).at(place.and_then(|(_, line)| line)));
    }
    let topics = || std::iter::once(root.cause).chain(root.or.iter().copied()).map(|cause| format!("cause.{cause}"));
    lines.into_iter().map(|line| line.explained_by(topics())).collect()
}

fn origin_line(env: Env, origin: &ManifestOrigin, now: Timestamp) -> PageLine {
    let place = origin.line.map(|line| format!(":{line}")).unwrap_or_default();
    let ago = origin.committed.map(|at| format!(", {} ago", age(now, at))).unwrap_or_default();
    let by = match (&origin.commit, &origin.author) {
        (Some(commit), Some(author)) => format!("  {} {author}{ago}", short(commit)),
        _ => String::new(),
    };
    let rules = if origin.rules.is_empty() { String::new() } else { format!("  check: {}", origin.rules.join(", ")) };
    PageLine::cut(format!("{}{place}{by}{rules}", origin.file), Scope::Linked)
        .after(label("file"), Scope::Dim)
        .opens(Some(CommandTarget::File(Some(env), origin.file.clone())))
        .at(origin.line)
}

/// Writes a remedy; enter on it requests the command that does the same, through its guard.
fn remedy_lines(env: Env, remedy: &Remedy) -> Vec<PageLine> {
    let runs = |line: PageLine| match &remedy.command {
        Some((id, object)) => line.runs(id, vec![CommandTarget::Object(env, object.clone())]),
        None => line,
    };
    let why = format!("{} Look for: {}", remedy.why, remedy.look_for);
    let shell = remedy.shell.as_str();
    if shell.is_empty() {
        return vec![runs(PageLine::wrapped(why, Scope::Text).after(label("fix"), Scope::Dim))];
    }
    vec![
        runs(PageLine::wrapped(shell, Scope::Shell).after(label("fix"), Scope::Dim)),
        runs(PageLine::wrapped(why, Scope::Dim).after(label(""), Scope::Dim)),
    ]
}
