//! One page per file. Pages fetch with `api` and lay out `components`; they run on the server only.

mod gallery;

pub use gallery::Gallery;
