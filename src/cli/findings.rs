//! Output of findings: as text, as JSON, as SARIF, and as the annotations of GitHub.

use serde_json::{Value, json};

use super::call::as_json_line;
use super::{Call, Output};
use crate::check::{self, Finding, Other, Quiet, Severity};
use crate::model::text::{field, message};
use crate::model::{Fault, Shown};

/// The rule under which the number of silenced findings is reported to programs.
const SILENCED: &str = "silenced";

/// Prints findings in the format of the call; programs get the number of silenced ones among them, people on the last
/// line.
///
/// # Errors
/// Fails when standard output cannot be written.
pub(super) fn print(call: &Call, findings: &[Finding], silenced: usize) -> Result<(), Fault> {
    write(call, &condensed_for(call, findings), silenced, &[])
}

/// Writes condensed findings; programs also get the rules that did not check everything.
///
/// # Errors
/// As [`print`].
pub(super) fn write(call: &Call, findings: &[Finding], silenced: usize, quiet: &[Quiet]) -> Result<(), Fault> {
    match call.global.output {
        Output::Text => call.write(&Shown::lines(&findings.iter().map(text).collect::<String>())),
        Output::Json | Output::Yaml => call.print(&counted(findings, silenced, quiet), |_| String::new()),
        Output::Sarif => call.write(&as_json_line(&sarif(findings, silenced, quiet))?.ended()),
        Output::Github => {
            let notices = quiet.iter().map(not_run);
            let all = findings.iter().cloned().chain(notices);
            call.write(&Shown::commands(&all.map(|finding| github(&finding)).collect::<String>()))
        }
    }
}

/// Condenses findings for their format: people read a fault of several environments once, programs get each of them.
pub(super) fn condensed_for(call: &Call, findings: &[Finding]) -> Vec<Finding> {
    match call.global.output {
        Output::Text | Output::Github => check::condensed(findings),
        Output::Json | Output::Yaml => check::by_cause(findings),
        Output::Sarif => findings.to_vec(),
    }
}

/// Counts findings of one severity in words, such as `2 errors`.
pub(super) fn count(findings: &[Finding], severity: Severity) -> String {
    let count = findings.iter().filter(|finding| finding.severity == severity).count();
    format!("{count} {}{}", severity.word(), if count == 1 { "" } else { "s" })
}

/// Returns the number of silenced findings in words; an empty text where there is none.
pub(super) fn silenced(count: usize) -> String {
    if count == 0 { String::new() } else { format!(", silenced: {count}") }
}

/// The rule under which programs learn that rules did not check everything.
const NOT_RUN: &str = "not-run";

/// Reports as a hint that rules did not check everything.
fn not_run(quiet: &Quiet) -> Finding {
    let file = if quiet.file.is_empty() { "." } else { &quiet.file };
    let why = "what is not known may bring what these rules would miss";
    Finding::new(NOT_RUN, file, quiet.to_string(), why, "look at these by hand, or bring it into the repository").hint()
}

/// Adds hints with the number of silenced findings and the rules that did not check everything: a list of findings has
/// no other place for them.
fn counted(findings: &[Finding], silenced: usize, quiet: &[Quiet]) -> Vec<Finding> {
    let count = (silenced > 0).then(|| {
        let message = format!("silenced: {silenced}");
        let (why, fix) = ("[check.ignore] or a comment says so", "take that away to see them");
        Finding::new(SILENCED, ".fluxdeck.toml", message, why, fix).hint()
    });
    findings.iter().cloned().chain(quiet.iter().map(not_run)).chain(count).collect()
}

/// The most other places that are listed.
const NAMED: usize = 5;

fn place(finding: &Finding) -> String {
    let file = field(&finding.file);
    finding.line.map_or_else(|| file.to_string(), |line| format!("{file}:{line}"))
}

fn text(finding: &Finding) -> String {
    let (word, rule) = (finding.severity.word(), finding.rule);
    let said = finding.subject() + &finding.said();
    let [said, why, fix] = [&said, &finding.why, &finding.fix].map(|text| message(text));
    let others = others(finding);
    format!("{}: {word}: {said} [{rule}]\n  why: {why}\n  what to do: {fix}\n{others}", place(finding))
}

/// Lists the other places of a finding, up to a few.
fn others(finding: &Finding) -> String {
    if finding.others.is_empty() {
        return String::new();
    }
    let place = |other: &Other| {
        let line = other.line.map(|line| format!(":{line}")).unwrap_or_default();
        let object = other.object.as_ref().map(|object| format!(" ({})", field(object))).unwrap_or_default();
        format!("{}{line}{object}", field(&other.file))
    };
    let named: Vec<String> = finding.others.iter().take(NAMED).map(place).collect();
    let more = finding.others.len().saturating_sub(NAMED);
    let rest = if more == 0 { String::new() } else { format!(", and {more} more (-o json lists them)") };
    format!("  also: {}{rest}\n", named.join(", "))
}

