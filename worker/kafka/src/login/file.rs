//! Tokens that something else keeps in a file (`FileJwtRetriever`), such as a projected token of a service account.

use std::{
    fs::File,
    io::{ErrorKind, Read as _},
    path::PathBuf,
};

use sluice_config::Secret;

use super::{LoginError, jwt};

/// No token is longer.
const LONGEST: u64 = 1 << 20;

/// A secret that stands in the settings or in a file.
#[derive(Clone, PartialEq)]
pub(super) enum SecretText {
    /// In the settings.
    Given(Secret),
    /// In a file that is read each time.
    File(SecretFile),
}

impl SecretText {
    /// The text. Blocks for a file, which is small and local.
    pub(super) fn load(&self) -> Result<Secret, LoginError> {
        match self {
            Self::Given(text) => Ok(text.clone()),
            Self::File(file) => file.load(),
        }
    }
}

/// A file with a secret, and the setting that names it.
#[derive(Clone, PartialEq)]
pub(super) struct SecretFile {
    pub(super) key: &'static str,
    pub(super) path: PathBuf,
}

impl SecretFile {
    /// A token, which has to be a JWT. Blocks.
    pub(super) fn jwt(&self) -> Result<Secret, LoginError> {
        let text = self.load()?;
        let is_jwt = text.reveal().split('.').count() == 3
            && text.reveal().split('.').take(2).all(|section| jwt::object(section).is_ok());
        if is_jwt { Ok(text) } else { Err(self.told("holds no JWT")) }
    }

    /// Its text without the blanks around it.
    fn load(&self) -> Result<Secret, LoginError> {
        let mut text = String::new();
        let read = File::open(&self.path)
            .and_then(|file| file.take(LONGEST + 1).read_to_string(&mut text));
        read.map_err(|cause| match cause.kind() {
            ErrorKind::NotFound => self.told("doesn't exist"),
            ErrorKind::PermissionDenied => self.told("doesn't have read permission"),
            _ => self.told(&format!("cannot be read: {cause}")),
        })?;
        if text.len() as u64 > LONGEST {
            return Err(self.told("is too long for a token"));
        }
        Ok(Secret::new(text.trim()))
    }

    fn told(&self, flaw: &str) -> LoginError {
        let (key, path) = (self.key, self.path.display());
        LoginError::fatal(format!(
            "The OAuth configuration option {key} contains a file ({path}) that {flaw}"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_hold_a_token_and_blanks_around_it() {
        let folder = std::env::temp_dir().join(format!("sluice-token-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("token");
        let file = SecretFile { key: "k", path: path.clone() };
        let told = |file: &SecretFile| file.jwt().err().map(|it| it.message);
        assert!(told(&file).unwrap().contains("that doesn't exist"));
        for (text, expected) in [("e30.e30.x\n", Ok("e30.e30.x")), ("hunter2", Err("no JWT"))] {
            std::fs::write(&path, text).unwrap();
            match (file.jwt(), expected) {
                (Ok(token), Ok(expected)) => assert_eq!(token.reveal(), expected),
                (Err(error), Err(expected)) => {
                    assert!(error.message.contains(expected) && !error.message.contains(text));
                }
                _ => panic!("{text}"),
            }
        }
        std::fs::write(&path, "x".repeat(2 << 20)).unwrap();
        assert!(told(&file).unwrap().contains("too long"));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
