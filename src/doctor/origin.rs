//! Joins diagnoses with the repository: the file and line to change, the commit that brought it, what `check` says.

use std::path::Path;

use super::diagnosis::{Diagnosis, Examination, ManifestOrigin};
use crate::check::Survey;
use crate::markdown::{DocumentSubject, documents_about};
use crate::model::ObjectRef;
use crate::repo;
use crate::yaml::manifest;

/// Adds to each root cause where its object comes from, and the documents of the repository about it. It reads files
/// and asks git, and blocks meanwhile.
pub fn join(examination: &mut Examination, env: &str, survey: &Survey, root: &Path) {
    for diagnosis in &mut examination.roots {
        diagnosis.origin = origin(diagnosis, env, survey, root);
        let object = &diagnosis.object;
        let subject = DocumentSubject::named(&object.name).quoting(diagnosis.cause).saying(&object.kind);
        let pages = documents_about(&survey.pages, &subject.saying(&diagnosis.message));
        diagnosis.docs.extend(pages.iter().map(ToString::to_string).take(3));
    }
}

fn origin(diagnosis: &Diagnosis, env: &str, survey: &Survey, root: &Path) -> Option<ManifestOrigin> {
    // An object that a controller made comes from the first one that it holds back and that the repository declares.
    // A node comes from no file, and what ran on it is not at fault.
    if diagnosis.object.kind == "Node" && diagnosis.object.group.is_empty() {
        return None;
    }
    let mut candidates = std::iter::once(&diagnosis.object).chain(&diagnosis.explains).chain(&diagnosis.blocks);
    let (object, found) = candidates
        .find_map(|object| Some((object, survey.find(env, object)?)).filter(|(_, one)| !one.files.is_empty()))?;
    let (file, line) = place(root, &found.files, object, diagnosis)?;
    let told = object.to_string();
    let of_object = survey.findings.iter().filter(|one| {
        let is_here = one.env.as_ref().is_none_or(|names| names.split(", ").any(|name| name == env));
        is_here && (one.object.as_deref() == Some(told.as_str()) || (one.file == file && one.object.is_none()))
    });
    let mut rules: Vec<&'static str> = of_object.map(|finding| finding.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    let of_line = line.and_then(|line| repo::git::commit_of_line(root, &file, line).ok());
    let of_file = || {
        let found = repo::git::log_of(root, std::slice::from_ref(&file), 1).ok();
        found.and_then(|found| found.into_iter().next())
    };
    // A line that no commit has was written a moment ago.
    let commit = of_line.unwrap_or_else(of_file);
    Some(ManifestOrigin {
        file,
        line,
        author: commit.as_ref().map(|commit| commit.author.clone()),
        committed: commit.as_ref().and_then(|commit| commit.at),
        commit: commit.map(|commit| commit.commit),
        rules,
    })
}

/// Names the fields of an object that its evidence tells of, as `spec.path`.
fn fields_of<'a>(diagnosis: &'a Diagnosis, object: &ObjectRef) -> impl Iterator<Item = &'a str> {
    let told = object.told();
    let own = diagnosis.evidence.iter().filter(move |one| one.from == told);
    own.filter_map(|one| one.text.split_once(": ").map(|(field, _)| field)).filter(|field| field.starts_with("spec."))
}

/// Finds the file and line to change: of the files that an object comes from, the last one that sets a field that is told
/// of, because an overlay has the last word; else the one that declares it.
fn place(root: &Path, files: &[String], object: &ObjectRef, diagnosis: &Diagnosis) -> Option<(String, Option<usize>)> {
    let declares = files.first()?;
    let texts: Vec<(&String, String)> =
        files.iter().rev().filter_map(|file| Some((file, repo::contents::text(root, file).ok()?))).collect();
    let documents = || texts.iter().filter_map(|(file, text)| Some((*file, document(text, object)?)));
    for field in fields_of(diagnosis, object) {
        let set = documents().find_map(|(file, (first, part))| Some((file, first + line_of_field(&part, field)?)));
        if let Some((file, line)) = set {
            return Some((file.clone(), Some(line)));
        }
    }
    for image in images_of(diagnosis) {
        let set = documents().find_map(|(file, (first, part))| Some((file, first + line_of_image(&part, image)?)));
        if let Some((file, line)) = set {
            return Some((file.clone(), Some(line)));
        }
    }
    let line = documents().find(|(file, _)| *file == declares).map(|(_, (first, _))| first);
    Some((declares.clone(), line))
}

