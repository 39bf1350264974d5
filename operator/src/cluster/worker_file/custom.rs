//! `spec.authentication` of type `custom`: settings of the user, with Secrets named in their values.

use std::collections::BTreeMap;

use serde_json::Value;
use sluice_crds::Authentication;

use super::super::validate::Error;
use super::keys::Keys;
use super::oauth::ALLOWED;
use super::security::Security;
use crate::scalars;

/// What a value may name a Secret by: ours, and Strimzi's, whose names begin with a namespace.
const FORMS: [&str; 2] = ["${secret:", "${strimzisecrets:"];

/// What settings may begin with.
const FREE: [&str; 2] = ["sasl.", "ssl.keystore."];

/// Adds the settings.
pub(super) fn add(
    authentication: &Authentication,
    keys: &mut Keys<'_>,
    security: &mut Security,
) -> Result<(), Error> {
    let config = scalars::to_text(&authentication.config).map_err(|refused| {
        let field = format!("spec.authentication.config[{}]", refused.key);
        Error::field(&field, refused.message)
    })?;
    for (key, value) in config {
        let field = format!("spec.authentication.config[{key}]");
        let is_quoted = key == "sasl.jaas.config";
        let value = resolved(&field, &value, is_quoted, keys)?;
        if ALLOWED.contains(&key.as_str()) {
            security.of_worker.insert(key, value);
        } else if FREE.iter().any(|prefix| key.starts_with(prefix)) {
            security.of_clients.insert(key, value);
        } else {
            let allowed = FREE.join(" and ");
            security
                .warnings
                .push(format!("{field} has no effect: only {allowed} are taken from here"));
        }
    }
    Ok(())
}

/// Names of the Secrets in values.
pub fn secrets(config: &BTreeMap<String, Value>) -> Vec<String> {
    let texts = config.values().filter_map(Value::as_str);
    let places = texts.flat_map(|text| {
        let mut rest = text;
        std::iter::from_fn(move || {
            let place = next_place(rest)?;
            rest = place.after;
            Some(place)
        })
    });
    places.filter_map(|place| Some(place.secret()?.1.to_owned())).collect()
}

/// A place in a text that names a key of a Secret.
struct Place<'a> {
    before: &'a str,
    /// `NAME:KEY`, or `NAMESPACE/NAME:KEY`.
    inner: &'a str,
    after: &'a str,
}

impl<'a> Place<'a> {
    /// Namespace, name and key.
    fn secret(&self) -> Option<(Option<&'a str>, &'a str, &'a str)> {
        let (path, key) = self.inner.split_once(':')?;
        let (namespace, name) = match path.split_once('/') {
            Some((namespace, name)) => (Some(namespace), name),
            None => (None, path),
        };
        (!name.is_empty() && !key.is_empty()).then_some((namespace, name, key))
    }
}

fn next_place(text: &str) -> Option<Place<'_>> {
    let found = FORMS.iter().filter_map(|form| Some((text.find(form)?, form.len())));
    let (start, length) = found.min()?;
    let (inner, after) = text[start + length..].split_once('}')?;
    Some(Place { before: &text[..start], inner, after })
}

/// A value with placeholders for mounted files where it names Secrets.
fn resolved(
    field: &str,
    text: &str,
    is_quoted: bool,
    keys: &mut Keys<'_>,
) -> Result<String, Error> {
    let (mut resolved, mut rest) = (String::new(), text);
    while let Some(place) = next_place(rest) {
        let form = "names a Secret in another form than ${secret:NAME:KEY}";
        let (namespace, secret, key) = place.secret().ok_or_else(|| Error::field(field, form))?;
        if namespace.is_some_and(|it| it != keys.namespace) {
            let message = format!(
                "names Secret {secret} of another namespace; only those of this one can be used"
            );
            return Err(Error::field(field, message));
        }
        resolved.push_str(place.before);
        resolved.push_str(&if is_quoted {
            keys.quoted(field, secret, key)?
        } else {
            keys.value(field, secret, key)?
        });
        rest = place.after;
    }
    resolved.push_str(rest);
    Ok(resolved)
}
