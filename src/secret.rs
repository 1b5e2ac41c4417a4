//! Values that must stay hidden: [`Secret`] holds one, wipes it when dropped and never prints it.

use zeroize::Zeroize;

/// Protects the memory of this process from other processes of the same account and from core files; the first step of
/// `main`.
///
/// Both are best effort, because nothing else depends on them: a refusal is not reported. Memory is not locked: the
/// limit of an ordinary user is smaller than the program, and a process that locks all its mappings is refused each
/// further one.
pub fn harden() {
    let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
    let _refused = rustix::process::setrlimit(rustix::process::Resource::Core, none);
    let _refused = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// Holds a secret text in memory; it is wiped on drop, cannot be cloned, and its `Debug` is redacted.
///
/// Not covered are copies on the stack, in registers, in the kernel's buffers for the terminal, and in the terminal
/// itself.
#[derive(Default)]
pub struct Secret(String);

impl Secret {
    /// Takes ownership of a text and protects it from now on.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text for code that really needs it; the name is long so that a reader notices each use.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Creates a second, equally protected copy; explicit, because every copy is one more place to wipe.
    pub fn duplicate(&self) -> Self {
        Self(self.0.clone())
    }

    /// Returns the length of the text in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Tells whether the text is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Secret {}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn debug_says_nothing_of_the_text() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?} {:?}", Some(&secret)), "Secret(…) Some(Secret(…))");
    }
}
