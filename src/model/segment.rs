//! The valid segments of a URL, and values of a selector: the rules by which names never become addresses.

/// Explains why a text cannot name anything in an API server; `None` if it can.
///
/// The rule is the API server's own (`IsValidPathSegmentName` of apimachinery): `.` and `..` lead elsewhere, `/` ends a
/// segment, `%` begins an escape. All other characters are escaped when they become part of a URL.
pub fn no_segment(text: &str) -> Option<&'static str> {
    match text {
        "" => Some("it is empty"),
        "." | ".." => Some("it leads elsewhere in an address"),
        _ if text.contains('/') => Some("it holds a slash"),
        _ if text.contains('%') => Some("it holds a percent sign"),
        _ if text.chars().any(char::is_control) => Some("it holds a control character"),
        _ => None,
    }
}

/// Tells whether a text may be the value of a label, and so of a label selector, which has no escapes.
pub fn is_label_value(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::{is_label_value, no_segment};

    #[test]
    fn segments_are_those_of_the_api_server() {
        for bad in ["", ".", "..", "a/b", "../x", "a%2Fb", "a\nb", "a\0"] {
            assert!(no_segment(bad).is_some(), "{bad:?}");
        }
        for good in ["a", "...", "?old", "#old", "system:controller", "a b", "é"] {
            assert_eq!(no_segment(good), None, "{good:?}");
        }
        assert!(is_label_value("web-1.x_y") && is_label_value(""));
        assert!(!is_label_value("a,b") && !is_label_value("a=b") && !is_label_value("a in (b)"));
    }
}
