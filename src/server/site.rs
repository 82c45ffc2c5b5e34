//! The built site: which names its files have. They carry a hash of their content, which the build writes to
//! `hash.txt` beside the program, so that browsers may keep them for ever.

use super::store::StoreError;
use std::path::Path;

/// Addresses of the built files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The script that loads the WASM.
    pub script: String,
    /// The WASM.
    pub wasm: String,
}

impl Site {
    /// Finds the files below `site_dir/pkg`, by the hashes in the file `hashes` where there is one.
    /// Errors: the site is not built, or by another build than the program.
    pub fn find(site_dir: &Path, hashes: &Path) -> Result<Self, StoreError> {
        let hashes = std::fs::read_to_string(hashes).unwrap_or_default();
        let site = Self::named(&hashes);
        let missing = [&site.script, &site.wasm].into_iter().find(|address| !site_dir.join(&address[1..]).is_file());
        match missing {
            None => Ok(site),
            Some(address) => {
                Err(StoreError::Unusable(format!("there is no {address} in {}; build the site with `make build`", site_dir.display())))
            }
        }
    }

    /// The addresses that a build with these hashes has; lines are such as `js: kD3x…`.
    pub fn named(hashes: &str) -> Self {
        let hash_of = |kind: &str| {
            hashes.lines().filter_map(|line| line.split_once(':')).find(|(name, _)| name.trim() == kind).map(|(_, hash)| hash.trim())
        };
        let address = |kind: &str| match hash_of(kind) {
            Some(hash) => format!("/pkg/holly.{hash}.{kind}"),
            None => format!("/pkg/holly.{kind}"),
        };
        Self { script: address("js"), wasm: address("wasm") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_carry_the_build_s_hashes() {
        let site = Site::named("js: abc\nwasm: ghi\n");
        assert_eq!((site.script.as_str(), site.wasm.as_str()), ("/pkg/holly.abc.js", "/pkg/holly.ghi.wasm"));
        assert_eq!(Site::named("").script, "/pkg/holly.js");
    }
}
