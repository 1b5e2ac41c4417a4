//! The sentence of help for each command and motion, and the place where it works if its scope does not name it.

/// The longest sentence that fits beside a key at 80 columns.
#[cfg(test)]
pub(super) const LONGEST: usize = 61;

/// Lists a sentence for each command and motion, by its id.
const SENTENCES: &[(&str, &str)] = &[
    ("edit", "Edits the file: here if it is encrypted, else in your editor."),
    ("describe", "Describes it as kubectl describe does, with its events."),
    ("doctor", "Names the root cause of what is not ready, and what mends it."),
    ("exercise", "Opens the exercise: its symptom, and the hints so far."),
    ("exercise-hint", "Shows the next hint."),
    ("walk", "Leads through guided work, and looks whether it is done."),
    ("walk-done", "Verifies the step: asks first, says on a second press."),
    ("yaml", "Shows it as YAML, as the cluster has it."),
    ("build", "Shows what the repository builds for it, object by object."),
    ("variables", "Shows the variables that Flux puts in, and their origins."),
    ("reconcile", "Asks its controller to look now rather than at its interval."),
    ("reconcile-with-source", "Fetches its source first, then reconciles it: after a push."),
    ("reconcile-all", "Reconciles the sources, then every Kustomization in order."),
    ("reconcile-owner", "Reconciles the Kustomization or HelmRelease that applied it."),
    ("reconcile-force", "Upgrades the release once, even where Helm gave up."),
    ("reconcile-reset", "Sets the failure counts to zero, so that Helm tries again."),
    ("suspend", "Stops its reconciliation, with a reason that others can read."),
    ("resume", "Lets its reconciliation run again."),
    ("restart", "Replaces its pods one after the other."),
    ("run-now", "Makes a Job of the CronJob now."),
    ("exec", "Opens a shell in its container."),
    ("exec-command", "Runs any command in any of its containers."),
    ("port-forward", "Makes one of its ports reachable on this machine."),
    ("delete", "Deletes it, once you have typed what it asks for."),
    ("flux", "Lists the Flux objects, with a tab for each kind."),
    ("pods", "Lists the pods of the environment."),
    ("namespaces", "Lists the namespaces; enter on one lists all that is in it."),
    ("kinds", "Lists every kind that the cluster serves."),
    ("findings", "Checks the repository: what is wrong, and where."),
    ("impact", "Says what your changes will do in each environment."),
    ("difference", "Says what Flux would change live, and what has drifted."),
    ("compare", "Compares the environments with each other."),
    ("order", "Shows in which order things are applied, and what waits."),
    ("secrets", "Lists the secrets, and whether clusters have them as in Git."),
    ("documents", "Opens the pages of the repository, and searches in them."),
    ("orphans", "Lists what is live and what nobody declared, and who made it."),
    ("rollout", "Follows the file until it has reached the clusters."),
    ("sort", "Sorts by the next column; again by the one after it."),
    ("reverse", "Turns the order of the list around."),
    ("logs", "Follows its log, or that of its controller."),
    ("history", "Lists the commits that changed what it renders to."),
    ("logs-all", "Shows every line of the controller, or those of this object."),
    ("logs-as-written", "Shows lines as they were written, or made readable."),
    ("logs-around", "Shows the lines around those that match."),
    ("logs-wrap", "Wraps long lines, or cuts them."),
    ("logs-times", "Shows the time of each line, or hides it."),
    ("logs-since", "Reads further back: 5 minutes, an hour, a day."),
    ("logs-previous", "Shows the run of the container before this one."),
    ("logs-container", "Shows the next container of the pod."),
    ("logs-copy", "Copies the line that is selected."),
    ("reveal", "Shows the value that is selected, or hides it."),
    ("reveal-all", "Shows every value, or hides them all."),
    ("secret-edit", "Edits the value that is selected."),
    ("save", "Shows what was changed, and saves it."),
    ("secret-text", "Edits the whole document as text."),
    ("secret-add", "Adds a key and its value."),
    ("secret-generate", "Generates a password for the value that is selected."),
    ("secret-rename", "Gives the key that is selected another name."),
    ("secret-remove", "Takes the key that is selected out."),
    ("secret-import", "Takes the value from a file."),
    ("secret-export", "Writes the value into a file that you name."),
    ("secret-copy", "Copies the value; the clipboard is cleared after 30 seconds."),
    ("secret-undo", "Takes the last change back, until it is saved."),
    ("redo", "Makes the change again that was taken back."),
    ("secret-form", "Makes a new secret, encrypted from its first moment on."),
    ("secret-encrypt", "Encrypts the file as .sops.yaml says."),
    ("secret-encrypt-selected", "Encrypts the plain file that is selected."),
    ("secret-encrypt-anew", "Encrypts the file anew, as .sops.yaml says now."),
    ("secret-recipients", "Adds or removes somebody who can open the file."),
    ("secret-recipients-all", "Adds or removes somebody in all files of the environment."),
    ("secret-update-keys", "Gives the file the recipients that .sops.yaml names."),
    ("secret-update-keys-all", "Gives all files of the environment those of .sops.yaml."),
    ("secret-rotate", "Encrypts every value of the file anew under another data key."),
    ("secret-rotate-all", "Does so with all files of the environment."),
    ("git", "Opens the working tree: stage, commit, fetch, pull and push."),
    ("git-diff", "Shows what was changed in the file since the last commit."),
    ("git-folder", "Stages the folder of the file, or takes it out again."),
    ("git-all", "Stages everything, or takes it out again."),
    ("git-message", "Writes the message, and commits what is staged."),
    ("git-push", "Pushes, once it has said what that does, and follows it."),
    ("git-fetch", "Fetches from the remote; no file changes."),
    ("git-pull", "Pulls from the remote, where the branch only moves forward."),
    ("git-amend", "Makes the last commit anew, as long as it is not pushed."),
    ("git-discard", "Gives up what is changed in the file, once it has asked."),
    ("git-continue", "Continues a pull that stopped in a conflict."),
    ("git-skip", "Leaves out the commit at which a rebase stopped."),
    ("git-abort", "Aborts a pull that stopped: all is as it was before."),
    ("timeline", "Tells what happened to it, or here, in one order."),
    ("history-file", "Lists the commits that changed the file."),
    ("history-stop", "Looks at no further commit."),
    ("age-keys", "Shows who can open the secrets, and what is left to do."),
    ("age-key", "Gives the cluster the key with which Flux opens the secrets."),
    ("age-key-replace", "Takes every other key out of the cluster."),
    ("age-key-new", "Makes a new key for the environment."),
    ("hook-install", "Has git check each commit, so that no secret gets in plain."),
    ("hook-uninstall", "Takes the commit hook out again."),
    ("operations", "Lists the writes of this run with their steps."),
    ("journal", "Lists the writes of this account, and notices of this run."),
    ("cancel-selected", "Stops the operation that is selected."),
    ("cancel", "Stops the operation that began last."),
    ("copy", "Copies the name of what is selected."),
    ("switch", "Moves the focus to the next environment."),
    ("log-in", "Stops a login that hangs, or logs in again."),
    ("rescan", "Reads the repository again, where changes were not noticed."),
    ("theme", "Chooses another theme."),
    ("lesson", "Shows the lesson below, or hides it."),
    ("lessons", "Shows lessons always, the first time, or on request alone."),
    ("lesson-copy", "Copies the command that the lesson shows."),
    ("lesson-open", "Opens the whole lesson: each command, why, where to read."),
    ("lesson-copy-command", "Copies the command that is selected."),
    ("explain", "Explains a condition, reason, field, rule, cause or command."),
    ("palette", "Finds a command, kind or namespace: `deploy`, `ns web`."),
    ("help", "Opens this page."),
    ("stop", "Gives the terminal back to the shell, until `fg`."),
    ("quit", "Goes back one screen; at the first one it quits."),
    ("end", "Quits from every screen."),
    ("down", "Goes one line down."),
    ("up", "Goes one line up."),
    ("left", "Closes the folder, or goes to the one around it; to the left."),
    ("right", "Opens the folder; to the right."),
    ("top", "Goes to the first line."),
    ("bottom", "Goes to the last line."),
    ("half-up", "Goes half a page up."),
    ("half-down", "Goes half a page down."),
    ("open", "Opens what is selected."),
    ("back", "Clears marks and the filter, then goes back; it never quits."),
    ("next-panel", "Goes to the next panel."),
    ("previous-panel", "Goes to the panel before."),
    ("panel-1", "Goes to the panel or tab of that number."),
    ("next-tab", "Goes to the next tab: of a list, the next kind."),
    ("previous-tab", "Goes to the tab before."),
    ("mark", "Marks it, or unmarks it: writes act on all that is marked."),
    ("filter", "Filters the list as you type; in a page it searches."),
    ("next-match", "Goes to the next match of a search."),
    ("previous-match", "Goes to the match before."),
    ("next-environment", "Shows the next environment."),
    ("previous-environment", "Shows the environment before."),
    ("redraw", "Draws the screen again."),
];

