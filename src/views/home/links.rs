//! The links of the selection to the other side: the objects that a file feeds, the files of an object.

use std::collections::BTreeSet;

use crate::app::Facts;
use crate::kinds;
use crate::model::{Env, ObjectRef};

/// Holds the linked items, which are marked.
#[derive(Debug, Default)]
pub(super) struct Links {
    /// Files that feed the selected object; folders above them too.
    pub files: BTreeSet<String>,
    /// Objects that the selected file feeds.
    pub objects: BTreeSet<(Env, ObjectRef)>,
}

impl Links {
    /// Finds the objects that a file or a folder feeds.
    pub fn of_path(path: &str, facts: &Facts) -> Self {
        let mut links = Self::default();
        let Some(snapshot) = &facts.repository else { return links };
        for feed in snapshot.fed_by(path) {
            let Some(env) = facts.find_environment(&feed.env) else { continue };
            let kustomization = kinds::KUSTOMIZATION.object(&feed.namespace, &feed.name);
            links.objects.insert((env, kustomization));
            let declared = feed.declared.iter().filter(|declared| declared.file == path);
            links.objects.extend(declared.map(|declared| (env, declared.object.clone())));
        }
        // The survey knows the effects of patches and variables, and the final names.
        for known in facts.survey.iter().flat_map(|survey| survey.objects_of_file(path)) {
            links.objects.extend(facts.find_environment(&known.env).map(|env| (env, known.object.clone())));
        }
        links
    }

    /// Finds the files of an object.
    pub fn of_object(env: Env, object: &ObjectRef, facts: &Facts) -> Self {
        let mut links = Self::default();
        let Some(snapshot) = &facts.repository else { return links };
        for file in snapshot.files_of(facts.name(env), object) {
            let folders = file.match_indices('/').filter_map(|(index, _)| file.get(..index));
            links.files.extend(folders.map(str::to_owned));
            links.files.insert(file.to_owned());
        }
        links
    }
}
