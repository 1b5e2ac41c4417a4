//! Examinations for root causes, outside of the loop.

use std::future::ready;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::app::TaskContext;
use crate::check::Survey;
use crate::doctor::{Examination, examine, join};
use crate::model::{Env, Fault};

/// The delay of an examination, so that what changes together is read once.
pub(super) const EXAMINE_AFTER: Duration = Duration::from_millis(700);

/// Examines an environment, and joins its root causes with the repository where that is surveyed.
///
/// # Errors
/// Fails when the environment has no cluster, or its server does not answer.
pub(super) async fn examined(
    tasks: &TaskContext,
    env: Env,
    context: &str,
    survey: Option<(Arc<Survey>, PathBuf)>,
) -> Result<Arc<Examination>, Fault> {
    let cluster = tasks.cluster(env)?;
    let declared = survey.as_ref().and_then(|(survey, _)| survey.declared(&cluster.name).cloned());
    let mut examination = examine(&cluster, context, &tasks.clock, ready(declared)).await?;
    if let Some((survey, root)) = survey.filter(|_| !examination.roots.is_empty()) {
        let name = cluster.name.clone();
        // git and files may be slow.
        examination = tasks
            .away(move || {
                join(&mut examination, &name, &survey, &root);
                examination
            })
            .await?;
    }
    Ok(Arc::new(examination))
}
