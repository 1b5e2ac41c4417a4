//! The rows of help: the keys that work here first, each once, then those of other screens, and the signs.

use crate::app::motion::MOTIONS;
use crate::app::{Command, CommandTarget, Key, KeyScope, Motion, OfferedTargets, Scene};
use crate::explain::Topic;
use crate::model::revision;
use crate::model::signs::SIGNS;

use super::sentences;

/// The effect of enter on a row.
#[derive(Debug, Clone, Copy)]
pub(super) enum OnEnter {
    /// Runs the command on the selection of the screen below.
    Command(&'static Command),
    /// Explains the topic of that number.
    Topic(usize),
    /// Performs the motion.
    Motion(Motion),
    /// Tells the user where it works.
    Elsewhere,
    /// No effect: the row only explains.
    Nothing,
}

/// Holds a row of help.
#[derive(Debug, Clone)]
pub(super) struct HelpRow {
    /// The group, by its heading.
    pub(super) group: String,
    /// The keys, or the sign.
    pub(super) keys: String,
    /// The title, shown if there is room.
    pub(super) title: &'static str,
    /// The sentence.
    pub(super) text: String,
    /// Further words for the search.
    pub(super) words: String,
    /// The effect of enter.
    pub(super) enter: OnEnter,
    /// Whether it has no effect now.
    pub(super) is_refused: bool,
}

/// Holds the screen and the selection for which help was opened.
#[derive(Debug)]
pub(super) struct Place {
    /// The id of the screen below.
    pub(super) view: &'static str,
    /// The marks there, else the selection.
    pub(super) targets: Vec<CommandTarget>,
    /// The selection.
    pub(super) selected: Vec<CommandTarget>,
    /// The topics that explain the selection.
    pub(super) topics: Vec<Topic>,
    /// What that screen is about as a whole.
    pub(super) subject: Option<CommandTarget>,
    /// The commands that have no effect there, by their ids, each with its reason.
    pub(super) refused: Vec<(&'static str, String)>,
}

impl Place {
    /// Returns the targets of a command.
    pub(super) fn targets_of(&self, command: &Command) -> &[CommandTarget] {
        let (marked, selected, subject) = (&*self.targets, &*self.selected, self.subject.as_slice());
        command.targets_among(self.view, &OfferedTargets { marked, selected, subject })
    }

    fn applies(&self, command: &Command) -> bool {
        command.applies(self.view, self.targets_of(command))
    }

    /// Names the selection.
    fn selection(&self) -> String {
        match self.targets.as_slice() {
            [] => "what is selected".to_owned(),
            [CommandTarget::Object(_, object)] => object.to_string(),
            [CommandTarget::File(_, path) | CommandTarget::Worktree(path)] => path.clone(),
            [CommandTarget::Commit(_, hash)] => format!("commit {}", revision::short(hash)),
            [CommandTarget::Environment(_)] => "the environment".to_owned(),
            several => format!("{} marked", several.len()),
        }
    }

    /// Lists all rows, with each key once.
    pub(super) fn rows(&self, scene: &Scene<'_>) -> Vec<HelpRow> {
        let mut taken: Vec<Key> = Vec::new();
        let mut rows: Vec<HelpRow> = self.topics.iter().enumerate().map(|topic| topic_row(topic, scene)).collect();
        let shown = |command: &&&'static Command| command.id != "open" && !is_step(command);
        let commands: Vec<&'static Command> = scene.commands.iter().filter(shown).copied().collect();
        let here = |command: &Command| self.applies(command);
        let of_view = |command: &Command| matches!(command.scope, KeyScope::View(_));
        let of_target = |command: &Command| matches!(command.scope, KeyScope::Object(_) | KeyScope::File(_));
        // The order is that of a key's lookup: the screen's own, motions, then the selection and the rest.
        for command in commands.iter().filter(|one| of_view(one) && here(one)) {
            Self::add("This screen".to_owned(), command, scene, &mut taken, &mut rows);
        }
        let mut moving = Vec::new();
        for (motion, id, _, _) in MOTIONS {
            motion_row(*motion, id, scene, &mut taken, &mut moving);
        }
        let on = format!("On {}", self.selection());
        for command in commands.iter().filter(|one| of_target(one) && here(one)) {
            Self::add(on.clone(), command, scene, &mut taken, &mut rows);
        }
        for command in commands.iter().filter(|one| matches!(one.scope, KeyScope::Environment) && here(one)) {
            Self::add("On its environment".to_owned(), command, scene, &mut taken, &mut rows);
        }
        for command in commands.iter().filter(|one| matches!(one.scope, KeyScope::Everywhere | KeyScope::While(_))) {
            Self::add("On every screen".to_owned(), command, scene, &mut taken, &mut rows);
        }
        rows.append(&mut moving);
        rows.extend(elsewhere(&commands, scene, &mut taken));
        let unnamed = |command: &&&'static Command| scene.keymap.keys_of(command.id).is_empty() && here(command);
        rows.extend(commands.iter().filter(unnamed).map(|command| {
            let group = format!("By name, after {}", key_of("palette", scene));
            row(group, command.id.to_owned(), command, OnEnter::Command(command))
        }));
        for row in &mut rows {
            if let OnEnter::Command(command) = row.enter
                && let Some((_, why)) = self.refused.iter().find(|(id, _)| *id == command.id)
            {
                row.text = format!("Not now: {why}.");
                row.is_refused = true;
            }
        }
        rows.extend(SIGNS.iter().map(|sign| HelpRow {
            group: "Signs".to_owned(),
            keys: sign.sign.to_owned(),
            title: sign.place,
            text: format!("{}.", scene.keymap.written(sign.meaning)),
            words: format!("signs legend {}", sign.place),
            enter: OnEnter::Nothing,
            is_refused: false,
        }));
        rows
    }

