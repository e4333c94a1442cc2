//! What is signed: a text with the body in it, and what headers say of the delivery.

use super::Fault;

/// Characters of the longest message, as it is written in the settings.
pub const LONGEST: usize = 256;

/// What is signed, piece by piece.
#[derive(Debug)]
pub struct Message {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Body,
    Id,
    Timestamp,
}

/// What stands in the places of a message.
#[derive(Clone, Copy)]
pub struct Contents<'c> {
    /// The body as it came.
    pub body: &'c [u8],
    /// The id of the delivery.
    pub id: &'c str,
    /// The time at which it was sent.
    pub timestamp: &'c str,
}

impl Message {
    /// The body alone.
    pub fn body() -> Self {
        Self { pieces: vec![Piece::Body] }
    }

    /// Standard Webhooks: `{id}.{timestamp}.{body}`.
    pub fn standard() -> Self {
        let dot = || Piece::Text(".".to_owned());
        Self { pieces: vec![Piece::Id, dot(), Piece::Timestamp, dot(), Piece::Body] }
    }

    /// Frame.io: `v0:{timestamp}:{body}`.
    pub fn frameio() -> Self {
        let text = |text: &str| Piece::Text(text.to_owned());
        Self { pieces: vec![text("v0:"), Piece::Timestamp, text(":"), Piece::Body] }
    }

    /// A message as the settings have it, in which every piece can be told from the others.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        if text.chars().count() > LONGEST {
            return Err(Fault::LongMessage);
        }
        let mut pieces = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (piece, after) = first(rest)?;
            if pieces.contains(&piece) && !matches!(piece, Piece::Text(_)) {
                return Err(Fault::Placeholder);
            }
            pieces.push(piece);
            rest = after;
        }
        let message = Self { pieces };
        if !message.has(&Piece::Body) {
            return Err(Fault::NoBody);
        }
        if message.has_id() && message.separator().is_none() {
            return Err(Fault::BesideId);
        }
        Ok(message)
    }

    /// Whether the id of the delivery is signed.
    pub fn has_id(&self) -> bool {
        self.has(&Piece::Id)
    }

    /// Whether the time is signed.
    pub fn has_timestamp(&self) -> bool {
        self.has(&Piece::Timestamp)
    }

    /// What ends the id towards the body, and therefore cannot be in it: otherwise the same signed bytes would be another id
    /// with another body. (The time needs no such mark: another number of digits is another century.)
    pub fn separator(&self) -> Option<char> {
        let place = |sought: &Piece| self.pieces.iter().position(|piece| piece == sought);
        let (id, body) = (place(&Piece::Id)?, place(&Piece::Body)?);
        let towards_body = if id < body { id.checked_add(1) } else { id.checked_sub(1) };
        match towards_body.and_then(|place| self.pieces.get(place))? {
            Piece::Text(text) if id < body => text.chars().next(),
            Piece::Text(text) => text.chars().next_back(),
            _ => None,
        }
    }

    /// The bytes that are signed, in their order; nothing is copied.
    pub fn filled<'c>(&'c self, contents: Contents<'c>) -> Vec<&'c [u8]> {
        let filled = |piece: &'c Piece| match piece {
            Piece::Text(text) => text.as_bytes(),
            Piece::Body => contents.body,
            Piece::Id => contents.id.as_bytes(),
            Piece::Timestamp => contents.timestamp.as_bytes(),
        };
        self.pieces.iter().map(filled).collect()
    }

    fn has(&self, piece: &Piece) -> bool {
        self.pieces.contains(piece)
    }
}

/// The piece at the beginning of a text that is not empty, and what is after it.
fn first(text: &str) -> Result<(Piece, &str), Fault> {
    if let Some(inside) = text.strip_prefix('{') {
        let (name, after) = inside.split_once('}').ok_or(Fault::Placeholder)?;
        let piece = match name {
            "body" => Piece::Body,
            "id" => Piece::Id,
            "timestamp" => Piece::Timestamp,
            _ => return Err(Fault::Placeholder),
        };
        return Ok((piece, after));
    }
    let end = text.find(['{', '}']).unwrap_or(text.len());
    let (piece, after) = text.split_at(end);
    if piece.is_empty() { Err(Fault::Placeholder) } else { Ok((Piece::Text(piece.to_owned()), after)) }
}
