//! Parsing of a settings file.

use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::layer::{EnvSettings, Layer, SettingOrigin, Sourced};
use crate::model::{Fault, LessonMode, quantity};
use crate::programs::CommandLine;
use crate::repo::FileFault;

/// Names the owner of a file, which decides what it may set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// Everyone with write access to the repository.
    Repository,
    /// The user alone.
    Personal,
}

/// Holds the result of parsing a file.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) layer: Layer,
    pub(super) findings: Vec<FileFault>,
    /// Whether the file could not be parsed: it may have protected an environment.
    pub(super) unreadable: bool,
}

/// Parses the text of a settings file. `shown` is its name, `folder` the base of its relative paths, `home` the meaning
/// of `~`.
pub(super) fn read(text: &str, owner: Owner, shown: &str, folder: &Path, home: Option<&Path>) -> Outcome {
    let mut reader = Reader { text, owner, shown, folder, home, outcome: Outcome::default() };
    match DeTable::parse(text) {
        Ok(table) => reader.general(table.get_ref()),
        Err(error) => {
            let line = error.span().map_or(1, |span| reader.line(span.start));
            reader.outcome.unreadable = true;
            reader.report(
                line,
                "the settings cannot be read",
                error.message(),
                "mend this line; until then every environment is protected",
            );
        }
    }
    // The table is sorted by key, but people read a file from its top.
    reader.outcome.findings.sort_by_key(|finding| finding.line);
    reader.outcome
}

type Item<'a, 'i> = (&'a str, &'a Spanned<DeValue<'i>>, usize);

struct Reader<'a> {
    text: &'a str,
    owner: Owner,
    shown: &'a str,
    folder: &'a Path,
    home: Option<&'a Path>,
    outcome: Outcome,
}

