//! What a server and the process of a filter say to each other: frames, each of which is its length in 8 bytes, the lowest
//! first, and then its content. The server sends a [`Job`], and then input after input; to each of them there is one [`Answer`].
//!
//! Both sides are the same file, so nothing of this has to stay as it is.

use std::io::{self, ErrorKind, Read, Write};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{Failure, Limits};

/// How deep a change may be nested; the reader of JSON goes to 128, and a change stands in an answer.
pub const DEEPEST: usize = 100;

/// Bytes of the length of a frame.
const LENGTH: usize = size_of::<u64>();

/// What the process of a filter is for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Job {
    /// The filter.
    pub text: String,
    /// How much it may use.
    pub limits: Limits,
}

/// What the process of a filter answers.
#[derive(Debug, Serialize, Deserialize)]
pub enum Answer {
    /// It is compiled.
    Ready,
    /// These are the changes.
    Changes(Vec<Value>),
    /// There are none.
    Failed(Failure),
}

impl Answer {
    /// Reads the content of a frame; the error says why it is no answer.
    pub fn read(content: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(content)
    }

    /// Writes itself as the content of a frame.
    pub fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(self)
    }

    /// The content of a frame for changes that are JSON already.
    #[must_use]
    pub fn of_changes(array: &[u8]) -> Vec<u8> {
        [b"{\"Changes\":", array, b"}"].concat()
    }
}

/// Sends a frame.
pub async fn send(to: &mut (impl AsyncWrite + Unpin), content: &[u8]) -> io::Result<()> {
    to.write_all(&frame(content)).await?;
    to.flush().await
}

/// Receives a frame, of so many bytes at most; the error says that it ended before, or is longer.
pub async fn receive(from: &mut (impl AsyncRead + Unpin), most: usize) -> io::Result<Vec<u8>> {
    let length = usize::try_from(from.read_u64_le().await?).unwrap_or(usize::MAX);
    if length > most {
        return Err(ErrorKind::InvalidData.into());
    }
    let mut content = vec![0; length];
    from.read_exact(&mut content).await?;
    Ok(content)
}

/// Writes a frame.
pub fn write(to: &mut impl Write, content: &[u8]) -> io::Result<()> {
    to.write_all(&frame(content))?;
    to.flush()
}

/// Reads a frame; none at the end.
pub fn read(from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; LENGTH];
    match from.read_exact(&mut length) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let length = usize::try_from(u64::from_le_bytes(length)).unwrap_or(usize::MAX);
    let mut content = vec![0; length];
    from.read_exact(&mut content)?;
    Ok(Some(content))
}

/// In one piece: another one would wake the reader once more.
fn frame(content: &[u8]) -> Vec<u8> {
    let length = u64::try_from(content.len()).unwrap_or(u64::MAX);
    [&length.to_le_bytes(), content].concat()
}
