//! Chance that is the same every time: a splitmix64 generator, seeded by a name.

/// A sequence of numbers that depends on nothing but its seed.
pub(super) struct Random(u64);

impl Random {
    /// A generator for what is called `name`, so that one more shot in a plan leaves the luck of all others as it was.
    pub(super) fn of(name: &str) -> Self {
        // FNV-1a: four lines, and good enough to start a generator that mixes well by itself.
        let seed = name
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        Self(seed)
    }

    /// A number from `0` up to, and without, `end`; `0` if there is no such number.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)).checked_rem(end).unwrap_or(0)
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_name_has_the_same_luck() {
        let draw = |name| {
            let mut random = Random::of(name);
            [(); 8].map(|()| random.below(1000))
        };
        assert_eq!(draw("shot-010-0010"), draw("shot-010-0010"));
        assert_ne!(draw("shot-010-0010"), draw("shot-010-0020"));
    }

    #[test]
    fn numbers_stay_in_their_range() {
        let mut random = Random::of("range");
        assert!((0..1000).all(|_| (3..=7).contains(&random.between(3, 7))));
        assert_eq!(random.below(0), 0);
    }
}
