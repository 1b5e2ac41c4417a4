//! Exercises: a fault of the demonstration that the operator mends.

use serde::Serialize;

/// Describes an exercise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exercise {
    /// Its name, which is that of its scenario.
    pub name: String,
    /// What is noticed, and no more.
    pub symptom: String,
    /// What leads on, one after the other.
    pub hints: Vec<String>,
    /// What was learned, once it is mended.
    #[serde(skip)]
    pub learned: String,
    /// The faults that must be gone.
    #[serde(skip)]
    pub faults: Vec<ExerciseFault>,
}

/// Names a fault of an exercise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExerciseFault {
    /// The environment.
    pub env: String,
    /// The id of its cause, as the doctor finds it.
    pub cause: String,
    /// The object at fault.
    pub object: String,
}