/// Names the images that the evidence tells of.
fn images_of(diagnosis: &Diagnosis) -> impl Iterator<Item = &str> {
    diagnosis.evidence.iter().filter_map(|one| one.text.strip_prefix("image: "))
}

/// Finds the line of an image, counted from 0.
fn line_of_image(document: &str, image: &str) -> Option<usize> {
    document.lines().position(|line| {
        let field = line.trim_start().trim_start_matches("- ").strip_prefix("image:");
        field.is_some_and(|value| value.trim().trim_matches(['"', '\'']) == image)
    })
}

/// Finds the document of an object in a file, with its first line.
fn document(text: &str, object: &ObjectRef) -> Option<(usize, String)> {
    let is_it = |value: &crate::yaml::Value| {
        let word =
            |part: Option<&crate::yaml::Value>| part.and_then(|part| part.as_str()).unwrap_or_default().to_owned();
        let name = manifest::field(value, "metadata").and_then(|metadata| manifest::field(metadata, "name"));
        word(manifest::field(value, "kind")) == object.kind && word(name) == object.name
    };
    let mut parts = manifest::parts(text).into_iter();
    let found = parts.find(|(_, _, parsed)| parsed.as_ref().is_ok_and(|all| all.iter().any(is_it)));
    found.map(|(first, part, _)| (first, part))
}

/// Finds the line of a field in a document of block style, counted from 0: each name of its path deeper than the one
/// before it.
fn line_of_field(document: &str, field: &str) -> Option<usize> {
    let mut lines = document.lines().enumerate();
    let (mut found, mut above) = (None, None);
    for name in field.split('.') {
        let is_it = |line: &str| {
            let indent = line.len() - line.trim_start().len();
            let is_named = line.trim_start().strip_prefix(name).is_some_and(|rest| rest.starts_with(':'));
            (is_named && above.is_none_or(|above| indent > above)).then_some(indent)
        };
        let (number, indent) = lines.by_ref().find_map(|(number, line)| Some((number, is_it(line)?)))?;
        (found, above) = (Some(number), Some(indent));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{line_of_field, place};
    use crate::doctor::{Diagnosis, Evidence};
    use crate::model::ObjectRef;

    #[test]
    fn the_file_that_sets_the_field_last_is_named() {
        let root = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(root.path().join(name), text).unwrap();
        let head = "apiVersion: v1\nkind: HelmRelease\nmetadata: {name: web}\nspec:\n";
        write("base.yaml", &format!("{head}  timeout: 1m\n  chart:\n    spec:\n      version: 1.0.0\n"));
        write("overlay.yaml", &format!("{head}  chart:\n    spec:\n      version: 2.0.0\n"));
        let files = ["base.yaml", "overlay.yaml"].map(str::to_owned);
        let object = ObjectRef::new("HelmRelease", "", "web", "web");
        let told = |field: &str| {
            let evidence = Evidence { text: format!("{field}: x"), at: None, from: object.told() };
            place(root.path(), &files, &object, &Diagnosis::new("cause", &object, "it").seen_all([evidence]))
        };
        assert_eq!(told("spec.chart.spec.version"), Some(("overlay.yaml".to_owned(), Some(7))));
        assert_eq!(told("spec.timeout"), Some(("base.yaml".to_owned(), Some(5))));
        // What nobody sets, or nobody names, leads to the file that declares it.
        assert_eq!(told("spec.values"), Some(("base.yaml".to_owned(), Some(1))));
    }

    #[test]
    fn an_image_leads_to_its_line() {
        let root = tempfile::tempdir().unwrap();
        let text = "kind: Deployment\nmetadata: {name: web}\nspec:\n  - image: a:1\n  - name: b\n    image: \"b:2\"\n";
        std::fs::write(root.path().join("web.yaml"), text).unwrap();
        let object = ObjectRef::new("Deployment", "", "web", "web");
        let found = Diagnosis::new("cause", &object, "it").seen("image: b:2", None, "Pod/web/web-1 container b");
        assert_eq!(
            place(root.path(), &["web.yaml".to_owned()], &object, &found),
            Some(("web.yaml".to_owned(), Some(6)))
        );
    }

    #[test]
    fn a_field_is_found_by_its_path_below_its_parents() {
        let text = "kind: A\nmetadata:\n  name: a\nspec:\n  sourceRef:\n    name: b\n  path: ./x\n";
        assert_eq!(line_of_field(text, "spec.path"), Some(6));
        assert_eq!(line_of_field(text, "spec.sourceRef.name"), Some(5));
        assert_eq!(line_of_field(text, "spec.name.path"), None);
        assert_eq!(line_of_field(text, "spec.suspend"), None);
    }
}
