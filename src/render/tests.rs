//! The input of kustomize, for repositories that try to make it read or fetch something else.

use std::path::Path;

use super::gather::{Gathered, Gatherer};
use super::tool::Unrendered;
use crate::repo::Snapshot;

const FLUX: &str = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: apps, namespace: flux-system}\nspec:\n  path: ./apps/one\n  sourceRef: {kind: GitRepository, name: flux-system}\n";
const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";

fn write(root: &Path, file: &str, bytes: impl AsRef<[u8]>) {
    let path = root.join(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// A repository in which `apps/one` reads `apps/base`.
fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, "outside.txt", "outside");
    let root = root.join("repo");
    write(&root, "clusters/one/apps.yaml", FLUX);
    write(&root, "apps/one/kustomization.yaml", "resources: [../base]\n");
    write(&root, "apps/base/kustomization.yaml", "resources: [map.yaml]\n");
    write(&root, "apps/base/map.yaml", MAP);
    write(&root, "apps/base/other.yaml", MAP.replace("name: a", "name: b"));
    folder
}

fn gathered(folder: &tempfile::TempDir) -> Result<Gathered, Unrendered> {
    let root = folder.path().join("repo").canonicalize().unwrap();
    let snapshot = Snapshot::load(&root);
    let one = snapshot.kustomizations.iter().find(|one| one.name == "apps").unwrap();
    let feed = snapshot.feeds.get("one", "flux-system", "apps").unwrap();
    Gatherer::new(&root).gather(one, feed)
}

/// Returns the excluded parts, and checks that no input names them.
fn left_out(gathered: &Gathered) -> Option<String> {
    for one in &gathered.unseen {
        let names = |(file, bytes): (&str, &[u8])| {
            file.contains(one.what.trim()) || String::from_utf8_lossy(bytes).contains(one.what.trim())
        };
        assert!(!gathered.parts().any(names), "{one:?}");
    }
    gathered.unseen.first().map(|one| format!("{} {}", one.what, one.why))
}

#[test]
fn a_generator_takes_whatever_bytes_a_file_holds() {
    let folder = repository();
    write(&folder.path().join("repo"), "apps/base/logo.yaml", [0x89, b'P', 0xff, 0]);
    write(&folder.path().join("repo"), "apps/base/wide.yaml", [0xff, 0xfe, b'a', 0]);
    let text = |file: &str| format!("resources: [map.yaml]\nconfigMapGenerator: [{{name: a, files: [{file}]}}]\n");
    write(&folder.path().join("repo"), "apps/base/kustomization.yaml", text("logo.yaml"));
    assert!(gathered(&folder).unwrap().has("apps/base/logo.yaml"));
    write(&folder.path().join("repo"), "apps/base/kustomization.yaml", text("wide.yaml"));
    assert!(gathered(&folder).is_err(), "nobody measures UTF-16");
}

/// Returns the reason that a kustomization is not built, or not as a whole; `None` if it is.
fn refusal(text: impl AsRef<[u8]>) -> Option<String> {
    let folder = repository();
    write(&folder.path().join("repo"), "apps/base/kustomization.yaml", text);
    match gathered(&folder) {
        Ok(gathered) => left_out(&gathered).or(gathered.unknown),
        Err(Unrendered::Unknown(why)) => Some(why),
        Err(Unrendered::Wrong(said) | Unrendered::Passing(said)) => panic!("it is not known to be wrong: {said}"),
    }
}

