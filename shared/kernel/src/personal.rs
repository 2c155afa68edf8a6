//! Values about persons. They cannot be printed or serialized by accident: the only way out is [`Personal::expose`].

use std::fmt;

use serde::Deserialize;
use zeroize::Zeroize;

/// A value about a person. No `Display`, no `Serialize`; `Debug` hides it; memory is wiped on drop.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Personal<T: Zeroize>(T);

impl<T: Zeroize> Personal<T> {
    /// Wraps `value`.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Each call site is a place to review.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[personal]")
    }
}

impl<T: Zeroize> Drop for Personal<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// A national identification number (國民身分證統一編號) whose check digit is right.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NationalId(Personal<String>);

/// Why a text is not a national id; never carries the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NationalIdError {
    /// Not a letter and nine digits.
    #[error("a national id is one capital letter and nine digits")]
    Shape,
    /// The last digit does not fit the others.
    #[error("the check digit is wrong")]
    CheckDigit,
    /// The digit after the letter is 0, as in sample data only.
    #[error("sample ids (0 after the letter) are not accepted here; set sample_ids to allow them")]
    Sample,
    /// The digit after the letter is none that is issued.
    #[error("the digit after the letter is none that is issued")]
    Kind,
}

/// Letter codes 10–35 in the order in which the letters were assigned.
const LETTERS: &str = "ABCDEFGHJKLMNPQRSTUVXYWZIO";

impl NationalId {
    /// Parses `text`; ids with 0 after the letter (no real person has one) pass only with `sample_ids`.
    pub fn parse(text: &str, sample_ids: bool) -> Result<Self, NationalIdError> {
        let mut chars = text.chars();
        let letter = chars.next().ok_or(NationalIdError::Shape)?;
        let code =
            LETTERS.find(letter).and_then(|i| u32::try_from(i + 10).ok()).ok_or(NationalIdError::Shape)?;
        let digits: Vec<u32> =
            chars.map(|c| c.to_digit(10)).collect::<Option<_>>().ok_or(NationalIdError::Shape)?;
        let [kind, .., _] = digits.as_slice() else { return Err(NationalIdError::Shape) };
        if digits.len() != 9 {
            return Err(NationalIdError::Shape);
        }
        if !check_sum(code, &digits).is_multiple_of(10) {
            return Err(NationalIdError::CheckDigit);
        }
        match kind {
            0 if !sample_ids => Err(NationalIdError::Sample),
            0 | 1 | 2 | 8 | 9 => Ok(Self(Personal::new(text.to_owned()))),
            _ => Err(NationalIdError::Kind),
        }
    }

    /// The sample id with serial `number` (0–9,999,999) under `letter`: 0 after the letter, check digit right.
    pub fn sample(letter: char, number: u32) -> Result<Self, NationalIdError> {
        let code =
            LETTERS.find(letter).and_then(|i| u32::try_from(i + 10).ok()).ok_or(NationalIdError::Shape)?;
        let body = format!("0{:07}", number % 10_000_000);
        let mut digits: Vec<u32> = body.chars().filter_map(|c| c.to_digit(10)).collect();
        digits.push(0);
        let check = (10 - check_sum(code, &digits) % 10) % 10;
        Self::parse(&format!("{letter}{body}{check}"), true)
    }

    /// The text. Each call site is a place to review.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The last four digits, as a citizen card carries them.
    pub fn last_four(&self) -> &str {
        self.expose().get(6..).unwrap_or_default()
    }
}

/// Weighted sum of the letter's code and nine digits; right ids give a multiple of ten.
fn check_sum(code: u32, digits: &[u32]) -> u32 {
    let weights = [8, 7, 6, 5, 4, 3, 2, 1, 1];
    code / 10 + code % 10 * 9 + digits.iter().zip(weights).map(|(d, w)| d * w).sum::<u32>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sample_ids_have_a_right_check_digit_and_pass_only_where_allowed() {
        let id = NationalId::sample('S', 1_234_567).unwrap();
        assert_eq!(NationalId::parse(id.expose(), false), Err(NationalIdError::Sample));
        assert_eq!(NationalId::parse(id.expose(), true).unwrap(), id);
        let mut wrong = id.expose().to_owned();
        let last = wrong.pop().unwrap();
        wrong.push(if last == '9' { '0' } else { '9' });
        assert!(matches!(NationalId::parse(&wrong, true), Err(NationalIdError::CheckDigit)));
    }

    #[test]
    fn debug_never_shows_the_value() {
        let id = NationalId::sample('A', 1).unwrap();
        assert!(!format!("{id:?}").contains(id.expose()));
    }

    #[test]
    fn broken_shapes_are_refused() {
        for text in ["", "A", "a000000000", "A00000000", "A0000000000", "A00000000x", "甲000000000"] {
            assert_eq!(NationalId::parse(text, true), Err(NationalIdError::Shape), "{text}");
        }
    }
}
