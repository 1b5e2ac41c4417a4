//! What the model answers, beside what the real controllers answered.
