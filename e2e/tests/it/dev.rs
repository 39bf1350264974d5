//! `sluice dev`: the quickstart on this machine, with the real programs and no Kafka.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use sluice_kit::{binaries, wait};
use tempfile::TempDir;
use tokio::process::{Child, Command};

const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/samples");
const PATIENCE: Duration = Duration::from_secs(30);

/// A copy of the quickstart, so that nothing is written into the sources.
fn quickstart() -> Result<TempDir> {
    let folder = tempfile::tempdir()?;
    copy("quickstart", folder.path())?;
    copy("quickstart/files", &folder.path().join("files"))?;
    match std::fs::remove_file(folder.path().join("files/copy.txt")) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(folder),
    }
}

/// Copies the files of a sample.
fn copy(sample: &str, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(Path::new(SAMPLES).join(sample))? {
        let file = entry?.path();
        if file.is_file() {
            let name = file.file_name().context("a file has a name")?;
            std::fs::copy(&file, to.join(name))?;
        }
    }
    Ok(())
}

fn dev(folder: &Path, arguments: &[&str]) -> Result<Command> {
    let mut command = Command::new(binaries::binary("sluice")?);
    command
        .args(["dev", "-f"])
        .arg(folder)
        .arg("--worker-binary")
        .arg(binaries::binary("sluice-worker")?)
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    Ok(command)
}

fn lines(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Ids of processes whose command line holds the folder of a run.
fn processes(needle: &str) -> Vec<i32> {
    let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    all.filter_map(|entry| {
        let id: i32 = entry.file_name().to_str()?.parse().ok()?;
        let line = std::fs::read(entry.path().join("cmdline")).ok()?;
        String::from_utf8_lossy(&line).contains(needle).then_some(id)
    })
    .collect()
}

async fn copied(folder: &Path) -> Result<()> {
    let (original, copy) = (folder.join("files/lines.txt"), folder.join("files/copy.txt"));
    wait::until(PATIENCE, "all lines in the copy", async || lines(&copy) == lines(&original)).await
}

async fn interrupt(child: &mut Child) -> Result<Duration> {
    let id = child.id().context("it runs")?.to_string();
    let asked = Instant::now();
    ensure!(Command::new("kill").args(["-INT", &id]).status().await?.success());
    child.wait().await?;
    Ok(asked.elapsed())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_quickstart_runs_for_a_while_and_says_that_all_was_ready() -> Result<()> {
    let folder = quickstart()?;
    let output = dev(folder.path(), &["--for", "15s"])?.output().await?;
    let told = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "{told}");
    ensure!(told.contains("it is no production broker"), "{told}");
    ensure!(told.contains("every resource became ready"), "{told}");
    copied(folder.path()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_comes_back_and_ctrl_c_leaves_nothing_behind() -> Result<()> {
    let (folder, state) = (quickstart()?, tempfile::tempdir()?);
    let state_path = state.path().to_str().context("a path in UTF-8")?;
    let mut child =
        dev(folder.path(), &["--data-dir", state_path])?.stdout(Stdio::null()).spawn()?;
    copied(folder.path()).await?;
    let worker = || processes(&format!("{state_path}/my-connect-1.properties")).first().copied();
    let killed = worker().context("the second worker runs")?;
    ensure!(Command::new("kill").args(["-9", &killed.to_string()]).status().await?.success());
    let is_back = async || worker().is_some_and(|id| id != killed);
    wait::until(PATIENCE, "the worker to come back", is_back).await?;
    let took = interrupt(&mut child).await?;
    ensure!(took < Duration::from_secs(2), "ctrl-c took {took:?}");
    ensure!(processes(state_path).is_empty(), "processes are left behind");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_resolve_what_a_setting_takes_from_a_secret() -> Result<()> {
    let folder = quickstart()?;
    let file = folder.path().join("lines-source.yaml");
    let text = std::fs::read_to_string(&file)?;
    let line = text.lines().find(|line| line.starts_with("    file: "));
    let reference = "    file: {secretKeyRef: {name: paths, key: source}}";
    let text = text.replace(line.context("the source has a file")?, reference);
    let path = folder.path().join("files/lines.txt");
    let secret = format!(
        "---\napiVersion: v1\nkind: Secret\nmetadata: {{name: paths}}\nstringData: {{source: {}}}\n",
        path.display()
    );
    std::fs::write(&file, format!("{text}{secret}"))?;
    let output = dev(folder.path(), &["--for", "15s"])?.output().await?;
    let told = String::from_utf8_lossy(&output.stdout);
    ensure!(told.contains("every resource became ready"), "{told}");
    copied(folder.path()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_is_wrong_is_refused_with_its_place() -> Result<()> {
    let folder = quickstart()?;
    let file = folder.path().join("orders.yaml");
    let text = std::fs::read_to_string(&file)?;
    std::fs::write(&file, text.replace("  tasksMax: 1", "  taskMax: 1"))?;
    let output = dev(folder.path(), &["--for", "5s"])?.output().await?;
    let told = String::from_utf8_lossy(&output.stderr);
    ensure!(!output.status.success());
    ensure!(
        told.contains("orders.yaml:") && told.contains("spec.taskMax: unknown field"),
        "{told}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_go_from_one_database_to_another_without_any_server() -> Result<()> {
    let folder = tempfile::tempdir()?;
    copy("orders-sqlite", folder.path())?;
    let files = folder.path().join("files");
    copy("orders-sqlite/files", &files)?;
    let refused = || lines(&files.join("refused.txt"));
    let mut child = dev(folder.path(), &[])?.stdout(Stdio::null()).spawn()?;
    let have_come = async || {
        let [shop, warehouse] = ["shop.db", "warehouse.db"].map(|it| orders(&files.join(it)));
        let (Ok(shop), Ok(warehouse)) = (shop, warehouse) else { return false };
        warehouse.len() >= 10 && shop.starts_with(&warehouse) && !refused().is_empty()
    };
    wait::until(PATIENCE, "ten orders in the warehouse", have_come).await?;
    assert_eq!(refused(), lines(&files.join("by-hand.txt")));
    assert_eq!(private(&files.join("shop.db"))?, 1);
    assert_eq!(private(&files.join("warehouse.db"))?, 0);
    interrupt(&mut child).await.map(drop)
}

fn read(database: &Path) -> Result<rusqlite::Connection> {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    Ok(rusqlite::Connection::open_with_flags(database, flags)?)
}

/// The orders of a database, by their number.
fn orders(database: &Path) -> Result<Vec<(i64, String, String)>> {
    let connection = read(database)?;
    let mut all =
        connection.prepare("SELECT orderid, itemid, address_city FROM orders ORDER BY orderid")?;
    let rows = all.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// How many columns it has that nobody else is to see.
fn private(database: &Path) -> Result<i64> {
    let count = "SELECT count(*) FROM pragma_table_info('orders') WHERE name = 'address_zipcode'";
    Ok(read(database)?.query_row(count, [], |row| row.get(0))?)
}
