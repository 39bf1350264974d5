//! Java for tests: the pinned jars of Kafka and Connect, small mains compiled into the cache, and quick JVMs.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, ensure};
use tokio::io::AsyncWriteExt;
use tokio::task::spawn_blocking;

use crate::{cache, lasting};

/// The lock file: it decides every jar.
const LOCK: &[u8] = include_bytes!("../kafka/pom.xml");
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/kafka");

/// Flags for a JVM that lives for one test: quick to start, small, not fast.
pub const QUICK: [&str; 4] = ["-Xms64m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];

/// What this machine lacks for tests with Kafka or Java, in one line.
pub fn missing() -> Option<String> {
    if !on_path("java") || !on_path("javac") {
        return Some(
            "java and javac 17 (Debian: openjdk-17-jdk-headless) are not on the PATH".into(),
        );
    }
    if !on_path("setpriv") || !on_path("setsid") {
        return Some("setpriv and setsid (Debian: util-linux) are not on the PATH".into());
    }
    let fetched = cache::place("kafka", &[LOCK]).is_ok_and(|it| it.exists());
    (!fetched && !on_path("mvn"))
        .then(|| "mvn (Debian: maven), which fetches Kafka once, is not on the PATH".into())
}

/// The class path of Kafka's broker, tools and Connect. Fetches the jars if the cache has none.
pub async fn class_path() -> Result<String> {
    spawn_blocking(jars).await?
}

/// Compiles a source file that holds one public class; returns the folder with the classes.
pub async fn compile(source: &Path) -> Result<PathBuf> {
    let source = source.to_owned();
    spawn_blocking(move || compiled(&source)).await?
}

/// Runs the `main` of a single-file Java program against Kafka's jars; returns what it printed.
pub async fn run_source(source: &Path, arguments: &[&str], stdin: &[u8]) -> Result<Vec<u8>> {
    let classes = compile(source).await?;
    let class_path = format!("{}:{}", class_path().await?, classes.display());
    run_main(&class_path, class_of(source)?, arguments, stdin).await
}

/// A Java runtime.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Runtime {
    /// Its feature release, such as 21.
    pub release: u32,
    program: PathBuf,
}

impl Runtime {
    /// Its `java`.
    pub(crate) fn program(&self) -> &Path {
        &self.program
    }
}

/// The newest Java of this machine: the one on the PATH, or one of Debian's folder for them.
pub fn newest() -> Option<Runtime> {
    let installed = fs::read_dir("/usr/lib/jvm").into_iter().flatten().flatten();
    let programs = installed.map(|it| it.path().join("bin/java")).chain([PathBuf::from("java")]);
    programs.filter_map(|program| Some(Runtime { release: release(&program)?, program })).max()
}

