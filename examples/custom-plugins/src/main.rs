//! The worker: `custom-worker distributed WORKER_FILE`, with all that `sluice-worker` has.

fn main() -> std::process::ExitCode {
    sluice_worker::main(custom_worker::catalog())
}
