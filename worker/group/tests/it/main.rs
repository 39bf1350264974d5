//! Groups on a real broker, alone and together with Java workers.

mod members;
mod mixed;
mod worker;