/// What `java -version` says first, such as `openjdk version "17.0.15" 2025-04-15`.
fn release(program: &Path) -> Option<u32> {
    let output = Command::new(program).arg("-version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    text.split('"').nth(1)?.split(|it: char| !it.is_ascii_digit()).next()?.parse().ok()
}

/// [`run_source`] on a certain Java.
pub async fn run_source_on(
    runtime: &Runtime,
    source: &Path,
    arguments: &[&str],
    stdin: &[u8],
) -> Result<Vec<u8>> {
    run_source_with(runtime, &class_path().await?, source, arguments, stdin).await
}

/// The same with other jars than Kafka's when it runs, Kafka's own among them.
pub async fn run_source_with(
    runtime: &Runtime,
    jars: &str,
    source: &Path,
    arguments: &[&str],
    stdin: &[u8],
) -> Result<Vec<u8>> {
    let classes = compile(source).await?;
    let class_path = format!("{jars}:{}", classes.display());
    let mut jvm = lasting::command(&runtime.program);
    add_flags(&mut jvm, &class_path, QUICK);
    run_in(jvm, class_of(source)?, arguments, stdin).await
}

/// Runs a class with a `main`; returns what it printed.
pub async fn run_main(
    class_path: &str,
    class: &str,
    arguments: &[&str],
    stdin: &[u8],
) -> Result<Vec<u8>> {
    run_in(jvm(class_path, QUICK), class, arguments, stdin).await
}

/// The same in a JVM that is prepared already.
pub(crate) async fn run_in(
    mut jvm: Command,
    class: &str,
    arguments: &[&str],
    stdin: &[u8],
) -> Result<Vec<u8>> {
    jvm.arg(class).args(arguments);
    let output = outcome(jvm, stdin).await.with_context(|| format!("starting {class}"))?;
    ensure!(
        output.status.success(),
        "{class} {}: {}{}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr),
        String::from_utf8_lossy(&output.stdout),
    );
    Ok(output.stdout)
}

/// A JVM that ends with the test process; the class and its arguments are still to be added.
pub(crate) fn jvm<F: AsRef<OsStr>>(
    class_path: &str,
    flags: impl IntoIterator<Item = F>,
) -> Command {
    let mut command = lasting::command("java");
    add_flags(&mut command, class_path, flags);
    command
}

fn add_flags<F: AsRef<OsStr>>(
    command: &mut Command,
    class_path: &str,
    flags: impl IntoIterator<Item = F>,
) {
    command
        .args(flags)
        .arg(format!("-Dlog4j2.configurationFile={FOLDER}/log4j2.properties"))
        .args(["-cp", class_path]);
}

/// The broker's class-data archive, if this Java made one: halves the start.
pub(crate) fn archive_flags(archive: &Path) -> [String; 2] {
    [format!("-XX:SharedArchiveFile={}", archive.display()), "-Xshare:auto".to_owned()]
}

/// Inputs that decide whether an archive of loaded classes still fits.
pub(crate) fn archive_inputs() -> Result<Vec<Vec<u8>>> {
    let version = Command::new("java").arg("-version").output().context("starting java")?;
    Ok(vec![LOCK.to_vec(), version.stderr])
}

async fn outcome(command: Command, stdin: &[u8]) -> Result<Output> {
    let mut command = tokio::process::Command::from(command);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn()?;
    let mut input = child.stdin.take().context("no standard input")?;
    let feed = async {
        // A program that ends before it has read all is no failure of its own.
        let _ = input.write_all(stdin).await;
        drop(input);
    };
    let (output, ()) = tokio::join!(child.wait_with_output(), feed);
    Ok(output?)
}

pub(crate) fn jars() -> Result<String> {
    let entry = cache::entry("kafka", &[LOCK], |folder| {
        let output = Command::new("mvn")
            .args(["-q", "-B", "-f"])
            .arg(Path::new(FOLDER).join("pom.xml"))
            .args(["dependency:copy-dependencies", "-DincludeScope=runtime"])
            .arg(format!("-DoutputDirectory={}", folder.display()))
            .output()
            .context("starting mvn")?;
        ensure!(output.status.success(), "mvn: {}", String::from_utf8_lossy(&output.stdout));
        Ok(())
    })?;
    Ok(format!("{}/*", entry.display()))
}

/// The folder with Kafka's connectors for tests, which a Java worker has only if they are on its class path.
pub async fn test_connectors() -> Result<PathBuf> {
    spawn_blocking(|| cache::entry("test-connectors", &[LOCK], fetch_test_connectors)).await?
}

fn fetch_test_connectors(folder: &Path) -> Result<()> {
    let lock = String::from_utf8_lossy(LOCK);
    let version = lock.split("<kafka.version>").nth(1).and_then(|it| it.split('<').next());
    let version = version.context("the lock file names Kafka's version")?;
    copy(&format!("org.apache.kafka:connect-test-plugins:{version}:jar"), folder)
}

/// Fetches one artifact of Maven Central, without those that it needs, into a folder.
pub(crate) fn copy(artifact: &str, folder: &Path) -> Result<()> {
    let output = Command::new("mvn")
        .args(["-q", "-B", "-f"])
        .arg(Path::new(FOLDER).join("pom.xml"))
        .arg("dependency:copy")
        .arg(format!("-Dartifact={artifact}"))
        .arg(format!("-DoutputDirectory={}", folder.display()))
        .output()
        .context("starting mvn")?;
    ensure!(output.status.success(), "mvn: {}", String::from_utf8_lossy(&output.stdout));
    Ok(())
}

/// Fetches one packed archive of Maven Central and unpacks it into a folder.
pub(crate) fn unpack(artifact: &str, folder: &Path) -> Result<()> {
    let packed = tempfile::tempdir()?;
    copy(artifact, packed.path())?;
    let archive = fs::read_dir(packed.path())?.next().context("mvn brought no archive")??.path();
    let output = Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(folder).output();
    let output = output.context("starting tar")?;
    ensure!(output.status.success(), "tar: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

fn compiled(source: &Path) -> Result<PathBuf> {
    let class = class_of(source)?;
    let text = fs::read(source).with_context(|| format!("reading {}", source.display()))?;
    let class_path = jars()?;
    cache::entry(&format!("java-{class}"), &[LOCK, &text], |folder| {
        let output = Command::new("javac")
            .args(["-nowarn", "-cp", &class_path, "-d"])
            .arg(folder)
            .arg(source)
            .output()
            .context("starting javac")?;
        ensure!(output.status.success(), "javac: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    })
}

fn class_of(source: &Path) -> Result<&str> {
    source.file_stem().and_then(OsStr::to_str).context("a Java source file has a name")
}

fn on_path(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|it| it.join(program).is_file()))
}
