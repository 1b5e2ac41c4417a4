//! Explains a topic: what it is and why, the command that shows it by hand, where to read on; or lists all topics.
//!
//! ```text
//! +> explain: ArtifactFailed ------------------------------------------------+
//! | The controller has no artifact to work on: its source is missing, …      |
//! |                                                                          |
//! | by hand                                                                  |
//! | flux get sources all -A                                                  |
//! | look for   the source in sourceRef or chartRef: READY True and …         |
//! | read       https://fluxcd.io/flux/components/…                           |
//! |>see        sourceRef  spec.sourceRef                                     |
//! +--------------------------------------------------------------------------+
//! ```

use crate::app::{Action, Ask, Command, CommandTarget, Facts, KeyScope, Scene};
use crate::explain::{Topic, TopicCommand, TopicGroup, TopicObject, Topics};
use crate::kinds;
use crate::model::{Env, Environment, Kind, ObjectRef, Row, State};
use crate::theme::Scope;
use crate::views::help::sentence;
use crate::views::parts::page::{Page, PageLine, SearchKey, SharedLines};
use crate::views::parts::paged::{Paged, follow};

/// The width of the labels.
const LABEL: usize = 11;

/// The most documents of the repository that are named.
const PAGES: usize = 3;

/// Shows a topic, or the list of all.
#[derive(Debug)]
pub struct ExplainView {
    topics: Topics,
    topic: Option<Topic>,
    /// The object whose names stand in the command's line.
    object: Option<(Env, ObjectRef)>,
    page: Page,
}

impl ExplainView {
    /// Opens a topic; the names of an object replace the placeholders in its command.
    pub fn of(topics: Topics, topic: Topic, object: Option<(Env, ObjectRef)>) -> Self {
        Self { topics, topic: Some(topic), object, page: Page::new(SearchKey::Searches) }
    }

    /// Opens the list of all topics.
    pub fn index(topics: Topics) -> Self {
        Self { topics, topic: None, object: None, page: Page::new(SearchKey::Filters).at(1) }
    }

    fn index_lines(&self) -> Vec<PageLine> {
        let mut lines = Vec::new();
        for group in TopicGroup::ALL {
            lines.push(PageLine::heading(format!("{}: {}", group.word(), group.about())));
            lines.extend(self.topics.of(group).map(|topic| entry(topic).after("  ", Scope::Text)));
        }
        lines
    }

    /// Writes the lines to type, with the names of the object that was asked about or else of an example, which is told.
    fn shell(&self, topic: &Topic, facts: &Facts) -> (String, Option<String>) {
        let fits = |object: &ObjectRef| topic.kind().is_none_or(|kind| kind.is(object));
        if let Some((env, object)) = self.object.as_ref().filter(|(_, object)| fits(object)) {
            return (topic.lines_for(&named(*env, object, facts)), None);
        }
        match example(topic, facts) {
            Some((env, object)) => {
                let of = format!("{} in {}, as an example", object.told(), facts.name(env));
                (topic.lines_for(&named(env, &object, facts)), Some(of))
            }
            None => (topic.command.shell.clone(), None),
        }
    }

