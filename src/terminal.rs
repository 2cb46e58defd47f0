//! The device that pays.

use alloc::string::String;

use crate::error::Error;

/// A terminal. Its `device_info` is checked once and sent in every call whose table has the field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terminal {
    device_info: Option<String>,
}

impl Terminal {
    /// A terminal with the number that the documents call `device_info` (设备号): 1 to 32 characters of visible ASCII,
    /// such as `013467007045764`.
    ///
    /// # Errors
    ///
    /// It is empty, longer than 32 characters, or holds a blank or a character outside ASCII.
    pub fn new(device_info: &str) -> Result<Terminal, Error> {
        if device_info.is_empty() || device_info.len() > 32 {
            return Err(Error::setting("device_info", "must be 1 to 32 characters"));
        }
        if !device_info.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Error::setting("device_info", "must be visible ASCII without blanks"));
        }
        Ok(Terminal { device_info: Some(device_info.into()) })
    }

    /// A terminal without a number. The field is then neither sent nor signed.
    pub const fn unnamed() -> Terminal {
        Terminal { device_info: None }
    }

    /// The number.
    pub fn device_info(&self) -> Option<&str> {
        self.device_info.as_deref()
    }
}
