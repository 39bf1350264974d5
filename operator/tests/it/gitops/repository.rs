//! A Git repository with a part of this one, and the server that it is fetched from.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::process::{Command as Blocking, Stdio};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use http::StatusCode;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::task::JoinSet;

use crate::bed::root;

/// What the examples apply.
const FOLDERS: [&str; 3] = ["crds", "deploy/base", "deploy/samples/quickstart"];
/// The repository's name on its server.
const NAME: &str = "sluice";
/// No request to the server is near this.
const LONGEST: usize = 1024 * 1024;

/// The repository; dropped, it is gone.
pub(super) struct Repository {
    folder: Arc<TempDir>,
    address: String,
    _served: JoinSet<()>,
}

impl Repository {
    /// One with a first commit, on a port of loopback.
    pub(super) async fn new() -> Result<Self> {
        let folder = Arc::new(tempfile::tempdir()?);
        let tree = folder.path().join(NAME);
        std::fs::create_dir(&tree)?;
        let mut copy = Blocking::new("cp");
        copy.current_dir(root()).args(["-r", "--parents"]).args(FOLDERS).arg(&tree);
        ensure!(copy.status()?.success(), "copying {FOLDERS:?}");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let mut served = JoinSet::new();
        let there = Arc::clone(&folder);
        let routes = Router::new().fallback(move |request: Request| {
            let there = Arc::clone(&there);
            async move { Ok::<_, Infallible>(answer(there.path(), request).await) }
        });
        served.spawn(async move { axum::serve(listener, routes).await.unwrap_or_default() });
        let repository = Self { folder, address, _served: served };
        repository.git(&["init", "--quiet", "--initial-branch=main"])?;
        repository.commit()?;
        Ok(repository)
    }

    /// Where it is cloned from.
    pub(super) fn url(&self) -> String {
        format!("http://{}/{NAME}", self.address)
    }

    /// A file of the work tree.
    pub(super) fn file(&self, path: &str) -> PathBuf {
        self.folder.path().join(NAME).join(path)
    }

    /// Commits the work tree as it is; returns the revision as Flux writes it.
    pub(super) fn commit(&self) -> Result<String> {
        self.git(&["add", "--all"])?;
        let author = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.com"];
        let commit = ["commit", "--quiet", "--allow-empty", "--message=a change"];
        self.git(&[&author[..], &commit[..]].concat())?;
        Ok(format!("main@sha1:{}", self.git(&["rev-parse", "HEAD"])?.trim()))
    }

    /// The work tree as an archive, and the address of that.
    pub(super) fn archive(&self, name: &str) -> Result<(Vec<u8>, String)> {
        let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for folder in FOLDERS {
            archive.append_dir_all(folder, self.file(folder))?;
        }
        let bytes = archive.into_inner()?.finish()?;
        std::fs::write(self.folder.path().join(name), &bytes)?;
        Ok((bytes, format!("http://{}/{name}", self.address)))
    }

    fn git(&self, arguments: &[&str]) -> Result<String> {
        let mut git = Blocking::new("git");
        git.current_dir(self.file("")).args(arguments);
        git.envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")]);
        let output = git.output().context("starting git")?;
        let told = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "git {arguments:?}: {told}");
        Ok(String::from_utf8(output.stdout)?)
    }
}

/// An archive, or what Git's own server answers.
async fn answer(folder: &Path, request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    if path.ends_with(".tar.gz") && !path.contains('/') {
        return match std::fs::read(folder.join(path)) {
            Ok(bytes) => bytes.into_response(),
            Err(_) => StatusCode::NOT_FOUND.into_response(),
        };
    }
    match git_server(folder, request).await {
        Ok(response) => response,
        Err(error) => (StatusCode::BAD_GATEWAY, format!("{error:#}")).into_response(),
    }
}

/// Smart HTTP, by the program that speaks it over CGI (git-http-backend(1)).
async fn git_server(folder: &Path, request: Request) -> Result<Response> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, LONGEST).await?;
    let header = |name: &str| {
        let value = head.headers.get(name).and_then(|it| it.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let mut server = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", folder)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("REQUEST_METHOD", head.method.as_str())
        .env("PATH_INFO", head.uri.path())
        .env("QUERY_STRING", head.uri.query().unwrap_or_default())
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("GIT_PROTOCOL", header("git-protocol"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut stdin = server.stdin.take().context("no standard input")?;
    stdin.write_all(&body).await?;
    drop(stdin);
    of_cgi(&server.wait_with_output().await?.stdout)
}

/// The answer that a CGI program writes: headers, an empty line, the body.
fn of_cgi(output: &[u8]) -> Result<Response> {
    let end =
        output.windows(4).position(|it| it == b"\r\n\r\n").context("an answer has headers")?;
    let mut response = http::Response::builder();
    for line in std::str::from_utf8(&output[..end])?.lines() {
        let (name, value) = line.split_once(": ").context("a header has a name and a value")?;
        response = match name {
            "Status" => response.status(value.split(' ').next().unwrap_or_default()),
            _ => response.header(name, value),
        };
    }
    Ok(response.body(Body::from(output[end + 4..].to_vec()))?)
}
