//! What is counted as it happens, for whoever watches over the server. Everything else that `/metrics` says is looked at when
//! somebody asks.
//!
//! Counting costs an atomic or a short lock, and never waits. What counts belongs to the part that does the work; all handles
//! of it count together.

mod renders;
mod writes;

use std::time::Duration;

use prometheus_client::{
    encoding::{EncodeMetric, MetricEncoder},
    metrics::{MetricType, TypedMetric, counter::Counter, family::Family, histogram::Histogram},
};

pub use renders::Renders;
pub use writes::Writes;

/// How often something came out in one of a few ways, which are the values of one label.
pub type Outcomes = Family<[(&'static str, &'static str); 1], Counter>;

/// None of each yet. They are told of from the beginning, since what is watched for a first one must have been 0 before.
fn outcomes(label: &'static str, values: &[&'static str]) -> Outcomes {
    let outcomes = Outcomes::default();
    for value in values {
        drop(outcomes.get_or_create(&[(label, *value)]));
    }
    outcomes
}

/// Upper bounds of durations, in seconds: from what memory answers to what somebody waits for.
const SECONDS: [f64; 13] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// How long something takes, in seconds.
#[derive(Debug, Clone)]
pub struct Durations(Histogram);

impl Default for Durations {
    fn default() -> Self {
        Self(Histogram::new(SECONDS))
    }
}

impl Durations {
    /// Notes one more.
    pub fn observe(&self, duration: Duration) {
        self.0.observe(duration.as_secs_f64());
    }
}

impl TypedMetric for Durations {
    const TYPE: MetricType = MetricType::Histogram;
}

impl EncodeMetric for Durations {
    fn encode(&self, encoder: MetricEncoder) -> Result<(), std::fmt::Error> {
        self.0.encode(encoder)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}
