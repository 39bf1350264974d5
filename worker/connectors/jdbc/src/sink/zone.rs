//! The time zone of the database (`db.timezone`): what its clocks show at an instant.

use jiff::{
    Timestamp,
    tz::{Offset, TimeZone},
};

use crate::Moment;

/// A time zone.
#[derive(Debug, Clone)]
pub(crate) struct Zone(Option<TimeZone>);

impl Zone {
    /// Universal time, whose clocks show what instants say.
    pub(crate) const UTC: Self = Self(None);

    /// The zone of a name: of the database of zones, or an offset such as `+02:00`, as `java.time.ZoneId` takes them.
    pub(crate) fn named(name: &str) -> Result<Self, String> {
        if matches!(name, "UTC" | "Z" | "GMT" | "Etc/UTC") {
            return Ok(Self::UTC);
        }
        if let Some(offset) = offset(name) {
            return Ok(Self(Some(TimeZone::fixed(offset))));
        }
        TimeZone::get(name).map(|zone| Self(Some(zone))).map_err(|_| {
            "it is no time zone that is known here; use a name such as Europe/Berlin, or an offset such as +02:00".to_owned()
        })
    }

    /// What clocks show.
    pub(crate) fn local(&self, instant: Moment) -> Option<Moment> {
        let Some(zone) = &self.0 else { return Some(instant) };
        let offset = zone.to_offset(Timestamp::from_second(instant.seconds).ok()?);
        Some(Moment { seconds: instant.seconds.checked_add(offset.seconds().into())?, ..instant })
    }

    /// When clocks show it; the first time, where they show it twice, and as if they had gone on, where never.
    pub(crate) fn instant(&self, local: Moment) -> Option<Moment> {
        let Some(zone) = &self.0 else { return Some(local) };
        let as_utc = Timestamp::from_second(local.seconds).ok()?;
        let clock = Offset::UTC.to_datetime(as_utc);
        let instant = zone.to_ambiguous_timestamp(clock).compatible().ok()?;
        Some(Moment { seconds: instant.as_second(), ..local })
    }
}

fn offset(name: &str) -> Option<Offset> {
    let sign = match name.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let (hours, minutes) = name[1..].split_once(':').unwrap_or((&name[1..], "0"));
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let fits = (0..=18).contains(&hours) && (0..60).contains(&minutes);
    Offset::from_seconds(sign * (hours * 3_600 + minutes * 60)).ok().filter(|_| fits)
}

/// Whether a name is that of a zone; for settings.
pub(crate) fn check(name: &str) -> Result<(), String> {
    Zone::named(name).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_show_their_zone() {
        // 2024-07-01T00:00:00Z, and the hour that clocks in Berlin show twice and never.
        let (summer, twice, never) = (1_719_792_000, 1_729_994_400, 1_711_852_200);
        for (name, instant, local) in [
            ("UTC", summer, summer),
            ("Europe/Berlin", summer, summer + 7_200),
            ("America/New_York", summer, summer - 14_400),
            ("+05:30", summer, summer + 19_800),
            ("-3", summer, summer - 10_800),
            ("Europe/Berlin", twice - 7_200, twice),
        ] {
            let zone = Zone::named(name).expect(name);
            let moment = |seconds| Moment { seconds, nanos: 7 };
            assert_eq!(zone.local(moment(instant)), Some(moment(local)), "{name}");
            assert_eq!(zone.instant(moment(local)), Some(moment(instant)), "{name}");
        }
        let berlin = Zone::named("Europe/Berlin").expect("a zone");
        let gone = Moment { seconds: never, nanos: 0 };
        assert_eq!(berlin.instant(gone).map(|it| it.seconds), Some(never - 3_600));
        for wrong in ["Mars/Olympus", "+25:00", "", "+x"] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
    }
}
