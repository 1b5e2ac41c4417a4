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
    let file = found.files.first()?.clone();
    let told = object.to_string();
    let of_object = survey.findings.iter().filter(|one| {
        let is_here = one.env.as_ref().is_none_or(|names| names.split(", ").any(|name| name == env));
        is_here && (one.object.as_deref() == Some(told.as_str()) || (one.file == file && one.object.is_none()))
    });
    let mut rules: Vec<&'static str> = of_object.map(|finding| finding.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    let line = line_of(root, &file, object, fields_of(diagnosis, object));
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

/// Finds the line of the document that declares an object: that of a field that is told of, else the first one.
fn line_of<'a>(root: &Path, file: &str, object: &ObjectRef, fields: impl Iterator<Item = &'a str>) -> Option<usize> {
    let text = repo::contents::text(root, file).ok()?;
    let is_it = |value: &crate::yaml::Value| {
        let word =
            |part: Option<&crate::yaml::Value>| part.and_then(|part| part.as_str()).unwrap_or_default().to_owned();
        let name = manifest::field(value, "metadata").and_then(|metadata| manifest::field(metadata, "name"));
        word(manifest::field(value, "kind")) == object.kind && word(name) == object.name
    };
    let mut parts = manifest::parts(&text).into_iter();
    let found = parts.find(|(_, _, parsed)| parsed.as_ref().is_ok_and(|all| all.iter().any(is_it)));
    let (first, part, _) = found?;
    let mut fields = fields;
    Some(fields.find_map(|field| line_of_field(&part, field)).map_or(first, |within| first + within))
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
    use super::line_of_field;

    #[test]
    fn a_field_is_found_by_its_path_below_its_parents() {
        let text = "kind: A\nmetadata:\n  name: a\nspec:\n  sourceRef:\n    name: b\n  path: ./x\n";
        assert_eq!(line_of_field(text, "spec.path"), Some(6));
        assert_eq!(line_of_field(text, "spec.sourceRef.name"), Some(5));
        assert_eq!(line_of_field(text, "spec.name.path"), None);
        assert_eq!(line_of_field(text, "spec.suspend"), None);
    }
}
