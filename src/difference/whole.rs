//! The objects of a build with every value in them, as Flux applies them: decrypted, and with the variables of Secrets.

use serde_json::Value;

use super::substituted::{KnownVariables, applier, sources};
use super::wanted::wanted;
use crate::model::{Fault, ObjectRef};
use crate::render::{Rendered, Rendering, masked};
use crate::sops::Identities;

/// Holds an object with its values. Its `Debug` prints only the name.
pub struct WholeObject {
    /// The object's name.
    pub object: ObjectRef,
    /// The object; masked where it cannot be decrypted.
    pub body: Value,
    /// The reason why it is not what Flux applies: a value that stays masked, or a variable that stays as it is written.
    pub lack: Option<String>,
    /// The keys of structured files, which sops may lay out otherwise.
    pub laid_out: Vec<String>,
}

impl std::fmt::Debug for WholeObject {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "WholeObject({})", self.object)
    }
}

/// Returns the objects of a Kustomization in their order.
pub fn whole_objects(rendering: &Rendering, one: &Rendered, keys: &Result<Identities, Fault>) -> Vec<WholeObject> {
    let owner = applier(rendering, one);
    let mut known = KnownVariables::default();
    for source in owner.map(|owner| sources(rendering, owner, keys)).unwrap_or_default() {
        known.add(&source, source.values.as_ref());
    }
    let all = one.objects.iter().zip(wanted(one, owner, keys));
    all.map(|(object, found)| {
        let stays_masked = |why: String| WholeObject {
            object: object.object.clone(),
            body: masked(&object.body),
            lack: Some(format!("it stays masked: {why}")),
            laid_out: Vec::new(),
        };
        let mut wanted = match found {
            Ok(wanted) => wanted,
            Err(why) => return stays_masked(why),
        };
        let is_left = match known.put_in(&mut wanted) {
            Ok(is_left) => is_left,
            Err(why) => return stays_masked(why),
        };
        let lack = is_left.then(|| {
            let from = known.missing.join(", ");
            format!("variables stay in it as they are written: their values come from {from}, which the repository does not hold, or which cannot be decrypted")
        });
        WholeObject { object: wanted.object, body: wanted.body, lack, laid_out: wanted.laid_out }
    })
    .collect()
}
