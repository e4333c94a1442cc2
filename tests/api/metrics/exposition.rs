//! A strict reader of the `OpenMetrics` text format: what it does not know, it does not take.
//!
//! After <https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md>.

use std::collections::{BTreeMap, BTreeSet};

pub type Labels = BTreeMap<String, String>;

/// What was exposed.
#[derive(Debug)]
pub struct Exposition {
    samples: BTreeMap<(String, Labels), f64>,
}

/// A metric family, as it was announced.
#[derive(Debug, Default)]
struct Family {
    name: String,
    kind: String,
    has_help: bool,
    unit: Option<String>,
}

impl Exposition {
    /// Reads a whole exposition; panics where it is not sound.
    pub fn parse(text: &str) -> Self {
        let body = text.strip_suffix("# EOF\n").expect("it does not end with # EOF");
        let (mut samples, mut family, mut known) = (BTreeMap::new(), Family::default(), BTreeSet::new());
        for line in body.lines() {
            match line.strip_prefix("# ") {
                Some(comment) => family.announce(comment, &mut known),
                None => {
                    let (name, labels, value) = sample(line);
                    family.check(&name, &labels, value, line);
                    let is_new = samples.insert((name, labels), value).is_none();
                    assert!(is_new, "twice: {line}");
                }
            }
        }
        let exposition = Self { samples };
        exposition.check_histograms();
        exposition
    }

    /// The names of all samples.
    pub fn names(&self) -> BTreeSet<&str> {
        self.samples.keys().map(|(name, _)| name.as_str()).collect()
    }

    /// The labels of all samples of a name.
    pub fn labels(&self, name: &str) -> Vec<&Labels> {
        self.samples.keys().filter(|(sample, _)| sample == name).map(|(_, labels)| labels).collect()
    }

    /// A value, of exactly these labels.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.samples.get(&(name.to_owned(), labels)).copied()
    }

    /// Buckets are cumulative, and the last one has everything.
    fn check_histograms(&self) {
        for name in self.names() {
            let Some(family) = name.strip_suffix("_bucket") else { continue };
            let mut series: BTreeMap<Labels, Vec<(f64, f64)>> = BTreeMap::new();
            for ((_, labels), value) in self.samples.iter().filter(|((sample, _), _)| sample == name) {
                let mut rest = labels.clone();
                let bound = rest.remove("le").unwrap_or_else(|| panic!("{name} without le"));
                let bound = if bound == "+Inf" { f64::INFINITY } else { bound.parse().unwrap() };
                series.entry(rest).or_default().push((bound, *value));
            }
            for (labels, mut buckets) in series {
                buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
                assert!(buckets.is_sorted_by(|one, other| one.1 <= other.1), "{family} {labels:?}: {buckets:?}");
                let (last, all) = buckets.pop().unwrap();
                assert!(last.is_infinite(), "{family} {labels:?} has no bucket +Inf");
                let count = self.samples.get(&(format!("{family}_count"), labels.clone()));
                assert_eq!(count, Some(&all), "{family} {labels:?}");
                assert!(self.samples.contains_key(&(format!("{family}_sum"), labels)), "{family} has no sum");
            }
        }
    }
}

impl Family {
    fn announce(&mut self, comment: &str, known: &mut BTreeSet<String>) {
        let [word, name, rest] = comment.splitn(3, ' ').collect::<Vec<_>>()[..] else { panic!("{comment}") };
        assert!(is_name(name), "{name}");
        if self.name != name {
            assert!(known.insert(name.to_owned()), "{name} is announced twice");
            *self = Self { name: name.to_owned(), ..Self::default() };
        }
        match word {
            "HELP" => {
                assert!(!self.has_help && rest.ends_with('.') && !rest.ends_with(".."), "{comment}");
                self.has_help = true;
            }
            "TYPE" => {
                assert!(self.kind.is_empty() && ["counter", "gauge", "histogram", "info"].contains(&rest), "{comment}");
                rest.clone_into(&mut self.kind);
            }
            "UNIT" => {
                assert!(name.ends_with(&format!("_{rest}")), "{comment}");
                self.unit = Some(rest.to_owned());
            }
            _ => panic!("{comment}"),
        }
    }

