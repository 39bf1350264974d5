//! From Java's dialect to that of the engine. Java's classes are ASCII unless a pattern says otherwise; its escapes and
//! quotes are others; `[`, `&&` and ranges mean the same.

mod escapes;

use std::{iter::Peekable, str::Chars};

/// Puts a pattern into the engine's words, or says what is wrong with it.
pub(super) fn translate(pattern: &str) -> Result<Translated, String> {
    let groups = capturing_groups(pattern);
    let mut translator = Translator {
        rest: pattern.chars().peekable(),
        out: String::with_capacity(pattern.len() + 16),
        depth: 0,
        groups,
        groups_open: Vec::new(),
        names: Vec::new(),
        opened: 0,
    };
    while let Some(next) = translator.rest.next() {
        translator.step(next)?;
    }
    if translator.depth > 0 {
        return Err(format!("Unclosed character class in {pattern}"));
    }
    Ok(Translated { pattern: translator.out, names: translator.names })
}

/// A pattern in the engine's words. Its groups have no names there, because the engine does not allow references by
/// number beside them.
pub(super) struct Translated {
    pub(super) pattern: String,
    /// Names of groups with their numbers.
    pub(super) names: Vec<(String, usize)>,
}

struct Translator<'a> {
    rest: Peekable<Chars<'a>>,
    out: String,
    /// How many brackets are open.
    depth: usize,
    groups: usize,
    /// Where the groups that are open begin, if they are assertions.
    groups_open: Vec<Option<usize>>,
    names: Vec<(String, usize)>,
    /// How many groups that count have been opened.
    opened: usize,
}

