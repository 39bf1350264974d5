//! Keys of Secrets as placeholders in settings, and what must be mounted for them.

use std::collections::{BTreeMap, BTreeSet};

use sluice_crds::{SecretKey, TrustedCertificate};

use super::super::references::{References, SecretView};
use super::super::validate::Error;

/// Folder in which each Secret is mounted under its name.
pub const CREDENTIALS: &str = "/etc/sluice-credentials";

/// Config provider that reads them.
pub const PROVIDER: &str = "sluice";

/// Config provider that reads them into a text between double quotes, as in a JAAS entry.
pub const QUOTED: &str = "sluice-quoted";

/// Keys of Secrets that must be mounted.
pub type MountedKeys = BTreeMap<String, BTreeSet<String>>;

/// Turns keys of Secrets into placeholders, and remembers what must be mounted for them.
pub(super) struct Keys<'a> {
    pub(super) namespace: &'a str,
    pub(super) references: &'a References,
    pub(super) mounts: MountedKeys,
}

impl Keys<'_> {
    /// The value of a key.
    pub(super) fn value(&mut self, field: &str, secret: &str, key: &str) -> Result<String, Error> {
        let path = self.folder(field, secret, key)?;
        Ok(format!("${{{PROVIDER}:{path}:{key}}}"))
    }

    /// The value of a key as part of a text between double quotes.
    pub(super) fn quoted(&mut self, field: &str, secret: &str, key: &str) -> Result<String, Error> {
        let path = self.folder(field, secret, key)?;
        Ok(format!("${{{QUOTED}:{path}:{key}}}"))
    }

    /// The same of a key that the spec names.
    pub(super) fn quoted_key(&mut self, field: &str, key: &SecretKey) -> Result<String, Error> {
        self.quoted(field, &key.secret_name, &key.key)
    }

    /// The file with a key.
    pub(super) fn file(&mut self, field: &str, key: &SecretKey) -> Result<String, Error> {
        let folder = self.folder(field, &key.secret_name, &key.key)?;
        Ok(format!("{folder}/{}", key.key))
    }

    fn folder(&mut self, field: &str, secret: &str, key: &str) -> Result<String, Error> {
        if !self.secret(field, secret)?.keys.contains(key) {
            return Err(Error::NoKey {
                field: field.to_owned(),
                secret: secret.to_owned(),
                key: key.to_owned(),
            });
        }
        self.mounts.entry(secret.to_owned()).or_default().insert(key.to_owned());
        Ok(format!("{CREDENTIALS}/{secret}"))
    }

    /// Which keys of Secrets a list of certificates means.
    pub(super) fn certificates<'c>(
        &self,
        list: &str,
        certificates: &'c [TrustedCertificate],
    ) -> Result<Vec<(String, &'c str, String)>, Error> {
        let mut found = Vec::new();
        for (index, certificate) in certificates.iter().enumerate() {
            let field = format!("{list}[{index}]");
            let name = certificate.secret_name.as_str();
            for key in self.wanted(&field, certificate)? {
                found.push((field.clone(), name, key));
            }
        }
        Ok(found)
    }

    fn wanted(&self, field: &str, certificate: &TrustedCertificate) -> Result<Vec<String>, Error> {
        let name = &certificate.secret_name;
        let pattern = match (&certificate.certificate, &certificate.pattern) {
            (Some(key), _) => return Ok(vec![key.clone()]),
            (None, Some(pattern)) => pattern,
            (None, None) => return Err(Error::field(field, "give certificate or pattern")),
        };
        let keys = self.secret(field, name)?.keys.iter();
        let fitting: Vec<String> = keys.filter(|key| fits(pattern, key)).cloned().collect();
        if fitting.is_empty() {
            let (field, secret) = (field.to_owned(), name.clone());
            return Err(Error::NoKey { field, secret, key: pattern.clone() });
        }
        Ok(fitting)
    }

    /// All certificates of a list, one after the other; none of an empty list.
    pub(super) fn trusted(
        &mut self,
        list: &str,
        certificates: &[TrustedCertificate],
    ) -> Result<Option<String>, Error> {
        let keys = self.certificates(list, certificates)?.into_iter();
        let texts = keys.map(|(field, secret, key)| self.value(&field, secret, &key));
        let texts = texts.collect::<Result<Vec<_>, _>>()?;
        Ok((!texts.is_empty()).then(|| texts.join("\n")))
    }

    pub(super) fn secret(&self, field: &str, name: &str) -> Result<&SecretView, Error> {
        let missing = || Error::NoSecret { field: field.to_owned(), secret: name.to_owned() };
        self.references.secrets.get(name).ok_or_else(missing)
    }
}

/// The Secrets and keys that placeholders in a text stand for.
pub fn places(text: &str) -> Vec<(String, String)> {
    let start = format!("${{{PROVIDER}:{CREDENTIALS}/");
    let places = text.split(start.as_str()).skip(1).filter_map(|it| {
        let (secret, key) = it.split_once('}')?.0.split_once(':')?;
        Some((secret.to_owned(), key.to_owned()))
    });
    places.collect()
}

/// Whether a key fits a pattern of `*` and `?`.
fn fits(pattern: &str, key: &str) -> bool {
    let Some(first) = pattern.chars().next() else { return key.is_empty() };
    let rest = &pattern[first.len_utf8()..];
    if first == '*' {
        let ends = key.char_indices().map(|(at, _)| at).chain([key.len()]);
        return ends.into_iter().any(|at| fits(rest, &key[at..]));
    }
    let Some(next) = key.chars().next() else { return false };
    (first == '?' || first == next) && fits(rest, &key[next.len_utf8()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_lead_back_to_what_they_stand_for() {
        let view = SecretView {
            keys: ["a".to_owned(), "b.crt".to_owned()].into(),
            ..SecretView::default()
        };
        let secrets = [("s.1".to_owned(), view)].into();
        let references = References { secrets, ..References::default() };
        let mut keys = Keys { namespace: "n", references: &references, mounts: MountedKeys::new() };
        let text = ["a", "b.crt"].map(|key| keys.value("f", "s.1", key).unwrap()).join("\n");
        let expected = ["a", "b.crt"].map(|key| ("s.1".to_owned(), key.to_owned()));
        assert_eq!(places(&text), expected);
    }

    #[test]
    fn patterns_are_stars_and_question_marks() {
        for (pattern, key, expected) in [
            ("*.crt", "a.crt", true),
            ("*.crt", "a.crt.old", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*", "", true),
            ("ä*", "äö", true),
        ] {
            assert_eq!(fits(pattern, key), expected, "{pattern} {key}");
        }
    }
}
