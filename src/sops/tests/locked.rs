//! Identities that need an answer before they open a file: created by the real age and ssh-keygen, and the files by the
//! real sops.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::folder;
use crate::model::FaultKind;
use crate::secret::Secret;
use crate::sops::{Asker, Format, Identities, IdentitySources, NewFile, Prompts, SecretPrompt, create, unlock};

/// Answers every question alike, and counts the questions.
#[derive(Clone)]
struct Parrot(&'static str, Arc<AtomicUsize>);

impl Asker for Parrot {
    fn ask(&self, question: &SecretPrompt) -> Option<Secret> {
        assert!(question.hidden && question.text.starts_with("passphrase of "), "{question:?}");
        self.1.fetch_add(1, Ordering::Relaxed);
        (!self.0.is_empty()).then(|| Secret::new(self.0))
    }

    fn tell(&self, _text: &str) {}
}

fn parrot(answer: &'static str) -> (Prompts, Arc<AtomicUsize>) {
    let parrot = Parrot(answer, Arc::default());
    let count = Arc::clone(&parrot.1);
    (Prompts::from_asker(parrot), count)
}

fn sources(identity: &str, prompts: &Prompts) -> Vec<IdentitySources> {
    let key_file = Some(folder().join("locked").join(identity));
    vec![IdentitySources { key_file, prompts: prompts.clone(), ..IdentitySources::default() }]
}

/// Opens a file of the folder with an identity from it; returns its one value, and the opener.
fn open(file: &str, identity: &str, prompts: &Prompts) -> Result<(String, String), Box<crate::sops::Locked>> {
    let path = folder().join("locked").join(file);
    let unlocked = unlock(&path, file, None, &sources(identity, prompts))?;
    let value = unlocked.opened.find(0, "stringData.password").unwrap().secret.expose().to_owned();
    let [opener] = unlocked.opened.openers() else { panic!("{:?}", unlocked.opened.openers()) };
    assert_eq!(opener.recipient.as_ref(), unlocked.opened.file().recipients().first());
    Ok((value, opener.source.rsplit('/').next().unwrap().to_owned()))
}

#[test]
fn an_identity_with_a_passphrase_opens_what_sops_wrote_and_asks_once() {
    let cases = [
        ("passphrase.yaml", "armored.age"),
        ("passphrase.yaml", "binary.age"),
        ("ssh-ed25519.yaml", "ssh-ed25519"),
        ("ssh-rsa.yaml", "ssh-rsa"),
    ];
    for (file, identity) in cases {
        let (prompts, count) = parrot("throwaway");
        for _ in 0..2 {
            let (value, source) = open(file, identity, &prompts).unwrap();
            assert_eq!((value, source), (format!("throwaway-{}", file.trim_end_matches(".yaml")), identity.to_owned()));
        }
        assert_eq!(count.load(Ordering::Relaxed), 1, "{identity}");
        // Background work asks nothing, and knows the identities that were opened before.
        assert!(open(file, identity, &prompts.quietly()).is_ok());
    }
}

#[test]
fn a_wrong_passphrase_is_told_and_asked_for_again() {
    for (file, identity) in [("passphrase.yaml", "binary.age"), ("ssh-ed25519.yaml", "ssh-ed25519")] {
        let (prompts, count) = parrot("wrong");
        let locked = open(file, identity, &prompts).unwrap_err();
        assert_eq!((locked.fault.kind, count.load(Ordering::Relaxed)), (FaultKind::Undecryptable, 3));
        assert!(locked.fault.why.contains("the passphrase was wrong"), "{:?}", locked.fault);
    }
}

#[test]
fn where_nobody_answers_at_once_the_question_is_handed_on_and_its_answer_taken() {
    let prompts = Prompts::default();
    assert!(open("passphrase.yaml", "armored.age", &prompts.quietly()).unwrap_err().questions.is_empty());
    let locked = open("passphrase.yaml", "armored.age", &prompts).unwrap_err();
    assert!(locked.fault.why.contains("armored.age (with a passphrase)"), "{:?}", locked.fault);
    let [question] = locked.questions.as_slice() else { panic!("{:?}", locked.questions) };
    for (answer, opens) in [("wrong", false), ("throwaway", true)] {
        prompts.answer(question, Secret::new(answer));
        let answered = open("passphrase.yaml", "armored.age", &prompts);
        assert_eq!(answered.is_ok(), opens, "{answer}");
        if let Err(locked) = answered {
            assert_eq!(locked.questions, std::slice::from_ref(question));
        }
    }
}

#[test]
fn nothing_is_asked_while_a_key_at_hand_opens_the_file_or_the_file_is_for_somebody_else() {
    let (prompts, count) = parrot("");
    let all = ["armored.age", "ssh-ed25519", "ssh-plain"].map(|identity| sources(identity, &prompts)).concat();
    let path = folder().join("locked/ssh-plain.yaml");
    assert_eq!(unlock(&path, "ssh-plain.yaml", None, &all).unwrap().opened.openers().len(), 1);
    // The public key of an SSH key is beside it in clear text.
    let path = folder().join("locked/ssh-rsa.yaml");
    let locked = unlock(&path, "ssh-rsa.yaml", None, &sources("ssh-ed25519", &prompts)).unwrap_err();
    assert!(locked.questions.is_empty() && locked.at_hand[0].contains("SSH key with a passphrase"), "{locked:?}");
    assert_eq!(count.load(Ordering::Relaxed), 0);
}

#[test]
fn a_plug_in_that_is_not_installed_is_told_by_its_name() {
    let (prompts, _) = parrot("");
    let locked = open("plugin.yaml", "plugin.txt", &prompts).unwrap_err();
    assert!(locked.fault.why.contains("age-plugin-throwaway is not installed"), "{:?}", locked.fault);
    let recipient = std::fs::read_to_string(folder().join("locked/recipient")).unwrap();
    let wanted = NewFile { groups: vec![vec![recipient.trim().to_owned()]], ..NewFile::default() };
    let error = create(Format::Yaml, &Secret::new("a: b\n"), &wanted, jiff::Timestamp::UNIX_EPOCH).unwrap_err();
    assert!(error.to_string().contains("age-plugin-throwaway"), "{error}");
}

#[test]
fn what_cannot_be_used_hides_nothing_beside_it() {
    let (text, recipient) = crate::sops::generate();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.txt");
    std::fs::write(&file, format!("AGE-SECRET-KEY-PQ-1QQ\nnonsense\n{}\n", text.expose())).unwrap();
    let found = Identities::load(&IdentitySources { key_file: Some(file), ..IdentitySources::default() }, &[]).unwrap();
    assert_eq!(found.recipients(), [recipient]);
    let [post_quantum, nonsense] = found.problems() else { panic!("{:?}", found.problems()) };
    assert!(
        post_quantum.contains("line 1: it is not a post-quantum age key")
            && nonsense.contains("line 2: it is not an age key")
    );
    assert!(!nonsense.contains("nonsense"), "{nonsense}");
}
