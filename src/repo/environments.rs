//! Finding the environments by the objects that sync them, wherever their folders are.
//!
//! An environment is a folder that Flux applies: a Kustomization whose path holds its own file, as bootstrap writes it,
//! or the `sync.path` of a `FluxInstance` or of its chart's values. A folder of `clusters/` with Flux objects is one,
//! too: people give such folders to bootstrap. The settings name the environments that the files do not show.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::flux::{FluxKustomization, RepoEnvironment, Sync};
use super::instance;
use super::kustomization;
use super::kustomize::{self, Declared, Role};
use super::naming::{self, Hints};
use super::path;
use super::reader::{Place, Reader};
use super::references::references;
use super::rules;
use super::sift::{Seen, Sifted};
use super::spokes;
use crate::model::{Fault, FaultKind, ObjectRef, known};
use crate::yaml::Value;

/// The default name that `flux bootstrap` gives the Kustomization, its source and their namespace.
pub(super) const FLUX: &str = "flux-system";

/// The file in which `flux bootstrap` writes the Kustomization that applies its own folder.
const GOTK_SYNC: &str = "gotk-sync.yaml";

/// The folder whose subfolders are environments before anything syncs them.
const CLUSTERS: &str = "clusters";

/// The most files or folders that are named if nothing is found.
const NAMED: usize = 3;

/// Reports the findings of the search for environments.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EnvironmentSearch {
    /// The number of YAML files.
    pub files: usize,
    /// Folders with Flux Kustomizations that nothing here syncs.
    pub unsynced: Vec<String>,
    /// Templates of Flux objects.
    pub templates: Vec<String>,
    /// Folders of overlays, when there is nothing of Flux.
    pub overlays: Vec<String>,
    /// The settings and objects that name a missing folder, in words.
    pub missing: Vec<String>,
    /// Files that give kustomize-controller a Secret with age keys, and its name.
    pub age_secrets: Vec<(String, String)>,
}

impl EnvironmentSearch {
    /// Explains that no environment was found: where the search was, and what to do.
    pub fn nothing(&self) -> Fault {
        let mut why = format!(
            "none of {} YAML files says what Flux syncs: there is no Kustomization whose path holds its own file, no FluxInstance and no \
             values of its chart with sync.path, and no folder of {CLUSTERS}/ with Flux objects",
            self.files
        );
        let mut say = |what: &str, list: &[String]| {
            if !list.is_empty() {
                let more = if list.len() > NAMED { ", …" } else { "" };
                let named = list.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
                for part in ["; ", what, ": ", &named, more] {
                    why.push_str(part);
                }
            }
        };
        say("Flux Kustomizations that nothing here syncs are in", &self.unsynced);
        say("templates of Flux objects, which a program has to fill in first, are", &self.templates);
        say("overlays without anything of Flux, which another repository or an artifact may sync, are", &self.overlays);
        say("missing", &self.missing);
        let folder = self.unsynced.first().map_or("FOLDER", String::as_str);
        let todo = format!(
            "name the folder that Flux syncs in .fluxdeck.toml: [env.NAME] path = \"{folder}\"; a cluster without Flux gets it by `flux bootstrap`"
        );
        Fault::new(FaultKind::Usage, "there is no environment: nothing here says which path Flux syncs", why, todo)
    }
}

/// Holds the environments of a repository.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    pub(super) environments: Vec<RepoEnvironment>,
    /// The Kustomizations that apply to another cluster than the one that they are in, by that cluster's environment.
    pub(super) spokes: Vec<(String, FluxKustomization)>,
    pub(super) looked: EnvironmentSearch,
}

/// Describes a synced folder, and the object that syncs it.
struct Claim {
    folder: String,
    /// Whether only a root is written so.
    strong: bool,
    suspended: bool,
    sync: Sync,
    /// The address of the source, if it is declared beside.
    url: Option<String>,
}

