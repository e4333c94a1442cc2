//! Variables of the environment in the texts of the configuration: `${NAME}`.

/// Why a text cannot be filled. Only a proper name is repeated: anything else may be a part of a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfilled {
    /// What stands between `${` and `}` is no name.
    #[error("its value has a ${{ without the name of a variable and a }} after it")]
    NoVariable,
    /// The variable is not set, or empty.
    #[error("the environment has no variable {0}, or an empty one")]
    Unset(String),
}

/// A text with each `${NAME}` replaced by the variable; the error says which one cannot be.
pub fn filled(text: &str, variable: &impl Fn(&str) -> Option<String>) -> Result<String, Unfilled> {
    let mut pieces = text.split("${");
    let mut whole = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (name, rest) = piece.split_once('}').ok_or(Unfilled::NoVariable)?;
        let proper = |character: char| character.is_ascii_alphanumeric() || character == '_';
        if name.is_empty() || !name.chars().all(proper) {
            return Err(Unfilled::NoVariable);
        }
        let value = variable(name).filter(|value| !value.is_empty()).ok_or_else(|| Unfilled::Unset(name.to_owned()))?;
        whole.push_str(&value);
        whole.push_str(rest);
    }
    Ok(whole)
}