/// Lists the objects of commands that act only on some; the others act on every object.
const OBJECTS: &[(&str, &str)] = &[
    ("reconcile", "a Flux object"),
    ("suspend", "a Flux object"),
    ("resume", "a Flux object"),
    ("reconcile-owner", "what Flux applied"),
    ("reconcile-with-source", "a Kustomization or HelmRelease"),
    ("reconcile-force", "a HelmRelease"),
    ("reconcile-reset", "a HelmRelease"),
    ("restart", "a Deployment, StatefulSet or DaemonSet"),
    ("run-now", "a CronJob"),
    ("exec", "a pod or workload"),
    ("exec-command", "a pod or workload"),
    ("port-forward", "a pod, workload or Service"),
    ("logs", "a pod, workload or Flux object"),
];

/// Lists the names of the screens with keys of their own.
const SCREENS: &[(&str, &str)] = &[
    ("walk", "in a walk"),
    ("exercise", "in an exercise"),
    ("git", "in git"),
    ("history", "in the history"),
    ("lesson", "in the lesson"),
    ("list", "in a list"),
    ("logs", "in a log"),
    ("operations", "in the operations"),
    ("secret", "in the secret editor"),
    ("secrets", "in the secrets"),
];

fn of(table: &[(&str, &'static str)], id: &str) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == id).map(|(_, words)| *words)
}

/// Returns the sentence about a command or motion.
pub(in crate::views) fn sentence(id: &str) -> Option<&'static str> {
    of(SENTENCES, id)
}

/// Names the objects that a command acts on.
pub(super) fn objects(id: &str) -> &'static str {
    of(OBJECTS, id).unwrap_or("an object")
}