impl Claim {
    /// Finds the artifact's folder if the artifact is built from a part of the repository: the outermost one around the
    /// file in which the path exists.
    fn find_folder(&mut self, file: &str, mut is_folder: impl FnMut(&str) -> bool) {
        let Sync::Instance { source, .. } = &self.sync else { return };
        if source.kind == "GitRepository" {
            return;
        }
        let around = file.match_indices('/').map(|(at, _)| file.get(..at).unwrap_or_default());
        let whole = around.map(|folder| path::join(folder, &self.folder)).find(|whole| is_folder(whole));
        if let Some(whole) = whole {
            self.folder = whole;
        }
    }
}

/// Finds the environments, sorted by name.
pub(super) fn find(reader: &mut Reader, hints: &Hints) -> Found {
    let sifted = reader.sift();
    let mut looked = EnvironmentSearch { files: sifted.count, ..EnvironmentSearch::default() };
    let age_secrets = sifted.files.iter().filter(|seen| !seen.template);
    looked.age_secrets = age_secrets.filter_map(|seen| Some((seen.file.clone(), seen.age_secret.clone()?))).collect();
    let mut claims = claims(reader, &sifted, &mut looked);
    let folders = folders(&sifted, &claims);
    retain_roots(&mut claims, &folders, &sifted);
    drop_applied_by_kustomizations(reader, &mut claims, &folders, &sifted);
    let folders = without_parts(folders, &claims, &sifted);
    let mut entries: BTreeMap<String, (Sync, Option<String>)> =
        folders.into_iter().map(|folder| (folder, (Sync::Expected, None))).collect();
    // The strongest claim of a folder comes last, so that it wins; a suspended one is a spare.
    claims.sort_by_key(|claim| (claim.strong, !claim.suspended));
    entries.extend(claims.into_iter().map(|claim| (claim.folder, (claim.sync, claim.url))));

    let mut named: Vec<(String, String, Sync)> = Vec::new();
    for (name, written) in &hints.paths {
        let folder = path::resolve("", written.trim_start_matches('/'))
            .filter(|folder| folder.is_empty() || reader.place(folder) == Place::Folder);
        match folder {
            Some(folder) => {
                let sync = entries.remove(&folder).map_or(Sync::Named, |(sync, _)| sync);
                named.push((name.clone(), folder, sync));
            }
            None => looked.missing.push(format!("{written}, which the settings name for {name}")),
        }
    }
    let is_only = entries.len() == 1 && named.is_empty();
    let only = || only(reader.root(), &entries, hints, is_only);
    let paths: Vec<&str> = entries.keys().map(String::as_str).collect();
    let own_names = naming::names(&paths, only);
    let others = own_names.into_iter().zip(entries.clone()).map(|(name, (folder, (sync, _)))| (name, folder, sync));
    let taken: Vec<String> = named.iter().map(|(name, ..)| name.clone()).collect();
    // The settings place an environment elsewhere.
    named.extend(others.filter(|(name, ..)| !taken.contains(name)));
    named.sort_by(|a, b| a.0.cmp(&b.0));
    let mut environments: Vec<RepoEnvironment> = named
        .into_iter()
        .map(|(name, path, sync)| {
            let recipients = rules::recipients(reader, &name, &path);
            RepoEnvironment { name, path, recipients, sync }
        })
        .collect();
    // If Flux syncs something, folders elsewhere belong to no environment; a folder that nothing syncs yet proves
    // nothing about others.
    let is_synced = environments.iter().any(|known| known.sync != Sync::Expected);
    let entries: Vec<String> = environments.iter().map(|known| known.path.clone()).collect();
    let applied: Vec<&String> =
        sifted.files.iter().flat_map(|seen| &seen.paths).filter(|path| !path.is_empty()).collect();
    let is_read = |file: &str| {
        !is_synced || entries.iter().chain(applied.iter().copied()).any(|folder| path::is_within(file, folder))
    };
    let mut spokes = spokes::find(reader, &sifted, is_read);
    if !is_synced {
        // If no Kustomization of a hub reads them, one whose folder is not here is an example or another repository's.
        spokes.retain(|(_, one)| one.path.is_empty() || reader.place(&one.path) == Place::Folder);
    }
    // Files that a hub applies to another cluster belong to that cluster, and are no environment of their own.
    let is_spoke = |file: &str| spokes.iter().any(|(_, one)| !one.path.is_empty() && path::is_within(file, &one.path));
    environments.retain(|known| {
        known.sync != Sync::Expected
            || sifted.files.iter().any(|seen| {
                (seen.flux || seen.instance) && path::is_within(&seen.file, &known.path) && !is_spoke(&seen.file)
            })
    });
    let known: Vec<String> = environments.iter().map(|known| known.name.clone()).collect();
    let remote = spokes::environments(reader, &spokes);
    environments.extend(remote.into_iter().filter(|spoke| !known.contains(&spoke.name)));
    environments.sort_by(|a, b| a.name.cmp(&b.name));
    if environments.is_empty() {
        describe(&sifted, &mut looked);
    }
    Found { environments, spokes, looked }
}

