//! What was found out at the moment of asking: names, labels and numbers, in order.

use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, NoLabelSet},
    metrics::MetricType,
    registry::Unit,
};

use crate::metrics::Durations;

/// A list of metrics.
#[derive(Debug, Default)]
pub struct Sheet(Vec<Metric>);

/// A metric: what it is about, and its numbers.
#[derive(Debug)]
pub struct Metric {
    name: &'static str,
    help: &'static str,
    unit: Option<Unit>,
    kind: MetricType,
    numbers: Vec<(Labels, Number)>,
}

type Labels = Vec<(&'static str, String)>;

/// A number, which is written as it is.
#[derive(Debug, Clone)]
pub enum Number {
    /// How many.
    Whole(u64),
    /// How much.
    Real(f64),
    /// How long, time after time.
    Times(Durations),
}

impl From<u64> for Number {
    fn from(number: u64) -> Self {
        Self::Whole(number)
    }
}

impl From<usize> for Number {
    fn from(number: usize) -> Self {
        Self::Whole(number as u64)
    }
}

impl From<bool> for Number {
    fn from(is_so: bool) -> Self {
        Self::Whole(u64::from(is_so))
    }
}

impl From<Durations> for Number {
    fn from(durations: Durations) -> Self {
        Self::Times(durations)
    }
}

impl From<f64> for Number {
    fn from(number: f64) -> Self {
        Self::Real(number)
    }
}

impl Sheet {
    /// A number that goes up and down. A unit is added to the name.
    pub fn gauge(&mut self, name: &'static str, unit: Option<Unit>, help: &'static str) -> &mut Metric {
        self.add(Metric { name, help, unit, kind: MetricType::Gauge, numbers: Vec::new() })
    }

    /// A number that only grows. A unit is added to the name, and `_total`.
    pub fn counter(&mut self, name: &'static str, unit: Option<Unit>, help: &'static str) -> &mut Metric {
        self.add(Metric { name, help, unit, kind: MetricType::Counter, numbers: Vec::new() })
    }

    /// How long something takes, time after time. The unit is added to the name.
    pub fn durations(&mut self, name: &'static str, help: &'static str) -> &mut Metric {
        let unit = Some(Unit::Seconds);
        self.add(Metric { name, help, unit, kind: MetricType::Histogram, numbers: Vec::new() })
    }

    fn add(&mut self, metric: Metric) -> &mut Metric {
        let index = self.0.len();
        self.0.push(metric);
        &mut self.0[index]
    }
}

impl Metric {
    /// Its only number.
    pub fn is(&mut self, number: impl Into<Number>) {
        self.with(&[], number);
    }

    /// Its number for these labels, which no other has.
    pub fn with(&mut self, labels: &[(&'static str, &str)], number: impl Into<Number>) {
        let labels = labels.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.numbers.push((labels, number.into()));
    }

    fn write(&self, number: &Number, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        let is_counter = self.kind.as_str() == MetricType::Counter.as_str();
        match number {
            Number::Whole(number) if is_counter => encoder.encode_counter::<NoLabelSet, _, u64>(number, None),
            Number::Real(number) if is_counter => encoder.encode_counter::<NoLabelSet, _, f64>(number, None),
            Number::Whole(number) => encoder.encode_gauge(number),
            Number::Real(number) => encoder.encode_gauge(number),
            Number::Times(durations) => durations.encode(encoder),
        }
    }
}

impl Collector for Sheet {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for metric in self.0.iter().filter(|metric| !metric.numbers.is_empty()) {
            let help = format!("{}.", metric.help);
            let mut encoder = encoder.encode_descriptor(metric.name, &help, metric.unit.as_ref(), metric.kind)?;
            for (labels, number) in &metric.numbers {
                // Without labels, too: this only borrows the encoder.
                metric.write(number, encoder.encode_family(labels)?)?;
            }
        }
        Ok(())
    }
}
