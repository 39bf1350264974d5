//! Keys of the REST API (`RestServerConfig`), parsed once.

use anyhow::{Result, anyhow, bail};
use sluice_config::{Config, Properties};
use sluice_rest::{AdminRoutes, Cors, HeaderRules, Policy};

use crate::{authorization, jaas, listeners::Address};

const BASIC_AUTH: &str =
    "org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension";

/// Keys of the REST API.
#[derive(Debug, Config)]
pub(super) struct RestConfig {
    /// Addresses of the REST API, such as http://0.0.0.0:8083.
    #[config(key = "listeners", default = "http://:8083", importance = Low)]
    listeners: Vec<String>,
    /// Host name under which other workers reach this one.
    #[config(key = "rest.advertised.host.name", importance = Low)]
    pub(super) advertised_host: Option<String>,
    /// Port under which other workers reach this one.
    #[config(key = "rest.advertised.port", importance = Low)]
    pub(super) advertised_port: Option<i32>,
    /// Which kind of listener other workers reach: http or https.
    #[config(key = "rest.advertised.listener", importance = Low)]
    pub(super) advertised_listener: Option<String>,
    /// Pages that may ask, as patterns; * for all.
    #[config(key = "access.control.allow.origin", default = "", importance = Low)]
    allow_origin: String,
    /// Methods that they may use.
    #[config(key = "access.control.allow.methods", default = "", importance = Low)]
    allow_methods: String,
    /// Headers to add to answers.
    #[config(key = "response.http.headers.config", default = "", importance = Low)]
    response_headers: String,
    /// What else looks at requests.
    #[config(key = "rest.extension.classes", default = "", importance = Low)]
    extensions: Vec<String>,
    /// File that says where users and passwords are.
    #[config(key = "sluice.rest.jaas.file", importance = Low)]
    pub(super) jaas_file: Option<String>,
    /// Who may do what: empty for everybody everything, readOnly for changes by the operator alone, kubernetes for rights by
    /// Kubernetes' roles.
    #[config(key = "sluice.rest.authorization", default = "", importance = Low)]
    authorization: String,
    /// Folder in which the operator tells who it is.
    #[config(key = "sluice.rest.authorization.path", importance = Low)]
    pub(super) authorization_path: Option<String>,
    /// The cluster, as NAMESPACE/NAME.
    #[config(key = "sluice.rest.authorization.cluster", importance = Low)]
    cluster: Option<String>,
    /// Where the operator is asked about tokens; empty if clients show none.
    #[config(key = "sluice.rest.reviews.url", importance = Low)]
    reviews: Option<String>,
}

impl RestConfig {
    /// Where the API is served.
    pub(super) fn listeners(&self) -> Result<Vec<Address>> {
        if self.listeners.is_empty() {
            bail!(
                "Invalid value for listeners, at least one URL is expected, ex: http://localhost:8080,https://localhost:8443."
            );
        }
        self.listeners.iter().map(|it| Address::parse(it)).collect()
    }

    /// What holds for each request.
    pub(super) fn policy(&self) -> Result<Policy> {
        let headers = HeaderRules::parse(&self.response_headers);
        let cors = Cors::parse(&self.allow_origin, &self.allow_methods);
        let mut credentials = None;
        for class in &self.extensions {
            if class != BASIC_AUTH && !BASIC_AUTH.ends_with(&format!(".{class}")) {
                bail!(
                    "Invalid value {class} for configuration rest.extension.classes: a native worker loads no classes; it has {BASIC_AUTH} alone"
                );
            }
            credentials = Some(jaas::credentials(self.jaas_file.as_deref())?);
        }
        Ok(Policy {
            cors: cors.map_err(|error| anyhow!(error))?,
            headers: headers.map_err(|error| anyhow!(error))?,
            credentials,
            authorization: authorization::of(authorization::Settings {
                kind: &self.authorization,
                folder: self.authorization_path.as_deref(),
                cluster: self.cluster.as_deref(),
                reviews: self.reviews.as_deref(),
            })?,
        })
    }
}

/// Where `/admin` is served, and on which listeners of its own.
pub(super) fn admin(properties: &Properties) -> Result<(AdminRoutes, Vec<Address>)> {
    // Whether the key is there makes a difference, and an empty list means none.
    let Some(text) = properties.get("admin.listeners") else {
        return Ok((AdminRoutes::WithOthers, Vec::new()));
    };
    let parts = text.split(',').map(str::trim).filter(|it| !it.is_empty());
    let addresses = parts.map(Address::parse).collect::<Result<Vec<_>>>()?;
    let place = if addresses.is_empty() { AdminRoutes::None } else { AdminRoutes::Apart };
    Ok((place, addresses))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn properties(pairs: &[(&str, &str)]) -> Properties {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn administrators_ask_where_the_file_says() {
        for (pairs, expected) in [
            (&[][..], (AdminRoutes::WithOthers, 0)),
            (&[("admin.listeners", "")], (AdminRoutes::None, 0)),
            (&[("admin.listeners", " ")], (AdminRoutes::None, 0)),
            (&[("admin.listeners", "http://:1, http://h:2")], (AdminRoutes::Apart, 2)),
        ] {
            let (place, addresses) = admin(&properties(pairs)).unwrap();
            assert_eq!((place, addresses.len()), expected, "{pairs:?}");
        }
        assert!(admin(&properties(&[("admin.listeners", "nonsense")])).is_err());
    }

    #[test]
    fn what_cannot_be_done_is_refused() {
        for (key, value, expected) in [
            ("rest.extension.classes", "com.example.Own", "a native worker loads no classes"),
            ("rest.extension.classes", BASIC_AUTH, "sluice.rest.jaas.file"),
            ("response.http.headers.config", "put A: b", "Invalid header config action: 'put'"),
            ("access.control.allow.origin", "(", "access.control.allow.origin"),
            (authorization::KEY, "any", "it is readOnly, kubernetes or empty"),
        ] {
            let config = RestConfig::parse(&properties(&[(key, value)])).unwrap();
            let error = config.policy().unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        let config = RestConfig::parse(&properties(&[("listeners", "ftp://a:1")])).unwrap();
        assert!(config.listeners().is_err());
    }
}
