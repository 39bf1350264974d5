//! Lines in a stream of bytes, as `FileStreamSourceTask` finds them: ended by `\n`, `\r\n` or `\r`.

/// Bytes read from a file and not handed out yet, with the place of the first of them.
#[derive(Debug, Default)]
pub(crate) struct LineBuffer {
    bytes: Vec<u8>,
    /// Start of the first line that has not been handed out, in `bytes`.
    start: usize,
    /// Up to here no line end was found.
    searched: usize,
    /// Place of `bytes[0]` in the file.
    base: u64,
}

/// A line without its end, and the place in the file of the one that follows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    pub(crate) text: &'a [u8],
    pub(crate) next: u64,
}

impl LineBuffer {
    /// An empty buffer for a file that is read from `position` on.
    pub(crate) fn at(position: u64) -> Self {
        Self { base: position, ..Self::default() }
    }

    /// Place in the file of the next byte to read.
    pub(crate) fn end(&self) -> u64 {
        self.base + self.bytes.len() as u64
    }

    /// Bytes that wait for the rest of their line.
    pub(crate) fn pending(&self) -> usize {
        self.bytes.len() - self.start
    }

    /// Adds what was read at [`LineBuffer::end`].
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.bytes.drain(..self.start);
            self.base += self.start as u64;
            self.searched -= self.start;
            self.start = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole line. A `\r` at the end of what was read waits for one more byte, which may be its `\n`.
    pub(crate) fn next_line(&mut self) -> Option<Line<'_>> {
        let rest = &self.bytes[self.searched..];
        let Some(found) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
            self.searched = self.bytes.len();
            return None;
        };
        let end = self.searched + found;
        let width = match (self.bytes[end], self.bytes.get(end + 1)) {
            (b'\n', _) => 1,
            (_, Some(b'\n')) => 2,
            (_, Some(_)) => 1,
            (_, None) => {
                self.searched = end;
                return None;
            }
        };
        let text = self.start..end;
        self.start = end + width;
        self.searched = self.start;
        Some(Line { text: &self.bytes[text], next: self.base + self.start as u64 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(buffer: &mut LineBuffer) -> Vec<(String, u64)> {
        let mut lines = Vec::new();
        while let Some(line) = buffer.next_line() {
            lines.push((String::from_utf8_lossy(line.text).into_owned(), line.next));
        }
        lines
    }

    #[test]
    fn lines_end_in_any_of_three_ways_and_positions_count_bytes() {
        for (chunks, expected) in [
            (vec!["a\nb\n"], vec![("a", 2), ("b", 4)]),
            (vec!["a\r\nb\rc\n"], vec![("a", 3), ("b", 5), ("c", 7)]),
            (vec!["a\r", "\nb\n"], vec![("a", 3), ("b", 5)]),
            (vec!["a\r", "b\n"], vec![("a", 2), ("b", 4)]),
            (vec!["é\n", "x"], vec![("é", 3)]),
            (vec!["x", "y", "\n\n"], vec![("xy", 3), ("", 4)]),
            (vec!["a\r"], vec![]),
        ] {
            let mut buffer = LineBuffer::at(0);
            let mut lines = Vec::new();
            for chunk in &chunks {
                buffer.extend(chunk.as_bytes());
                lines.extend(all(&mut buffer));
            }
            let expected: Vec<(String, u64)> =
                expected.into_iter().map(|(line, next)| (line.to_owned(), next)).collect();
            assert_eq!(lines, expected, "{chunks:?}");
        }
    }

    #[test]
    fn a_buffer_that_starts_in_the_middle_counts_from_there() {
        let mut buffer = LineBuffer::at(100);
        buffer.extend(b"a\nb");
        assert_eq!(all(&mut buffer), [("a".to_owned(), 102)]);
        assert_eq!((buffer.end(), buffer.pending()), (103, 1));
        buffer.extend(b"c\n");
        assert_eq!(all(&mut buffer), [("bc".to_owned(), 105)]);
    }
}