    /// Adds a command with those of its keys that run it here.
    fn add(group: String, command: &'static Command, scene: &Scene<'_>, taken: &mut Vec<Key>, rows: &mut Vec<HelpRow>) {
        let keys: Vec<Key> = scene.keymap.keys_of(command.id).into_iter().filter(|key| !taken.contains(key)).collect();
        if !keys.is_empty() {
            rows.push(row(group, written(&keys), command, OnEnter::Command(command)));
            taken.extend(keys);
        }
    }
}

/// Tells whether a command is a step that only its screen requests.
fn is_step(command: &Command) -> bool {
    matches!(command.scope, KeyScope::View(_)) && command.keys.is_empty()
}

fn key_of(id: &str, scene: &Scene<'_>) -> String {
    scene.keymap.keys_of(id).first().map_or_else(|| id.to_owned(), ToString::to_string)
}

fn written(keys: &[Key]) -> String {
    keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn row(group: String, keys: String, command: &'static Command, enter: OnEnter) -> HelpRow {
    HelpRow {
        group,
        keys,
        title: command.title,
        text: sentences::sentence(command.id).unwrap_or(command.title).to_owned(),
        words: format!("{} {}", command.title, command.id),
        enter,
        is_refused: false,
    }
}

/// Writes the row of a topic: enter explains it.
fn topic_row((index, topic): (usize, &Topic), scene: &Scene<'_>) -> HelpRow {
    HelpRow {
        group: scene.keymap.written("What is selected: ‹key:open› explains it").into_owned(),
        keys: topic.id.split_once('.').map_or(topic.id.as_str(), |(_, name)| name).to_owned(),
        title: "Explain",
        text: scene.keymap.written(topic.short.lines().next().unwrap_or_default()).into_owned(),
        words: format!("explain {} {}", topic.id, topic.title),
        enter: OnEnter::Topic(index),
        is_refused: false,
    }
}

/// Adds a motion; the numbers of panels are one row.
fn motion_row(motion: Motion, id: &'static str, scene: &Scene<'_>, taken: &mut Vec<Key>, rows: &mut Vec<HelpRow>) {
    let free = |motion: Motion| scene.keymap.keys_of_motion(motion).into_iter();
    let mut keys: Vec<Key> = free(motion).filter(|key| !taken.contains(key)).collect();
    if matches!(motion, Motion::Panel(2..)) || keys.is_empty() {
        return;
    }
    let mut text = written(&keys);
    if motion == Motion::Panel(1) {
        let others = MOTIONS.iter().filter(|(other, ..)| matches!(other, Motion::Panel(2..)));
        keys.extend(others.flat_map(|(other, ..)| free(*other)).filter(|key| !taken.contains(key)).collect::<Vec<_>>());
        if let (Some(first), Some(last)) = (keys.first(), keys.last()) {
            text = format!("{first} .. {last}");
        }
    }
    taken.extend(keys);
    rows.push(HelpRow {
        group: "Moving about".to_owned(),
        keys: text,
        title: "",
        text: sentences::sentence(id).unwrap_or(id).to_owned(),
        words: id.to_owned(),
        enter: OnEnter::Motion(motion),
        is_refused: false,
    });
}

/// Lists the keys that have no effect here, each once with its effects in other places.
fn elsewhere(commands: &[&'static Command], scene: &Scene<'_>, taken: &mut Vec<Key>) -> Vec<HelpRow> {
    let mut rows: Vec<HelpRow> = Vec::new();
    for command in commands {
        for key in scene.keymap.keys_of(command.id) {
            if taken.contains(&key) {
                continue;
            }
            taken.push(key);
            let all = commands.iter().filter(|one| scene.keymap.keys_of(one.id).contains(&key));
            let meanings: Vec<String> = all.clone().map(|one| format!("{}: {}", place(one), one.title)).collect();
            rows.push(HelpRow {
                group: "Elsewhere".to_owned(),
                keys: key.to_string(),
                title: "",
                text: format!("{}.", meanings.join("; ")),
                words: all.flat_map(|one| [sentences::sentence(one.id).unwrap_or_default(), " ", one.id]).collect(),
                enter: OnEnter::Elsewhere,
                is_refused: false,
            });
        }
    }
    rows
}

/// Names the place where a command works.
fn place(command: &Command) -> String {
    match command.scope {
        KeyScope::Everywhere | KeyScope::While(_) => "on every screen".to_owned(),
        KeyScope::Object(_) => format!("on {}", sentences::objects(command.id)),
        KeyScope::File(_) => "on a file".to_owned(),
        KeyScope::Environment => "on anything of an environment".to_owned(),
        KeyScope::View(id) => sentences::screen(id).to_owned(),
    }
}
