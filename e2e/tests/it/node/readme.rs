//! The commands that the README shows, as its readers run them.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::stage::ROOT;

/// The words of each command in the first block of a section. Names of the repository's files are those of this checkout,
/// wherever a command runs.
pub(super) fn commands(section: &str) -> Result<Vec<Vec<String>>> {
    let readme = std::fs::read_to_string(Path::new(ROOT).join("README.md"))?;
    let commands = commands_of(&readme, section)?;
    let here = |word: String| {
        let file = Path::new(ROOT).join(&word);
        if file.exists() { file.display().to_string() } else { word }
    };
    Ok(commands.into_iter().map(|it| it.into_iter().map(here).collect()).collect())
}

fn commands_of(readme: &str, section: &str) -> Result<Vec<Vec<String>>> {
    let (_, after) = readme
        .split_once(&format!("\n## {section}\n"))
        .with_context(|| format!("the README has no section {section:?}"))?;
    let text = after.split("\n## ").next().unwrap_or_default();
    let block = text.split_once("```sh\n").and_then(|(_, block)| block.split_once("```"));
    let (block, _) = block.with_context(|| format!("section {section:?} shows no commands"))?;
    let words = |line: &str| -> Vec<String> {
        let command = line.split(" #").next().unwrap_or_default();
        command.split_whitespace().map(str::to_owned).collect()
    };
    let commands: Vec<_> = block.lines().map(words).filter(|words| !words.is_empty()).collect();
    ensure!(!commands.is_empty(), "section {section:?} shows no commands");
    Ok(commands)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_those_of_the_section_without_comments() -> Result<()> {
        let readme =
            "# A\n## One\ntext\n```sh\na b  # c\n\nd -e=f\n```\n## Two\n```sh\ng\n```\n## Three\n";
        assert_eq!(commands_of(readme, "One")?, [vec!["a", "b"], vec!["d", "-e=f"]]);
        assert_eq!(commands_of(readme, "Two")?, [["g"]]);
        for none in ["Three", "Four"] {
            assert!(commands_of(readme, none).is_err(), "{none}");
        }
        Ok(())
    }
}
