//! A compressed tar archive in memory.

use std::io;

use flate2::Compression;
use flate2::write::GzEncoder;

/// An archive being written.
pub(super) struct Archive(tar::Builder<GzEncoder<Vec<u8>>>);

/// The folder that all files are in.
const FOLDER: &str = "sluice-report";

impl Archive {
    pub(super) fn new() -> Self {
        Self(tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default())))
    }

    /// Adds a file that everybody may read.
    pub(super) fn add(&mut self, name: &str, text: &str) -> io::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        self.0.append_data(&mut header, format!("{FOLDER}/{name}"), text.as_bytes())
    }

    pub(super) fn finish(self) -> io::Result<Vec<u8>> {
        self.0.into_inner()?.finish()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn what_goes_in_comes_out() {
        let mut archive = Archive::new();
        archive.add("logs/a.log", "hello\n").unwrap();
        let bytes = archive.finish().unwrap();
        let mut read = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
        let mut entry = read.entries().unwrap().next().unwrap().unwrap();
        assert_eq!(entry.path().unwrap().to_str(), Some("sluice-report/logs/a.log"));
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        assert_eq!(text, "hello\n");
    }
}
