//! `sluice-worker`: a worker with the built-in plugins.

fn main() -> std::process::ExitCode {
    sluice_worker::main(sluice_worker::builtin())
}
