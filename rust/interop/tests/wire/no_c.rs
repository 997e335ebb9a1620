//! C ENet is played against on Linux alone, where a program can take the place of the library's sockets.

use crate::endpoint::{Endpoint, Options};

pub(crate) fn endpoint(_options: Options) -> Option<Box<dyn Endpoint>> {
    None
}
