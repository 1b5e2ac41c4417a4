//! When things go wrong: each case gets a clear message with what to do, and loses nothing.
//!
//! [`CASES`] names the test of every case; a test here holds it to the tests that there are. Most run the real program against a stand-in for
//! an API server (tests/support/api.rs) or on the demo; what needs real control planes is in tests/real/trouble.rs.

mod answers;
mod connection;
mod doctor;
mod files;
mod kubeconfig;
mod operations;
mod processes;
mod repository;
mod terminal;
mod watches;

use std::path::Path;

/// Every case, and where its test is: a file below the repository's root, and the function.
const CASES: &[(&str, &str, &str)] = &[
    ("no kubeconfig", HERE, "kubeconfig::none_says_where_it_looked_and_the_repository_is_shown"),
    ("no cluster for a subcommand", HERE, "kubeconfig::without_a_cluster_every_subcommand_that_needs_one_ends_alike"),
    ("broken kubeconfig", HERE, "kubeconfig::a_broken_one_says_the_line_and_no_secret"),
    ("no kubeconfig in a pod", HERE, "kubeconfig::within_a_pod_its_service_account_stands_in_for_a_kubeconfig"),
    ("kubeconfig of an environment", HERE, "kubeconfig::an_environment_may_have_a_file_of_its_own_beside_the_others"),
    ("unknown context", HERE, "kubeconfig::an_unknown_context_names_those_that_there_are"),
    ("cluster refused", HERE, "connection::a_refused_cluster_says_so_and_comes_back"),
    ("cluster refused, the other real", REAL, "a_refused_cluster_says_so_and_leaves_the_other_alone"),
    ("cluster hanging", HERE, "connection::a_hanging_cluster_says_so_and_keys_are_answered_meanwhile"),
    ("cluster hanging, the other real", REAL, "a_hanging_cluster_says_so_and_delays_nothing"),
    ("cluster fallen silent, the other real", REAL, "a_cluster_that_falls_silent_says_so_in_ten_seconds"),
    ("TLS mismatch: no TLS there", HERE, "connection::a_server_without_tls_is_told_as_that"),
    ("TLS mismatch: another certificate", REAL, "a_certificate_of_somebody_else_is_told_with_what_to_compare"),
    ("TLS not verified", HERE, "connection::a_certificate_that_nobody_looks_at_is_told_wherever_the_environment_is"),
    ("expired token", HERE, "connection::an_expired_token_says_to_log_in_again"),
    ("exec plug-in missing", HERE, "connection::a_missing_plug_in_is_told_with_its_install_hint"),
    ("exec plug-in chatty", HERE, "connection::a_chatty_plug_in_tears_no_screen"),
    ("exec plug-in that asks", HERE, "connection::a_plug_in_that_asks_is_lent_the_terminal_or_refused"),
    ("exec plug-in failing", HERE, "connection::a_failing_plug_in_is_told_in_its_last_words"),
    ("answer without end", HERE, "answers::one_without_end_is_cut_off_and_told"),
    ("list without end", HERE, "answers::a_list_whose_pages_do_not_end_is_told"),
    ("redirected elsewhere", HERE, "answers::a_redirect_is_told_and_not_followed"),
    ("another object than asked for", HERE, "answers::what_is_another_kind_than_asked_for_is_told_and_not_shown"),
    (
        "doctor: 403 on half of the kinds",
        HERE,
        "doctor::with_half_of_the_kinds_forbidden_it_says_what_it_did_not_see_and_finds_the_rest",
    ),
    (
        "doctor: 403, and nothing failed",
        HERE,
        "doctor::where_nothing_failed_and_half_is_forbidden_it_does_not_say_that_all_is_well",
    ),
    ("doctor: cluster hanging", HERE, "doctor::a_cluster_that_hangs_is_told_as_that_and_ends_it"),
    ("doctor: one kind hanging", HERE, "doctor::one_kind_that_hangs_hides_no_other"),
    ("doctor: unknown message", HERE, "doctor::an_unknown_message_in_another_language_is_told_as_it_stands"),
    ("doctor: object of 1 MB", HERE, "doctor::an_object_of_a_megabyte_is_cut_and_says_so"),
    ("doctor: status without conditions", HERE, "doctor::a_status_without_conditions_is_named_with_the_object"),
    ("doctor: circle of live dependencies", HERE, "doctor::a_circle_of_dependencies_ends_in_one_root"),
    ("403 on some kinds", HERE, "watches::what_is_forbidden_is_told_and_hides_nothing_else"),
    ("CRD absent", HERE, "watches::a_cluster_without_flux_says_what_brings_it"),
    ("watch expired", HERE, "watches::an_expired_watch_is_listed_anew"),
    ("API server restarted mid-watch", HERE, "watches::a_restarted_server_is_watched_again_and_what_was_known_stays"),
    ("conflict on patch", HERE, "operations::a_conflict_is_tried_again_and_then_told"),
    ("object deleted while open", HERE, "watches::an_object_deleted_while_open_says_so_and_stays_readable"),
    ("repository missing", HERE, "repository::a_missing_one_is_wrong_usage"),
    ("repository gone while open", HERE, "repository::one_that_goes_while_open_says_so"),
    ("repository not git", HERE, "repository::a_folder_without_git_shows_what_it_can"),
    ("repository dirty", HERE, "repository::a_dirty_one_shows_its_changes"),
    ("repository detached", HERE, "repository::a_detached_head_is_named_and_refuses_to_push"),
    ("repository mid-merge", HERE, "repository::a_merge_in_conflict_is_told_and_its_marks_are_not_committed"),
    ("file changed under an open editor", SECRETS, "both_changes_are_compared_and_ours_are_kept_on_top_or_dropped"),
    (
        "file changed under an open editor, unedited",
        SECRETS,
        "a_file_that_changed_under_the_editor_is_read_anew_where_nothing_is_lost",
    ),
    ("unreadable file", HERE, "files::an_unreadable_file_says_whose_leave_is_missing"),
    ("non-UTF-8 file", HERE, "files::what_is_not_text_says_so"),
    ("100 MB file", HERE, "files::a_hundred_megabytes_are_not_read"),
    ("invalid YAML", HERE, "files::invalid_yaml_is_marked_with_its_line"),
    ("nowhere to write", HERE, "files::nowhere_to_write_says_what_is_not_kept"),
    ("kustomize missing", HERE, "files::nothing_needs_kustomize"),
    ("terminal 40x10", HERE, "terminal::forty_columns_show_one_panel_whole"),
    ("resize storms", DEMO, "sizes_that_come_in_a_storm_end_in_a_whole_screen"),
    ("SIGHUP", DEMO, "however_it_ends_the_terminal_is_as_it_was"),
    ("SIGTSTP and back", HERE, "terminal::stopped_and_back_the_screen_is_whole"),
    ("panic: terminal restored", DEMO, "a_panic_restores_the_terminal_before_it_speaks"),
    ("panic: report without secrets", DEFECT, "the_message_of_a_panic_holds_no_value"),
    ("two instances", HERE, "processes::a_second_instance_is_not_told_of_the_first_one_s_work"),
    ("killed in an operation", HERE, "processes::what_a_kill_cut_off_is_told_once_at_the_next_start"),
    ("NO_COLOR, TERM=dumb, locale not UTF-8", DEMO, "colours_and_signs_follow_the_terminal"),
    ("stdout closed", HEADLESS, "a_standard_output_that_is_closed_is_no_panic"),
    ("tmux reattached at another size and TERM", HERE, "terminal::reattached_at_another_size_and_term_it_is_whole"),
    ("text pasted into a list", DEMO, "read_only_refuses_and_pasted_text_runs_nothing"),
    ("connection lost in an operation", HERE, "operations::a_connection_lost_while_waiting_is_waited_out"),
    ("connection lost in a request", HERE, "operations::a_request_whose_answer_is_lost_says_that_it_may_have_arrived"),
    ("a clock that is an hour off", HERE, "watches::ages_go_by_the_server_s_clock"),
];