    fn topic_lines(&self, topic: &Topic, facts: &Facts) -> Vec<PageLine> {
        let mut lines = vec![PageLine::heading(topic.title.clone())];
        lines.extend(topic.short.lines().map(|line| PageLine::wrapped(line, Scope::Title)));
        if !topic.more.is_empty() {
            lines.push(PageLine::heading(""));
            lines.extend(topic.more.lines().map(|line| PageLine::wrapped(line, Scope::Text)));
        }
        lines.push(PageLine::heading(""));
        let (shell, of) = self.shell(topic, facts);
        if !shell.is_empty() {
            lines.push(PageLine::heading("by hand"));
            lines.extend(shell.lines().map(|line| PageLine::wrapped(line, Scope::Shell)));
        }
        lines.extend(of.map(|of| labelled("of", &of)));
        let to_put_in = topic.to_put_in(&shell);
        if !to_put_in.is_empty() {
            lines.push(labelled("put in", &to_put_in));
        }
        lines.push(labelled("why", &topic.command.why));
        lines.push(labelled("look for", &topic.command.look_for));
        for (index, page) in topic.docs.iter().enumerate() {
            let line = PageLine::cut(page.clone(), Scope::Linked)
                .after(label(if index == 0 { "read" } else { "" }), Scope::Dim);
            let is_file = !page.contains("://");
            lines.push(line.opens(is_file.then(|| CommandTarget::File(None, page.clone()))));
        }
        for place in facts.pages(&topic.subject()).into_iter().take(PAGES) {
            let text = format!("{place}  {}", place.page.title);
            let line = PageLine::cut(text, Scope::Linked).after(label("here"), Scope::Dim).at(place.line);
            lines.push(line.opens(Some(CommandTarget::File(None, place.page.file.clone()))));
        }
        for (index, name) in topic.see.iter().enumerate() {
            if let Some(other) = self.topics.find(name) {
                lines.push(entry(&other).after(label(if index == 0 { "see" } else { "" }), Scope::Dim));
            }
        }
        lines
    }
}

fn label(word: &str) -> String {
    format!("{word:<LABEL$}")
}

fn labelled(word: &str, text: &str) -> PageLine {
    PageLine::wrapped(text, Scope::Text).after(label(word), Scope::Dim)
}

/// Writes the line that opens a topic.
fn entry(topic: &Topic) -> PageLine {
    let line = PageLine::cut(format!("  {}", topic.title), Scope::Text).after(topic.id.clone(), Scope::Linked);
    line.explained_by([topic.id.clone()])
}

/// Finds an object whose names may stand in a topic's lines: one that says the topic's word, else one that has failed,
/// else the first, of the environment in focus before the others; else one that the repository declares.
fn example(topic: &Topic, facts: &Facts) -> Option<(Env, ObjectRef)> {
    if !topic.has_names() {
        return None;
    }
    let of_topic = topic.kind();
    let kinds: Vec<&'static Kind> = match of_topic {
        Some(kind) => vec![kind],
        None => kinds::KINDS.iter().copied().filter(|kind| kind.flux).collect(),
    };
    let envs: Vec<Env> = std::iter::once(facts.focused)
        .chain(facts.environments.iter().map(|(env, _)| env).filter(|env| *env != facts.focused))
        .collect();
    let rows = || {
        envs.iter().flat_map(|env| kinds.iter().map(move |kind| (*env, *kind))).flat_map(|(env, kind)| {
            let table = facts.table(env, kind).into_iter();
            table.flat_map(|table| table.rows.iter()).map(move |row| (env, kind, row))
        })
    };
    let says = |row: &Row| row.flux.as_ref().is_some_and(|flux| flux.reason == topic.id);
    let found = rows().find(|(_, _, row)| says(row));
    let found = found.or_else(|| rows().find(|(_, _, row)| row.state == State::Failed)).or_else(|| rows().next());
    let live = found.map(|(env, kind, row)| (env, kind.object(&row.key.namespace, &row.key.name)));
    live.or_else(|| {
        let kind = of_topic.unwrap_or(kinds::KUSTOMIZATION).kind;
        let declared = facts.repository.as_ref()?.declared_example(kind, facts.name(facts.focused))?;
        Some((facts.find_environment(&declared.0)?, declared.1))
    })
}

/// Gathers what stands in a topic's lines of an object.
fn named(env: Env, object: &ObjectRef, facts: &Facts) -> TopicObject {
    let name = facts.name(env);
    let declared = facts.repository.as_ref().and_then(|known| {
        known.kustomizations_of(name).find(|one| one.object() == *object).map(|one| format!("./{}", one.path))
    });
    TopicObject {
        object: object.clone(),
        env: name.to_owned(),
        context: facts.context(env).to_owned(),
        path: declared.unwrap_or_default(),
    }
}

