//! Certificates for the secured listeners, made for one broker.

mod version_one;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
};

/// PEM files; a key is PKCS#8 and in one file with its certificate, as `ssl.keystore.location` takes it.
#[derive(Clone, Debug)]
pub struct Certificates {
    /// The authority that signed the broker's and the client's certificate.
    pub authority: PathBuf,
    /// The client's key and certificate, for the name `client`.
    pub client: PathBuf,
    /// An authority that signed nothing here.
    pub stranger: PathBuf,
    /// Key and certificate of a client that the stranger signed.
    pub stranger_client: PathBuf,
}

impl Certificates {
    pub(super) fn create(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let authority = folder.join("ca.pem");
        let issuer = self_signed("kit authority", &authority)?;
        signed(&issuer, "localhost", &folder.join("broker.pem"))?;
        old_fashioned(&issuer, folder)?;
        let client = folder.join("client.pem");
        signed(&issuer, "client", &client)?;
        let stranger = folder.join("stranger.pem");
        let other = self_signed("stranger", &stranger)?;
        let stranger_client = folder.join("stranger-client.pem");
        signed(&other, "client", &stranger_client)?;
        Ok(Self { authority, client, stranger, stranger_client })
    }
}

fn self_signed(name: &str, file: &Path) -> Result<Issuer<'static, KeyPair>> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    fs::write(file, params.self_signed(&key)?.pem())?;
    Ok(Issuer::new(params, key))
}

fn signed(issuer: &Issuer<'static, KeyPair>, name: &str, file: &Path) -> Result<()> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    params.distinguished_name.push(DnType::CommonName, name);
    let certificate = params.signed_by(&key, issuer)?;
    fs::write(file, format!("{}{}", key.serialize_pem(), certificate.pem()))?;
    Ok(())
}

/// Brokers' certificates that say the host in their common name alone, and one that is of version 1 too: OpenSSL takes them.
fn old_fashioned(issuer: &Issuer<'static, KeyPair>, folder: &Path) -> Result<()> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "localhost");
    let nameless = params.signed_by(&key, issuer)?;
    let version_one = version_one::of(nameless.der(), issuer.key())?;
    for (name, certificate) in [("nameless", nameless.pem()), ("version-one", version_one)] {
        let text = format!("{}{certificate}", key.serialize_pem());
        fs::write(folder.join(format!("{name}.pem")), text)?;
    }
    Ok(())
}
