//! Where a process runs: on the host, or inside the namespaces of a test machine.

/// The host, or the namespaces of the process with this id.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    Host,
    Machine { init: u32 },
}

impl Place {
    /// The command line that runs `program` there.
    pub(super) fn argv<A: Into<String>>(
        self,
        program: &str,
        arguments: impl IntoIterator<Item = A>,
    ) -> Vec<String> {
        let mut argv = match self {
            Self::Host => Vec::new(),
            Self::Machine { init } => {
                ["nsenter", "-t", &init.to_string(), "-m", "-u", "-i", "-n", "-p", "--"]
                    .map(str::to_owned)
                    .to_vec()
            }
        };
        argv.push(program.to_owned());
        argv.extend(arguments.into_iter().map(Into::into));
        argv
    }
}