/// Names the screen in which a command works.
pub(super) fn screen(id: &str) -> &'static str {
    of(SCREENS, id).unwrap_or("in its own screen")
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, OBJECTS, SCREENS, SENTENCES, sentence};
    use crate::app::KeyScope;
    use crate::app::motion::MOTIONS;
    use crate::commands::COMMANDS;

    #[test]
    fn every_key_has_one_sentence() {
        // The panels' numbers share one sentence.
        let motions = MOTIONS.iter().map(|(_, id, ..)| *id).filter(|id| !id.starts_with("panel-") || *id == "panel-1");
        let by_hand = |scope: KeyScope, keys: usize| keys > 0 || !matches!(scope, KeyScope::View(_));
        let commands = COMMANDS.iter().filter(|one| by_hand(one.scope, one.keys.len())).map(|command| command.id);
        for id in motions.chain(commands) {
            let Some(text) = sentence(id) else { panic!("{id} has no sentence") };
            assert!(text.ends_with('.') && text.chars().count() <= LONGEST, "{id}: {text}");
        }
        let known = |id: &str| COMMANDS.iter().any(|one| one.id == id) || MOTIONS.iter().any(|(_, one, ..)| *one == id);
        for (id, _) in SENTENCES.iter().chain(OBJECTS) {
            assert!(known(id), "there is no {id}");
        }
        let mut ids: Vec<&str> = SENTENCES.iter().map(|(id, _)| *id).collect();
        ids.sort_unstable();
        assert!(ids.is_sorted_by(|one, two| one < two), "a sentence stands twice");
    }

    #[test]
    fn every_screen_with_keys_of_its_own_has_a_name() {
        for command in COMMANDS.iter().filter(|command| !command.keys.is_empty()) {
            if let KeyScope::View(id) = command.scope {
                assert!(SCREENS.iter().any(|(known, _)| *known == id), "{id}");
            }
        }
    }
}
