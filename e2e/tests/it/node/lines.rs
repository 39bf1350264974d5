//! Numbered lines of 100 bytes, and what came out of a pipeline that they went through.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

/// Bytes of a line with its line break.
pub(super) const LENGTH: u64 = 100;

/// One line; it says its number three times over, so that no mix of two lines looks like a third.
fn line(number: u64) -> String {
    format!("{number:0>33}{number:->33}{number:0>33}")
}

/// Appends lines to a file.
pub(super) fn append(path: &Path, numbers: Range<u64>) -> Result<()> {
    let file = OpenOptions::new().append(true).create(true).open(path)?;
    let mut out = BufWriter::new(file);
    for number in numbers {
        writeln!(out, "{}", line(number))?;
    }
    out.into_inner().context("writing lines")?;
    Ok(())
}

/// Whether the file ends with this line.
pub(super) fn is_last(path: &Path, number: u64) -> bool {
    let last = || -> Result<String> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::End(-i64::try_from(LENGTH)?))?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        Ok(text)
    };
    last().is_ok_and(|text| text.strip_suffix('\n') == Some(&line(number)))
}

/// What a file says about lines that went through.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Passed {
    /// Lines 0..count are all there, first occurrences in order.
    pub(super) count: u64,
    /// Where the sequence went back: the number that came next. Each is the start of a repeat.
    pub(super) repeats: Vec<u64>,
    /// Lines that a crash cut off; each is there in whole later.
    pub(super) torn: u64,
}

/// Reads what came out. A gap, a strange line or two lines in the wrong order fail.
pub(super) fn read(path: &Path) -> Result<Passed> {
    let mut passed = Passed::default();
    let mut next = 0;
    let lines = BufReader::new(File::open(path)?).split(b'\n');
    for (at, text) in lines.enumerate() {
        let text = String::from_utf8(text?)?;
        if text == line(next) {
            next += 1;
            passed.count = passed.count.max(next);
            continue;
        }
        if line(next).starts_with(&text) {
            passed.torn += 1;
            continue;
        }
        let number = text.get(66..).and_then(|it| it.parse().ok());
        let Some(number) = number.filter(|number| line(*number) == text) else {
            bail!("line {at} of the copy is none of ours: {text:?}");
        };
        ensure!(
            number < next,
            "after line {next} of the file comes line {number}: lines are missing"
        );
        passed.repeats.push(number);
        next = number + 1;
    }
    ensure!(next == passed.count, "the copy ends with line {next} of {}", passed.count);
    Ok(passed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(text: &[&str]) -> Result<Passed> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("copy");
        std::fs::write(&path, text.concat())?;
        read(&path)
    }

    #[test]
    fn copies_are_told_apart() -> Result<()> {
        let lines: Vec<String> = (0..4).map(|it| format!("{}\n", line(it))).collect();
        let [a, b, c, d] = [0, 1, 2, 3].map(|it: usize| lines[it].as_str());
        assert_eq!(a.len() as u64, LENGTH);
        assert_eq!(passed(&[a, b, c, d])?, Passed { count: 4, ..Passed::default() });
        let repeated = Passed { count: 4, repeats: vec![1], torn: 0 };
        assert_eq!(passed(&[a, b, c, b, c, d])?, repeated);
        let torn = Passed { count: 4, repeats: vec![], torn: 1 };
        assert_eq!(passed(&[a, b, "000000\n", c, d])?, torn);
        for broken in [vec![a, c, d], vec![a, b, c, b], vec![a, "?\n", b], vec![b]] {
            assert!(passed(&broken).is_err(), "{broken:?}");
        }
        Ok(())
    }
}
