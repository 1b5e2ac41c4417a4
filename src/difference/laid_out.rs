//! Generated Secrets of structured files: sops writes YAML, JSON and INI in its own layout as it decrypts them, so that the
//! bytes, and with them the hash in the name, may be others than ours although every value is the same. What is live
//! shows them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::compare::{inventory, owner};
use super::decrypted::{mentions, rename};
use super::wanted::{AppliedSet, WantedObject};
use crate::cluster::Cluster;
use crate::model::{Fault, ObjectRef};
use crate::sops::{Format, source_format};
use crate::yaml;

/// Takes over the name and the bytes of live Secrets that have the same values.
pub(super) async fn settle(cluster: &Cluster, set: &mut AppliedSet, live_owner: Option<&Value>) -> Result<(), Fault> {
    for index in 0..set.objects.len() {
        let Some(wanted) = set.objects.get(index).filter(|wanted| !wanted.laid_out.is_empty()) else { continue };
        let object = wanted.object.clone();
        let is_akin = |other: &ObjectRef| {
            let stem = |name: &str| name.rsplit_once('-').map(|(stem, _)| stem.to_owned());
            (&other.group, &other.kind, &other.namespace) == (&object.group, &object.kind, &object.namespace)
                && (other.name == object.name || stem(&other.name) == stem(&object.name))
        };
        for candidate in inventory(live_owner).filter(is_akin) {
            let Some(live) = owner(cluster, &candidate).await? else { continue };
            let Some(wanted) = set.objects.get_mut(index) else { break };
            if !has_same_values(wanted, &live) {
                continue;
            }
            if let (Some(own), Some(data)) = (wanted.body.get_mut("data"), live.get("data")) {
                data.clone_into(own);
            }
            set.built.insert(candidate.clone());
            for other in set.objects.iter_mut().filter(|other| mentions(&other.body, &object.name)) {
                rename(&mut other.body, &object.name, &candidate.name);
            }
            if let Some(wanted) = set.objects.get_mut(index) {
                wanted.object = candidate;
            }
            break;
        }
    }
    Ok(())
}

fn has_same_values(wanted: &WantedObject, live: &Value) -> bool {
    let (Some(own), Some(theirs)) =
        (wanted.body.get("data").and_then(Value::as_object), live.get("data").and_then(Value::as_object))
    else {
        return false;
    };
    own.len() == theirs.len()
        && own.iter().all(|(key, value)| {
            theirs
                .get(key)
                .is_some_and(|other| value == other || wanted.laid_out.contains(key) && is_same(key, value, other))
        })
}

/// Tells whether two values are one content in two layouts.
fn is_same(key: &str, one: &Value, other: &Value) -> bool {
    let text = |value: &Value| String::from_utf8(STANDARD.decode(value.as_str()?).ok()?).ok();
    let (Some(one), Some(other)) = (text(one), text(other)) else { return false };
    match source_format(key) {
        Format::Yaml | Format::Json => {
            yaml::documents(&one).ok().zip(yaml::documents(&other).ok()).is_some_and(|(one, other)| one == other)
        }
        Format::Ini => ini_lines(&one).eq(ini_lines(&other)),
        Format::Dotenv | Format::Binary => false,
    }
}

/// Returns the lines of an INI file with a meaning, without the spaces around keys and values.
fn ini_lines(text: &str) -> impl Iterator<Item = (String, String)> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with([';', '#']));
    lines.map(|line| {
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        (key.trim().to_owned(), value.trim().to_owned())
    })
}
