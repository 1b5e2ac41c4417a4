//! The names of images.

/// Holds the parts of the name of an image (distribution's grammar: `[HOST[:PORT]/]PATH[:TAG][@DIGEST]`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Image<'a> {
    /// The host and path.
    pub name: &'a str,
    /// The tag; empty where there is none.
    pub tag: &'a str,
    /// The digest; empty where there is none.
    pub digest: &'a str,
}

impl<'a> Image<'a> {
    /// Parses a name.
    pub fn parse(image: &'a str) -> Self {
        let (plain, digest) = image.split_once('@').unwrap_or((image, ""));
        let (name, tag) = plain.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).unwrap_or((plain, ""));
        Self { name, tag, digest }
    }

    /// Returns the last part of the path.
    pub fn last(&self) -> &'a str {
        self.name.rsplit('/').next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::Image;

    #[test]
    fn a_port_is_no_tag() {
        for (image, name, tag, digest) in [
            ("nginx", "nginx", "", ""),
            ("nginx:1.2", "nginx", "1.2", ""),
            ("example.org:5000/a/b", "example.org:5000/a/b", "", ""),
            ("example.org:5000/a/b:1@sha256:0", "example.org:5000/a/b", "1", "sha256:0"),
            ("a/b@sha256:0", "a/b", "", "sha256:0"),
            ("", "", "", ""),
        ] {
            assert_eq!(Image::parse(image), Image { name, tag, digest }, "{image}");
        }
        assert_eq!(Image::parse("example.org:5000/a/b:1").last(), "b");
    }
}
