//! Lines that arrive in a file, and when.

use std::{
    fs::File,
    io::{Read, Seek as _, SeekFrom},
    path::Path,
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, ensure};

/// Pause between two looks at the file.
const LOOK: Duration = Duration::from_micros(200);

/// Microseconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |it| it.as_micros() as u64)
}

/// The end of a file that grows by lines, each of which is the time at which it was due.
pub(super) struct Tail {
    file: File,
    lines: Lines,
}

impl Tail {
    /// What comes after what is there now.
    pub(super) fn behind(file: &Path) -> Result<Self> {
        let mut file = File::open(file)?;
        file.seek(SeekFrom::End(0))?;
        Ok(Self { file, lines: Lines::default() })
    }

    /// Microseconds from due to seen of so many lines, in their order. Blocks.
    pub(super) fn arrivals(mut self, total: u64, deadline: Instant) -> Result<Vec<u64>> {
        let mut latencies = Vec::with_capacity(usize::try_from(total)?);
        let mut chunk = vec![0; 64 << 10];
        while (latencies.len() as u64) < total {
            let count = self.file.read(&mut chunk)?;
            if count == 0 {
                let there = latencies.len();
                ensure!(Instant::now() < deadline, "{there} of {total} records have arrived");
                thread::park_timeout(LOOK);
                continue;
            }
            self.lines.take(&chunk[..count], now(), &mut latencies)?;
        }
        Ok(latencies)
    }
}

/// Takes lines apart; one may come in pieces.
#[derive(Default)]
struct Lines {
    piece: String,
    /// When the line before was due.
    before: u64,
}

impl Lines {
    fn take(&mut self, bytes: &[u8], seen: u64, latencies: &mut Vec<u64>) -> Result<()> {
        self.piece.push_str(std::str::from_utf8(bytes)?);
        let whole = self.piece.rfind('\n').map_or(0, |end| end + 1);
        for line in self.piece[..whole].lines() {
            let due: u64 = line.parse().with_context(|| format!("the line {line:?}"))?;
            // Each once, and in order.
            ensure!(due > self.before, "{due} came after {}", self.before);
            self.before = due;
            latencies.push(seen.saturating_sub(due));
        }
        self.piece.drain(..whole);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_counts_once_its_end_is_seen() -> Result<()> {
        let (mut lines, mut latencies) = (Lines::default(), Vec::new());
        lines.take(b"100\n2", 150, &mut latencies)?;
        lines.take(b"00", 250, &mut latencies)?;
        assert_eq!(latencies, [50]);
        lines.take(b"\n300\n", 350, &mut latencies)?;
        assert_eq!(latencies, [50, 150, 50]);
        Ok(())
    }

    #[test]
    fn what_comes_twice_or_late_is_seen() {
        for text in ["2\n2\n", "2\n1\n", "x\n"] {
            let taken = Lines::default().take(text.as_bytes(), 9, &mut Vec::new());
            assert!(taken.is_err(), "{text:?}");
        }
    }
}
