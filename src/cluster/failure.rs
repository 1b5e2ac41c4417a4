//! What can go wrong between a request and its answer, and how an operator is told.

use std::fmt;
use std::time::Duration;

use super::address::Misnamed;
use super::fault;
use crate::model::{Fault, FaultKind};

/// Says why there is no good answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The server answered with an error.
    Status {
        /// The HTTP status.
        code: u16,
        /// The server's words.
        message: String,
        /// How long it asks us to wait.
        retry_after: Option<Duration>,
    },
    /// The server has not answered for so long.
    Silent(Duration),
    /// The answer comes too slowly, or does not end.
    Slow(String),
    /// There is no connection, or it broke.
    Broken(Box<kube::Error>),
    /// The answer is not what was asked for.
    Unreadable(String),
    /// What was to be asked for can be no name, and nothing was asked.
    Misnamed(Misnamed),
}

impl From<kube::Error> for Failure {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => {
                Self::Status { code: status.code, message: status.message.clone(), retry_after: None }
            }
            other => Self::Broken(Box::new(other)),
        }
    }
}

impl From<Misnamed> for Failure {
    fn from(misnamed: Misnamed) -> Self {
        Self::Misnamed(misnamed)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status { message, .. } => formatter.write_str(message),
            Self::Silent(waited) => write!(formatter, "the API server does not answer (waited {} s)", waited.as_secs()),
            Self::Broken(error) => formatter.write_str(&fault::chain(&**error)),
            Self::Slow(why) | Self::Unreadable(why) => write!(formatter, "the answer cannot be read: {why}"),
            Self::Misnamed(misnamed) => write!(formatter, "{misnamed}; nothing was asked"),
        }
    }
}

impl Failure {
    /// Says that an answer is of another kind than what was asked for.
    pub(crate) fn another_kind(sent: &str, asked: &str) -> Self {
        let short = |text: &str| text.chars().take(120).collect::<String>();
        Self::Unreadable(format!("it is `{}`, and `{}` was asked for", short(sent), short(asked)))
    }

    /// Returns the HTTP status, when the server answered.
    pub(crate) fn code(&self) -> Option<u16> {
        match self {
            Self::Status { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// Tells whether another try may succeed: the connection was lost, or the server said that it is too busy or ill.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Status { code, .. } => matches!(code, 429 | 500 | 502 | 503 | 504),
            Self::Silent(_) | Self::Slow(_) | Self::Broken(_) => true,
            Self::Unreadable(_) | Self::Misnamed(_) => false,
        }
    }

    /// Tells an operator; `tried` completes "cannot … in production".
    pub(crate) fn fault(&self, environment: &str, tried: &str) -> Fault {
        let what = || format!("cannot {tried} in {environment}");
        match self {
            Self::Status { code, message, .. } => fault::of_status(environment, tried, *code, message),
            Self::Silent(_) => Fault::new(FaultKind::Unreachable, what(), self.to_string(), fault::IS_IT_UP),
            Self::Broken(error) => fault::of_connection(environment, tried, error),
            Self::Misnamed(_) => {
                Fault::new(FaultKind::Usage, what(), self.to_string(), "write the name as the list shows it")
            }
            Self::Slow(_) | Self::Unreadable(_) => Fault::failed(
                what(),
                self.to_string(),
                "does something between here and the API server change its answers?",
            ),
        }
    }

    /// Tells an operator of a request that changes something: where the answer was lost, nobody knows whether the request arrived.
    pub(crate) fn fault_of_write(&self, environment: &str, tried: &str) -> Fault {
        let fault = self.fault(environment, tried);
        let sent = match self {
            Self::Status { .. } | Self::Misnamed(_) => false,
            Self::Broken(error) => !fault::never_connected(error),
            Self::Silent(_) | Self::Slow(_) | Self::Unreadable(_) => true,
        };
        if !sent {
            return fault;
        }
        Fault {
            why: format!("{}; it may have arrived all the same", fault.why),
            todo: format!("look at the object before you ask again; {}", fault.todo),
            ..fault
        }
    }
}
