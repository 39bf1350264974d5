//! Groups on a real broker, alone and together with Java workers, and bytes against Java's own.

mod bytes;
mod members;
mod mixed;
mod rounds;
mod worker;