/// Stands for the files of this folder: the case's test begins with the name of its file.
const HERE: &str = "tests/suite/trouble";
const DEMO: &str = "tests/suite/demo.rs";
const HEADLESS: &str = "tests/suite/headless.rs";
const REAL: &str = "tests/real/trouble.rs";
const SECRETS: &str = "src/views/secret/tests.rs";
const DEFECT: &str = "src/runtime/defect.rs";

#[test]
fn every_case_names_a_test_that_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut named = std::collections::BTreeSet::new();
    for (case, place, test) in CASES {
        let (file, name) = match test.split_once("::") {
            Some((file, name)) => (format!("{place}/{file}.rs"), name),
            None => ((*place).to_owned(), *test),
        };
        let text = std::fs::read_to_string(root.join(&file)).unwrap_or_else(|error| panic!("{case}: {file}: {error}"));
        let function = format!("fn {name}(");
        let (before, _) = text.split_once(&function).unwrap_or_else(|| panic!("{case}: {file} has no {name}"));
        let attributes = before.rsplit("\n\n").next().unwrap_or_default();
        let is_test = attributes.contains("#[test]") || attributes.contains("#[tokio::test");
        assert!(is_test && !attributes.contains("#[ignore"), "{case}: {name} in {file} is no test");
        assert!(named.insert((file, name)), "{case}: {name} stands twice");
    }
    // And each test of this folder stands in the table.
    for entry in std::fs::read_dir(root.join(HERE)).unwrap() {
        let path = entry.unwrap().path();
        let file = format!("{HERE}/{}", path.file_name().unwrap().to_string_lossy());
        if file.ends_with("/mod.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for after in text.split("#[test]\nfn ").skip(1) {
            let name = after.split('(').next().unwrap_or_default();
            assert!(
                named.iter().any(|(at, known)| *at == file && *known == name),
                "{name} of {file} stands for no case"
            );
        }
    }
}