/// Writes findings as SARIF 2.1.0 (docs.oasis-open.org/sarif/sarif/v2.1.0).
fn sarif(findings: &[Finding], silenced: usize, quiet: &[Quiet]) -> Value {
    let rules: Vec<Value> =
        check::all().map(|rule| json!({"id": rule.id, "shortDescription": {"text": rule.about}})).collect();
    let results: Vec<Value> = findings
        .iter()
        .map(|finding| {
            let mut location = json!({"artifactLocation": {"uri": finding.file, "uriBaseId": "%SRCROOT%"}});
            if let (Some(line), Some(location)) = (finding.line, location.as_object_mut()) {
                location.insert("region".to_owned(), json!({"startLine": line}));
            }
            let level = match finding.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Hint => "note",
            };
            let text = format!("{}{}; {}. What to do: {}", finding.subject(), finding.said(), finding.why, finding.fix);
            json!({
                "ruleId": finding.rule,
                "level": level,
                "message": {"text": text},
                "locations": [{"physicalLocation": location}],
            })
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "fluxdeck", "version": env!("CARGO_PKG_VERSION"), "rules": rules}},
            "results": results,
            "properties": {SILENCED: silenced, NOT_RUN: quiet.iter().map(ToString::to_string).collect::<Vec<_>>()},
        }],
    })
}

/// Writes a finding as a workflow command of GitHub, escaped as in actions/toolkit's `command.ts`.
fn github(finding: &Finding) -> String {
    let data = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    let command = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Hint => "notice",
    };
    let line = finding.line.map(|line| format!(",line={line}")).unwrap_or_default();
    let (subject, message) = (finding.subject(), finding.said());
    let text = format!("{subject}{message}\nwhy: {}\nwhat to do: {}", finding.why, finding.fix);
    format!("::{command} file={}{line},title={}::{}\n", property(&finding.file), property(finding.rule), data(&text))
}

#[cfg(test)]
mod tests {
    use super::{count, counted, github, sarif, text};
    use crate::check::{Finding, Quiet, Severity};
    use crate::model::Shown;

    fn finding() -> Finding {
        Finding::new("secret-mac", "apps/a,b.yaml", "the MAC\nis wrong", "100% sure", "look").on(7)
    }

    #[test]
    fn a_finding_reads_like_a_compilers_message() {
        let shown = text(&finding().in_environment("staging").about(Some("Secret/web/app".to_owned())));
        assert_eq!(
            shown,
            "apps/a,b.yaml:7: error: staging: Secret/web/app: the MAC\n  | is wrong [secret-mac]\n  why: 100% sure\n  what to do: look\n"
        );
        assert_eq!(count(&[finding(), finding()], Severity::Error), "2 errors");
        assert_eq!(count(&[finding().warning()], Severity::Warning), "1 warning");
    }

    #[test]
    fn what_is_silenced_is_counted_for_programs_too() {
        assert_eq!(counted(&[finding()], 0, &[]), [finding()]);
        let told = counted(&[finding()], 3, &[]);
        assert_eq!((told.len(), told[0].clone()), (2, finding()));
        assert_eq!((told[1].rule, told[1].severity), ("silenced", Severity::Hint));
        assert!(told[1].message.contains('3'));
    }

    #[test]
    fn rules_that_did_not_look_at_everything_are_named_for_programs_too() {
        let quiet = Quiet {
            rules: vec!["issuer-missing", "secret-missing"],
            envs: vec!["production".to_owned(), "staging".to_owned()],
            unknown: vec!["https://example.org/a.yaml".to_owned()],
            because: "not in this repository, and nothing is fetched".to_owned(),
            file: "apps/kustomization.yaml".to_owned(),
        };
        let told = counted(&[finding()], 0, std::slice::from_ref(&quiet));
        assert_eq!(
            (told[1].rule, told[1].severity, told[1].file.as_str()),
            ("not-run", Severity::Hint, "apps/kustomization.yaml")
        );
        assert_eq!(
            told[1].message,
            "2 rules did not run on all of production, staging (issuer-missing, secret-missing), because of https://example.org/a.yaml: not in this repository, and nothing is fetched"
        );
        assert_eq!(sarif(&[], 0, &[quiet])["runs"][0]["properties"]["not-run"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn names_forge_no_finding_and_no_command() {
        let name = "apps/a\n::error file=b::c\u{1b}[2J\u{202e}.yaml";
        let hostile = Finding::new("secret-mac", name, name, name, name).about(Some(name.to_owned()));
        let shown = Shown::lines(&text(&hostile));
        assert!(shown.as_str().starts_with(r"apps/a\n::error file=b::c\u{1b}[2J\u{202e}.yaml: error: "), "{shown}");
        assert!(shown.as_str().lines().all(|line| !line.trim_start().starts_with("::")), "{shown}");
        let shown = Shown::commands(&github(&hostile));
        assert_eq!(shown.as_str().lines().count(), 1, "{shown}");
        assert!(shown.as_str().starts_with("::error file=apps/a%0A%3A%3Aerror file=b%3A%3Ac\\u{1b}[2J"), "{shown}");
    }

    #[test]
    fn the_forms_of_others_are_escaped_as_they_want_it() {
        let shown = github(&finding());
        assert_eq!(
            shown,
            "::error file=apps/a%2Cb.yaml,line=7,title=secret-mac::the MAC%0Ais wrong%0Awhy: 100%25 sure%0Awhat to do: look\n"
        );
        let value = sarif(&[finding().warning()], 2, &[]);
        assert_eq!(value["runs"][0]["properties"]["silenced"], 2);
        let result = &value["runs"][0]["results"][0];
        assert_eq!((result["level"].as_str(), result["ruleId"].as_str()), (Some("warning"), Some("secret-mac")));
        assert_eq!(result["locations"][0]["physicalLocation"]["region"]["startLine"], 7);
        let rules = value["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
        assert!(rules.iter().any(|rule| rule["id"] == "secret-mac"));
    }
}
