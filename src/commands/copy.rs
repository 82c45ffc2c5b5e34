//! `holly copy`: moves a database to another, and says what else has to move.

use super::{Failure, say};
use clap::Args;
use holly::server::{
    archive::{Archive, copy::copy_objects},
    base::data_dir::DataDir,
    state::config::Config,
    store::{
        Store,
        copy::{CopyStep, copy},
    },
};
use std::path::{Path, PathBuf};

/// Rows of a table after which it is said how far it is.
const TELL_EVERY: i64 = 50_000;

/// Copies the database into an empty one, verifies it, and can be run again after an interruption.
/// Nothing may write meanwhile.
#[derive(Args)]
pub struct CopyCommand {
    /// Where to: postgres://USER:PASSWORD@HOST/NAME, or sqlite://PATH.
    #[arg(long, env = "HOLLY_COPY_TO", hide_env_values = true)]
    to: String,
    /// Copies the archive's objects too: s3://BUCKET/PREFIX with the usual AWS_* variables, or
    /// file://FOLDER.
    #[arg(long)]
    archive: Option<String>,
}

/// `holly copy …`.
pub async fn run(config: &Config, command: CopyCommand) -> Result<(), Failure> {
    // held to the end: no server may write to what is being copied
    let _alone = DataDir::take(&config.data_dir)?;
    let from_sqlite = sqlite_file(&config.database_url);
    if let Some(file) = from_sqlite.as_ref().filter(|file| !file.is_file()) {
        return Err(format!("DATABASE_URL: there is no database {}", file.display()).into());
    }
    if command.to == config.database_url
        || from_sqlite.is_some() && sqlite_file(&command.to) == from_sqlite
    {
        return Err("--to is the database itself; name another".into());
    }
    if from_sqlite.is_none() {
        say("Stop every server first: what is written from now on is not copied.");
    }
    let source = Store::open_with_pooler(&config.database_url, &config.listen_url).await?;
    let copied = copy(&source, &command.to, &mut progress()).await;
    source.close().await;
    let copied = copied?;
    let (tables, rows) = (
        copied.tables.len(),
        copied.tables.iter().map(|table| table.rows).sum::<i64>(),
    );
    say(&format!(
        "{rows} rows in {tables} tables {}",
        if copied.already {
            "were there already, the same"
        } else {
            "copied and verified"
        }
    ));
    tell_of_archive(config, command.archive.as_deref()).await?;
    tell_of_files(&config.data_dir);
    say(
        "Cursors stay valid: epoch and revisions are the same. Serve one of the two databases from now on, never both.",
    );
    Ok(())
}

pub(super) fn sqlite_file(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    Some(PathBuf::from(path.split('?').next().unwrap_or(path)))
}

fn progress() -> impl FnMut(CopyStep) -> holly::server::store::Result<()> + Send {
    let (mut of, mut written, mut told) = (0, 0, 0);
    move |step| {
        match step {
            CopyStep::Started(_, rows) => (of, written, told) = (rows, 0, 0),
            CopyStep::Wrote(name, rows) => {
                written += rows as i64;
                if written - told >= TELL_EVERY {
                    told = written;
                    say(&format!("        {name}: {written} rows written, of {of}"));
                }
            }
            CopyStep::Verified(table) => {
                say(&format!(
                    "same    {}: {} rows, sha256 {}",
                    table.name,
                    table.rows,
                    &table.sha256[..16]
                ));
            }
        }
        Ok(())
    }
}

async fn tell_of_archive(config: &Config, to: Option<&str>) -> Result<(), Failure> {
    let here = &config.retention.archive_url;
    let Some(to) = to else {
        say(&if here.starts_with("file://") {
            format!(
                "The archive stays in {here}: run again with --archive s3://…, or keep HOLLY_ARCHIVE_URL as it is."
            )
        } else {
            format!("The archive stays at {here}: keep HOLLY_ARCHIVE_URL as it is.")
        });
        return Ok(());
    };
    let copied = copy_objects(&Archive::open(here)?, &Archive::open(to)?).await?;
    say(&format!(
        "{} objects ({} bytes) of the archive are at {to}, read back and the same; set HOLLY_ARCHIVE_URL={to}",
        copied.objects, copied.bytes
    ));
    Ok(())
}

fn tell_of_files(data_dir: &Path) {
    let files = data_dir.join("files");
    let people = std::fs::read_dir(&files).map_or(0, Iterator::count);
    if people > 0 {
        say(&format!(
            "Files of {people} people stay in {}: copy that folder into the data folder of the new server, which moves them into its bucket where it has one.",
            files.display()
        ));
    }
}
