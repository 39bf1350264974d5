//! What a backslash begins: classes, characters by their codes, quotes, references and assertions.

use super::Translator;

/// What `\b` looks for, with word characters of ASCII.
const BOUNDARY: &str = "(?:(?<=[0-9A-Za-z_])(?![0-9A-Za-z_])|(?<![0-9A-Za-z_])(?=[0-9A-Za-z_]))";
const NO_BOUNDARY: &str = "(?:(?<=[0-9A-Za-z_])(?=[0-9A-Za-z_])|(?<![0-9A-Za-z_])(?![0-9A-Za-z_]))";

/// Classes of one letter, as the inside of brackets.
const CLASSES: [(char, &str); 5] = [
    ('d', "0-9"),
    ('w', "0-9A-Za-z_"),
    ('s', r"\t\n\x0B\f\r\x20"),
    ('h', r"\t\x20\xA0\x{1680}\x{180E}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}"),
    ('v', r"\n\x0B\f\r\x{85}\x{2028}\x{2029}"),
];

/// Classes of POSIX, as the inside of brackets.
const POSIX: [(&str, &str); 13] = [
    ("Lower", "a-z"),
    ("Upper", "A-Z"),
    ("ASCII", r"\x00-\x7F"),
    ("Alpha", "A-Za-z"),
    ("Digit", "0-9"),
    ("Alnum", "0-9A-Za-z"),
    ("Punct", r"!-/:-@\[-`\{-~"),
    ("Graph", "!-~"),
    ("Print", r"\x20-~"),
    ("Blank", r"\t\x20"),
    ("Cntrl", r"\x00-\x1F\x7F"),
    ("XDigit", "0-9A-Fa-f"),
    ("Space", r"\t\n\x0B\f\r\x20"),
];
impl Translator<'_> {
    pub(super) fn escape(&mut self) -> Result<(), String> {
        let Some(next) = self.rest.next() else {
            return Err("Unexpected internal error near a backslash at the end".to_owned());
        };
        let is_free = self.depth == 0;
        match next {
            'Q' => self.quoted(),
            'E' => {}
            'p' | 'P' => return self.property(next == 'P'),
            'd' | 'w' | 's' | 'h' | 'v' => self.class(next, false),
            'D' | 'W' | 'S' | 'H' | 'V' => self.class(next.to_ascii_lowercase(), true),
            'b' if is_free => self.place(BOUNDARY),
            'B' if is_free => self.place(NO_BOUNDARY),
            'R' if is_free => {
                self.out.push_str(r"(?:\r\n|[\n\x0B\f\r\x{85}\x{2028}\x{2029}])");
            }
            'A' | 'z' | 'G' if is_free => self.place(&format!("\\{next}")),
            'Z' if is_free => self.place(r"(?=(?:\r\n|[\n\r\x{85}\x{2028}\x{2029}])?\z)"),
            'k' if is_free => {
                self.rest
                    .next_if_eq(&'<')
                    .ok_or("\\k is not followed by '<' for named capturing group")?;
                let name = self.name()?;
                let number = self.names.iter().find(|(known, _)| *known == name);
                let (_, number) = number
                    .ok_or_else(|| format!("named capturing group <{name}> does not exist"))?;
                self.out.extend([r"(?:\", &number.to_string(), ")"]);
            }
            '1'..='9' if is_free => self.back_reference(next),
            't' | 'n' | 'r' | 'f' => self.out.extend(['\\', next]),
            'a' => self.out.push_str(r"\x07"),
            'e' => self.out.push_str(r"\x1B"),
            'c' => {
                let control = self.rest.next().ok_or("Illegal control escape sequence")?;
                self.code(u32::from(control) ^ 64);
            }
            '0' => self.octal()?,
            'x' => self.hexadecimal()?,
            'u' => {
                let code = self.digits(16, 4, 4).ok_or("Illegal Unicode escape sequence")?;
                self.code(code);
            }
            next if next.is_ascii_alphabetic() => {
                return Err(format!("Illegal/unsupported escape sequence \\{next}"));
            }
            next => self.literal(next),
        }
        Ok(())
    }

    fn quoted(&mut self) {
        while let Some(next) = self.rest.next() {
            if next == '\\' && self.rest.next_if_eq(&'E').is_some() {
                return;
            }
            self.literal(next);
        }
    }

    fn class(&mut self, letter: char, is_negated: bool) {
        let inside = CLASSES.iter().find(|(it, _)| *it == letter).map_or("", |(_, it)| it);
        self.brackets(inside, is_negated);
    }

    fn brackets(&mut self, inside: &str, is_negated: bool) {
        let not = if is_negated { "^" } else { "" };
        self.out.extend(["[", not, inside, "]"]);
    }

    fn property(&mut self, is_negated: bool) -> Result<(), String> {
        let name: String = match self.rest.next() {
            Some('{') => {
                let name = self.rest.by_ref().take_while(|it| *it != '}').collect();
                // The engine refuses a name that is not closed.
                name
            }
            Some(letter) => letter.to_string(),
            None => return Err("Illegal/unsupported escape sequence \\p".to_owned()),
        };
        if let Some((_, inside)) = POSIX.iter().find(|(it, _)| *it == name) {
            self.brackets(inside, is_negated);
            return Ok(());
        }
        let name = name.strip_prefix("Is").unwrap_or(&name);
        let name = match name {
            "javaLowerCase" => "Lowercase",
            "javaUpperCase" => "Uppercase",
            "javaWhitespace" => "White_Space",
            "Digit" | "DIGIT" => "Nd",
            "L1" | "all" => return Err(format!("Unknown character property name {{{name}}}")),
            other => other,
        };
        let letter = if is_negated { r"\P" } else { r"\p" };
        self.out.extend([letter, "{", name, "}"]);
        Ok(())
    }

    /// More digits belong to it only as long as there is such a group.
    fn back_reference(&mut self, first: char) {
        let mut number = first.to_digit(10).unwrap_or(0) as usize;
        while let Some(digit) = self.rest.peek().and_then(|it| it.to_digit(10)) {
            let longer = number * 10 + digit as usize;
            if longer > self.groups {
                break;
            }
            number = longer;
            self.rest.next();
        }
        if number > self.groups {
            // Java takes it for a group that never matches.
            self.place("(?!)");
            return;
        }
        self.out.extend([r"(?:\", &number.to_string(), ")"]);
    }

    fn octal(&mut self) -> Result<(), String> {
        let limit = if self.rest.peek().is_some_and(|it| *it <= '3') { 3 } else { 2 };
        let code = self.digits(8, 1, limit).ok_or("Illegal octal escape sequence")?;
        self.code(code);
        Ok(())
    }

    fn hexadecimal(&mut self) -> Result<(), String> {
        let is_long = self.rest.next_if_eq(&'{').is_some();
        let (least, most) = if is_long { (1, 6) } else { (2, 2) };
        let code =
            self.digits(16, least, most).filter(|_| !is_long || self.rest.next() == Some('}'));
        self.code(code.ok_or("Illegal hexadecimal escape sequence")?);
        Ok(())
    }

    fn digits(&mut self, radix: u32, least: usize, most: usize) -> Option<u32> {
        let mut digits = String::new();
        while digits.len() < most
            && let Some(digit) = self.rest.next_if(|it| it.is_digit(radix))
        {
            digits.push(digit);
        }
        (digits.len() >= least).then(|| u32::from_str_radix(&digits, radix).ok())?
    }

    pub(super) fn code(&mut self, code: u32) {
        self.out.extend([r"\x{", &format!("{code:X}"), "}"]);
    }
}
