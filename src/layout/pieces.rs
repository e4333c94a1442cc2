//! A JSON list as the bytes of its elements, so that one element can be replaced without making the others anew.

use std::collections::HashMap;

use bytes::Bytes;
use serde::Serialize;

use crate::model::Id;

/// Where the elements of a list are in its body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Pieces {
    /// The place of each in the list.
    places: HashMap<Id, usize>,
    /// Where each ends, in bytes.
    ends: Vec<usize>,
}

impl Pieces {
    /// A list of elements that have ids, as JSON, compact.
    pub fn list<'a, T: Serialize>(items: impl Iterator<Item = (&'a Id, T)>) -> serde_json::Result<(Self, Bytes)> {
        let (mut pieces, mut body) = (Self::default(), vec![b'[']);
        for (id, item) in items {
            if !pieces.ends.is_empty() {
                body.push(b',');
            }
            serde_json::to_writer(&mut body, &item)?;
            pieces.places.insert(id.clone(), pieces.ends.len());
            pieces.ends.push(body.len());
        }
        body.push(b']');
        Ok((pieces, body.into()))
    }

    /// The place of an element in the list, if it is in it.
    pub fn place(&self, id: &Id) -> Option<usize> {
        self.places.get(id).copied()
    }

    /// The body with other elements at some places, which are in ascending order.
    pub fn replaced(&mut self, body: &Bytes, others: &[(usize, Vec<u8>)]) -> Bytes {
        let longer: usize = others.iter().map(|(_, piece)| piece.len()).sum();
        let mut next = Vec::with_capacity(body.len() + longer);
        let mut ends = Vec::with_capacity(self.ends.len());
        let mut others = others.iter().peekable();
        // What is copied as it was begins here in the old body.
        let mut kept = 0;
        for (place, end) in self.ends.iter().enumerate() {
            // Behind a bracket, or the comma after the one before.
            let start = place.checked_sub(1).map_or(1, |before| self.ends[before] + 1);
            if let Some((_, piece)) = others.next_if(|(other, _)| *other == place) {
                next.extend_from_slice(&body[kept..start]);
                next.extend_from_slice(piece);
                kept = *end;
                ends.push(next.len());
            } else {
                ends.push(next.len() + end - kept);
            }
        }
        next.extend_from_slice(&body[kept..]);
        self.ends = ends;
        next.into()
    }
}

#[cfg(test)]
mod tests {
    use super::Pieces;
    use crate::model::Id;

    #[test]
    fn elements_are_replaced_wherever_they_are() {
        let ids: Vec<Id> = ["a", "b", "c", "d"].iter().map(|id| Id::parse(id).unwrap()).collect();
        let list = |texts: [&str; 4]| Pieces::list(ids.iter().zip(texts)).unwrap();
        let before = ["one", "two", "three", "four"];
        for mask in 0..16_usize {
            let mut after = before;
            let mut others = Vec::new();
            for place in (0..4).filter(|place| mask & (1 << place) != 0) {
                after[place] = ["", "a longer one", "3", "\"é\""][place];
                others.push((place, serde_json::to_vec(after[place]).unwrap()));
            }
            let (mut pieces, body) = list(before);
            assert_eq!(body, serde_json::to_vec(&before).unwrap());
            let replaced = pieces.replaced(&body, &others);
            assert_eq!((pieces.clone(), replaced.clone()), list(after));
            // And once more, from there.
            let back = pieces.replaced(&replaced, &[(1, b"\"two\"".to_vec())]);
            after[1] = "two";
            assert_eq!((pieces, back), list(after));
        }
        let (mut empty, body) = Pieces::list(std::iter::empty::<(&Id, &str)>()).unwrap();
        assert_eq!(body, "[]");
        assert_eq!(empty.replaced(&body, &[]), "[]");
        assert_eq!(empty.place(&ids[0]), None);
    }
}
