//! Where and how a connector hangs.

use std::io::Write as _;

use sluice_plugin::Properties;
use sluice_plugin::config::{Config, ConfigDef, Report};

/// Key of the call that hangs.
const PLACE: &str = "hang.in";
/// Key of the way in which it does: `block` keeps its thread, anything else waits for ever.
const WAY: &str = "hang.how";

/// All settings, as they are. Reading them hangs in `validate`.
#[derive(Clone)]
pub(crate) struct Hanging(pub(crate) Properties);

impl Config for Hanging {
    fn definition() -> ConfigDef {
        ConfigDef::default()
    }

    fn read(settings: &Properties) -> Result<(Self, Report), Report> {
        let this = Self(settings.clone());
        if this.is_in("validate") {
            this.block("validate");
        }
        Ok((this, Report::default()))
    }
}

impl Hanging {
    pub(crate) fn is_in(&self, call: &str) -> bool {
        self.0.get(PLACE).is_some_and(|it| it == call)
    }

    /// Hangs if this is the call.
    pub(crate) async fn visit(&self, call: &str) {
        if !self.is_in(call) {
            return;
        }
        if self.0.get(WAY).is_some_and(|it| it == "block") {
            self.block(call);
        }
        self.say(call);
        std::future::pending::<()>().await;
    }

    /// Keeps the thread.
    pub(crate) fn block(&self, call: &str) -> ! {
        self.say(call);
        block()
    }

    /// Tells the test.
    fn say(&self, call: &str) {
        let name = self.0.get("name").map_or("", String::as_str);
        // A reader that has gone waits for nothing.
        let _ = writeln!(std::io::stdout(), "{name} hangs in {call}");
    }
}

pub(crate) fn block() -> ! {
    loop {
        std::thread::park();
    }
}

/// Keeps the thread when it is dropped.
pub(crate) struct HangsAtLast(pub(crate) Hanging);

impl Drop for HangsAtLast {
    fn drop(&mut self) {
        self.0.block("stop");
    }
}
