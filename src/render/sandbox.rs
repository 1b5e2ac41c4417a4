//! The surroundings of kustomize: no environment, no other program, limits, and Landlock if the kernel has it.
//!
//! The folder of work holds only the followed files, so that nothing else can be read by its name; this is the second
//! barrier.

use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use crate::programs::{Limits, ProgramCommand, Running};

/// The most memory, in bytes. Ten thousand lines of schemas take a tenth.
const MEMORY: u64 = 1 << 30;

/// The limits for one folder: Go maps much memory and uses little of it. It writes to its pipes alone.
const LIMITS: Limits =
    Limits { memory: Some(8 << 30), data: Some(MEMORY), file: Some(0), cpu_seconds: Some(120), open_files: Some(256) };

/// Tells whether this kernel can restrict a program to the files that it needs.
pub fn is_available() -> bool {
    system::is_available()
}

/// Starts a program that may read below `work`, and beyond that only programs and libraries of the machine.
///
/// # Errors
/// As the system reports them.
pub(super) fn spawn(command: &mut ProgramCommand, program: &Path, work: &Path) -> io::Result<Running> {
    // The folder is empty: it has neither git nor another program that fetches, and no settings.
    let nothing = work.join("nothing");
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&nothing)?;
    command.env_clear().current_dir(&nothing);
    for name in ["PATH", "HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "TMPDIR"] {
        command.env(name, &nothing);
    }
    command.env("GIT_ALLOW_PROTOCOL", "").env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
    command.env("GOMEMLIMIT", (MEMORY / 4 * 3).to_string());
    command.limits(LIMITS);
    system::spawn(command, program, work)
}

#[cfg(target_os = "linux")]
mod system {
    use super::{Path, ProgramCommand, Running, io};

    use landlock::{
        ABI, Access as _, AccessFs, AccessNet, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetError,
        RulesetStatus, Scope, path_beneath_rules,
    };

    /// The newest rights in this program; a kernel that knows fewer applies those.
    const RIGHTS: ABI = ABI::V6;

    /// Programs and libraries, the files to find them, and the files that every program may read.
    const SYSTEM: [&str; 12] = [
        "/usr",
        "/bin",
        "/lib",
        "/lib32",
        "/lib64",
        "/nix/store",
        "/gnu/store",
        "/etc/ld.so.cache",
        "/etc/ld.so.preload",
        "/etc/alternatives",
        "/dev/urandom",
        "/sys/kernel/mm/transparent_hugepage",
    ];

    /// Restricts this thread, and the programs that it starts, to reading.
    fn confine(program: &Path, work: &Path) -> Result<RulesetStatus, RulesetError> {
        let (read, all) = (AccessFs::from_read(RIGHTS), AccessFs::from_all(RIGHTS));
        let ruleset = Ruleset::default()
            .handle_access(all)?
            .handle_access(AccessNet::from_all(RIGHTS))?
            .scope(Scope::from_all(RIGHTS))?
            .create()?
            .add_rules(path_beneath_rules(SYSTEM, read))?
            .add_rules(path_beneath_rules([program, work], read))?
            .add_rules(path_beneath_rules(["/dev/null"], AccessFs::ReadFile | AccessFs::WriteFile))?;
        Ok(ruleset.restrict_self()?.ruleset)
    }

    pub(super) fn spawn(command: &mut ProgramCommand, program: &Path, work: &Path) -> io::Result<Running> {
        let program = program.canonicalize()?;
        std::thread::scope(|scope| {
            // A thread never gets its rights back: it ends after the start of the program.
            let confined = scope.spawn(|| {
                // A kernel without Landlock restricts nothing: then the folder of work is the only barrier.
                let _status = confine(&program, work);
                command.spawn()
            });
            confined.join().unwrap_or_else(|_| Err(io::Error::other("starting it broke off")))
        })
    }

    pub(super) fn is_available() -> bool {
        let tried = std::thread::spawn(|| confine(Path::new("/"), Path::new("/")));
        matches!(tried.join(), Ok(Ok(RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced)))
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use super::{Path, ProgramCommand, Running, io};

    pub(super) fn spawn(command: &mut ProgramCommand, _program: &Path, _work: &Path) -> io::Result<Running> {
        command.spawn()
    }

    pub(super) fn is_available() -> bool {
        false
    }
}
