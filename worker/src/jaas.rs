//! Users of the REST API: a JAAS file with the entry `KafkaConnect`, whose `PropertyFileLoginModule` names a file of users and
//! passwords.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result, bail};
use sluice_config::parse_properties;
use sluice_rest::Credentials;

const ENTRY: &str = "KafkaConnect";
const MODULE: &str = "org.apache.kafka.connect.rest.basic.auth.extension.PropertyFileLoginModule";

/// Who may use the API, by the users that a JAAS file leads to.
pub(super) fn credentials(jaas_file: Option<&str>) -> Result<Credentials> {
    let path = jaas_file.context(
        "rest.extension.classes: basic authentication needs a JAAS file; name it by sluice.rest.jaas.file, or by -Djava.security.auth.login.config in the environment variable KAFKA_OPTS",
    )?;
    let users = users(path)?;
    if users.is_empty() {
        tracing::warn!("the file of users is empty: everybody may use the REST API");
    }
    Ok(Credentials::new(users))
}

/// Reads the users that a JAAS file leads to, with their passwords.
pub(super) fn users(path: &str) -> Result<BTreeMap<String, String>> {
    let text = fs::read_to_string(path).with_context(|| format!("{path} cannot be read"))?;
    let users = users_file(&text).with_context(|| format!("JAAS file {path}"))?;
    let bytes = fs::read(Path::new(&users))
        .with_context(|| format!("the file of users, {users}, cannot be read"))?;
    parse_properties(&bytes)
        .with_context(|| format!("the file of users, {users}, is no properties file"))
}

/// The file that the module's option names.
fn users_file(jaas: &str) -> Result<String> {
    let tokens = tokens(jaas)?;
    let mut tokens = tokens.iter().map(String::as_str).skip_while(|it| *it != ENTRY);
    if tokens.next().is_none() || tokens.next() != Some("{") {
        bail!("it has no entry {ENTRY}");
    }
    let entry: Vec<&str> = tokens.take_while(|it| *it != "}").collect();
    let [module, _flag, options @ .., ";"] = &entry[..] else {
        bail!("the entry {ENTRY} is not of the form `CLASS required file=\"...\";`");
    };
    if *module != MODULE || options.contains(&";") {
        bail!("the entry {ENTRY} may have the module {MODULE} alone");
    }
    let file = options.chunks(3).find_map(|it| match it {
        ["file", "=", path] if !path.is_empty() => Some((*path).to_owned()),
        _ => None,
    });
    file.with_context(|| format!("the module of {ENTRY} has no option `file`"))
}

/// Words, quoted texts and signs; comments are left out.
fn tokens(text: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let length = if let Some(comment) = rest.strip_prefix("/*") {
            comment.find("*/").context("a comment is not closed")? + 4
        } else if rest.starts_with("//") || next == '#' {
            rest.find('\n').unwrap_or(rest.len())
        } else if next == '"' {
            let end = rest[1..].find('"').context("a quote is not closed")?;
            found.push(rest[1..=end].to_owned());
            end + 2
        } else if "{};=".contains(next) {
            found.push(next.to_string());
            1
        } else if next.is_whitespace() {
            next.len_utf8()
        } else {
            let is_end = |it: char| it.is_whitespace() || "{};=\"".contains(it);
            let end = rest.find(is_end).unwrap_or(rest.len());
            found.push(rest[..end].to_owned());
            end
        };
        rest = &rest[length..];
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_users_is_found() {
        let text = format!(
            "/* for all */ Other {{ a.B required x=y; }};\n// ours\nKafkaConnect {{\n {MODULE} required\n file=\"/a b/users\" debug=true;\n}};"
        );
        assert_eq!(users_file(&text).unwrap(), "/a b/users");
        for (text, expected) in [
            (String::new(), "no entry"),
            ("KafkaConnect {".to_owned(), "not of the form"),
            ("KafkaConnect { com.example.Ldap required; };".to_owned(), "alone"),
            (format!("KafkaConnect {{ {MODULE} required; }};"), "no option `file`"),
            (format!("KafkaConnect {{ {MODULE} required; a.B required; }};"), "alone"),
            ("KafkaConnect { \"".to_owned(), "quote"),
            ("/* é".to_owned(), "comment"),
        ] {
            let error = users_file(&text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
