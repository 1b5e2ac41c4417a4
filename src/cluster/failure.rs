//! The failures between a request and its answer, and their messages for the user.

use std::fmt;
use std::time::Duration;

use super::address::Misnamed;
use super::fault;
use crate::model::{Fault, FaultKind};

/// Reports why there is no valid answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The server answered with an error.
    Status {
        /// The HTTP status.
        code: u16,
        /// The server's message.
        message: String,
        /// The delay that the server requests.
        retry_after: Option<Duration>,
    },
    /// The server did not answer for this long.
    Silent(Duration),
    /// The answer comes too slowly, or does not end.
    Slow(String),
    /// There is no connection, or it broke.
    Broken(Box<kube::Error>),
    /// The answer is not of the requested form.
    Unreadable(String),
    /// The request has an invalid name, and was not sent.
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
    /// Reports an answer of another kind than the requested one.
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

    /// Tells whether another attempt may succeed: the connection broke, or the server reported that it is overloaded or
    /// unavailable.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Status { code, .. } => matches!(code, 429 | 500 | 502 | 503 | 504),
            Self::Silent(_) | Self::Slow(_) | Self::Broken(_) => true,
            Self::Unreadable(_) | Self::Misnamed(_) => false,
        }
    }

    /// Builds the fault for the user; `tried` completes "cannot … in production".
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

    /// Builds the fault of a request that changes something: without an answer, it is unknown whether the request
    /// arrived.
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
