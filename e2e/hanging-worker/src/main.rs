//! A worker with connectors that hang where their settings say, for tests of what that does to others
//! (`BlockingConnectorTest`).

mod hang;
mod sink;
mod source;

fn main() -> std::process::ExitCode {
    let catalog = sluice_worker::builtin()
        .source(source::HangingSource)
        .source(source::UndefinableSource)
        .sink(sink::HangingSink);
    sluice_worker::main(catalog)
}