impl Paged for ExplainView {
    fn id(&self) -> &'static str {
        "explain"
    }

    fn title(&self, _scene: &Scene<'_>) -> String {
        self.topic.as_ref().map_or_else(|| "explain".to_owned(), |topic| format!("explain: {}", topic.id))
    }

    fn page(&self) -> Option<&Page> {
        Some(&self.page)
    }

    fn page_mut(&mut self) -> Option<&mut Page> {
        Some(&mut self.page)
    }

    fn lines(&self, scene: &Scene<'_>) -> SharedLines {
        match &self.topic {
            Some(topic) => self.topic_lines(topic, scene.facts).into(),
            None => self.index_lines().into(),
        }
    }

    fn open(&mut self, line: Option<&PageLine>, scene: &Scene<'_>) -> Option<Vec<Action>> {
        let line = line?;
        let named = line.topics().first().and_then(|name| self.topics.find(name));
        let Some(topic) = named else {
            let at = line.link().zip(line.place()).and_then(|(file, at)| super::file::open_at(file, at, scene.facts));
            return Some(at.map(Action::Push).or_else(|| follow(line, scene)).into_iter().collect());
        };
        let view = Self::of(self.topics.clone(), topic, self.object.clone());
        Some(vec![Action::Push(Box::new(view))])
    }

    fn opens(&self, line: Option<&PageLine>, _lines: &[PageLine]) -> bool {
        line.is_some_and(|line| !line.topics().is_empty() || line.link().is_some())
    }

    fn env(&self, _scene: &Scene<'_>) -> Option<Env> {
        self.object.as_ref().map(|(env, _)| *env)
    }
}

/// Returns every topic, those of commands among them: a command tells its own.
pub fn topics_with(commands: &'static [&'static Command]) -> Topics {
    let facts = placeholders();
    Topics::with_commands(commands.iter().map(|command| of_command(command, &facts)).collect())
}

/// Returns facts with one environment that is called by a placeholder.
fn placeholders() -> Facts {
    let mut facts = Facts::new(jiff::Timestamp::UNIX_EPOCH);
    let environment = Environment {
        env: Env(0),
        name: "ENV".to_owned(),
        context: Some("CONTEXT".to_owned()),
        protected: false,
        protected_by: None,
        path: None,
        recipients: Vec::new(),
        colour: None,
    };
    facts.set_environments(vec![environment], vec![None]);
    facts
}

/// Returns a target of placeholders that a command accepts.
fn target_of(command: &Command) -> Option<CommandTarget> {
    let object = |kind: &str, group: &str| ObjectRef::new(kind, group, "NAMESPACE", "NAME");
    match command.scope {
        KeyScope::Object(agrees) => {
            let known = kinds::KINDS.iter().map(|kind| kind.object("NAMESPACE", "NAME"));
            let mut all = known.chain([object("CronJob", "batch"), object("Service", ""), object("Secret", "")]);
            all.find(agrees).map(|object| CommandTarget::Object(Env(0), object))
        }
        KeyScope::File(_) => Some(CommandTarget::File(Some(Env(0)), "FILE".to_owned())),
        KeyScope::Environment => Some(CommandTarget::Environment(Env(0))),
        KeyScope::Everywhere | KeyScope::While(_) | KeyScope::View(_) => None,
    }
}

/// Makes the topic of a command from its own lesson.
fn of_command(command: &'static Command, facts: &Facts) -> Topic {
    let targets: Vec<CommandTarget> = target_of(command).into_iter().collect();
    let lesson = (command.lesson)(&Ask { facts, targets: &targets, answers: &[], now: facts.now, permit: None });
    let keys = match command.keys {
        [] => "It has no key of its own: the palette (‹key:palette|:›) finds it by its name.".to_owned(),
        keys => format!("Its key is ‹key:{}|{} unless the settings name another›.", command.id, keys.join(" or ")),
    };
    Topic {
        id: format!("command.{}", command.id),
        title: format!("Command {}: {}", command.id, command.title),
        short: sentence(command.id).map_or_else(|| lesson.why.clone(), str::to_owned),
        more: keys,
        command: TopicCommand { shell: lesson.shell.as_str().to_owned(), why: lesson.why, look_for: lesson.look_for },
        docs: vec![lesson.docs.into_owned()],
        see: Vec::new(),
        also: Vec::new(),
        group: TopicGroup::Commands,
    }
}

#[cfg(test)]
mod tests;