    fn check(&self, name: &str, labels: &Labels, value: f64, line: &str) {
        assert!(self.has_help && !self.kind.is_empty(), "what has no HELP and TYPE: {line}");
        let suffix = name.strip_prefix(&self.name).unwrap_or_else(|| panic!("{line} below {}", self.name));
        let allowed: &[&str] = match self.kind.as_str() {
            "counter" => &["_total"],
            "info" => &["_info"],
            "histogram" => &["_bucket", "_sum", "_count"],
            _ => &[""],
        };
        assert!(allowed.contains(&suffix), "a {} has no sample {line}", self.kind);
        assert!(!value.is_nan() && (self.kind == "gauge" || value >= 0.0), "{line}");
        let is_unit = |unit: &str| self.name.ends_with(unit);
        let has_unit = ["_seconds", "_bytes"].into_iter().any(is_unit);
        assert_eq!(has_unit, self.unit.is_some(), "a unit is announced, and in the name: {}", self.name);
        assert!(labels.keys().all(|label| is_name(label) && !label.starts_with("__")), "{line}");
    }
}

fn is_name(name: &str) -> bool {
    let is_letter = |byte: &u8| byte.is_ascii_lowercase() || *byte == b'_';
    name.as_bytes().first().is_some_and(is_letter) && name.bytes().all(|b| is_letter(&b) || b.is_ascii_digit())
}

/// `name{label="value",…} number`, with nothing more.
fn sample(line: &str) -> (String, Labels, f64) {
    let (head, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
    let value = value.parse().unwrap_or_else(|_| panic!("{line}"));
    let Some((name, rest)) = head.split_once('{') else {
        assert!(is_name(head), "{line}");
        return (head.to_owned(), Labels::new(), value);
    };
    assert!(is_name(name), "{line}");
    let mut rest = rest.strip_suffix('}').unwrap_or_else(|| panic!("{line}"));
    let mut labels = Labels::new();
    while !rest.is_empty() {
        let (label, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("{line}"));
        let (text, after) = quoted(after).unwrap_or_else(|| panic!("{line}"));
        assert!(labels.insert(label.to_owned(), text).is_none(), "a label twice: {line}");
        // After a comma there is another one.
        let more = after.strip_prefix(',').filter(|more| !more.is_empty());
        rest = if after.is_empty() { after } else { more.unwrap_or_else(|| panic!("{line}")) };
    }
    (name.to_owned(), labels, value)
}

/// What comes before the closing quotation mark, and what after it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let (mut value, mut characters) = (String::new(), text.char_indices());
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[index + 1..])),
            '\\' => value.push(match characters.next()?.1 {
                'n' => '\n',
                escaped @ ('\\' | '"') => escaped,
                _ => return None,
            }),
            other => value.push(other),
        }
    }
    None
}

#[test]
fn what_is_not_sound_is_not_taken() {
    let sound = "# HELP a A.\n# TYPE a gauge\na{b=\"c\\\"d\"} 1\n# EOF\n";
    assert_eq!(Exposition::parse(sound).value("a", &[("b", "c\"d")]), Some(1.0));
    for (from, to) in [
        ("# EOF\n", ""),
        ("gauge", "counter"),
        ("# HELP a A.\n", ""),
        ("# TYPE a gauge\n", ""),
        ("} 1", "} one"),
        ("} 1", ",} 1"),
        ("} 1\n", "} 1\na{b=\"c\\\"d\"} 2\n"),
        ("a{", "other{"),
        ("\\\"", "\""),
    ] {
        let broken = sound.replacen(from, to, 1);
        assert!(std::panic::catch_unwind(|| Exposition::parse(&broken)).is_err(), "{broken}");
    }
}
