//! Keys: the available identities and their origins, and the data key, wrapped for recipients and unwrapped by
//! identities.

pub(in crate::sops) mod identities;
pub(in crate::sops) mod locked;
pub(in crate::sops) mod plugin;
pub(in crate::sops) mod plugins;
pub(in crate::sops) mod post_quantum;
pub(in crate::sops) mod prompts;
pub(in crate::sops) mod recipients;
pub(in crate::sops) mod shamir;
pub(in crate::sops) mod sources;
