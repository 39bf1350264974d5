//! When to get the next token (`ExpiringCredentialRefreshingLogin.refreshMs`).

/// `sasl.login.refresh.*`.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Refresh {
    /// The part of its life after which a token is replaced.
    pub(super) factor: f64,
    /// Up to so much is added to it by chance.
    pub(super) jitter: f64,
    /// No sooner than this, in milliseconds.
    pub(super) min_period: i64,
    /// At least so long before its end, in milliseconds.
    pub(super) buffer: i64,
}

/// The time at which to replace a token, by a chance of 0 to 1. All times are milliseconds since the epoch.
pub(super) fn at(now: i64, issued: Option<i64>, expires: i64, by: Refresh, chance: f64) -> i64 {
    let part = by.factor + by.jitter * chance;
    let after = |start: i64| {
        let life = expires.saturating_sub(start);
        start.saturating_add((life as f64 * part) as i64)
    };
    if now.saturating_add(by.min_period + by.buffer) > expires {
        // It does not last for both.
        return after(now);
    }
    let latest = expires - by.buffer;
    after(issued.unwrap_or(now)).min(latest).max(now + by.min_period)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_replaced_as_java_does() {
        let by = Refresh { factor: 0.8, jitter: 0.05, min_period: 60_000, buffer: 300_000 };
        let hour = 3_600_000;
        for (now, issued, expires, chance, expected) in [
            (0, Some(0), hour, 0.0, 2_880_000),
            (0, Some(0), hour, 1.0, 3_060_000),
            (0, None, hour, 0.0, 2_880_000),
            // The buffer before its end.
            (0, Some(0), 600_000, 0.0, 300_000),
            // The shortest pause, for a token that is old already.
            (2_900_000, Some(0), hour, 0.0, 2_960_000),
            // Too short for either.
            (0, Some(0), 10_000, 0.0, 8_000),
            (5_000, Some(0), 15_000, 1.0, 13_500),
            (0, None, i64::MAX, 0.0, (i64::MAX as f64 * 0.8) as i64),
        ] {
            assert_eq!(at(now, issued, expires, by, chance), expected, "{now} {expires} {chance}");
        }
    }
}
