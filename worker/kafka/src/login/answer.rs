//! What a token endpoint answers (RFC 6749 section 5, `HttpJwtRetriever`, `JwtResponseParser`): a token, or why there is none.
//! Of an answer that is no error as the RFC has it, nothing is told: it may come from a place that nobody should see.

use serde_json::Value;
use sluice_config::Secret;

/// Longest word of an endpoint that is told.
const MOST_TOLD: usize = 300;

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The same will be refused again.
    Final(String),
    /// It may be taken later.
    Passing(String),
}

/// What an answer brings.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// The token.
    pub(super) token: Secret,
    /// For how long, if it says so, in seconds.
    pub(super) expires_in: Option<i64>,
}

/// The token that an answer brings.
pub(super) fn token(status: u16, body: &[u8]) -> Result<Answer, Refusal> {
    if !matches!(status, 200 | 201) {
        return Err(refusal(status, &error_of(body)));
    }
    if body.is_empty() {
        return Err(Refusal::Passing(format!(
            "The token endpoint response was unexpectedly empty despite response code {status}"
        )));
    }
    let none =
        || Refusal::Final("The token endpoint response did not contain a valid JWT".to_owned());
    let answer: Value = serde_json::from_slice(body).map_err(|_| none())?;
    let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::trim);
    let token = ["access_token", "id_token"].into_iter().filter_map(text);
    let token = token.filter(|it| !it.is_empty()).map(Secret::new).next().ok_or_else(none)?;
    Ok(Answer { token, expires_in: answer.get("expires_in").and_then(Value::as_i64) })
}

fn refusal(status: u16, told: &str) -> Refusal {
    let is_final =
        matches!(status, 400..=407 | 409..=415 | 501 | 505) || (300..400).contains(&status);
    if is_final {
        Refusal::Final(format!(
            "The response code {status} and error response {told} was encountered reading the token endpoint response; will \
             not attempt further retries"
        ))
    } else {
        Refusal::Passing(format!(
            "The unexpected response code {status} and error message {told} was encountered reading the token endpoint \
             response"
        ))
    }
}

/// `HttpJwtRetriever.formatErrorMessage`.
fn error_of(body: &[u8]) -> String {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let part = |name: &str| match answer.get(name) {
        None => String::new(),
        Some(Value::String(text)) => Value::from(shortened(text)).to_string(),
        Some(Value::Number(number)) => number.to_string(),
        Some(_) => "...".to_owned(),
    };
    for (error, about) in [("error", "error_description"), ("errorCode", "errorSummary")] {
        if answer.get(error).is_some() {
            return format!("{{{} - {}}}", part(error), part(about));
        }
    }
    "{}".to_owned()
}

fn shortened(text: &str) -> String {
    text.chars().take(MOST_TOLD).map(|it| if it.is_control() { ' ' } else { it }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_found() {
        for (status, body, expected, expires_in) in [
            (200, r#"{"access_token":" t "}"#, "t", None),
            (201, r#"{"id_token":"i","expires_in":5}"#, "i", Some(5)),
            (200, r#"{"access_token":"","id_token":"i","expires_in":"x"}"#, "i", None),
            (200, r#"{"access_token":5,"id_token":"i"}"#, "i", None),
        ] {
            let expected = Answer { token: Secret::new(expected), expires_in };
            assert_eq!(token(status, body.as_bytes()), Ok(expected), "{body}");
        }
    }

    #[test]
    fn refusals_say_what_the_endpoint_said_and_no_more() {
        let long = format!(r#"{{"error":"{}"}}"#, "x".repeat(1000));
        for (status, body, is_final, expected) in [
            (
                401,
                r#"{"error":"invalid_client","error_description":"no\nsuch"}"#,
                true,
                r#"The response code 401 and error response {"invalid_client" - "no such"} was"#,
            ),
            (400, r#"{"errorCode":"E1","errorSummary":"s"}"#, true, r#"{"E1" - "s"}"#),
            (403, "<html>secret</html>", true, "error response {} was"),
            (400, r#"{"error":{"secret":1}}"#, true, "{... - }"),
            (404, "{\"secret\":1}", true, "{} was"),
            (302, "", true, "The response code 302"),
            (500, "secret", false, "The unexpected response code 500 and error message {} was"),
            (503, &long, false, "response code 503"),
            (200, "", false, "unexpectedly empty despite response code 200"),
            (200, "secret", true, "did not contain a valid JWT"),
            (200, r#"{"token":"secret"}"#, true, "did not contain a valid JWT"),
            (200, r#"["secret"]"#, true, "did not contain a valid JWT"),
        ] {
            let refusal = token(status, body.as_bytes()).expect_err(body);
            let (told, seen) = match &refusal {
                Refusal::Final(told) => (told, true),
                Refusal::Passing(told) => (told, false),
            };
            assert_eq!(seen, is_final, "{status} {body}");
            assert!(told.contains(expected), "{told}");
            assert!(!told.contains("secret") && told.len() < 600, "{told}");
        }
    }
}
