//! Age's plug-ins: programs that wrap and unwrap keys for recipients of their own, by the protocol `age-plugin-v1`.
//!
//! The age library would start them by itself, with our whole environment. Here they start like every other program:
//! found in the absolute parts of PATH, without private keys in their environment, and ended with us or after a long
//! silence.

use std::collections::HashSet;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::process::{ChildStdin, ChildStdout};
use std::time::Duration;

use age::secrecy::ExposeSecret as _;
use age::{Callbacks, DecryptError, EncryptError};
use age_core::format::{FileKey, Stanza};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use zeroize::Zeroizing;

use crate::programs::{ProgramCommand, ProgramKind, Running};

/// The longest silence of a plug-in, such as while the user looks for the key to touch.
const PATIENCE: Timespec = Timespec { tv_sec: 300, tv_nsec: 0 };

/// The longest run of a plug-in, also if it reads no input.
const LONGEST: Duration = Duration::from_mins(15);

/// The length of a full line in a stanza's body.
const LINE: usize = 64;

/// The size from which a stanza is refused.
const LARGEST: usize = 1 << 20;

/// The most commands that a plug-in may send.
const MOST: usize = 10_000;

/// A plug-in, and its recipient or identity.
pub(in crate::sops) struct Plugin<C> {
    name: String,
    /// The recipient, or the identity.
    word: String,
    callbacks: C,
}

/// A plug-in that runs.
struct Talk {
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// Ended when it is dropped.
    _running: Running,
}

impl<C: Callbacks> Plugin<C> {
    /// Builds a plug-in from the name in a recipient or an identity, with that recipient or identity.
    pub(in crate::sops) fn new(name: &str, word: String, callbacks: C) -> Self {
        Self { name: name.to_owned(), word, callbacks }
    }

    fn program(&self) -> String {
        format!("age-plugin-{}", self.name)
    }

    fn start(&self, machine: &str) -> io::Result<Talk> {
        let program = self.program();
        let mut command = ProgramCommand::new(ProgramKind::AgePlugin, &program);
        command
            .arg(format!("--age-plugin={machine}"))
            .current_dir("/")
            .piped_input()
            .without_errors()
            .deadline(LONGEST);
        let mut running = command.spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                io::Error::other(format!("{program} is not installed, or not in an absolute part of PATH"))
            }
            _ => error,
        })?;
        match (running.stdin(), running.stdout()) {
            (Some(input), Some(output)) => Ok(Talk { input, output: BufReader::new(output), _running: running }),
            _ => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Answers the requests of a plug-in until it is done; `own` handles those of only one of its two state machines,
    /// and returns whether it could. Returns the plug-in's complaints.
    fn listen(&self, talk: &mut Talk, mut own: impl FnMut(Stanza) -> Option<bool>) -> io::Result<Vec<String>> {
        let mut errors = Vec::new();
        for _ in 0..MOST {
            let stanza = talk.receive().map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => io::Error::other(format!("{} ended too early", self.program())),
                _ => error,
            })?;
            let text = || String::from_utf8_lossy(&stanza.body).into_owned();
            match stanza.tag.as_str() {
                "done" => return Ok(errors),
                "msg" => {
                    self.callbacks.display_message(&text());
                    talk.say("ok", &[], &[])?;
                }
                "error" => {
                    errors.push(text());
                    talk.say("ok", &[], &[])?;
                }
                "confirm" => match self.confirm(&stanza) {
                    Some(yes) => talk.say("ok", &[if yes { "yes" } else { "no" }], &[])?,
                    None => talk.say("fail", &[], &[])?,
                },
                "request-public" => {
                    let answer = self.callbacks.request_public_string(&text());
                    talk.answer(answer.as_deref().map(str::as_bytes))?;
                }
                "request-secret" => {
                    let answer = self.callbacks.request_passphrase(&text());
                    talk.answer(answer.as_ref().map(|answer| answer.expose_secret().as_bytes()))?;
                }
                _ => match own(stanza) {
                    Some(true) => talk.say("ok", &[], &[])?,
                    Some(false) => talk.say("fail", &[], &[])?,
                    None => talk.say("unsupported", &[], &[])?,
                },
            }
        }
        Err(io::Error::other(format!("{} never ends", self.program())))
    }

    fn confirm(&self, stanza: &Stanza) -> Option<bool> {
        let word = |at: usize| -> Option<String> {
            let bytes = STANDARD_NO_PAD.decode(stanza.args.get(at)?).ok()?;
            Some(String::from_utf8_lossy(&bytes).into_owned())
        };
        self.callbacks.confirm(&String::from_utf8_lossy(&stanza.body), &word(0)?, word(1).as_deref())
    }

    fn wrapped(&self, key: &FileKey) -> io::Result<(Vec<Stanza>, HashSet<String>)> {
        let mut talk = self.start("recipient-v1")?;
        talk.say("add-recipient", &[&self.word], &[])?;
        talk.say("extension-labels", &[], &[])?;
        talk.say("wrap-file-key", &[], key.expose_secret())?;
        talk.say("done", &[], &[])?;
        let (mut stanzas, mut labels) = (Vec::new(), HashSet::new());
        let errors = self.listen(&mut talk, |stanza| match stanza.tag.as_str() {
            "recipient-stanza" => {
                // The file's number, which is 0, then the stanza's own tag and arguments.
                let mut words = stanza.args.into_iter();
                let (Some("0"), Some(tag)) = (words.next().as_deref(), words.next()) else { return Some(false) };
                stanzas.push(Stanza { tag, args: words.collect(), body: stanza.body });
                Some(true)
            }
            "labels" => {
                labels = stanza.args.into_iter().collect();
                Some(true)
            }
            _ => None,
        })?;
        match errors.first() {
            Some(why) => Err(io::Error::other(format!("{}: {why}", self.program()))),
            None if stanzas.is_empty() => Err(io::Error::other(format!("{} wrapped nothing", self.program()))),
            None => Ok((stanzas, labels)),
        }
    }

    fn unwrapped(&self, stanzas: &[Stanza]) -> io::Result<Option<FileKey>> {
        let mut talk = self.start("identity-v1")?;
        talk.say("add-identity", &[&self.word], &[])?;
        for stanza in stanzas {
            let words: Vec<&str> =
                ["0", stanza.tag.as_str()].into_iter().chain(stanza.args.iter().map(String::as_str)).collect();
            talk.say("recipient-stanza", &words, &stanza.body)?;
        }
        talk.say("done", &[], &[])?;
        let mut key = None;
        let errors = self.listen(&mut talk, |stanza| {
            if stanza.tag != "file-key" {
                return None;
            }
            let body = Zeroizing::new(stanza.body);
            let read = FileKey::try_init_with_mut(|key| {
                if body.len() != key.len() {
                    return Err(());
                }
                key.copy_from_slice(&body);
                Ok(())
            });
            let taken = key.is_none() && read.is_ok() && stanza.args.len() == 1;
            key = key.take().or(read.ok());
            Some(taken)
        })?;
        match errors.first() {
            Some(why) if key.is_none() => Err(io::Error::other(format!("{}: {why}", self.program()))),
            _ => Ok(key),
        }
    }
}

