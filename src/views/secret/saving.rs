//! The operation that saves an opened file; the editor and `fluxdeck secret set` make the same one.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::app::{Operation, Permit};
use crate::model::{Env, Fault, Outcome};
use crate::sops::{self, Opened};

/// Describes what is to be saved.
pub struct Saving {
    /// The environment that the file belongs to, where it belongs to one.
    pub env: Option<Env>,
    /// The file, below the repository's root.
    pub file: String,
    /// The paths of the values that change, as people say them.
    pub changes: Vec<String>,
    /// The sops lines that do the same.
    pub shell: String,
    /// The file with its changes.
    pub opened: Arc<Opened>,
}

impl Saving {
    /// Makes the operation, and the receiver of the file as it then is; nothing is received when it was not saved.
    pub fn operation(self, permit: Permit) -> (Operation, oneshot::Receiver<Opened>) {
        let Self { env, file, changes, shell, opened } = self;
        let (sender, receiver) = oneshot::channel();
        let object = file.clone();
        let title = format!("Save {file}");
        let work = Box::new(move |reach: crate::app::Reach, _steps: crate::app::operation::StepSender| {
            let work: futures::future::BoxFuture<'static, Outcome> = Box::pin(async move {
                let saved: Result<Opened, Fault> = async {
                    let (path, now) = (reach.file(&file)?, reach.clock.now());
                    reach.away(move || sops::save(&opened, &path, &file, now)).await?
                }
                .await;
                match saved {
                    Ok(opened) => {
                        // The view may be closed by now; the file is saved all the same.
                        let _unheard = sender.send(opened);
                        Outcome::Done(format!("changed {}; V follows it into the cluster", changes.join(", ")))
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