impl Reader<'_> {
    fn general(&mut self, table: &DeTable<'_>) {
        for item in self.items(table) {
            let (key, _, line) = item;
            match key {
                "theme" => self.outcome.layer.theme = self.string(item),
                "ascii" => self.outcome.layer.ascii = self.boolean(item),
                "mouse" => self.outcome.layer.mouse = self.boolean(item),
                "lessons" if self.owner == Owner::Repository => self.report(
                    line,
                    "lessons is ignored",
                    "how much is taught is for each operator to say",
                    "move it to your personal settings",
                ),
                "lessons" => {
                    if let Some(word) = self.string(item) {
                        match LessonMode::named(&word.value) {
                            Some(mode) => self.outcome.layer.lessons = Some(Sourced::new(mode, word.origin)),
                            None => self.wrong(key, line, "\"always\", \"first\" or \"never\""),
                        }
                    }
                }
                "read_only" => self.outcome.layer.read_only = Some(self.guard(item)),
                "keys" if self.owner == Owner::Repository => {
                    self.report(
                        line,
                        "keys is ignored",
                        "what a key does is for its operator to say",
                        "move it to your personal settings",
                    );
                }
                "keys" => {
                    for item in self.table(item) {
                        if let Some(keys) = self.strings(item) {
                            self.outcome.layer.keys.insert(item.0.to_owned(), keys);
                        }
                    }
                }
                "env" => {
                    for item in self.table(item) {
                        let settings = self.environment(item);
                        self.outcome.layer.envs.insert(item.0.to_owned(), settings);
                    }
                }
                "check" => self.check(item),
                "plugins" if self.owner == Owner::Repository => self.report(
                    line,
                    "plugins is ignored",
                    "which programs may run is for their operator to say",
                    "move it to your personal settings",
                ),
                "plugins" => {
                    for item in self.table(item) {
                        match item.0 {
                            "allow" => {
                                let names = self.strings(item).map(|names| names.value);
                                self.outcome.layer.plugins.extend(names.unwrap_or_default());
                            }
                            _ => self.unknown(item.0, item.2, "allow"),
                        }
                    }
                }
                _ => self.unknown(key, line, "theme, ascii, mouse, lessons, read_only, keys, env, check, plugins"),
            }
        }
    }

    /// Reports what cannot be parsed; the valid part is read for the rules in [`super::checks`].
    fn check(&mut self, item: Item<'_, '_>) {
        for item in self.table(item) {
            match item.0 {
                "ignore" => {
                    for item in self.table(item) {
                        self.string(item);
                    }
                }
                "nodes" => {
                    for item in self.table(item) {
                        self.nodes(item);
                    }
                }
                _ => self.unknown(item.0, item.2, "ignore, nodes"),
            }
        }
    }

    fn nodes(&mut self, item: Item<'_, '_>) {
        for item in self.table(item) {
            match item.0 {
                "architectures" => drop(self.strings(item)),
                "cpu" | "memory" => {
                    let written = self.string(item);
                    if written.is_some_and(|text| quantity(&text.value).is_none()) {
                        self.wrong(item.0, item.2, "a quantity of Kubernetes, such as \"4\", \"500m\" or \"8Gi\"");
                    }
                }
                "count" => drop(self.integer(item)),
                _ => self.unknown(item.0, item.2, "architectures, cpu, memory, count"),
            }
        }
    }

    fn environment(&mut self, item: Item<'_, '_>) -> EnvSettings {
        let mut settings = EnvSettings::default();
        for item in self.table(item) {
            let (key, _, line) = item;
            match key {
                "age_key_file" | "age_key_command" | "kubeconfig" if self.owner == Owner::Repository => self.report(
                    line,
                    &format!("{key} is ignored"),
                    "a repository's file never names keys or kubeconfigs to read, or commands to run",
                    "move it to your personal settings",
                ),
                "context" => settings.context = self.string(item),
                "kubeconfig" => {
                    settings.kubeconfig =
                        self.string(item).map(|text| Sourced::new(self.path(&text.value), text.origin));
                }
                "namespaces" => settings.namespaces = self.strings(item),
                "path" => settings.path = self.string(item),
                "age_key_file" => {
                    settings.age_key_file =
                        self.string(item).map(|text| Sourced::new(self.path(&text.value), text.origin));
                }
                "age_key_command" => {
                    settings.age_key_command =
                        self.string(item).map(|text| Sourced::new(self.line_of(text.value), text.origin));
                }
                "protected" => {
                    let guard = self.guard(item);
                    if !guard.value && self.owner == Owner::Repository {
                        self.report(
                            line,
                            "protected = false has no effect",
                            "a repository's file adds protection and never takes it away",
                            "remove it; for one run there is --unprotect with the environment's name",
                        );
                    }
                    settings.protected = Some(guard);
                }
                "colour" => settings.colour = self.string(item),
                "order" => settings.order = self.integer(item),
                _ => self.unknown(
                    key,
                    line,
                    "context, kubeconfig, namespaces, path, age_key_file, age_key_command, protected, colour, order",
                ),
            }
        }
        settings
    }

    fn items<'t, 'i>(&self, table: &'t DeTable<'i>) -> Vec<Item<'t, 'i>> {
        table.iter().map(|(key, value)| (key.get_ref().as_ref(), value, self.line(key.span().start))).collect()
    }

    fn table<'t, 'i>(&mut self, (key, value, line): Item<'t, 'i>) -> Vec<Item<'t, 'i>> {
        if let Some(table) = value.get_ref().as_table() {
            return self.items(table);
        }
        self.wrong(key, line, "a table");
        Vec::new()
    }

    fn string(&mut self, (key, value, line): Item<'_, '_>) -> Option<Sourced<String>> {
        let found = value.get_ref().as_str().map(str::to_owned);
        self.expect(found, key, line, "a text in quotes")
    }

    fn boolean(&mut self, (key, value, line): Item<'_, '_>) -> Option<Sourced<bool>> {
        let found = value.get_ref().as_bool();
        self.expect(found, key, line, "true or false")
    }

    /// Reads a guard: a value that is not a boolean was meant to guard.
    fn guard(&mut self, item: Item<'_, '_>) -> Sourced<bool> {
        let line = item.2;
        self.boolean(item).unwrap_or_else(|| Sourced::new(true, self.origin(line)))
    }

    fn integer(&mut self, (key, value, line): Item<'_, '_>) -> Option<Sourced<i64>> {
        let number = value.get_ref().as_integer();
        let found = number.and_then(|number| i64::from_str_radix(number.as_str(), number.radix()).ok());
        self.expect(found, key, line, "a whole number")
    }

    fn strings(&mut self, (key, value, line): Item<'_, '_>) -> Option<Sourced<Vec<String>>> {
        let value = value.get_ref();
        let found = match value.as_array() {
            Some(items) => items.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect(),
            None => value.as_str().map(|text| vec![text.to_owned()]),
        };
        self.expect(found, key, line, "a text in quotes, or a list of them")
    }

    fn expect<T>(&mut self, found: Option<T>, key: &str, line: usize, wanted: &str) -> Option<Sourced<T>> {
        if found.is_none() {
            self.wrong(key, line, wanted);
        }
        found.map(|value| Sourced::new(value, self.origin(line)))
    }

    fn path(&self, text: &str) -> PathBuf {
        match (text.strip_prefix("~/"), self.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => self.folder.join(text),
        }
    }

    /// Takes a command line, whose relative paths count from this file's folder, wherever it is run from.
    fn line_of(&self, text: String) -> CommandLine {
        CommandLine::inside(text, std::path::absolute(self.folder).unwrap_or_else(|_| self.folder.to_owned()))
    }

    fn origin(&self, line: usize) -> SettingOrigin {
        match self.owner {
            Owner::Repository => SettingOrigin::Repository(line),
            Owner::Personal => SettingOrigin::File(self.shown.to_owned(), line),
        }
    }

    fn line(&self, offset: usize) -> usize {
        self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
    }

    fn unknown(&mut self, key: &str, line: usize, known: &str) {
        self.report(
            line,
            &format!("{key} is not a setting"),
            &format!("known here are {known}"),
            "correct or remove it",
        );
    }

    fn wrong(&mut self, key: &str, line: usize, wanted: &str) {
        self.report(line, &format!("{key} is ignored"), &format!("it must be {wanted}"), "correct it");
    }

    fn report(&mut self, line: usize, what: &str, why: &str, todo: &str) {
        self.outcome.findings.push(FileFault::new(self.shown, Some(line), Fault::failed(what, why, todo)));
    }
}