impl<C: Callbacks> age::Recipient for Plugin<C> {
    fn wrap_file_key(&self, file_key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        self.wrapped(file_key).map_err(EncryptError::Io)
    }
}

impl<C: Callbacks> age::Identity for Plugin<C> {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        self.unwrap_stanzas(std::slice::from_ref(stanza))
    }

    fn unwrap_stanzas(&self, stanzas: &[Stanza]) -> Option<Result<FileKey, DecryptError>> {
        self.unwrapped(stanzas).map_err(DecryptError::Io).transpose()
    }
}

impl Talk {
    /// Sends a command: its words, and its body in lines of base64 with a short last line.
    fn say(&mut self, tag: &str, words: &[&str], body: &[u8]) -> io::Result<()> {
        let mut text = Zeroizing::new(format!("-> {tag}"));
        for word in words {
            text.push(' ');
            text.push_str(word);
        }
        text.push('\n');
        let encoded = Zeroizing::new(STANDARD_NO_PAD.encode(body));
        let mut rest = encoded.as_str();
        while let Some((line, more)) = rest.split_at_checked(LINE) {
            text.push_str(line);
            text.push('\n');
            rest = more;
        }
        text.push_str(rest);
        text.push('\n');
        self.input.write_all(text.as_bytes())?;
        self.input.flush()
    }

    /// Answers a question.
    fn answer(&mut self, answer: Option<&[u8]>) -> io::Result<()> {
        match answer {
            Some(bytes) => self.say("ok", &[], bytes),
            None => self.say("fail", &[], &[]),
        }
    }

    /// Receives a command.
    fn receive(&mut self) -> io::Result<Stanza> {
        let wrong = || io::Error::new(io::ErrorKind::InvalidData, "the plug-in says what age does not know");
        let head = self.line()?;
        let mut words = head.strip_prefix("-> ").ok_or_else(wrong)?.split(' ').map(str::to_owned);
        let tag = words.next().filter(|tag| !tag.is_empty()).ok_or_else(wrong)?;
        let args: Vec<String> = words.collect();
        let mut body = Zeroizing::new(String::new());
        loop {
            let line = self.line()?;
            body.push_str(&line);
            if line.len() < LINE {
                break;
            }
            if line.len() > LINE || body.len() > LARGEST {
                return Err(wrong());
            }
        }
        let body = STANDARD_NO_PAD.decode(body.as_bytes()).map_err(|_| wrong())?;
        Ok(Stanza { tag, args, body })
    }

    fn line(&mut self) -> io::Result<Zeroizing<String>> {
        let mut line = Zeroizing::new(Vec::with_capacity(LINE * 2));
        while line.last() != Some(&b'\n') {
            self.wait()?;
            let piece = self.output.fill_buf()?;
            let count = piece.iter().position(|byte| *byte == b'\n').map_or(piece.len(), |end| end.saturating_add(1));
            line.extend_from_slice(piece.get(..count).unwrap_or_default());
            self.output.consume(count);
            if count == 0 || line.len() > LARGEST {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        line.pop();
        let text = std::str::from_utf8(&line).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    /// Waits for its output; a silent one is ended.
    fn wait(&self) -> io::Result<()> {
        while self.output.buffer().is_empty() {
            match poll(&mut [PollFd::new(self.output.get_ref(), PollFlags::IN)], Some(&PATIENCE)) {
                Ok(0) => return Err(io::Error::new(io::ErrorKind::TimedOut, "it said nothing for five minutes")),
                Ok(_) => break,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}
