//! The sets of an environment that are compared: of the working tree, the index or a commit, or of what was applied.

use super::Uncompared;
use super::applied::AppliedCommits;
use super::decrypted::needs_keys;
use super::wanted::{AppliedSet, Arrivals, sets_of};
use crate::model::{Fault, FaultKind, ObjectRef};
use crate::render::impact::side;
use crate::render::revision::Revision;
use crate::render::{Installation, Rendered, Renderer, Rendering};
use crate::repo::{FileFault, Snapshot};
use crate::sops::{Identities, IdentitySources};

/// Holds what is to be compared with a cluster.
#[derive(Debug, Default)]
pub struct PreparedSets {
    /// The sets, one for each Kustomization.
    pub sets: Vec<AppliedSet>,
    /// What is created on the way.
    pub arrivals: Arrivals,
    /// The Kustomizations that cannot be rendered.
    pub findings: Vec<FileFault>,
    /// What is not known of whole Kustomizations, one sentence each.
    pub remarks: Vec<String>,
}

/// Renders what Flux would apply next in an environment; `is_chosen` is asked for each Kustomization by its namespace and
/// name.
///
/// # Errors
/// Fails if git does not know the revision, or nothing renders.
pub fn next(
    snapshot: &Snapshot,
    revision: &Revision,
    env: &str,
    is_chosen: &dyn Fn(&str, &str) -> bool,
    keys: Option<&IdentitySources>,
    renderer: &mut Renderer,
) -> Result<PreparedSets, Fault> {
    let (_, rendering) = side(snapshot, revision, renderer)?;
    Ok(prepared(snapshot, &rendering, env, |one| is_chosen(&one.namespace, &one.name), keys))
}

/// Renders what was applied last in an environment, each Kustomization from its own commit.
///
/// # Errors
/// Fails if a commit cannot be read, or nothing renders.
pub fn drifted(
    snapshot: &Snapshot,
    applied: &AppliedCommits,
    env: &str,
    keys: Option<&IdentitySources>,
    renderer: &mut Renderer,
) -> Result<PreparedSets, Fault> {
    let mut all = PreparedSets::default();
    for (owner, why) in &applied.unknown {
        all.remarks.push(format!("{env}: {}: not compared: {why}", owner.name));
    }
    for (commit, owners) in &applied.commits {
        let (_, rendering) = side(snapshot, &Revision::Commit(commit.clone()), renderer)?;
        let found = prepared(snapshot, &rendering, env, |one| owners.contains(&name(one)), keys);
        all.sets.extend(found.sets);
        all.findings.extend(found.findings);
        all.arrivals.extend(found.arrivals);
    }
    Ok(all)
}

fn name(one: &Rendered) -> ObjectRef {
    ObjectRef::new("Kustomization", crate::model::known::KUSTOMIZE, &one.namespace, &one.name)
}

fn prepared(
    snapshot: &Snapshot,
    rendering: &Rendering,
    env: &str,
    is_chosen: impl Fn(&Rendered) -> bool,
    keys: Option<&IdentitySources>,
) -> PreparedSets {
    let keys = if needs_keys(rendering, env) { load(snapshot, env, keys) } else { Err(none()) };
    let own = rendering.of.iter().filter(|one| one.env == env && is_chosen(one));
    let mut sets = sets_of(rendering, env, |one| is_chosen(one) && one.finding.is_none(), &keys);
    let flux = Installation::of_environment(rendering, env, &snapshot.root);
    if flux.is_strict() == Some(true) {
        for one in own.clone().filter(|one| one.finding.is_none()) {
            if let Some(set) = sets.iter_mut().find(|set| set.owner == name(one)) {
                refuse_unset(set, one, flux.is_strict_with_operators());
            }
        }
    }
    PreparedSets {
        findings: own.filter_map(|one| one.finding.clone()).collect(),
        sets,
        arrivals: Arrivals::of(rendering, env),
        remarks: Vec::new(),
    }
}

/// Notes the objects at which a strict Flux fails: they use a variable that nothing sets.
fn refuse_unset(set: &mut AppliedSet, one: &Rendered, with_operators: bool) {
    for unset in one.undefined.iter().filter(|unset| with_operators || unset.form == format!("${{{}}}", unset.name)) {
        let why = format!("nothing sets {}, and Flux is strict: it refuses the whole Kustomization", unset.form);
        for object in &unset.objects {
            let uncompared = Uncompared::of(&set.env, &set.shown, object, &why);
            set.uncompared.push(Uncompared { refused: true, ..uncompared });
        }
    }
}

fn load(snapshot: &Snapshot, env: &str, keys: Option<&IdentitySources>) -> Result<Identities, Fault> {
    let known = snapshot.environments.iter().find(|known| known.name == env);
    let recipients = known.map(|known| known.recipients.clone()).unwrap_or_default();
    keys.map_or_else(|| Err(none()), |keys| Identities::load(keys, &recipients))
}

fn none() -> Fault {
    Fault::new(
        FaultKind::Undecryptable,
        "no age key is at hand",
        "none is known for the environment",
        "set age_key_file under [env.NAME] in your configuration",
    )
}