#[test]
fn what_would_be_read_elsewhere_is_not_built() {
    let plugin = |fields: &str| {
        format!(
            "resources: [map.yaml]\ngenerators:\n- |-\n  apiVersion: builtin\n  kind: ConfigMapGenerator\n  metadata: {{name: g}}\n  {fields}\n"
        )
    };
    let utf16: Vec<u8> = "\u{feff}resources: [map.yaml]\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(refusal(utf16).unwrap().contains("not UTF-8 text"));
    let absolute = "[\"k=/etc/hostname\"]";
    for (text, why) in [
        // Outside.
        (format!("configMapGenerator: [{{name: a, files: {absolute}}}]\n"), "leads out of the repository"),
        (format!("<<: {{configMapGenerator: [{{name: a, files: {absolute}}}]}}\n"), "leads out of the repository"),
        ("resources: [../../../outside.txt]\n".to_owned(), "leads out of the repository"),
        ("openapi: {path: ../../../outside.txt}\n".to_owned(), "leads out of the repository"),
        (plugin(&format!("files: {absolute}")), "leads out of the repository"),
        (plugin("items: [{kind: A, metadata: {name: a}, files: [/etc/hostname]}]"), "leads out of the repository"),
        // By names that only kustomize recognizes.
        (format!("ConfigMapGenerator: [{{name: a, files: {absolute}}}]\n"), "leads out of the repository"),
        (format!("configMapGenerator: [{{name: a, FILES: {absolute}}}]\n"), "leads out of the repository"),
        (format!("re\u{17f}ources: {absolute}\n"), "not known by this name"),
        (plugin(&format!("Files: {absolute}")), "field Files"),
        (plugin(&format!("file\u{17f}: {absolute}")), "may take the field"),
        ("resources: [map.yaml]\nresources: [other.yaml]\n".to_owned(), "stands twice"),
        ("resources: [!!binary bWFwLnlhbWw=]\n".to_owned(), "tag"),
        ("resources: [map.yaml] # a\u{2028}namespace: b\n".to_owned(), "U+2028"),
        // From the network.
        ("resources: [\"http://127.0.0.1:1/a\"]\n".to_owned(), "nothing is fetched"),
        ("patches: [{path: \"HTTPS://127.0.0.1:1/a\"}]\n".to_owned(), "nothing is fetched"),
        ("crds: [\"http://127.0.0.1:1/a\"]\n".to_owned(), "nothing is fetched"),
        ("patchesStrategicMerge: [\"http://127.0.0.1:1/a: b\"]\n".to_owned(), "nothing is fetched"),
        ("resources: [git@localhost/owner/repository]\n".to_owned(), "nothing is fetched"),
        ("resources: [GitHub.com/owner/repository]\n".to_owned(), "nothing is fetched"),
        ("resources: [\"http://127.0.0.1:1/a\\n\"]\n".to_owned(), "could read differently"),
        ("# a\rresources: [\"http://127.0.0.1:1/a\"]\r".to_owned(), "nothing is fetched"),
        ("\u{feff}resources: [\"http://127.0.0.1:1/a\"]\n".to_owned(), "nothing is fetched"),
        (
            "kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\nresources: [\"http://127.0.0.1:1/a\"]\n".to_owned(),
            "nothing is fetched",
        ),
        ("generators: [\"http://127.0.0.1:1/a: b\"]\n".to_owned(), "nothing is fetched"),
    ] {
        let refused = refusal(&text);
        assert!(refused.as_ref().is_some_and(|known| known.contains(why)), "{text}: {refused:?}");
    }
    assert_eq!(refusal("resources: [map.yaml]\n"), None);
}

#[test]
fn what_bears_the_name_of_a_url_is_not_built_either() {
    for (text, file) in [
        ("resources: [\"http://127.0.0.1:1/a.yaml\"]\n", "http:/127.0.0.1:1/a.yaml"),
        ("configMapGenerator: [{name: a, files: [\"http://127.0.0.1:1/a.yaml\"]}]\n", "http:/127.0.0.1:1/a.yaml"),
        ("resources: [github.com/owner/repository]\n", "github.com/owner/repository/kustomization.yaml"),
    ] {
        let folder = repository();
        let root = folder.path().join("repo");
        write(&root, "apps/base/kustomization.yaml", text);
        write(&root, &format!("apps/base/{file}"), "");
        let told = left_out(&gathered(&folder).unwrap());
        assert!(told.is_some_and(|why| why.contains("fetched")), "{text}");
    }
}

