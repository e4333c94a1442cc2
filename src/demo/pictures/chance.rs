//! Chance that is the same every time, for shapes that need no plan: waves, windows, faces.

/// A sequence of numbers that depends on nothing but a name (splitmix64).
#[derive(Debug, Clone)]
pub(super) struct Chance(u64);

impl Chance {
    /// Of what has this name.
    pub(super) fn of(name: &str) -> Self {
        // FNV-1a, as a start for a generator that mixes well by itself.
        let hash = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        Self(name.bytes().fold(0xcbf2_9ce4_8422_2325, hash))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `low` to `high`.
    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        let part = u16::try_from(self.next() >> 48).unwrap_or(0);
        low + (high - low) * f32::from(part) / f32::from(u16::MAX)
    }

    /// Whether something happens that happens so often, from 0 to 1.
    pub(super) fn happens(&mut self, often: f32) -> bool {
        self.between(0.0, 1.0) < often
    }

    /// One of some things; the first if there is none to choose from.
    pub(super) fn one_of<T: Copy, const N: usize>(&mut self, things: [T; N]) -> T {
        let count = u64::try_from(N).unwrap_or(1).max(1);
        let chosen = usize::try_from(self.next() % count).unwrap_or(0);
        things[chosen]
    }
}
