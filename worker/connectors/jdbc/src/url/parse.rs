//! The grammar of JDBC URLs.

use percent_encoding::percent_decode_str;
use sluice_plugin::config::Secret;

use super::{Host, JdbcUrl, options};
use crate::Dialect;

/// What is wrong with a URL. No text holds the URL itself, which may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// No database that is known.
    #[error(
        "the URL must begin with jdbc:postgresql:, jdbc:mysql:, jdbc:mariadb: or jdbc:sqlite:{0}; other databases are not \
         supported"
    )]
    Database(String),
    /// A form of URL that drivers of Java know and this one does not.
    #[error("{0}")]
    Form(&'static str),
    /// A port that is none.
    #[error("the port of host {0} is no number from 1 to 65535")]
    Port(String),
    /// Text that is no UTF-8 once its escapes are undone.
    #[error("the {0} of the URL is not valid percent-encoded UTF-8")]
    Encoding(&'static str),
    /// An option that is not allowed.
    #[error("option {name} of the URL is refused: {reason}")]
    Refused {
        /// The option.
        name: String,
        /// Why.
        reason: &'static str,
    },
    /// A value that an option cannot have.
    #[error("option {name} of the URL has a value that is none of: {known}")]
    Value {
        /// The option.
        name: String,
        /// What it can be.
        known: &'static str,
    },
}

/// Reads a URL.
pub(super) fn parse(text: &str) -> Result<JdbcUrl, UrlError> {
    let text = text.trim();
    let known = [
        ("jdbc:postgresql:", Dialect::Postgres, 5432),
        ("jdbc:mysql:", Dialect::MySql, 3306),
        ("jdbc:mariadb:", Dialect::MySql, 3306),
        ("jdbc:sqlite:", Dialect::Sqlite, 0),
    ];
    let found = known.into_iter().find_map(|(prefix, dialect, port)| {
        text.strip_prefix(prefix).map(|rest| (dialect, port, rest))
    });
    let Some((dialect, port, rest)) = found else {
        let words: Vec<&str> = text.split(':').take(2).collect();
        let is_plain = |it: &&str| it.chars().all(|it| it.is_ascii_alphanumeric() || it == '+');
        let told = match &words[..] {
            ["jdbc", database] if is_plain(database) => format!(", and not with jdbc:{database}:"),
            _ => String::new(),
        };
        return Err(UrlError::Database(told));
    };
    let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut url = JdbcUrl {
        dialect,
        hosts: Vec::new(),
        database: None,
        user: None,
        password: None,
        options: options::Options::default(),
        ignored: Vec::new(),
    };
    match dialect {
        Dialect::Sqlite => url.database = Some(file(address)?),
        Dialect::Postgres | Dialect::MySql => server(&mut url, address, port)?,
    }
    for pair in query.split('&').filter(|it| !it.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = decode(value, "value of an option")?;
        options::apply(&mut url, &decode(name, "name of an option")?, value)?;
    }
    Ok(url)
}

/// The path of a file.
fn file(address: &str) -> Result<String, UrlError> {
    let path = address.strip_prefix("file:").unwrap_or(address);
    if path.starts_with(":resource:") {
        return Err(UrlError::Form(
            "jdbc:sqlite::resource: is refused: it loads a database from any address; name a file",
        ));
    }
    if path.is_empty() || path == ":memory:" {
        return Err(UrlError::Form(
            "a database in memory belongs to one connection and is empty for any other; name a file behind jdbc:sqlite:",
        ));
    }
    decode(path, "path")
}

/// Hosts, user and database: `//[user[:password]@]host[:port][,…]/database`, `/`, or the name of a database alone.
fn server(url: &mut JdbcUrl, address: &str, port: u16) -> Result<(), UrlError> {
    let local = || vec![Host { name: "localhost".to_owned(), port }];
    let Some(address) = address.strip_prefix("//") else {
        let is_failover = address.contains("//");
        if is_failover {
            return Err(UrlError::Form(
                "high-availability forms such as jdbc:mysql:loadbalance: are not supported; list the hosts behind //, \
                 which are tried in order",
            ));
        }
        url.hosts = local();
        url.database = name(address.strip_prefix('/').unwrap_or(address))?;
        return Ok(());
    };
    let (hosts, database) = address.split_once('/').unwrap_or((address, ""));
    url.database = name(database)?;
    let hosts = match hosts.rsplit_once('@') {
        None => hosts,
        Some((who, hosts)) => {
            let (user, password) = who.split_once(':').map_or((who, None), |it| (it.0, Some(it.1)));
            url.user = Some(decode(user, "user")?);
            url.password = password.map(|it| decode(it, "password")).transpose()?.map(Secret::new);
            hosts
        }
    };
    if hosts.contains('(') || hosts.contains('[') && !hosts.contains(']') {
        return Err(UrlError::Form(
            "addresses in brackets, such as address=(host=…), are not supported; write host:port,host:port",
        ));
    }
    url.hosts = match hosts {
        "" => local(),
        hosts => hosts.split(',').map(|it| host(it, port)).collect::<Result<_, _>>()?,
    };
    Ok(())
}

fn host(text: &str, port: u16) -> Result<Host, UrlError> {
    let (name, rest) = match text.strip_prefix('[').and_then(|it| it.split_once(']')) {
        Some((address, rest)) => (address, rest),
        None => text.find(':').map_or((text, ""), |at| text.split_at(at)),
    };
    let name = if name.is_empty() { "localhost" } else { name };
    let port = match rest.strip_prefix(':') {
        None | Some("") if rest.len() <= 1 => port,
        Some(number) => {
            let number = number.parse().ok().filter(|it| *it > 0);
            number.ok_or_else(|| UrlError::Port(name.to_owned()))?
        }
        None => return Err(UrlError::Port(name.to_owned())),
    };
    Ok(Host { name: decode(name, "host")?, port })
}

fn name(text: &str) -> Result<Option<String>, UrlError> {
    let decoded = decode(text, "database")?;
    Ok(Some(decoded).filter(|it| !it.is_empty()))
}

fn decode(text: &str, what: &'static str) -> Result<String, UrlError> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(std::borrow::Cow::into_owned).map_err(|_| UrlError::Encoding(what))
}
