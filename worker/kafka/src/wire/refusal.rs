//! Why a TLS handshake failed, in words that say what is wrong with which certificate and what to do. Sees no secret.

use rustls::CertificateError::{NotValidForName, NotValidForNameContext, Other};

/// The words for an error of a connection, if it is one of TLS.
pub(super) fn of(error: &std::io::Error) -> Option<String> {
    error.get_ref()?.downcast_ref::<rustls::Error>().map(told)
}

fn told(cause: &rustls::Error) -> String {
    let rustls::Error::InvalidCertificate(flaw) = cause else {
        return format!("{cause}; {WHO_IS_WHO}");
    };
    match flaw {
        NotValidForNameContext { expected, presented } => {
            let host = expected.to_str();
            let named = if presented.is_empty() {
                "names no host: it has no subjectAltName, and a common name does not count (RFC 9525)".to_owned()
            } else {
                format!("is for {}", presented.join(", "))
            };
            format!("the broker's certificate {named}; {}", remedy(&host))
        }
        NotValidForName => {
            format!("the broker's certificate is for another host; {}", remedy("the host"))
        }
        Other(rustls::OtherError(flaw)) => match flaw.downcast_ref() {
            Some(webpki::Error::UnsupportedCertVersion) => {
                "the broker's certificate, or one that it comes with, is of X.509 version 1 or 2, which this worker does \
                 not read; give the broker one of version 3 that names its host as subjectAltName"
                    .to_owned()
            }
            Some(webpki::Error::CaUsedAsEndEntity) => {
                "the broker's certificate is one of an authority (CA:TRUE), not of a server; give the broker one with \
                 CA:FALSE that the authority has signed"
                    .to_owned()
            }
            _ => format!("{cause}; {WHO_IS_WHO}"),
        },
        _ => format!("{cause}; {WHO_IS_WHO}"),
    }
}

const WHO_IS_WHO: &str = "check ssl.truststore.* (whom to trust) and ssl.keystore.* (who this is)";

fn remedy(host: &str) -> String {
    format!(
        "give the broker one that names {host} as subjectAltName, or take any host's by an empty \
         ssl.endpoint.identification.algorithm"
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::{AlertDescription, CertificateError, OtherError};

    use super::*;

    fn of_pki(error: webpki::Error) -> rustls::Error {
        CertificateError::Other(OtherError(Arc::new(error))).into()
    }

    fn for_host(presented: &[&str]) -> rustls::Error {
        let presented = presented.iter().map(|it| (*it).to_owned()).collect();
        let expected = "kafka.example".try_into().unwrap();
        CertificateError::NotValidForNameContext { expected, presented }.into()
    }

    #[test]
    fn each_flaw_is_named_with_its_remedy() {
        let rows = [
            (for_host(&[]), ["no subjectAltName", "kafka.example"]),
            (for_host(&["DnsName(\"a\")", "b"]), ["is for DnsName(\"a\"), b", "kafka.example"]),
            (CertificateError::NotValidForName.into(), ["another host", "subjectAltName"]),
            (of_pki(webpki::Error::UnsupportedCertVersion), ["version 1", "version 3"]),
            (of_pki(webpki::Error::CaUsedAsEndEntity), ["CA:TRUE", "CA:FALSE"]),
            (CertificateError::UnknownIssuer.into(), ["UnknownIssuer", "ssl.truststore.*"]),
            (of_pki(webpki::Error::BadDer), ["BadDer", "ssl.truststore.*"]),
            (
                rustls::Error::AlertReceived(AlertDescription::CertificateRequired),
                ["CertificateRequired", "ssl.keystore.*"],
            ),
        ];
        for (cause, parts) in rows {
            let told = of(&std::io::Error::other(cause)).unwrap();
            assert!(parts.iter().all(|it| told.contains(it)), "{parts:?} are not in {told}");
        }
        assert_eq!(of(&std::io::ErrorKind::ConnectionReset.into()), None);
    }
}
