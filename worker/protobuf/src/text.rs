//! Definitions as the text that Confluent's serializer registers (`ProtobufSchema.canonicalString`).

use std::fmt::{self, Write};

use crate::definition::{
    EnumDefinition, FieldDefinition, FileDefinition, Label, MessageDefinition,
};

impl FileDefinition {
    /// The text of a `.proto` file.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a text cannot fail.
        let _ = self.write(&mut Indented { out: &mut text, depth: 0 });
        text
    }

    fn write(&self, out: &mut Indented<'_>) -> fmt::Result {
        out.line("syntax = \"proto3\";")?;
        if let Some(package) = &self.package {
            out.line(&format!("package {package};"))?;
        }
        if !self.imports.is_empty() {
            out.blank()?;
        }
        for import in &self.imports {
            out.line(&format!("import \"{import}\";"))?;
        }
        out.blank()?;
        self.message.write(out)
    }
}

impl MessageDefinition {
    fn write(&self, out: &mut Indented<'_>) -> fmt::Result {
        let parts = [
            self.fields.is_empty(),
            self.oneofs.is_empty(),
            self.messages.is_empty() && self.enums.is_empty(),
        ];
        if parts.iter().all(|is_empty| *is_empty) {
            return out.line(&format!("message {} {{}}", self.name));
        }
        out.line(&format!("message {} {{", self.name))?;
        out.depth += 1;
        for field in &self.fields {
            field.write(out)?;
        }
        if !self.oneofs.is_empty() && !self.fields.is_empty() {
            out.blank()?;
        }
        for (name, members) in &self.oneofs {
            out.line(&format!("oneof {name} {{"))?;
            out.depth += 1;
            for member in members {
                member.write(out)?;
            }
            out.depth -= 1;
            out.line("}")?;
        }
        if !parts[2] && (!parts[0] || !parts[1]) {
            out.blank()?;
        }
        for message in &self.messages {
            message.write(out)?;
        }
        for r#enum in &self.enums {
            r#enum.write(out)?;
        }
        out.depth -= 1;
        out.line("}")
    }
}

impl FieldDefinition {
    fn write(&self, out: &mut Indented<'_>) -> fmt::Result {
        let label = match self.label {
            Label::None => "",
            Label::Optional => "optional ",
            Label::Repeated => "repeated ",
        };
        let field = format!("{label}{} {} = {}", self.r#type, self.name, self.number);
        if self.parameters.is_empty() {
            return out.line(&format!("{field};"));
        }
        out.line(&format!("{field} [(confluent.field_meta) = {{"))?;
        out.line("  params: [")?;
        for (index, (key, value)) in self.parameters.iter().enumerate() {
            out.line("    {")?;
            let key = format!("key: \"{key}\"");
            let value = format!("value: \"{value}\"");
            // These two were written the other way round once, and have stayed so.
            let is_old = matches!(self.parameters[index].0, "precision" | "scale");
            let (first, second) = if is_old { (value, key) } else { (key, value) };
            out.line(&format!("      {first},"))?;
            out.line(&format!("      {second}"))?;
            let is_last = index + 1 == self.parameters.len();
            out.line(if is_last { "    }" } else { "    }," })?;
        }
        out.line("  ]")?;
        out.line("}];")
    }
}

impl EnumDefinition {
    fn write(&self, out: &mut Indented<'_>) -> fmt::Result {
        if self.values.is_empty() {
            return out.line(&format!("enum {} {{}}", self.name));
        }
        out.line(&format!("enum {} {{", self.name))?;
        out.depth += 1;
        for (name, number) in &self.values {
            out.line(&format!("{name} = {number};"))?;
        }
        out.depth -= 1;
        out.line("}")
    }
}

/// Lines, each as far in as it is deep; blank ones are in as well, as in Java.
struct Indented<'a> {
    out: &'a mut String,
    depth: usize,
}

impl Indented<'_> {
    fn line(&mut self, line: &str) -> fmt::Result {
        writeln!(self.out, "{:1$}{line}", "", self.depth * 2)
    }

    /// A line without text, as far in as the line that begins what it stands in.
    fn blank(&mut self) -> fmt::Result {
        writeln!(self.out, "{:1$}", "", self.depth.saturating_sub(1) * 2)
    }
}
