//! Reading DER strictly (X.690 §10): lengths in their shortest form, no indefinite lengths, no tags above 30. What only
//! BER allows is refused, so that each value has one encoding and what is compared is what was signed.

/// The bytes are no DER of the wanted shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotDer;

/// One value: its tag, what is inside it, and all of it with tag and length.
#[derive(Debug, Clone, Copy)]
pub struct Value<'a> {
    pub tag: u8,
    pub content: &'a [u8],
    pub whole: &'a [u8],
}

impl<'a> Value<'a> {
    /// A reader over what is inside.
    pub fn inside(self) -> Reader<'a> {
        Reader(self.content)
    }
}

/// Reads values one after the other.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// A reader from the first of these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The bytes are one value with this tag and nothing after it.
    pub fn only(bytes: &'a [u8], tag: u8) -> Result<Self, NotDer> {
        let mut reader = Self::new(bytes);
        let inside = reader.expect(tag)?.inside();
        reader.end()?;
        Ok(inside)
    }

    /// The next value.
    pub fn any(&mut self) -> Result<Value<'a>, NotDer> {
        let whole = self.0;
        let [tag, first, rest @ ..] = whole else { return Err(NotDer) };
        if tag & 0x1f == 0x1f {
            return Err(NotDer);
        }
        let (length, rest) = match first {
            0..=0x7f => (usize::from(*first), rest),
            0x81..=0x84 => long_length(usize::from(first & 0x7f), rest)?,
            _ => return Err(NotDer),
        };
        let (content, rest) = rest.split_at_checked(length).ok_or(NotDer)?;
        self.0 = rest;
        let whole = whole.get(..whole.len() - rest.len()).ok_or(NotDer)?;
        Ok(Value { tag: *tag, content, whole })
    }

    /// The next value, which must have this tag.
    pub fn expect(&mut self, tag: u8) -> Result<Value<'a>, NotDer> {
        let value = self.any()?;
        if value.tag == tag { Ok(value) } else { Err(NotDer) }
    }

    /// The next value if it has this tag.
    pub fn optional(&mut self, tag: u8) -> Result<Option<Value<'a>>, NotDer> {
        if self.0.first() == Some(&tag) { self.expect(tag).map(Some) } else { Ok(None) }
    }

    /// A non-negative INTEGER below 128, as versions are.
    pub fn small_integer(&mut self) -> Result<u8, NotDer> {
        match self.expect(0x02)?.content {
            [value @ 0..=0x7f] => Ok(*value),
            _ => Err(NotDer),
        }
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Nothing may be left.
    pub fn end(self) -> Result<(), NotDer> {
        if self.is_empty() { Ok(()) } else { Err(NotDer) }
    }

    /// All values that are left.
    pub fn all(mut self) -> Result<Vec<Value<'a>>, NotDer> {
        let mut values = Vec::new();
        while !self.is_empty() {
            values.push(self.any()?);
        }
        Ok(values)
    }
}

/// A length in `count` bytes, refused where fewer would have done.
fn long_length(count: usize, rest: &[u8]) -> Result<(usize, &[u8]), NotDer> {
    let (bytes, rest) = rest.split_at_checked(count).ok_or(NotDer)?;
    let length = bytes.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
    if bytes.first() == Some(&0) || length < 0x80 {
        return Err(NotDer);
    }
    Ok((length, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_shortest_form_is_read() {
        let mut good = Reader::new(&[0x04, 0x02, 1, 2, 0x05, 0x00]);
        assert_eq!(good.any().map(|v| v.content), Ok(&[1, 2][..]));
        assert_eq!(good.optional(0x30).map(|v| v.is_some()), Ok(false));
        assert_eq!(good.expect(0x05).map(|v| v.whole), Ok(&[0x05, 0x00][..]));
        assert_eq!(good.end(), Ok(()));
        let long = [&[0x04, 0x81, 0x80][..], &[0; 0x80]].concat();
        assert_eq!(Reader::new(&long).any().map(|v| v.content.len()), Ok(0x80));
        for bad in [
            &[][..],
            &[0x04],
            &[0x04, 0x02, 1],
            &[0x30, 0x80, 0, 0],
            &[0x04, 0x81, 0x01, 0],
            &[0x04, 0x82, 0x00, 0x80],
            &[0x04, 0x85, 1, 0, 0, 0, 0],
            &[0x04, 0xff],
            &[0x1f, 0x20, 0x00],
        ] {
            assert!(Reader::new(bad).any().is_err(), "{bad:?}");
        }
        assert!(Reader::only(&[0x30, 0x00, 0x00], 0x30).is_err());
    }
}
