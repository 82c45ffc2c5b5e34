//! The built site: the script, the WASM, icons and samples. A release contains it (`program`); a
//! development build reads it from a folder. Names below `/pkg` contain a hash of the content, so
//! browsers may cache those files forever. `http::assets` serves it.

pub mod program;
#[cfg(test)]
mod tests;

use crate::server::base::error::StoreError;
use std::path::{Path, PathBuf};

/// Location of the site and the paths of its hashed files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Path of the script that loads the WASM.
    pub script: String,
    /// Path of the WASM.
    pub wasm: String,
    /// Location of the files.
    pub files: Files,
}

/// Location of the site's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Files {
    /// In the program itself.
    Program,
    /// In this folder.
    Folder(PathBuf),
}

impl Site {
    /// The site in `site_dir` if given, else the one in the program, else the one in the output
    /// folder of a build. Errors: there is none.
    pub fn find(site_dir: Option<&Path>) -> Result<Self, StoreError> {
        match site_dir {
            Some(folder) => Self::in_folder(folder),
            None => Self::in_program(program::FILES)
                .map_or_else(|| Self::in_folder(&build_output()), Ok),
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
                    "HOLLY_SITE_DIR {}: there is no pkg/holly*{extension}; build the site with \
                     `make build`, or choose another folder",
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

    /// A site in this folder whose names have no hash; its existence is not checked.
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

/// Path of the newest built file: earlier builds may have left theirs.
fn newest(folder: &Path, extension: &str) -> Option<String> {
    let entries = std::fs::read_dir(folder.join("pkg")).ok()?.flatten();
    let built = entries.filter_map(|entry| {
        let address = format!("/pkg/{}", entry.file_name().to_str()?);
        is_built(&address, extension).then_some((entry.metadata().ok()?.modified().ok()?, address))
    });
    built.max().map(|(_, address)| address)
}

/// The output folder of a build: `site` beside the program, or `target/site`.
fn build_output() -> PathBuf {
    let beside = std::env::current_exe()
        .ok()
        .and_then(|program| Some(program.parent()?.join("site")));
    beside
        .filter(|site| site.is_dir())
        .unwrap_or_else(|| PathBuf::from("target/site"))
}
