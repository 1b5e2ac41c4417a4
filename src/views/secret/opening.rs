//! Opens the file, asks its key's questions, and takes the result.

use std::time::Duration;

use super::editor::Editor;
use super::field::Field;
use super::{SecretView, State};
use crate::app::{Action, Reply, Scene, Task};
use crate::model::{Fault, FaultKind};
use crate::secret::Secret;
use crate::sops::{self, Locked, Prompts, SecretPrompt, Unlocked};
use crate::workflows::secret::document::{Document, Ruling};

/// The interval of the checks for a plug-in's message, such as the request to touch a key.
const LISTEN: Duration = Duration::from_millis(200);

/// The answer of the task that opens the file.
pub(super) struct Opening(Result<(Unlocked, Option<Ruling>), Box<Locked>>);

/// A message of a plug-in while the file is being opened.
pub(super) struct PluginMessage(String);

/// The user's input that opens the file.
pub(super) enum Given {
    /// The answer to an identity's question.
    Answer(SecretPrompt, Secret),
    /// A private key, for this session.
    Key(Secret),
}

impl SecretView {
    /// Opens the file with the keys of its environment; of every environment if the file belongs to none alone.
    pub(super) fn load(&self, given: Option<Given>, scene: &Scene<'_>) -> Action {
        let (env, file) = (self.env, self.file.clone());
        let name = env.map(|env| scene.facts.name(env).to_owned());
        let repository = scene.facts.repository.clone();
        Action::Task(Task::stream(format!("open {file}"), move |task_context, mut reply| async move {
            let sources = task_context.identities.for_environment(env);
            let prompts = sources.first().map(|sources| sources.prompts.clone()).unwrap_or_default();
            match given {
                Some(Given::Answer(question, answer)) => prompts.answer(&question, answer),
                Some(Given::Key(key)) => prompts.give("the key that was given", key),
                None => {}
            }
            let path = match task_context.file(&file) {
                Ok(path) => path,
                Err(fault) => {
                    reply.send(Opening(Err(Locked::unread(fault)))).await;
                    return;
                }
            };
            let work = task_context.away(move || {
                let unlocked = sops::unlock(&path, &file, name.as_deref(), &sources)?;
                let ruling = repository.map(|snapshot| Ruling::new(&snapshot, &file, unlocked.opened.file()));
                Ok((unlocked, ruling))
            });
            let opened = Self::listening(work, &prompts, &mut reply).await;
            reply.send(Opening(opened.unwrap_or_else(|fault| Err(Locked::unread(fault))))).await;
        }))
    }

    /// Forwards the messages of a plug-in while the file is being opened.
    async fn listening<T>(work: impl Future<Output = T>, prompts: &Prompts, reply: &mut Reply) -> T {
        let mut work = std::pin::pin!(work);
        let mut last = None;
        loop {
            tokio::select! {
                done = &mut work => return done,
                () = tokio::time::sleep(LISTEN) => {
                    let said = prompts.instruction();
                    if said != last {
                        reply.send(PluginMessage(said.clone().unwrap_or_default())).await;
                        last = said;
                    }
                }
            }
        }
    }

    /// Shows a message of a plug-in.
    pub(super) fn hear(&mut self, said: PluginMessage) {
        if let State::Opening(words) = &mut self.state {
            *words = said.0;
        }
    }

    /// Shows the opened file, or the reason that it stays closed; if an answer is needed, its field is open at once.
    pub(super) fn take(&mut self, opening: Opening) -> Vec<Action> {
        self.state = match opening.0 {
            Ok((unlocked, ruling)) => State::Open(Box::new(Document::new(unlocked).ruled(ruling))),
            Err(locked) => State::Locked(locked),
        };
        if let State::Locked(locked) = &self.state {
            if let Some(question) = locked.questions.first().cloned() {
                return self.begin_given(Field::Answer(question));
            }
            return Vec::new();
        }
        // Most users want the encrypted values; kind and names are above them.
        let values = self.values();
        let first = self.document().and_then(|document| {
            values.iter().position(|index| document.entries().get(*index).is_some_and(|entry| entry.encrypted))
        });
        self.selected = first.unwrap_or(0);
        vec![self.find_draft()]
    }

    /// Opens the field for the input that opens the file.
    pub(super) fn begin_given(&mut self, field: Field) -> Vec<Action> {
        let hidden = !matches!(&field, Field::Answer(question) if !question.hidden);
        let editor = Editor::new(&Secret::default());
        self.editing = Some((field, if hidden { editor.masked() } else { editor }));
        self.watch_over()
    }

    /// Tries again with the typed text.
    pub(super) fn give(&mut self, field: Field, text: Secret, scene: &Scene<'_>) -> Result<Vec<Action>, Fault> {
        let given = if let Field::Answer(question) = field {
            Given::Answer(question, text)
        } else {
            let key = Secret::new(text.expose().trim());
            sops::Identities::from_text(&key).map_err(|why| {
                let todo = "give an age key (AGE-SECRET-KEY-1…), or set age_key_file in your configuration";
                Fault::new(FaultKind::Usage, "that is not a key", why, todo)
            })?;
            Given::Key(key)
        };
        self.state = State::Opening(String::new());
        Ok(vec![self.load(Some(given), scene)])
    }
}
