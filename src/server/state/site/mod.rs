//! The built site: the script and the WASM, icons and samples. A release carries it inside
//! (`program`); a build in the works reads it from a folder. Names below `/pkg` carry a hash of
//! their content, so browsers may keep those files for ever.

pub mod program;
#[cfg(test)]
mod tests;

use crate::server::base::error::StoreError;
use std::path::{Path, PathBuf};

/// Where the site lies and which addresses its changing files have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The script that loads the WASM.
    pub script: String,
    /// The WASM.
    pub wasm: String,
    /// Where the files are.
    pub files: Files,
}

/// Where the files of the site are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Files {
    /// In the program itself.
    Program,
    /// In this folder.
    Folder(PathBuf),
}

impl Site {
    /// The site in the folder that was asked for, else the one in the program, else the one where a
    /// build leaves it. Errors: there is none.
    pub fn find(asked: Option<&Path>) -> Result<Self, StoreError> {
        match asked {
            Some(folder) => Self::in_folder(folder),
            None => Self::in_program(program::FILES).map_or_else(|| Self::in_folder(&built()), Ok),
        }
    }

    fn in_program(files: &[program::File]) -> Option<Self> {
        let address = |extension: &str| {
            files
                .iter()
                .map(|file| file.address)
                .find(|address| is_built(address, extension))
        };
        Some(Self {
            script: address(".js")?.to_owned(),
            wasm: address(".wasm")?.to_owned(),
            files: Files::Program,
        })
    }

    fn in_folder(folder: &Path) -> Result<Self, StoreError> {
        let address = |extension| {
            let missing = || {
                format!(
                    "there is no /pkg/holly*{extension} in {}; build the site with `make build`",
                    folder.display()
                )
            };
            newest(folder, extension).ok_or_else(|| StoreError::Unusable(missing()))
        };
        Ok(Self {
            script: address(".js")?,
            wasm: address(".wasm")?,
            files: Files::Folder(folder.to_owned()),
        })
    }

    /// A site in this folder whose names carry no hash; nobody looks whether it is there.
    pub fn plain(folder: &Path) -> Self {
        Self {
            script: "/pkg/holly.js".into(),
            wasm: "/pkg/holly.wasm".into(),
            files: Files::Folder(folder.to_owned()),
        }
    }
}

fn is_built(address: &str, extension: &str) -> bool {
    address.starts_with("/pkg/holly") && address.ends_with(extension)
}

/// The address of the newest built file: where a site is built again and again, older ones may be
/// left beside it.
fn newest(folder: &Path, extension: &str) -> Option<String> {
    let entries = std::fs::read_dir(folder.join("pkg")).ok()?.flatten();
    let built = entries.filter_map(|entry| {
        let address = format!("/pkg/{}", entry.file_name().to_str()?);
        is_built(&address, extension).then_some((entry.metadata().ok()?.modified().ok()?, address))
    });
    built.max().map(|(_, address)| address)
}

/// Where a build leaves the site: `site` beside the program, or `target/site`.
fn built() -> PathBuf {
    let beside = std::env::current_exe()
        .ok()
        .and_then(|program| Some(program.parent()?.join("site")));
    beside
        .filter(|site| site.is_dir())
        .unwrap_or_else(|| PathBuf::from("target/site"))
}
