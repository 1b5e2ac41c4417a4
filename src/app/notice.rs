//! Notices: messages to the user that the user did not request.

use jiff::Timestamp;

use crate::model::Fault;

/// Tells the user something: the event, and for faults the cause and the remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The time.
    pub at: Timestamp,
    /// The event.
    pub what: String,
    /// The fault behind it, if there is one.
    pub fault: Option<Fault>,
}

impl Notice {
    /// Builds a notice of a good or neutral event.
    pub fn info(at: Timestamp, what: impl Into<String>) -> Self {
        Self { at, what: what.into(), fault: None }
    }

    /// Builds a notice of a fault.
    pub fn fault(at: Timestamp, fault: Fault) -> Self {
        Self { at, what: fault.what.clone(), fault: Some(fault) }
    }

    /// Writes the notice: event, cause and remedy in one line; what a program said about it follows on lines of its own,
    /// where the screen may have no room for all of them.
    pub fn line(&self) -> String {
        let Some(fault) = &self.fault else { return self.what.clone() };
        let (why, words) = fault.why.split_once('\n').unwrap_or((&fault.why, ""));
        let line = format!("{}: {}. {}", fault.what, why.trim_end_matches('.'), fault.todo);
        if words.is_empty() { line } else { format!("{line}\n{words}") }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::Notice;
    use crate::model::Fault;

    #[test]
    fn the_next_step_comes_before_the_words_of_a_program() {
        let told = |why: &str| Notice::fault(Timestamp::UNIX_EPOCH, Fault::failed("no push", why, "pull first")).line();
        assert_eq!(told("it is behind."), "no push: it is behind. pull first");
        assert_eq!(
            told("a hook refused it: no tag\nmore\nand more"),
            "no push: a hook refused it: no tag. pull first\nmore\nand more"
        );
    }
}