impl Translator<'_> {
    fn step(&mut self, next: char) -> Result<(), String> {
        match next {
            '\\' => self.escape()?,
            '[' => {
                self.depth += 1;
                self.out.push('[');
                if self.rest.next_if_eq(&'^').is_some() {
                    self.out.push('^');
                }
                // What comes first is no end.
                if self.rest.next_if_eq(&']').is_some() {
                    self.out.push_str(r"\]");
                }
            }
            ']' if self.depth > 0 => {
                self.depth -= 1;
                self.out.push(']');
            }
            // Elsewhere it has no meaning.
            ']' | '}' if self.depth == 0 && !self.ends_a_count(next) => self.literal(next),
            '&' if self.depth > 0 && self.rest.next_if_eq(&'&').is_some() => {
                self.out.push_str("&&");
            }
            // The engine has operators of its own here.
            '&' | '~' | '#' | '{' | '}' if self.depth > 0 => self.literal(next),
            '-' if self.depth > 0
                && (self.out.ends_with('[') || self.rest.peek() == Some(&'-')) =>
            {
                self.literal(next);
            }
            '(' if self.depth == 0 => self.open_group()?,
            ')' if self.depth == 0 => {
                self.out.push(')');
                if let Some(Some(start)) = self.groups_open.pop() {
                    self.assertion(start);
                }
            }
            '^' | '$' if self.depth == 0 => {
                let name = next.to_string();
                self.place(&name);
            }
            // An empty alternative, repeated, is empty.
            '{' if self.depth == 0 && self.out.ends_with('|') && self.begins_a_count() => {
                self.rest.by_ref().find(|it| *it == '}');
            }
            '{' if self.depth == 0 && !(self.has_atom() && self.begins_a_count()) => {
                return Err("Illegal repetition".to_owned());
            }
            _ => self.out.push(next),
        }
        Ok(())
    }

    /// Java repeats what takes no characters as well, the engine does not. Once is as good as often, and what need not
    /// be there may be left out.
    fn assertion(&mut self, start: usize) {
        let least = match self.rest.peek().copied() {
            Some('*' | '?') => 0,
            Some('+') => 1,
            Some('{') if self.begins_a_count() => {
                let count: String = self.rest.by_ref().take_while(|it| *it != '}').collect();
                usize::from(count.trim_start_matches(['{', '0']).starts_with(|it| it != ','))
            }
            _ => return,
        };
        self.rest.next_if(|it| matches!(it, '*' | '+' | '?'));
        self.rest.next_if(|it| matches!(it, '+' | '?'));
        if least == 0 {
            self.out.insert_str(start, "(?:");
            self.out.push_str("|)");
        }
    }

    /// An assertion that the engine has under this name.
    fn place(&mut self, name: &str) {
        let start = self.out.len();
        self.out.push_str(name);
        self.assertion(start);
    }

    /// Whether there is something in front that can be repeated.
    fn has_atom(&self) -> bool {
        let is_start = |it: &str| it.is_empty() || it.ends_with(['(', '|']) || it.ends_with("(?:");
        !is_start(&self.out) || self.out.ends_with("\\(")
    }

    /// Whether a count stands behind an opening brace: `2}`, `2,}` or `2,3}`.
    fn begins_a_count(&self) -> bool {
        // The brace itself may have been read or not.
        let inside = self.rest.clone().skip_while(|it| *it == '{').take_while(|it| *it != '}');
        let inside: String = inside.collect();
        let is_closed = self.rest.clone().any(|it| it == '}');
        let (least, most) = inside.split_once(',').unwrap_or((&inside, ""));
        let is_number = |it: &str| it.bytes().all(|it| it.is_ascii_digit());
        is_closed && !least.is_empty() && is_number(least) && is_number(most)
    }

    /// Whether a brace closes what a brace opened.
    fn ends_a_count(&self, next: char) -> bool {
        let inside = self.out.rfind('{').map(|at| &self.out[at + 1..]);
        next == '}'
            && inside.is_some_and(|it| it.bytes().all(|it| it.is_ascii_digit() || it == b','))
    }

    fn literal(&mut self, character: char) {
        if character.is_ascii_punctuation() {
            self.out.push('\\');
        }
        if character.is_ascii_control() || character == ' ' || matches!(character, '<' | '>' | '_')
        {
            // An escaped angle bracket is a boundary to the engine.
            if self.out.ends_with('\\') && character.is_ascii_punctuation() {
                self.out.pop();
            }
            self.code(u32::from(character));
        } else {
            self.out.push(character);
        }
    }

    /// The flags that the engine lacks are left out: `u`, `U` and `d` change how characters of other scripts count.
    fn open_group(&mut self) -> Result<(), String> {
        let start = self.out.len();
        self.out.push('(');
        let ahead: String = self.rest.clone().take(4).collect();
        let is_assertion = ["?=", "?!", "?<=", "?<!"].iter().any(|it| ahead.starts_with(it));
        self.groups_open.push(is_assertion.then_some(start));
        if ahead.starts_with("?<") && !is_assertion {
            self.opened += 1;
            return self.name_group();
        }
        if !ahead.starts_with('?') {
            self.opened += 1;
            return Ok(());
        }
        let ahead: String =
            self.rest.clone().skip(1).take_while(|it| *it != ')' && *it != ':').collect();
        let is_flags = ahead.chars().all(|it| "idmsuxU-".contains(it)) && !ahead.is_empty();
        if !is_flags {
            return Ok(());
        }
        let length = ahead.chars().count() + 1;
        for _ in 0..length {
            self.rest.next();
        }
        let (on, off) = ahead.split_once('-').unwrap_or((&ahead, ""));
        let known = |it: &str| it.chars().filter(|it| "imsx".contains(*it)).collect::<String>();
        let (on, off) = (known(on), known(off));
        let off = if off.is_empty() { off } else { format!("-{off}") };
        if on.is_empty() && off.is_empty() && self.rest.peek() == Some(&')') {
            // A group of flags with no flag left is an empty group.
            self.out.push_str("?:");
        } else {
            self.out.extend(["?", &on, &off]);
        }
        Ok(())
    }

    fn name_group(&mut self) -> Result<(), String> {
        self.rest.next();
        self.rest.next();
        let name = self.name()?;
        if self.names.iter().any(|(known, _)| *known == name) {
            return Err(format!("Named capturing group <{name}> is already defined"));
        }
        self.names.push((name, self.opened));
        Ok(())
    }

    /// A name up to its closing bracket.
    fn name(&mut self) -> Result<String, String> {
        let mut name = String::new();
        loop {
            match self.rest.next() {
                Some('>') if !name.is_empty() => return Ok(name),
                Some(it) if it.is_ascii_alphanumeric() => name.push(it),
                _ => return Err("named capturing group is missing trailing '>'".to_owned()),
            }
        }
    }
}

/// How many groups a pattern has that count.
fn capturing_groups(pattern: &str) -> usize {
    let bytes = pattern.as_bytes();
    let (mut count, mut at) = (0, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b'(' => {
                let is_plain = bytes.get(at + 1) != Some(&b'?');
                let is_named = bytes.get(at + 2) == Some(&b'<')
                    && !matches!(bytes.get(at + 3), Some(b'=' | b'!'));
                count += usize::from(is_plain || is_named);
            }
            _ => {}
        }
        at += 1;
    }
    count
}
