//! Requests of pages that come from elsewhere (`access.control.allow.*`; Jetty's `CrossOriginHandler` as Connect sets it up).

use axum::http::{HeaderMap, HeaderValue, Method, header};
use sluice_config::regex::JavaRegex;

/// Which pages may ask, and how.
#[derive(Debug, Clone)]
pub struct Cors {
    /// None for any.
    origins: Option<Vec<JavaRegex>>,
    methods: HeaderValue,
}

/// Methods unless others are named.
const METHODS: &str = "GET,POST,HEAD";
/// How long a browser may keep the answer to its question, in seconds.
const MAX_AGE: &str = "60";

impl Cors {
    /// Reads the values of `access.control.allow.origin` and `access.control.allow.methods`; none if the first is blank.
    /// The error names the key.
    pub fn parse(origins: &str, methods: &str) -> Result<Option<Self>, String> {
        if origins.trim().is_empty() {
            return Ok(None);
        }
        let methods = if methods.trim().is_empty() { METHODS } else { methods };
        let methods = HeaderValue::from_str(methods).map_err(|_| {
            format!("Invalid value {methods} for configuration access.control.allow.methods: expected names of methods with commas between them")
        })?;
        let patterns: Vec<&str> = origins.split(',').collect();
        if patterns.contains(&"*") {
            return Ok(Some(Self { origins: None, methods }));
        }
        let compile = |pattern: &&str| {
            JavaRegex::new(&format!("(?i){pattern}")).map_err(|error| {
                format!(
                    "Invalid value {origins} for configuration access.control.allow.origin: {error}"
                )
            })
        };
        let origins = patterns.iter().map(compile).collect::<Result<_, _>>()?;
        Ok(Some(Self { origins: Some(origins), methods }))
    }

    fn allows(&self, origin: &str) -> bool {
        let Some(patterns) = &self.origins else { return true };
        // What takes too long to decide is not let in.
        let is_match = |it: &JavaRegex| it.matches(origin).unwrap_or(false);
        patterns.iter().any(is_match)
    }

    /// Whether the page that asks is one that may.
    pub(crate) fn lets_in(&self, asked: &HeaderMap) -> bool {
        let origin = asked.get(header::ORIGIN).and_then(|it| it.to_str().ok()).unwrap_or_default();
        origin.split(' ').any(|it| !it.is_empty() && self.allows(it))
    }

    /// Headers of the answer to a request.
    pub(crate) fn headers(&self, method: &Method, asked: &HeaderMap) -> HeaderMap {
        let mut told = HeaderMap::new();
        told.insert(header::VARY, HeaderValue::from_static("Origin"));
        let Some(origin) = asked.get(header::ORIGIN) else { return told };
        if !self.lets_in(asked) {
            return told;
        }
        told.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        if *method == Method::OPTIONS && asked.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
            told.insert(header::ACCESS_CONTROL_ALLOW_METHODS, self.methods.clone());
            let allowed = HeaderValue::from_static("Content-Type");
            told.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
            told.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE));
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_let_in_by_where_they_come_from() {
        let any = Cors::parse("*", "").unwrap().unwrap();
        let some =
            Cors::parse("http://a.example,https://.*\\.b\\.example", "PUT").unwrap().unwrap();
        for (cors, origin, expected) in [
            (&any, "http://x", true),
            (&any, "", false),
            (&some, "http://A.example", true),
            (&some, "http://a.example.evil", false),
            (&some, "https://x.b.example", true),
            (&some, "http://x https://x.b.example", true),
        ] {
            let mut asked = HeaderMap::new();
            asked.insert(header::ORIGIN, HeaderValue::from_static(origin));
            let told = cors.headers(&Method::GET, &asked);
            assert_eq!(
                told.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN),
                expected,
                "{origin}"
            );
            assert!(!told.contains_key(header::ACCESS_CONTROL_ALLOW_METHODS));
            let method = HeaderValue::from_static("PUT");
            asked.insert(header::ACCESS_CONTROL_REQUEST_METHOD, method);
            let told = cors.headers(&Method::OPTIONS, &asked);
            assert_eq!(told.contains_key(header::ACCESS_CONTROL_ALLOW_METHODS), expected);
        }
        assert!(Cors::parse("  ", "PUT").unwrap().is_none());
        assert!(Cors::parse("(", "").is_err());
        assert!(Cors::parse("*", "P\nT").is_err());
    }
}