#[test]
fn only_what_was_followed_is_given_and_kustomizations_are_written_anew() {
    let folder = repository();
    let root = folder.path().join("repo");
    write(
        &root,
        "apps/base/kustomization.yaml",
        "# aliases and merge keys\nx: &x {name: c, files: &f [k=values.txt]}\n",
    );
    assert!(gathered(&folder).unwrap().unknown.unwrap().contains("field x"));
    write(&root, "apps/base/values.txt", "v");
    write(
        &root,
        "apps/base/kustomization.yaml",
        "resources: &r [map.yaml]\nconfigMapGenerator:\n- &g {name: c, files: [k=values.txt]}\n- {<<: *g, name: d}\n---\nresources: [other.yaml]\n",
    );
    let gathered = gathered(&folder).unwrap();
    assert_eq!(gathered.unknown, None);
    let parts: Vec<(&str, &str)> =
        gathered.parts().map(|(file, bytes)| (file, std::str::from_utf8(bytes).unwrap())).collect();
    assert_eq!(
        parts,
        [
            (
                "apps/base/kustomization.yaml",
                "{\"resources\":[\"map.yaml\"],\"configMapGenerator\":[{\"name\":\"c\",\"files\":[\"k=values.txt\"]},{\"name\":\"d\",\"files\":[\"k=values.txt\"]}]}\n"
            ),
            ("apps/base/map.yaml", MAP),
            ("apps/base/values.txt", "v"),
            ("apps/one/kustomization.yaml", "{\"resources\":[\"../base\"]}\n"),
        ]
    );
    let copy = folder.path().join("copy");
    gathered.write(&copy, true).unwrap();
    assert!(!copy.join("apps/base/other.yaml").exists());
    let own = std::fs::read_to_string(copy.join("apps/one/kustomization.yaml")).unwrap();
    assert_eq!(own, "{\"resources\":[\"../base\"],\"buildMetadata\":[\"originAnnotations\"]}\n");
}

#[test]
fn what_flux_never_sees_is_not_given() {
    let folder = repository();
    let root = folder.path().join("repo");
    std::os::unix::fs::symlink("base", root.join("apps/link")).unwrap();
    write(&root, "apps/one/kustomization.yaml", "resources: [../link, ../base/other.yaml]\n");
    write(&root, "apps/base/.sourceignore", "other.yaml\n");
    let gathered = gathered(&folder).unwrap();
    // Flux misses them, too, with the error of kustomize.
    for file in ["apps/link", "apps/base/other.yaml"] {
        assert!(gathered.leaves_out(file) && !gathered.has(file), "{file}");
    }
}

#[test]
fn links_depth_bombs_and_patched_plugins_are_not_built() {
    let refused = |change: &dyn Fn(&Path)| {
        let folder = repository();
        change(&folder.path().join("repo"));
        match gathered(&folder) {
            Err(Unrendered::Unknown(why)) => why,
            other => panic!("{other:?}"),
        }
    };
    let link = |to: &'static str, from: &'static str| {
        move |root: &Path| {
            let _old = std::fs::remove_file(root.join(from));
            std::os::unix::fs::symlink(to, root.join(from)).unwrap();
        }
    };
    for (to, from, why) in [
        ("/dev/zero", "apps/base/kustomization.yaml", "outside"),
        ("../../../outside.txt", "apps/base/kustomization.yaml", "outside"),
        ("/dev/zero", "apps/base/map.yaml", "out of the repository"),
        ("../../../outside.txt", "apps/base/map.yaml", "out of the repository"),
    ] {
        let told = refused(&link(to, from));
        assert!(told.contains(why), "{from} to {to}: {told}");
    }
    let told = refused(&|root| {
        for level in 0..70 {
            let next = level + 1;
            write(root, &format!("apps/{level}/kustomization.yaml"), format!("resources: [../{next}]\n"));
        }
        write(root, "apps/70/kustomization.yaml", "");
        write(root, "apps/one/kustomization.yaml", "resources: [../0]\n");
    });
    assert!(told.contains("nested more than"), "{told}");
    let told = refused(&|root| {
        let mut bomb = format!("{MAP}a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for level in 1..10 {
            let held = vec![format!("*a{}", level - 1); 10].join(",");
            bomb = [bomb, format!("a{level}: &a{level} [{held}]\n")].concat();
        }
        write(root, "apps/base/map.yaml", bomb);
    });
    assert!(told.contains("aliases"), "{told}");
    let told = refused(&|root| {
        write(root, "apps/base/kustomization.yaml", "resources: [map.yaml]\ngenerators: [made]\n");
        write(
            root,
            "apps/base/made/made.yaml",
            "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: g}\nfiles: [map.yaml]\n",
        );
        write(root, "apps/base/made/kustomization.yaml", "resources: [made.yaml]\npatches: [{patch: \"[]\"}]\n");
    });
    assert!(told.contains("by patches"), "{told}");
}

