//! Embeds the built site in the program. `HOLLY_EMBED` is its folder (`make build` sets it); the
//! files become a table in `$OUT_DIR/site.rs`, which `server::state::site::program` includes.
//! Without `HOLLY_EMBED` the table is empty.

use std::{
    env, fs,
    hash::{DefaultHasher, Hasher},
    io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-env-changed=HOLLY_EMBED");
    let mut rows = String::new();
    if let Some(site) = env::var_os("HOLLY_EMBED") {
        let site = fs::canonicalize(site)?;
        println!("cargo:rerun-if-changed={}", site.display());
        for path in files_below(&site)? {
            rows.push_str(&row(&site, &path)?);
        }
    }
    let folder = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    fs::write(Path::new(&folder).join("site.rs"), format!("&[{rows}]"))
}

/// Every file, sorted, without the compressed variants and without `.d.ts` files, which no browser
/// requests.
fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        match path.extension().and_then(|extension| extension.to_str()) {
            _ if path.is_dir() => found.extend(files_below(&path)?),
            Some("br" | "gz" | "ts") => {}
            _ => found.push(path),
        }
    }
    found.sort();
    Ok(found)
}

/// A row of the table. The tag is a hash of the content.
fn row(site: &Path, path: &Path) -> io::Result<String> {
    let plain = fs::read(path)?;
    let mut hasher = DefaultHasher::new();
    hasher.write(&plain);
    let address = path.strip_prefix(site).map_err(io::Error::other)?;
    Ok(format!(
        "File {{ address: {:?}, tag: \"{:016x}\", plain: include_bytes!({path:?}), \
         brotli: {}, gzip: {} }},\n",
        format!("/{}", address.display()),
        hasher.finish(),
        compressed(path, "br", plain.len()),
        compressed(path, "gz", plain.len()),
    ))
}

/// The compressed variant of `path`, if it is at least a tenth smaller.
fn compressed(path: &Path, extension: &str, plain: usize) -> String {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{extension}"));
    let is_smaller = fs::metadata(&name).is_ok_and(|found| found.len() < plain as u64 * 9 / 10);
    if is_smaller {
        format!("Some(include_bytes!({name:?}))")
    } else {
        "None".to_owned()
    }
}