/// Names an environment whose path holds no name.
fn only(
    root: &std::path::Path,
    entries: &BTreeMap<String, (Sync, Option<String>)>,
    hints: &Hints,
    is_only: bool,
) -> String {
    let said = hints.setting.clone().or_else(|| hints.context.clone()).filter(|_| is_only);
    let address = || entries.values().find_map(|(_, url)| naming::of_address(url.as_deref()?));
    let folder = || root.file_name().map(|name| name.to_string_lossy().into_owned());
    said.or_else(address).or_else(|| hints.repository.clone()).or_else(folder).unwrap_or_else(|| "cluster".to_owned())
}

/// Lists the objects that sync a folder.
fn claims(reader: &mut Reader, sifted: &Sifted, looked: &mut EnvironmentSearch) -> Vec<Claim> {
    let mut found = Vec::new();
    for seen in sifted.files.iter().filter(|seen| (seen.own || seen.instance) && !seen.template) {
        let Ok(parsed) = reader.manifests(&seen.file) else { continue };
        for (index, manifest) in parsed.manifests.iter().enumerate() {
            let Some(body) = manifest.body.as_ref() else { continue };
            let declared = Declared::from_manifest(manifest, &seen.file, index);
            let claim = if FluxKustomization::is(&declared) {
                of_kustomization(&declared, body, &parsed.manifests)
            } else {
                of_instance(&declared, body)
            };
            // One without a source is a patch, of the kustomization beside it.
            let patched = || {
                kustomize::NAMES.iter().find_map(|name| of_patch(reader, &path::join(path::parent(&seen.file), name)))
            };
            let Some(mut claim) = claim.or_else(patched) else { continue };
            if reader.place(&claim.folder) != Place::Folder {
                claim.find_folder(&seen.file, |folder| reader.place(folder) == Place::Folder);
            }
            if claim.folder.is_empty() || reader.place(&claim.folder) == Place::Folder {
                found.push(claim);
            } else {
                looked.missing.push(format!("{}, which {} syncs", claim.folder, seen.file));
            }
        }
    }
    for seen in sifted.files.iter().filter(|seen| seen.patches_path && !seen.template) {
        let claim = of_patch(reader, &seen.file);
        found.extend(claim.filter(|claim| reader.place(&claim.folder) == Place::Folder));
    }
    found
}

/// Returns the claim of a kustomization whose patch gives a Kustomization of Flux a path that holds the kustomization
/// itself.
fn of_patch(reader: &mut Reader, file: &str) -> Option<Claim> {
    let text = reader.text(file)?;
    let body = Value::Mapping(kustomization::read(&text).ok()?.fields);
    let list = |key: &str| body.get(key).and_then(Value::as_sequence).cloned().unwrap_or_default();
    let folder_of = path::parent(file);
    for patch in ["patches", "patchesStrategicMerge", "patchesJson6902"].into_iter().flat_map(list) {
        let inline = patch.as_str().or_else(|| patch.get("patch").and_then(Value::as_str));
        let named = patch.get("path").and_then(Value::as_str).or_else(|| patch.as_str());
        let named = named.and_then(|named| path::resolve(folder_of, named));
        // A text of several lines is a patch, a single word is a file.
        let written = match inline.filter(|inline| inline.contains([':', '['])) {
            Some(inline) => inline.to_owned(),
            None => reader.text(&named?)?,
        };
        let target = patch.get("target");
        for document in crate::yaml::documents(&written).unwrap_or_default() {
            let Some((object, given)) = path_given(target, &document) else { continue };
            let folder = path::below_root(&given);
            if path::is_within(file, &folder) && !folder.is_empty() && !given.contains('$') {
                let line =
                    text.lines().position(|line| line.contains(given.as_str())).map_or(1, |at| at.saturating_add(1));
                return Some(Claim {
                    folder,
                    strong: object.name == FLUX && object.namespace == FLUX,
                    suspended: false,
                    url: None,
                    sync: Sync::Patch { object, file: file.to_owned(), line },
                });
            }
        }
    }
    None
}

