//! Bits: numbers as H.264 writes them, and units of its stream.

/// Bits that are being written, the highest of a byte first.
#[derive(Debug, Default)]
pub(super) struct Bits {
    bytes: Vec<u8>,
    /// What is not a whole byte yet, and how many bits of it there are.
    rest: u64,
    count: u32,
}

impl Bits {
    /// The lowest `count` bits of a number, at most 32.
    pub(super) fn put(&mut self, number: u32, count: u32) {
        self.rest = self.rest << count | u64::from(number) & ((1 << count) - 1);
        self.count += count;
        while self.count >= 8 {
            self.count -= 8;
            let [.., byte] = (self.rest >> self.count).to_be_bytes();
            self.bytes.push(byte);
        }
    }

    /// One bit.
    pub(super) fn flag(&mut self, flag: bool) {
        self.put(flag.into(), 1);
    }

    /// A number of which small ones are short, `ue(v)` (§9.1).
    pub(super) fn unsigned(&mut self, number: u32) {
        let code = number + 1;
        let length = 32 - code.leading_zeros();
        self.put(0, length - 1);
        self.put(code, length);
    }

    /// Several such numbers.
    pub(super) fn unsigned_all(&mut self, numbers: &[u32]) {
        for number in numbers {
            self.unsigned(*number);
        }
    }

    /// The same for a number that may be negative, `se(v)` (§9.1.1).
    pub(super) fn signed(&mut self, number: i32) {
        self.unsigned(2 * number.unsigned_abs() - u32::from(number > 0));
    }

    /// Several such numbers.
    pub(super) fn signed_all(&mut self, numbers: &[i32]) {
        for number in numbers {
            self.signed(*number);
        }
    }

    /// The bytes of a unit of the stream (§7.3.1) of a type, with what keeps them from looking like a start code.
    pub(super) fn unit(mut self, header: u8) -> Vec<u8> {
        self.flag(true);
        let rest = (8 - self.count) % 8;
        self.put(0, rest);
        let mut unit = Vec::with_capacity(self.bytes.len() + 8);
        unit.push(header);
        let mut zeros = 0;
        for byte in self.bytes {
            if zeros == 2 && byte <= 3 {
                unit.push(3);
                zeros = 0;
            }
            zeros = if byte == 0 { zeros + 1 } else { 0 };
            unit.push(byte);
        }
        unit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_standard_shows() {
        let written = |write: fn(&mut Bits)| {
            let mut bits = Bits::default();
            write(&mut bits);
            bits.unit(0)
        };
        assert_eq!(written(|bits| bits.unsigned_all(&[0, 1, 2, 3])), [0, 0b1010_0110, 0b0100_1000]);
        assert_eq!(written(|bits| bits.signed_all(&[0, 1, -1])), [0, 0b1010_0111]);
    }

    #[test]
    fn a_unit_has_no_start_code() {
        let mut bits = Bits::default();
        bits.put(0, 32);
        bits.put(1, 32);
        assert_eq!(bits.unit(7), [7, 0, 0, 3, 0, 0, 3, 0, 0, 3, 0, 1, 0x80]);
    }
}
