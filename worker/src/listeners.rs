//! Listeners of the REST API: their addresses, and the sockets.

use anyhow::{Context as _, Result, bail};
use tokio::net::TcpListener;

use crate::rest::RestConfig;

/// An address such as `http://:8083`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) is_secure: bool,
    /// Empty for all interfaces.
    host: String,
    port: u16,
}

impl Address {
    /// Reads an address. The errors are Java's (`RestServer.createConnector`).
    pub(super) fn parse(text: &str) -> Result<Self> {
        const FORM: &str = "Listener doesn't have the right format (protocol://hostname:port).";
        let parts = text.split_once("://").and_then(|(scheme, rest)| {
            let (host, port) = rest.rsplit_once(':')?;
            Some((scheme, host, port.parse().ok()?))
        });
        let Some((scheme, host, port)) = parts else { bail!("{FORM} It is {text}") };
        let host = host.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(host);
        if !host.chars().all(|it| it.is_ascii_alphanumeric() || "-%._:".contains(it)) {
            bail!("{FORM} It is {text}");
        }
        let is_secure = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => bail!("Listener protocol must be either \"http\" or \"https\". It is {text}"),
        };
        Ok(Self { is_secure, host: host.to_owned(), port })
    }

    pub(super) const fn scheme(&self) -> &'static str {
        if self.is_secure { "https" } else { "http" }
    }

    async fn bind(&self) -> Result<TcpListener> {
        let host = if self.host.is_empty() { "0.0.0.0" } else { &self.host };
        TcpListener::bind((host, self.port)).await.with_context(|| {
            format!("listener {}://{}:{} cannot be bound", self.scheme(), self.host, self.port)
        })
    }
}

/// A bound listener.
pub(super) struct Bound {
    pub(super) address: Address,
    pub(super) socket: TcpListener,
}

/// Binds all addresses.
pub(super) async fn bind(addresses: Vec<Address>) -> Result<Vec<Bound>> {
    let mut bound = Vec::new();
    for address in addresses {
        let socket = address.bind().await?;
        bound.push(Bound { address, socket });
    }
    Ok(bound)
}

/// How other workers reach this one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Advertised {
    pub(super) scheme: &'static str,
    /// `host:port` as statuses and other workers name it.
    pub(super) worker_id: String,
}

impl Advertised {
    /// The first listener of the wanted kind, or plain HTTP if there is one (`RestServer.advertisedUrl`).
    pub(super) fn of(config: &RestConfig, bound: &[Bound]) -> Result<Self> {
        let wanted = config.advertised_listener.as_deref().map(str::trim);
        let of_kind = |is_secure| bound.iter().find(move |it| it.address.is_secure == is_secure);
        let chosen = match wanted.map(str::to_ascii_lowercase).as_deref() {
            None | Some("") => of_kind(false).or_else(|| of_kind(true)),
            Some("http") => of_kind(false),
            Some("https") => of_kind(true),
            Some(_) => None,
        };
        let Some(Bound { address, socket }) = chosen else {
            bail!(
                "Invalid value {} for configuration rest.advertised.listener: no listener is of this kind",
                wanted.unwrap_or_default()
            );
        };
        let host = match (&config.advertised_host, address.host.as_str()) {
            (Some(host), _) if !host.is_empty() => host.clone(),
            (_, "" | "0.0.0.0" | "::") => host_name(),
            (_, host) => host.to_owned(),
        };
        let host = if host.contains(':') { format!("[{host}]") } else { host };
        let own = socket.local_addr()?.port();
        let port = config.advertised_port.map_or_else(|| own.to_string(), |it| it.to_string());
        Ok(Self { scheme: address.scheme(), worker_id: format!("{host}:{port}") })
    }

    /// Base URL for other workers, with a slash at its end.
    pub(super) fn url(&self) -> String {
        format!("{}://{}/", self.scheme, self.worker_id)
    }
}

fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "localhost".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use sluice_config::{Config as _, Properties};

    use super::*;

    #[test]
    fn addresses_are_read() {
        for (text, expected) in [
            ("http://:8083", Some((false, "", 8083))),
            ("HTTPS://host.a-b:1", Some((true, "host.a-b", 1))),
            ("http://[::1]:80", Some((false, "::1", 80))),
            ("http://host", None),
            ("http://host:99999", None),
            ("http://ho st:1", None),
            ("ftp://host:1", None),
            ("host:1", None),
        ] {
            let address = Address::parse(text).ok();
            let parts = address.as_ref().map(|it| (it.is_secure, it.host.as_str(), it.port));
            assert_eq!(parts, expected, "{text}");
        }
    }

    #[tokio::test]
    async fn other_workers_are_told_one_listener() -> Result<()> {
        let both = ["https://127.0.0.1:0", "http://127.0.0.1:0"];
        let addresses = both.map(|it| Address::parse(it).unwrap());
        let bound = bind(addresses.to_vec()).await?;
        let ports: Vec<u16> =
            bound.iter().map(|it| it.socket.local_addr().unwrap().port()).collect();
        let [secure, plain] = ports[..] else { bail!("two listeners") };
        for (pairs, expected) in [
            (&[][..], Some(format!("http://127.0.0.1:{plain}/"))),
            (&[("listener", "HTTPS")], Some(format!("https://127.0.0.1:{secure}/"))),
            (&[("host.name", "h"), ("port", "7")], Some("http://h:7/".to_owned())),
            (&[("host.name", "::1")], Some(format!("http://[::1]:{plain}/"))),
            (&[("listener", "ftp")], None),
        ] {
            let properties: Properties = pairs
                .iter()
                .map(|(key, value)| (format!("rest.advertised.{key}"), (*value).to_owned()))
                .collect();
            let config = RestConfig::parse(&properties)?;
            let url = Advertised::of(&config, &bound).ok().map(|it| it.url());
            assert_eq!(url, expected, "{pairs:?}");
        }
        Ok(())
    }
}
