//! How the operator was installed, as far as clusters depend on it.

use std::collections::BTreeMap;

use sluice_crds::KafkaConnectSpec;

use super::validate::Error;

/// Images of workers, and where the operator runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Installation {
    /// Image of workers whose cluster names neither an image nor a version.
    pub worker_image: String,
    /// Images by the version that clusters name.
    pub worker_images: BTreeMap<String, String>,
    /// Namespace of the operator, from which it reaches workers.
    pub namespace: String,
    /// Where workers ask it whose a token is, if they can.
    pub reviews: Option<String>,
}

impl Installation {
    /// The image that a spec asks for.
    pub(super) fn image(&self, spec: &KafkaConnectSpec) -> Result<String, Error> {
        match (&spec.image, &spec.version) {
            (Some(image), _) => Ok(image.clone()),
            (None, None) => Ok(self.worker_image.clone()),
            (None, Some(version)) => self.worker_images.get(version).cloned().ok_or_else(|| {
                Error::field(
                    "spec.version",
                    format!(
                        "the operator has no image of version {version}; {}",
                        self.known_versions()
                    ),
                )
            }),
        }
    }

    fn known_versions(&self) -> String {
        if self.worker_images.is_empty() {
            let remedy = "start it with --worker-version VERSION=IMAGE, name spec.image, or leave";
            return format!("{remedy} the field out for the image that it was installed with");
        }
        let known: Vec<&str> = self.worker_images.keys().map(String::as_str).collect();
        format!("it has {}; choose one of them, or name spec.image", known.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn images_come_from_the_spec_its_version_or_the_installation() {
        let known = Installation {
            worker_image: "worker:default".into(),
            worker_images: [("1.0".into(), "worker:1.0".into()), ("1.1".into(), "w:1.1".into())]
                .into(),
            ..Installation::default()
        };
        let table = [
            (json!({}), Ok("worker:default")),
            (json!({"version": "1.0"}), Ok("worker:1.0")),
            (json!({"image": "mine", "version": "9"}), Ok("mine")),
            (
                json!({"version": "9"}),
                Err(
                    "spec.version: the operator has no image of version 9; it has 1.0, 1.1; choose one of them, or name spec.image",
                ),
            ),
        ];
        for (change, expected) in table {
            let image = known.image(&super::super::worker_file::tests::spec(&change));
            let image = image.map_err(|error| error.to_string());
            assert_eq!(image.as_deref().map_err(String::as_str), expected);
        }
    }
}
