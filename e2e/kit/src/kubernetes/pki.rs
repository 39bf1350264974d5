//! The cluster's own certificate authority, its certificates and kubeconfig files, all in one folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use serde_json::json;

/// Names that the API server answers to.
const API_SERVER: [&str; 8] = [
    "127.0.0.1",
    "10.88.0.1",
    "10.96.0.1",
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
];

/// Clients of the API server: file, group, user. The API server knows them by these names.
const CLIENTS: [(&str, &str, &str); 6] = [
    ("admin", "system:masters", "admin"),
    ("controller-manager", "", "system:kube-controller-manager"),
    ("scheduler", "", "system:kube-scheduler"),
    ("proxy", "", "system:kube-proxy"),
    ("dns", "system:masters", "coredns"),
    ("api-to-kubelet", "system:masters", "kube-apiserver"),
];

/// A folder of PEM files.
#[derive(Clone, Debug)]
pub(super) struct Pki {
    folder: PathBuf,
}

impl Pki {
    /// Makes all files: `NAME.crt`, `NAME.key`, and `NAME.kubeconfig` for the clients of `server`.
    pub(super) fn create(folder: &Path, server: &str, node: &str) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let pki = Self { folder: folder.to_owned() };
        let authority = pki.authority()?;
        pki.issue(&authority, "apiserver", "", "kube-apiserver", &API_SERVER)?;
        pki.issue(
            &authority,
            "node",
            "system:nodes",
            &format!("system:node:{node}"),
            &["127.0.0.1", "10.88.0.1", node],
        )?;
        pki.issue(&authority, "front-proxy", "", "front-proxy-client", &[])?;
        for (file, group, user) in CLIENTS {
            pki.issue(&authority, file, group, user, &[])?;
        }
        for (file, ..) in CLIENTS {
            pki.write_kubeconfig(file, server)?;
        }
        pki.write_kubeconfig("node", server)?;
        let service_accounts = KeyPair::generate()?;
        fs::write(pki.path("service-accounts.key"), service_accounts.serialize_pem())?;
        fs::write(pki.path("service-accounts.pub"), service_accounts.public_key_pem())?;
        Ok(pki)
    }

    /// A file of the folder.
    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    /// A file of the folder as an argument.
    pub(super) fn argument(&self, file: &str) -> String {
        self.path(file).display().to_string()
    }

    fn authority(&self) -> Result<Issuer<'static, KeyPair>> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, "sluice-kit");
        let key = KeyPair::generate()?;
        fs::write(self.path("ca.crt"), params.self_signed(&key)?.pem())?;
        Ok(Issuer::new(params, key))
    }

    fn issue(
        &self,
        authority: &Issuer<'static, KeyPair>,
        file: &str,
        group: &str,
        user: &str,
        names: &[&str],
    ) -> Result<()> {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names)?;
        if !group.is_empty() {
            params.distinguished_name.push(DnType::OrganizationName, group);
        }
        params.distinguished_name.push(DnType::CommonName, user);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, authority)?;
        fs::write(self.path(&format!("{file}.crt")), certificate.pem())?;
        fs::write(self.path(&format!("{file}.key")), key.serialize_pem())?;
        Ok(())
    }

    fn write_kubeconfig(&self, user: &str, server: &str) -> Result<()> {
        // JSON is YAML, and kubeconfig readers take YAML.
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "kit", "cluster": {
                "server": server,
                "certificate-authority": self.path("ca.crt"),
            }}],
            "users": [{"name": user, "user": {
                "client-certificate": self.path(&format!("{user}.crt")),
                "client-key": self.path(&format!("{user}.key")),
            }}],
            "contexts": [{"name": "kit", "context": {"cluster": "kit", "user": user}}],
            "current-context": "kit",
        });
        fs::write(
            self.path(&format!("{user}.kubeconfig")),
            serde_json::to_string_pretty(&config)?,
        )?;
        Ok(())
    }
}
