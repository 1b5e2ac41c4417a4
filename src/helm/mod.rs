//! Helm as the inspector needs it: release decoding, values merge, differences.
