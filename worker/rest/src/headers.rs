//! Headers that the worker file adds to answers (`response.http.headers.config`, KIP-577).

use std::time::{Duration, SystemTime};

use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// Rules for headers of answers. What the API itself says in a header stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeaderRules(Vec<Rule>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    adds: bool,
    name: HeaderName,
    value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Text(HeaderValue),
    /// Milliseconds from now.
    Date(i64),
}

impl HeaderRules {
    /// Reads rules such as `add X-Frame-Options: DENY, "set Cache-Control: no-cache, no-store"`. The errors are Java's
    /// (`RestServerConfig`).
    pub fn parse(text: &str) -> Result<Self, String> {
        split(text).iter().map(|it| Rule::parse(it)).collect::<Result<_, _>>().map(Self)
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts the headers beside, or in place of, those that are there.
    pub(crate) fn put(&self, headers: &mut HeaderMap, now: SystemTime) {
        for Rule { adds, name, value } in &self.0 {
            let value = match value {
                Value::Text(text) => text.clone(),
                Value::Date(millis) => date(now, *millis),
            };
            if *adds {
                headers.append(name, value);
            } else {
                headers.insert(name, value);
            }
        }
    }
}

impl Rule {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let Some((action, pair)) = text.split_once(char::is_whitespace) else {
            return Err(format!(
                "Invalid format of header config '{text}'. Expected: '[action] [header name]:[header value]'"
            ));
        };
        let known = ["set", "add", "setDate", "addDate"];
        let Some(action) = known.into_iter().find(|it| it.eq_ignore_ascii_case(action)) else {
            return Err(format!(
                "Invalid header config action: '{action}'. Expected one of [{}]",
                known.join(", ")
            ));
        };
        let pair = pair.trim();
        let parts: Vec<&str> = pair.split(':').collect();
        let [name, value] = parts[..] else {
            return Err(format!(
                "Invalid format of header name and header value pair '{pair}'. Expected: '[header name]:[header value]'"
            ));
        };
        let (name, value) = (name.trim(), value.trim());
        let header = HeaderName::try_from(name).map_err(|_| {
            format!("Invalid header name '{name}'. The '[header name]' cannot contain whitespace")
        })?;
        let wrong = || format!("Invalid header config '{text}'.");
        let value = if action.ends_with("Date") {
            Value::Date(value.parse().map_err(|_| wrong())?)
        } else {
            Value::Text(HeaderValue::from_str(value).map_err(|_| wrong())?)
        };
        Ok(Self { adds: action.starts_with("add"), name: header, value })
    }
}

fn date(now: SystemTime, millis: i64) -> HeaderValue {
    let offset = Duration::from_millis(millis.unsigned_abs());
    let time = if millis < 0 { now.checked_sub(offset) } else { now.checked_add(offset) };
    // Years that have more than four digits cannot be written.
    let last = SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_799);
    let time = time.filter(|it| (SystemTime::UNIX_EPOCH..=last).contains(it)).unwrap_or(now);
    HeaderValue::from_str(&httpdate::fmt_http_date(time))
        .unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// Splits at commas outside of double quotes, which are taken away; what is blank is nothing.
fn split(text: &str) -> Vec<String> {
    let (mut parts, mut part, mut is_quoted) = (Vec::new(), String::new(), false);
    let mut rest = text.chars();
    while let Some(next) = rest.next() {
        match next {
            '"' => is_quoted = !is_quoted,
            '\\' if is_quoted => part.extend(rest.next()),
            ',' if !is_quoted => parts.push(std::mem::take(&mut part)),
            other => part.push(other),
        }
    }
    parts.push(part);
    parts.retain(|it| !it.trim().is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_as_java_reads_them() {
        let text = r#" add A-b: c d, "set Cache-Control: no-cache, no-store",add A-b:e,setDate Expires: 1000"#;
        let mut headers = HeaderMap::new();
        headers.insert("expires", HeaderValue::from_static("0"));
        HeaderRules::parse(text).unwrap().put(&mut headers, SystemTime::UNIX_EPOCH);
        let told: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        let expected = [
            ("expires", "Thu, 01 Jan 1970 00:00:01 GMT"),
            ("a-b", "c d"),
            ("a-b", "e"),
            ("cache-control", "no-cache, no-store"),
        ];
        assert_eq!(told, expected);
        assert!(HeaderRules::parse(" ").unwrap().is_empty());
    }

    #[test]
    fn what_is_no_rule_is_refused_in_java_s_words() {
        for (text, expected) in [
            (
                "set",
                "Invalid format of header config 'set'. Expected: '[action] [header name]:[header value]'",
            ),
            (
                "put A: b",
                "Invalid header config action: 'put'. Expected one of [set, add, setDate, addDate]",
            ),
            (
                "set A",
                "Invalid format of header name and header value pair 'A'. Expected: '[header name]:[header value]'",
            ),
            (
                "set A b: c",
                "Invalid header name 'A b'. The '[header name]' cannot contain whitespace",
            ),
            ("setDate A: b", "Invalid header config 'setDate A: b'."),
        ] {
            assert_eq!(HeaderRules::parse(text).err().as_deref(), Some(expected));
        }
    }

    #[test]
    fn dates_that_cannot_be_written_are_now() {
        for millis in [i64::MIN, i64::MAX, -1] {
            assert_eq!(date(SystemTime::UNIX_EPOCH, millis), "Thu, 01 Jan 1970 00:00:00 GMT");
        }
    }
}
