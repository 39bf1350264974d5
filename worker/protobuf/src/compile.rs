//! The text of a `.proto` file, as a registry holds it, as descriptors.
//!
//! Confluent's parser takes more than `protoc` does, and what it took stands in registries: options whose definitions are
//! not imported (`confluent.field_meta` never is), imports that nothing needs, and messages of map entries that say
//! `map_entry` themselves. All this is put right before the file is compiled.

use std::collections::HashSet;

use prost_reflect::{DescriptorPool, FieldDescriptor, FileDescriptor, MessageDescriptor};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    UninterpretedOption,
};
use protox::{
    Compiler,
    file::{ChainFileResolver, File, FileResolver, GoogleFileResolver},
};

use crate::known;

/// The longest text that is compiled, in bytes.
const LONGEST: usize = 4 << 20;
/// How deep braces and brackets may lie in each other in a text.
const DEEPEST: usize = 64;
/// The name of the file itself, which no import can have.
const ROOT: &str = "(schema)";
/// Where the options are defined that Confluent's tools leave.
const META: &str = "confluent/meta.proto";

/// A text with what it imports: names of imports and their texts.
#[derive(Debug, Clone, Copy)]
pub struct ProtoText<'a> {
    /// The text.
    pub text: &'a str,
    /// Names by which files import others, and the texts of those.
    pub imports: &'a [(String, String)],
}

/// Compiles a text.
///
/// # Errors
/// Why it is no valid file.
pub(crate) fn compile(source: ProtoText<'_>) -> Result<FileDescriptor, String> {
    let mut resolver = ChainFileResolver::new();
    resolver.add(Sources::new(source)?);
    resolver.add(GoogleFileResolver::new());
    let mut compiler = Compiler::with_file_resolver(resolver);
    compiler.include_imports(true);
    compiler.open_file(ROOT).map_err(|error| format!("Could not parse Protobuf: {error}"))?;
    let pool: DescriptorPool = compiler.descriptor_pool();
    pool.get_file_by_name(ROOT).ok_or_else(|| "Could not parse Protobuf".to_owned())
}

/// What a file calls a field.
///
/// The compiler takes names that differ in underscores and case alone for the same, as `protoc` does; Confluent's parser does
/// not. Such fields have names of the compiler's own, and what they are called is their JSON name.
pub(crate) fn name_of(field: &FieldDescriptor) -> &str {
    field.json_name()
}

/// The message that indexes mean: of the file, then of the message before.
pub(crate) fn message_at(file: &FileDescriptor, indexes: &[u32]) -> Option<MessageDescriptor> {
    let (first, rest) = indexes.split_first()?;
    let mut message = file.messages().nth(*first as usize)?;
    for index in rest {
        // The messages that `map<…>` stands for are not counted.
        let inner = message.child_messages().filter(|it| !it.is_map_entry()).nth(*index as usize);
        message = inner?;
    }
    Some(message)
}

/// The indexes of a message by its full name.
pub(crate) fn indexes_of(file: &FileDescriptor, name: &str) -> Option<Vec<u32>> {
    let mut open: Vec<(Vec<u32>, MessageDescriptor)> =
        (0..).zip(file.messages()).map(|(index, it)| (vec![index], it)).collect();
    while let Some((indexes, message)) = open.pop() {
        if message.full_name() == name {
            return Some(indexes);
        }
        let inner = message.child_messages().filter(|it| !it.is_map_entry());
        open.extend((0..).zip(inner).map(|(index, it)| ([&indexes[..], &[index]].concat(), it)));
    }
    None
}

/// The files of a compilation, parsed and put right.
struct Sources(Vec<FileDescriptorProto>);

impl Sources {
    fn new(source: ProtoText<'_>) -> Result<Self, String> {
        let mut files = vec![parse(ROOT, source.text)?];
        for (name, text) in source.imports {
            files.push(parse(name, text)?);
        }
        let known: Vec<String> = files.iter().map(|it| it.name().to_owned()).collect();
        let exists = |name: &str| {
            known.iter().any(|it| it == name)
                || known::source(name).is_some()
                || GoogleFileResolver::new().open_file(name).is_ok()
        };
        for file in &mut files {
            mend(file, &exists);
        }
        Ok(Self(files))
    }
}

impl FileResolver for Sources {
    fn resolve_path(&self, path: &std::path::Path) -> Option<String> {
        Some(path.to_str()?.to_owned())
    }

    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        if let Some(file) = self.0.iter().find(|it| it.name() == name) {
            return Ok(File::from_file_descriptor_proto(file.clone()));
        }
        let source = known::source(name).ok_or_else(|| protox::Error::file_not_found(name))?;
        File::from_source(name, source)
    }
}

