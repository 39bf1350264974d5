//! Numbered lines of one width: a count of bytes is a count of lines, and what comes out shows what was missing, out of
//! order or repeated.

use std::collections::HashSet;

use anyhow::{Context, Result, ensure};

/// Bytes of a line with its end.
pub(super) const WIDTH: usize = 20;

/// A line, without its end.
pub(super) fn line(number: usize) -> String {
    format!("line {number:07} of all")
}

/// A step back in what came out.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Replay {
    /// The line that should have come.
    pub(super) at: usize,
    /// The line that came again instead.
    pub(super) to: usize,
}

/// The steps back in what came out. Fails if a line of the first `count` is missing or stands where it must not.
pub(super) fn replays(text: &str, count: usize) -> Result<Vec<Replay>> {
    let mut replays = Vec::new();
    let mut next = 0;
    for came in text.lines() {
        let expected = line(next);
        if came == expected {
            next += 1;
        } else if came.len() == expected.len() {
            let to = number(came).with_context(|| format!("not of the file: {came:?}"))?;
            ensure!(to < next, "line {to} came where {next} should: lines are missing");
            replays.push(Replay { at: next, to });
            next = to + 1;
        } else {
            // A killed process may leave half a line; it has to come again as a whole.
            ensure!(expected.starts_with(came), "{came:?} came where {expected:?} should");
        }
    }
    ensure!(next == count, "{next} lines came out of {count}");
    Ok(replays)
}

/// Fails if one of the first `count` lines is missing.
pub(super) fn all_there(text: &str, count: usize) -> Result<()> {
    let came: HashSet<usize> = text.lines().filter_map(number).collect();
    let missing = (0..count).find(|it| !came.contains(it));
    ensure!(missing.is_none(), "line {missing:?} is missing");
    Ok(())
}

fn number(line: &str) -> Option<usize> {
    line.strip_prefix("line ")?.strip_suffix(" of all")?.parse().ok()
}

#[test]
fn steps_back_are_found_and_gaps_refused() {
    let text = |numbers: &[usize]| -> String {
        numbers.iter().map(|it| format!("{}\n", line(*it))).collect()
    };
    assert_eq!(text(&[7]).len(), WIDTH);
    let replay = |at, to| Replay { at, to };
    for (numbers, expected) in [
        (vec![0, 1, 2], Some(vec![])),
        (vec![0, 1, 1, 2], Some(vec![replay(2, 1)])),
        (vec![0, 1, 0, 1, 0, 1, 2], Some(vec![replay(2, 0), replay(2, 0)])),
        (vec![0, 2], None),
        (vec![0, 1], None),
        (vec![0, 1, 2, 3], None),
        (vec![0, 1, 2, 1], None),
    ] {
        assert_eq!(replays(&text(&numbers), 3).ok(), expected, "{numbers:?}");
    }
    assert_eq!(replays(&format!("line 00\n{}", text(&[0])), 1).ok(), Some(vec![]));
}
