//! The parts of a measurement. Each has a section of the report, which is kept until the part is measured again.

use clap::ValueEnum;

/// A part, in the order of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Start-up and size.
    Footprint,
    /// W13 and W15.
    Density,
    /// W14.
    Disturbance,
    /// W1, W2, W4 and W5.
    Throughput,
    /// W3, and W4 with schemas that a registry holds.
    Registry,
    /// W7.
    Rows,
    /// W12.
    Latency,
    /// The JDBC source and large tables.
    Tables,
    /// The operator with many resources.
    Scale,
}

impl Part {
    /// The heading of its section.
    pub(crate) const fn heading(self) -> &'static str {
        match self {
            Self::Footprint => "Start-up and size",
            Self::Density => "W13, W15: many connectors",
            Self::Disturbance => "W14: disturbance",
            Self::Throughput => "Throughput",
            Self::Registry => "Throughput with a Schema Registry",
            Self::Rows => "JDBC sink",
            Self::Latency => "W12: latency",
            Self::Tables => "JDBC source: large tables",
            Self::Scale => "Operator: many resources",
        }
    }

    /// The file of its section, relative to the folder of this crate.
    pub(crate) const fn file(self) -> &'static str {
        match self {
            Self::Footprint => "results/footprint.md",
            Self::Density => "results/density.md",
            Self::Disturbance => "results/disturbance.md",
            Self::Throughput => "results/throughput.md",
            Self::Registry => "results/registry.md",
            Self::Rows => "results/rows.md",
            Self::Latency => "results/latency.md",
            Self::Tables => "results/tables.md",
            Self::Scale => "results/scale.md",
        }
    }

    /// The files with the figures of each run, and with the samples behind them, of a part that measures throughput.
    pub(crate) fn samples(self) -> [String; 2] {
        let stem = self.file().trim_end_matches(".md");
        ["runs", "samples"].map(|it| format!("{stem}-{it}.csv"))
    }

    /// Whether it runs Kafka Connect and Sluice on a broker.
    pub(crate) const fn needs_broker(self) -> bool {
        !matches!(self, Self::Scale)
    }

    /// Whether it is made of scenarios, of which some can be chosen.
    pub(crate) const fn has_scenarios(self) -> bool {
        matches!(self, Self::Throughput | Self::Registry | Self::Rows | Self::Latency)
    }
}
