//! Writes the CRDs into the folders given as arguments.

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let folders: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if folders.is_empty() {
        eprintln!("usage: crdgen FOLDER…");
        return ExitCode::from(2);
    }
    for definition in sluice_crds::definitions() {
        for folder in &folders {
            let path = folder.join(&definition.file);
            if let Err(error) = std::fs::write(&path, definition.text()) {
                eprintln!("{}: {error}", path.display());
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
