//! A template of a chart cannot be rendered with the values of a release.

use super::MANUAL;
use super::failure::{FailedRelease, WhyFailed, failures};
use crate::doctor::Cause;
use crate::doctor::message::{between, short};
use crate::doctor::{Diagnosis, LiveGraph, Remedy};

pub(super) const CAUSE: Cause =
    Cause { id: "release-template-failed", title: "A template of a chart cannot be rendered", find };

fn find(graph: &LiveGraph) -> Vec<Diagnosis> {
    failures(graph, WhyFailed::Template).map(|failure| diagnosis(graph, &failure)).collect()
}

fn diagnosis(graph: &LiveGraph, failure: &FailedRelease<'_>) -> Diagnosis {
    let (place, error) = read(&failure.said);
    let place = place.map(|place| format!("its template {place} fails: ")).unwrap_or_default();
    let fix = if failure.said.contains("nil pointer evaluating") {
        "Give the value that the template reads: a map in spec.values that is missing or empty (`key:` with nothing behind it) has no fields."
    } else if failure.said.contains("YAML parse error") {
        "Look for a value of several lines, or one with `: ` or a leading `*`, that the template puts in without quoting."
    } else {
        "Give the chart what it asks for in spec.values or spec.valuesFrom; the chart's own words say what."
    };
    failure
        .diagnosis(graph, CAUSE.id, &format!("{place}{}", short(&error)))
        .look_at(graph.yaml(failure.live.object))
        .mended_by(Remedy::change(fix, "Ready True"))
        .documented(&format!("{MANUAL}#values"))
}

/// Finds the place and the error in what helm says.
///
/// Both: `execution error at (web/templates/x.yaml:3:4): ERROR`, `parse error at (…): ERROR`, `YAML parse error on
/// web/templates/x.yaml: ERROR`. helm 3: `template: PLACE: executing "NAME" at <EXPRESSION>: ERROR`, once more for each
/// template that includes another. helm 4: `PLACE⏎  executing "NAME" at <EXPRESSION>:⏎    ERROR`, likewise.
fn read(said: &str) -> (Option<String>, String) {
    for (before, after) in [("error at (", "): "), ("error in (", "): "), ("YAML parse error on ", ": ")] {
        if let Some(place) = between(said, before, after) {
            let rest = said.split_once(before).and_then(|(_, rest)| rest.split_once(after)).map(|(_, rest)| rest);
            return (Some(place.to_owned()), rest.unwrap_or_default().to_owned());
        }
    }
    let (outer, deepest) = said.rsplit_once("template: ").unwrap_or(("", said));
    let place = deepest.lines().next().and_then(|line| line.split(": ").next()).map(str::trim);
    if !outer.is_empty() || said.starts_with("template: ") {
        let error = deepest.rsplit_once(">: ").map_or(deepest, |(_, error)| error);
        return (place.map(str::to_owned), error.to_owned());
    }
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let place = lines.iter().rev().find(|line| line.contains("templates/") && !line.contains(' '));
    (place.map(|place| (*place).to_owned()), lines.last().map(|line| (*line).to_owned()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn the_innermost_place_and_its_error_are_found() {
        for (said, place, error) in [
            (
                "execution error at (web/templates/x.yaml:3:4): a host is needed",
                "web/templates/x.yaml:3:4",
                "a host is needed",
            ),
            (
                r#"template: web/templates/x.yaml:1:3: executing "web/templates/x.yaml" at <include "web.labels" .>: error calling include: template: web/templates/_helpers.tpl:5:10: executing "web.labels" at <.Values.a.b>: nil pointer evaluating interface {}.b"#,
                "web/templates/_helpers.tpl:5:10",
                "nil pointer evaluating interface {}.b",
            ),
            (
                "web/templates/x.yaml:12:20\n  executing \"web/templates/x.yaml\" at <.Values.a.b>:\n    nil pointer evaluating interface {}.b",
                "web/templates/x.yaml:12:20",
                "nil pointer evaluating interface {}.b",
            ),
            (
                "YAML parse error on web/templates/cm.yaml: error converting YAML to JSON: yaml: line 5: did not find expected key",
                "web/templates/cm.yaml",
                "error converting YAML to JSON: yaml: line 5: did not find expected key",
            ),
        ] {
            assert_eq!(read(said), (Some(place.to_owned()), error.to_owned()), "{said}");
        }
    }
}