/// Returns the Kustomization of Flux that a patch gives a path, and the path.
fn path_given(target: Option<&Value>, patch: &Value) -> Option<(ObjectRef, String)> {
    let word = |of: Option<&Value>, key: &str| {
        of.and_then(|of| of.get(key)).and_then(Value::as_str).filter(|word| !word.is_empty()).map(str::to_owned)
    };
    let metadata = patch.get("metadata");
    let kind = word(target, "kind").or_else(|| word(Some(patch), "kind"))?;
    let group = word(Some(patch), "apiVersion").or_else(|| word(target, "group"));
    if kind != "Kustomization" || group.is_some_and(|group| !group.starts_with(known::KUSTOMIZE)) {
        return None;
    }
    let name = word(target, "name").or_else(|| word(metadata, "name")).unwrap_or_else(|| FLUX.to_owned());
    let namespace =
        word(target, "namespace").or_else(|| word(metadata, "namespace")).unwrap_or_else(|| FLUX.to_owned());
    let given = match patch {
        Value::Sequence(steps) => steps
            .iter()
            .filter(|step| step.get("path").and_then(Value::as_str) == Some("/spec/path"))
            .find_map(|step| step.get("value").and_then(Value::as_str)),
        // One with a source of its own is no patch.
        _ => patch.get("spec").filter(|spec| spec.get("sourceRef").is_none())?.get("path").and_then(Value::as_str),
    }?;
    Some((ObjectRef::new("Kustomization", known::KUSTOMIZE, &namespace, &name), given.to_owned()))
}

/// Returns the claim of a Kustomization that applies its own file.
fn of_kustomization(declared: &Declared, body: &Value, beside: &[super::manifest::Manifest]) -> Option<Claim> {
    let one = FluxKustomization::read("", declared, body);
    let folder = Some(one.path.clone()).filter(|folder| path::is_within(&one.file, folder))?;
    // Its objects are on another cluster, and it itself is not.
    if one.spec.get("kubeConfig").is_some() || one.path.contains('$') {
        return None;
    }
    // A Kustomization without a source is a patch, such as one of bootstrap's file.
    let source = one.source.clone()?;
    let is_bootstrap = one.name == one.namespace && path::name(&one.file) == GOTK_SYNC;
    let strong = is_bootstrap || (one.name == FLUX && one.namespace == FLUX);
    // Another source's path is no folder of this repository, whatever its name.
    if !strong && source.kind != "GitRepository" {
        return None;
    }
    let is_source = |source: &ObjectRef| {
        beside.iter().find(|other| other.kind == source.kind && other.name == source.name).and_then(|other| {
            let url = other.body.as_ref()?.get("spec")?.get("url")?;
            Some(url.as_str()?.to_owned())
        })
    };
    Some(Claim {
        folder,
        strong,
        suspended: one.suspend,
        url: is_source(&source),
        sync: Sync::Kustomization { object: one.object(), source: one.source, file: one.file, line: one.line },
    })
}

