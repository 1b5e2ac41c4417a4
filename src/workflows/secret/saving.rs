//! The operation that saves an opened file; the editor and `fluxdeck secret set` build the same one.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::app::{Operation, Permit};
use crate::model::{Env, Fault, Outcome, ShellLine, Step, StepState};
use crate::repo::{Committed, NewReader, Snapshot};
use crate::sops::{self, Opened, SopsFile};

/// Describes a save.
pub struct Saving {
    /// The environment of the file, if it belongs to one.
    pub env: Option<Env>,
    /// The file, below the repository's root.
    pub file: String,
    /// The paths of the changed values, as people write them.
    pub changes: Vec<String>,
    /// The sops lines that do the same.
    pub shell: ShellLine,
    /// The file with its changes.
    pub opened: Arc<Opened>,
    /// The repository, for finding new readers.
    pub repository: Option<Arc<Snapshot>>,
}

impl Saving {
    /// Builds the operation, and the receiver of the saved file; without a save it receives nothing.
    pub fn operation(self, permit: Permit) -> (Operation, oneshot::Receiver<Opened>) {
        let Self { env, file, changes, shell, opened, repository } = self;
        let (sender, receiver) = oneshot::channel();
        let object = file.clone();
        let title = format!("Save {file}");
        let work =
            Box::new(move |task_context: crate::app::TaskContext, mut steps: crate::app::operation::StepSender| {
                let work: futures::future::BoxFuture<'static, Outcome> = Box::pin(async move {
                    // New readers that the user has not agreed to are reported before the save.
                    let (name, known) = (file.clone(), Arc::clone(&opened));
                    let look = move || {
                        repository.map(|snapshot| new_readers(&snapshot, &name, known.file())).unwrap_or_default()
                    };
                    let new = task_context.away(look).await.unwrap_or_default();
                    for reader in &new {
                        steps(reader.step(task_context.clock.now()));
                    }
                    let other = opened.changed_by_sealing();
                    if let Some(other) = &other {
                        let message =
                            format!("another value is kept than was written: {other}; in quotes it stays as it is");
                        let (at, step) = (task_context.clock.now(), "value".to_owned());
                        steps(Step { at, step, state: StepState::Warning, message });
                    }
                    let saved: Result<Opened, Fault> = async {
                        let (path, now) = (task_context.file(&file)?, task_context.clock.now());
                        task_context.away(move || sops::save(&opened, &path, &file, now, &permit)).await?
                    }
                    .await;
                    match saved {
                        Ok(opened) => {
                            // The view may be closed by now; the file is saved all the same.
                            let _unheard = sender.send(opened);
                            let mut also = String::new();
                            for one in &new {
                                also = also + "; " + &one.recipient + " reads it too: " + &one.why;
                            }
                            Outcome::Done(format!(
                                "changed {}; its roll-out follows it into the cluster{also}",
                                changes.join(", ")
                            ))
                        }
                        Err(fault) => Outcome::Failed(fault),
                    }
                });
                work
            });
        let stopped = "no longer waited for; look at the file";
        (Operation { title, env, object, shell, stopped, permit, work }, receiver)
    }
}

/// Finds the readers of a file that the user has not agreed to. It runs git.
pub(super) fn new_readers(snapshot: &Snapshot, file: &str, sealed: &SopsFile) -> Vec<NewReader> {
    // A headless call names the file by its whole path.
    let below = std::path::Path::new(file).strip_prefix(&snapshot.root).ok().and_then(std::path::Path::to_str);
    snapshot.new_readers(
        below.unwrap_or(file),
        &sealed.recipients(),
        Some(sealed.text()),
        &Committed::read(&snapshot.root),
    )
}
