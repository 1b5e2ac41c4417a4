//! The SOPS format: reading, decrypting, editing in place and saving encrypted YAML documents.