#[test]
fn what_flux_itself_adds_is_followed_too() {
    for (spec, why) in [
        ("  components: [\"http://127.0.0.1:1/a\"]\n", Some("nothing is fetched")),
        ("  components: [/etc]\n", Some("out of the repository")),
        ("  components: [../../../other]\n", Some("out of the repository")),
        // Flux has no path there, and nothing is read for it.
        ("  patches: [{path: \"http://127.0.0.1:1/a\", patch: \"[]\", target: {kind: A}}]\n", None),
    ] {
        let folder = repository();
        write(&folder.path().join("repo"), "clusters/one/apps.yaml", format!("{FLUX}{spec}"));
        match (gathered(&folder), why) {
            (Err(Unrendered::Unknown(told)), Some(why)) => assert!(told.contains(why), "{spec}: {told}"),
            (Ok(gathered), Some(why)) => assert!(left_out(&gathered).unwrap().contains(why), "{spec}"),
            (Ok(gathered), None) => {
                let own =
                    gathered.parts().find(|(file, _)| *file == "apps/one/kustomization.yaml").unwrap().1.to_owned();
                assert!(!String::from_utf8(own).unwrap().contains("127.0.0.1"));
            }
            (other, _) => panic!("{spec}: {other:?}"),
        }
    }
}

#[test]
fn what_git_or_another_source_holds_is_not_taken_from_the_working_tree() {
    let folder = repository();
    let root = folder.path().join("repo");
    let source = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: flux-system, namespace: flux-system}\nspec:\n  url: https://example.org/fleet.git\n";
    let sync = FLUX.replace("name: apps", "name: flux-system").replace("./apps/one", "./clusters/one");
    let write_source = |more: &str| {
        let text = format!("{source}{more}---\n{sync}");
        write(&root, "clusters/one/flux-system/gotk-sync.yaml", text);
    };
    write(
        &root,
        "apps/one/kustomization.yaml",
        "resources: [../base, ../shared/a.yaml, ../module/b.yaml]\nconfigMapGenerator: [{name: g, files: [c.bin]}]\n",
    );
    write(&root, "apps/one/c.bin", "content");
    write(&root, "apps/shared/a.yaml", MAP);
    write(&root, "apps/module/b.yaml", MAP);
    write(&root, ".gitattributes", "*.bin filter=lfs\n");
    write(&root, ".gitmodules", "[submodule \"m\"]\n\tpath = apps/module\n");
    write_source("  include: [{repository: {name: other}, toPath: apps/shared}]\n");
    let own = gathered(&folder).unwrap();
    let why: Vec<String> = own.unseen.iter().map(|one| format!("{} {}", one.what, one.why)).collect();
    assert_eq!(why, ["../shared/a.yaml which the artifact has of another source, and which is not in this repository"]);
    // A submodule is an empty folder for Flux, and a file of LFS is its pointer.
    assert!(own.leaves_out("apps/module/b.yaml") && !own.has("apps/module/b.yaml"));
    let given: Vec<&[u8]> = own.parts().filter(|(file, _)| file.ends_with("c.bin")).map(|(_, bytes)| bytes).collect();
    assert!(given[0].starts_with(b"version https://git-lfs"), "{given:?}");
    write_source("  recurseSubmodules: true\n");
    assert!(gathered(&folder).unwrap().has("apps/module/b.yaml"));
    std::fs::remove_file(root.join("apps/module/b.yaml")).unwrap();
    let own = gathered(&folder).unwrap();
    assert!(own.unseen.iter().any(|one| one.what == "../module/b.yaml"), "{:?}", own.unseen);
}