fn parse(name: &str, text: &str) -> Result<FileDescriptorProto, String> {
    if text.len() > LONGEST {
        return Err(format!("A Protobuf schema is longer than {LONGEST} bytes"));
    }
    if depth(text) > DEEPEST {
        return Err(format!("A Protobuf schema is nested more than {DEEPEST} deep"));
    }
    let file = File::from_source(name, text);
    let file = file.map_err(|error| format!("Could not parse Protobuf: {error}"))?;
    let mut file = file.file_descriptor_proto().clone();
    file.source_code_info = None;
    Ok(file)
}

/// How deep brackets of any kind lie in each other. Those in texts and comments count, which no ordinary file is hurt by.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for byte in text.bytes() {
        match byte {
            b'{' | b'[' | b'(' | b'<' => depth += 1,
            b'}' | b']' | b')' | b'>' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Makes of a file that Confluent's parser takes one that the compiler takes.
fn mend(file: &mut FileDescriptorProto, exists: &dyn Fn(&str) -> bool) {
    let is_kept: Vec<bool> = file.dependency.iter().map(|it| exists(it)).collect();
    let mut places = is_kept.iter().scan(0, |next, is_kept| {
        *next += i32::from(*is_kept);
        Some(*next - 1)
    });
    let places: Vec<i32> = places.by_ref().collect();
    let is_there =
        |index: &i32| usize::try_from(*index).is_ok_and(|it| is_kept.get(it) == Some(&true));
    for list in [&mut file.public_dependency, &mut file.weak_dependency] {
        list.retain(is_there);
        for index in list {
            *index = places[*index as usize];
        }
    }
    let mut kept = is_kept.iter();
    file.dependency.retain(|_| kept.next() == Some(&true));
    let is_meta = file.name() == META;
    if !is_meta && !file.dependency.iter().any(|it| it == META) {
        file.dependency.push(META.to_owned());
    }
    if let Some(options) = &mut file.options {
        options.uninterpreted_option.retain(is_understood);
    }
    file.message_type.iter_mut().for_each(mend_message);
    file.enum_type.iter_mut().for_each(mend_enum);
    file.extension.iter_mut().for_each(mend_field);
    // Nothing here calls services.
    file.service.clear();
}

fn mend_message(message: &mut DescriptorProto) {
    if let Some(options) = &mut message.options {
        options.uninterpreted_option.retain(|it| is_understood(it) && !is_plain(it, "map_entry"));
    }
    message.field.iter_mut().for_each(mend_field);
    tell_apart(&mut message.field);
    message.extension.iter_mut().for_each(mend_field);
    message.enum_type.iter_mut().for_each(mend_enum);
    message.nested_type.iter_mut().for_each(mend_message);
    for oneof in &mut message.oneof_decl {
        if let Some(options) = &mut oneof.options {
            options.uninterpreted_option.retain(is_understood);
        }
    }
}

/// See [`name_of`].
fn tell_apart(fields: &mut [FieldDescriptorProto]) {
    let folded = |name: &str| name.replace('_', "").to_lowercase();
    let (mut names, mut known, mut number) = (HashSet::new(), HashSet::new(), 0_usize);
    for field in fields {
        let name = field.name().to_owned();
        // A name that is there twice stays: that is a mistake.
        let is_twice = !names.insert(name.clone());
        let mut own = name.clone();
        // No number is tried twice, so that time is bounded by the fields, whatever they are called.
        while !known.insert(folded(&own)) && !is_twice {
            own = format!("{name}_{number}");
            number += 1;
        }
        field.name = Some(own);
        field.json_name = Some(name);
    }
}

fn mend_field(field: &mut FieldDescriptorProto) {
    if let Some(options) = &mut field.options {
        options.uninterpreted_option.retain(is_understood);
    }
}

fn mend_enum(definition: &mut EnumDescriptorProto) {
    if let Some(options) = &mut definition.options {
        options.uninterpreted_option.retain(is_understood);
    }
    for value in &mut definition.value {
        if let Some(options) = &mut value.options {
            options.uninterpreted_option.retain(is_understood);
        }
    }
}

/// Whether an option is the language's own, or one of Confluent's.
fn is_understood(option: &UninterpretedOption) -> bool {
    option.name.first().is_some_and(|part| {
        !part.is_extension || part.name_part.trim_start_matches('.').starts_with("confluent.")
    })
}

fn is_plain(option: &UninterpretedOption, name: &str) -> bool {
    matches!(&option.name[..], [part] if !part.is_extension && part.name_part == name)
}
