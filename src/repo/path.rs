//! Paths below the repository's root: texts with `/`, without `.` and `..`, empty for the root itself.

/// Resolves `reference`, as a file in `folder` writes it, to a path below the root; `None` when it leaves the
/// repository.
///
/// An absolute reference leaves it, too: Flux resolves `spec.path: /apps` below the artifact, kustomize refuses it; see
/// [`below_root`] for the former.
pub fn resolve(folder: &str, reference: &str) -> Option<String> {
    if reference.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in reference.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// Resolves a `spec.path` of a Flux Kustomization, which counts from the root with or without `./` or `/`: `..` of the
/// root is the root itself (kustomize-controller joins it by `securejoin`).
pub fn below_root(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// Returns the folder that a path lies in; empty for the root.
pub fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Iterates over a path and the folders above it, the root excepted.
pub fn and_above(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| path.rsplit_once('/').map(|(folder, _)| folder))
}

/// Returns the last part of a path.
pub fn name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// Tells whether `path` is `folder` or lies below it; everything lies below the root.
pub fn is_within(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Joins a folder and a name.
pub fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// Returns a name as text: bytes that are not UTF-8 as `\xE9`, so that every name stays distinct.
pub fn shown(name: &std::ffi::OsStr) -> String {
    use std::fmt::Write as _;
    use std::os::unix::ffi::OsStrExt as _;
    name.as_bytes().utf8_chunks().fold(String::new(), |mut text, chunk| {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a text cannot fail.
            let _written = write!(text, "\\x{byte:02X}");
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::{below_root, is_within, resolve};

    #[test]
    fn references_stay_below_the_root() {
        assert_eq!(resolve("apps/staging", "../base/linkding").as_deref(), Some("apps/base/linkding"));
        assert_eq!(resolve("apps/staging", "./a.yaml").as_deref(), Some("apps/staging/a.yaml"));
        assert_eq!(resolve("apps", "../..").as_deref(), None);
        assert_eq!(resolve("apps", "../../etc/passwd").as_deref(), None);
        assert_eq!(resolve("apps", "/etc/passwd").as_deref(), None);
        assert_eq!(below_root("/apps/"), "apps");
        assert_eq!(below_root("./"), "");
        assert_eq!(below_root("../apps/./a/../b"), "apps/b", "Flux stays below the root");
        assert_eq!(below_root("../../.."), "");
    }

    #[test]
    fn a_folder_holds_what_lies_below_it_and_not_its_namesakes() {
        assert!(is_within("apps/base/a.yaml", "apps"));
        assert!(is_within("apps", "apps"));
        assert!(!is_within("apps2/a.yaml", "apps"));
        assert!(is_within("a.yaml", ""));
    }
}
