//! What the template renders to, against what the real kustomize prints.

use std::ffi::OsStr;
use std::process::Command;

use fluxdeck::render::{Cache, Renderer, Tool};
use fluxdeck::repo::Snapshot;
use serde_json::Value;

use super::programs;
use super::support::testbed::said;

#[test]
fn objects_are_what_kustomize_prints() {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("fleet");
    let init = [OsStr::new("init"), root.as_os_str()];
    said(Command::new(env!("CARGO_BIN_EXE_fluxdeck")).args(init).env("HOME", place.path()));
    let snapshot = Snapshot::load(&root);
    let tool = Tool::find(programs().as_os_str());
    let rendering = Renderer::new(tool, Cache::default()).render(&snapshot).expect("a rendering");
    let mut compared = 0;
    for one in &rendering.of {
        assert_eq!(one.finding, None, "{} of {}", one.name, one.env);
        let kustomization = snapshot.kustomizations_of(&one.env).find(|known| known.name == one.name).unwrap();
        // The path of flux-system has no kustomization file of its own: only the controller generates one.
        if kustomization.path.starts_with("clusters/") {
            continue;
        }
        let output = Command::new(programs().join("kubectl"))
            .arg("kustomize")
            .arg(root.join(&kustomization.path))
            .output()
            .unwrap();
        let printed: Vec<Value> = fluxdeck::yaml::documents_as(&String::from_utf8(output.stdout).unwrap()).unwrap();
        let ours: Vec<Value> = one.objects.iter().map(|object| object.body.clone()).collect();
        assert_eq!(ours, printed, "{} of {}", one.name, one.env);
        for object in &one.objects {
            assert!(root.join(&object.origin.file).is_file(), "{:?}", object.origin);
            assert!(object.origin.line.is_some() || object.origin.generated, "{:?} {:?}", object.object, object.origin);
        }
        compared += ours.len();
    }
    assert!(compared > 100, "{compared}");
}