/// Returns the claim of a `FluxInstance`, or of the values of the chart that creates one: of a release, or in a file of
/// their own.
fn of_instance(declared: &Declared, body: &Value) -> Option<Claim> {
    let is_instance = declared.object.kind == "FluxInstance" && declared.object.group == known::OPERATOR;
    let values = if is_instance {
        body.get("spec")
    } else if declared.object.kind == "HelmRelease" {
        body.get("spec")?.get("values")?.get("instance")
    } else {
        body.get("instance").filter(|_| declared.object.kind.is_empty())
    };
    let values = values?;
    let sync = values.get("sync")?;
    let text = |key: &str| sync.get(key).and_then(Value::as_str).filter(|text| !text.contains('$'));
    // A kustomization may place the chart's release anywhere; flux-system is the default.
    let namespace =
        Some(declared.object.namespace.as_str()).filter(|name| is_instance && !name.is_empty()).unwrap_or(FLUX);
    let name = text("name").unwrap_or(namespace);
    let kind = text("kind").unwrap_or("GitRepository");
    let object = ObjectRef::new("Kustomization", known::KUSTOMIZE, namespace, name);
    let source = ObjectRef::new(kind, known::SOURCE, namespace, name);
    let made = instance::make(values, &object, &source)?;
    // A patch may lead elsewhere.
    let path = made.kustomization.get("spec")?.get("path")?.as_str().filter(|path| !path.contains('$'))?;
    Some(Claim {
        folder: path::below_root(path),
        strong: true,
        suspended: false,
        url: text("url").map(str::to_owned),
        sync: Sync::Instance { object, source, file: declared.file.clone(), line: declared.line, made: Box::new(made) },
    })
}

