//! Which traces are recorded.

use super::SpanContext;

/// Decides whether a span is recorded: by what the span above it says, where that counts, else by a share of all traces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampler {
    /// Of 2^63 equally frequent numbers, so many are in.
    bound: u64,
    follows_parent: bool,
}

impl Sampler {
    /// A share of all traces, from 0 to 1; those of other services too, unless what they have decided is followed.
    pub fn new(share: f64, follows_parent: bool) -> Self {
        const ALL: f64 = (1_u64 << 63) as f64;
        Self { bound: (share.clamp(0.0, 1.0) * ALL) as u64, follows_parent }
    }

    /// The lower half of a trace's id decides, so that all services with the same share decide alike.
    pub(super) fn samples(self, trace: u128, parent: Option<SpanContext>) -> bool {
        match parent.filter(|_| self.follows_parent) {
            Some(parent) => parent.sampled,
            None => (trace as u64 >> 1) < self.bound,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_the_traces_is_in_and_the_span_above_decides_if_it_counts() {
        let (low, high) = (1_u128 << 64, u128::from(u64::MAX));
        let above = |sampled| Some(SpanContext { trace: 1, span: 1, sampled });
        for (share, follows, trace, parent, expected) in [
            (1.0, true, high, None, true),
            (0.0, true, low, None, false),
            (0.5, true, low, None, true),
            (0.5, true, high, None, false),
            (0.0, true, high, above(true), true),
            (1.0, true, low, above(false), false),
            (1.0, false, low, above(false), true),
            (0.0, false, low, above(true), false),
            (7.0, true, high, None, true),
        ] {
            let sampler = Sampler::new(share, follows);
            assert_eq!(sampler.samples(trace, parent), expected, "{share} {follows} {trace:x}");
        }
    }
}
