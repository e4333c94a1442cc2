//! The outputs of a filter as JSON, within limits.

use jaq_json::{Map, Num, Val};

use super::{Failure, Limits, excerpt::excerpt, protocol::DEEPEST};

/// An array of changes that is being written.
pub struct Changes<'l> {
    json: Vec<u8>,
    count: usize,
    limits: &'l Limits,
}

impl<'l> Changes<'l> {
    /// None yet.
    pub fn new(limits: &'l Limits) -> Self {
        Self { json: b"[".to_vec(), count: 0, limits }
    }

    /// One more, unless it is null. The error says which limit it is over, or what in it is no JSON.
    pub fn push(&mut self, change: &Val) -> Result<(), Failure> {
        if matches!(change, Val::Null) {
            return Ok(());
        }
        if self.count == self.limits.changes {
            return Err(Failure::Changes(self.limits.changes));
        }
        self.separate(self.count);
        self.count += 1;
        self.value(change, 1)
    }

    /// All of them.
    pub fn into_json(mut self) -> Vec<u8> {
        self.json.push(b']');
        self.json
    }

    fn value(&mut self, value: &Val, depth: usize) -> Result<(), Failure> {
        match value {
            Val::Null => self.word("null"),
            Val::Bool(true) => self.word("true"),
            Val::Bool(false) => self.word("false"),
            Val::Num(number) => self.number(number),
            Val::TStr(text) => self.text(text),
            Val::BStr(_) => {
                Err(Failure::NoJson("bytes, which tobytes makes; @base64 makes a text of a text".to_owned()))
            }
            Val::Arr(_) | Val::Obj(_) if depth == DEEPEST => Err(Failure::Nested),
            Val::Arr(elements) => self.array(elements, depth + 1),
            Val::Obj(object) => self.object(object, depth + 1),
        }
    }

    fn array(&mut self, elements: &[Val], depth: usize) -> Result<(), Failure> {
        self.json.push(b'[');
        for (index, element) in elements.iter().enumerate() {
            self.separate(index);
            self.value(element, depth)?;
        }
        self.json.push(b']');
        Ok(())
    }

    fn object(&mut self, object: &Map, depth: usize) -> Result<(), Failure> {
        self.json.push(b'{');
        for (index, (key, value)) in object.iter().enumerate() {
            self.separate(index);
            let Val::TStr(key) = key else {
                let (key, _) = excerpt(key);
                return Err(Failure::NoJson(format!("an object with the key {key}; tostring makes a text of it")));
            };
            self.text(key)?;
            self.json.push(b':');
            self.value(value, depth)?;
        }
        self.json.push(b'}');
        Ok(())
    }

    /// A number is written as it came, digit by digit, unless it would be another one for who reads it.
    fn number(&mut self, number: &Num) -> Result<(), Failure> {
        match number {
            Num::Float(float) if !float.is_finite() => {
                Err(Failure::NoJson(format!("{number}, which is no number; was something divided by 0?")))
            }
            Num::BigInt(integer) if u64::try_from(&**integer).is_err() => {
                let (digits, _) = excerpt(number);
                Err(Failure::NoJson(format!(
                    "the number {digits}, which is too long to stay exact; tostring makes a text of it"
                )))
            }
            Num::Dec(text) => self.decimal(text),
            Num::Int(_) | Num::BigInt(_) | Num::Float(_) => self.word(&number.to_string()),
        }
    }

    /// jaq keeps what it reads, also where JSON would have it written otherwise: `+1.5`.
    fn decimal(&mut self, text: &str) -> Result<(), Failure> {
        if serde_json::from_str::<serde_json::Number>(text).is_ok() {
            return self.word(text);
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => self.word(&serde_json::Value::from(number).to_string()),
            _ => Err(Failure::NoJson(format!("the number {}, which is too large", excerpt(&text).0))),
        }
    }

    fn text(&mut self, text: &[u8]) -> Result<(), Failure> {
        self.room(text.len())?;
        let text = serde_json::Value::from(String::from_utf8_lossy(text));
        self.word(&text.to_string())
    }

    fn word(&mut self, word: &str) -> Result<(), Failure> {
        self.room(word.len())?;
        self.json.extend_from_slice(word.as_bytes());
        Ok(())
    }

    fn separate(&mut self, before: usize) {
        if before > 0 {
            self.json.push(b',');
        }
    }

    fn room(&self, bytes: usize) -> Result<(), Failure> {
        if self.json.len().saturating_add(bytes) > self.limits.bytes {
            return Err(Failure::Bytes(self.limits.bytes));
        }
        Ok(())
    }
}