/// Lists the folders of `clusters/` with Flux objects that nothing syncs yet.
fn folders(sifted: &Sifted, claims: &[Claim]) -> Vec<String> {
    let files: Vec<(&Seen, Vec<&str>)> = sifted
        .files
        .iter()
        .filter(|seen| (seen.flux || seen.instance) && !seen.template)
        .filter_map(|seen| {
            let parts: Vec<&str> = seen.file.split('/').collect();
            parts.iter().position(|part| *part == CLUSTERS).filter(|at| at + 2 < parts.len())?;
            Some((seen, parts))
        })
        .collect();
    let at = |parts: &[&str]| parts.iter().position(|part| *part == CLUSTERS).unwrap_or_default();
    let below = |parts: &[&str], count: usize| parts.get(..at(parts) + 1 + count).unwrap_or_default().join("/");
    // A file directly in it, or the folder of bootstrap, distinguishes the folder of a cluster from that of a region.
    let is_direct = |parts: &[&str]| {
        let rest = parts.len() - at(parts) - 2;
        rest == 1 || parts.get(at(parts) + 2) == Some(&FLUX)
    };
    let direct: Vec<String> =
        files.iter().filter(|(_, parts)| is_direct(parts)).map(|(_, parts)| below(parts, 1)).collect();
    let kustomized =
        |folder: &String| sifted.files.iter().any(|seen| seen.kustomization && path::parent(&seen.file) == folder);
    let mut found: Vec<String> = files
        .iter()
        .map(|(_, parts)| {
            let first = below(parts, 1);
            if direct.contains(&first) || kustomized(&first) { first } else { below(parts, 2) }
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    let is_claimed = |folder: &str| {
        claims
            .iter()
            .filter(|claim| !claim.folder.is_empty() || claim.strong)
            .any(|claim| path::is_within(folder, &claim.folder) || path::is_within(&claim.folder, folder))
    };
    found.retain(|folder| !is_claimed(folder));
    found
}

/// Keeps only the claims of roots. A Kustomization by hand that another applies is no root, nor is a tenant's, whose
/// path counts in a repository of its own.
fn retain_roots(claims: &mut Vec<Claim>, folders: &[String], sifted: &Arc<Sifted>) {
    let facts: Vec<(String, bool, Option<String>)> =
        claims.iter().map(|claim| (claim.folder.clone(), claim.strong, claim.url.clone())).collect();
    let has_strong = facts.iter().any(|(_, strong, _)| *strong);
    claims.retain(|claim| {
        if claim.strong {
            return true;
        }
        let elsewhere = facts.iter().any(|(folder, strong, _)| *strong || folder != &claim.folder);
        if claim.folder.is_empty() {
            return !elsewhere && folders.is_empty();
        }
        let same_source = claim.url.is_some() && facts.iter().any(|(_, strong, url)| *strong && *url == claim.url);
        let outer = |(folder, strong, _): &(String, bool, Option<String>)| {
            folder != &claim.folder && path::is_within(&claim.folder, folder) && (*strong || !folder.is_empty())
        };
        let is_applied = |seen: &&Seen| {
            !path::is_within(&seen.file, &claim.folder)
                && seen.paths.iter().any(|folder| !folder.is_empty() && path::is_within(&claim.folder, folder))
        };
        (!has_strong || same_source) && !facts.iter().any(outer) && !sifted.files.iter().any(|seen| is_applied(&seen))
    });
}

/// Keeps only the folders that no other folder applies: an application may have folders for clusters of its own.
fn without_parts(folders: Vec<String>, claims: &[Claim], sifted: &Sifted) -> Vec<String> {
    let roots: Vec<String> = folders.iter().cloned().chain(claims.iter().map(|claim| claim.folder.clone())).collect();
    let is_part = |folder: &String| {
        let applies = |seen: &&Seen| {
            !seen.template
                && !path::is_within(&seen.file, folder)
                && seen.paths.iter().any(|path| !path.is_empty() && path::is_within(folder, path))
                && roots.iter().any(|root| root != folder && path::is_within(&seen.file, root))
        };
        // A Kustomization that applies a cluster from a hub names its kubeconfig, so that it is recognized.
        sifted.files.iter().any(|seen| !seen.remote && applies(&seen))
    };
    folders.iter().filter(|folder| !is_part(folder)).cloned().collect()
}

/// Removes the claims of files that a kustomization of another folder applies: an application beside its own overlays
/// is no environment.
fn drop_applied_by_kustomizations(reader: &mut Reader, claims: &mut Vec<Claim>, folders: &[String], sifted: &Sifted) {
    if claims.iter().all(|claim| claim.strong) {
        return;
    }
    let mut named: Vec<(String, String)> = Vec::new();
    for seen in sifted.files.iter().filter(|seen| seen.kustomization && !seen.template) {
        let folder = path::parent(&seen.file);
        let Some(body) = reader.text(&seen.file).and_then(|text| kustomization::read(&text).ok()) else { continue };
        let targets = references(&Value::Mapping(body.fields)).into_iter().filter(|one| one.role == Role::Resource);
        named.extend(targets.filter_map(|one| Some((folder.to_owned(), path::resolve(folder, &one.text)?))));
    }
    let others: Vec<String> = folders.iter().cloned().chain(claims.iter().map(|claim| claim.folder.clone())).collect();
    claims.retain(|claim| {
        let (Sync::Kustomization { file, .. } | Sync::Patch { file, .. }) = &claim.sync else { return true };
        // A folder that is applied by hand, such as one that prepares a cluster, may name a root.
        let applied = sifted.files.iter().filter(|seen| !path::is_within(&seen.file, &claim.folder));
        let applied: Vec<&String> = applied.flat_map(|seen| &seen.paths).chain(&others).collect();
        let is_applied = |folder: &str| {
            applied.iter().any(|root| !root.is_empty() && **root != claim.folder && path::is_within(folder, root))
        };
        let outside = |(folder, target): &(String, String)| {
            !path::is_within(folder, &claim.folder) && path::is_within(file, target) && is_applied(folder)
        };
        claim.strong || !named.iter().any(outside)
    });
}

/// Describes what there is instead of environments.
fn describe(sifted: &Sifted, looked: &mut EnvironmentSearch) {
    let add = |list: &mut Vec<String>, what: &str| {
        let what = if what.is_empty() { "." } else { what };
        if !list.iter().any(|known| known == what) {
            list.push(what.to_owned());
        }
    };
    for seen in &sifted.files {
        if seen.template && (seen.flux || seen.instance) {
            add(&mut looked.templates, &seen.file);
        } else if !seen.paths.is_empty() {
            add(&mut looked.unsynced, path::parent(&seen.file));
        } else if seen.kustomization && !seen.flux {
            add(&mut looked.overlays, path::parent(&seen.file));
        }
    }
    // Folders that another Kustomization applies are no entry.
    let applied: Vec<&String> =
        sifted.files.iter().flat_map(|seen| &seen.paths).filter(|folder| !folder.is_empty()).collect();
    let is_applied = |folder: &str| applied.iter().any(|known| path::is_within(folder, known));
    if looked.unsynced.iter().any(|folder| !is_applied(folder)) {
        looked.unsynced.retain(|folder| !is_applied(folder));
    }
    if !looked.unsynced.is_empty() || !looked.templates.is_empty() {
        looked.overlays.clear();
    }
}
