//! `image [PROFILE [FOLDER]]`: writes the container images of all programs, built with a cargo profile (`release`
//! unless said otherwise), as archives into a folder.

use std::env;
use std::io::{Write, stdout};
use std::path::PathBuf;

use anyhow::{Result, ensure};
use sluice_kit::image::product;

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let profile = arguments.next().unwrap_or_else(|| "release".to_owned());
    ensure!(!profile.starts_with('-'), "usage: image [PROFILE [FOLDER]]");
    let folder = arguments.next().map_or_else(|| product::default_folder(&profile), PathBuf::from);
    for archive in product::write_all(&profile, &folder)? {
        writeln!(stdout(), "{}", archive.display())?;
    }
    Ok(())
}
