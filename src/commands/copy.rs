//! `holly copy`: copies the database to another one and prints what else has to be moved.

use super::{Failure, print_line};
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

/// Rows of a table between two lines of progress.
const PROGRESS_ROWS: i64 = 50_000;

#[derive(Args)]
pub struct CopyCommand {
    /// Target: postgres://USER:PASSWORD@HOST/NAME or sqlite://PATH
    #[arg(long, env = "HOLLY_COPY_TO", hide_env_values = true)]
    to: String,
    /// Copy the archive too, to s3://BUCKET/PREFIX or file://FOLDER
    ///
    /// A bucket uses the usual AWS_* variables.
    #[arg(long)]
    archive: Option<String>,
}

/// `holly copy …`.
pub async fn run(config: &Config, command: CopyCommand) -> Result<(), Failure> {
    // locked to the end: no server may write to the source
    let _lock = DataDir::take(&config.data_dir)?;
    let from_sqlite = sqlite_file(&config.database_url);
    if let Some(file) = from_sqlite.as_ref().filter(|file| !file.is_file()) {
        return Err(format!("DATABASE_URL: there is no database {}", file.display()).into());
    }
    if command.to == config.database_url
        || from_sqlite.is_some() && sqlite_file(&command.to) == from_sqlite
    {
        return Err("--to is the database itself; name another one".into());
    }
    if from_sqlite.is_none() {
        print_line("Stop every server first: anything written from now on is not copied.");
    }
    let source = Store::open_with_pooler(&config.database_url, &config.listen_url).await?;
    let copied = copy(&source, &command.to, &mut progress()).await;
    source.close().await;
    let copied = copied?;
    let (tables, rows) = (
        copied.tables.len(),
        copied.tables.iter().map(|table| table.rows).sum::<i64>(),
    );
    print_line(&format!(
        "{rows} rows in {tables} tables {}",
        if copied.already {
            "are in the target already"
        } else {
            "copied and verified"
        }
    ));
    copy_archive(config, command.archive.as_deref()).await?;
    print_files_to_move(&config.data_dir);
    print_line(
        "Cursors stay valid: epoch and revisions are the same. \
         Serve only one of the two databases from now on.",
    );
    Ok(())
}

pub(super) fn sqlite_file(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    Some(PathBuf::from(path.split('?').next().unwrap_or(path)))
}

fn progress() -> impl FnMut(CopyStep) -> holly::server::store::Result<()> + Send {
    let (mut total, mut written, mut printed) = (0, 0, 0);
    move |step| {
        match step {
            CopyStep::Started(_, rows) => (total, written, printed) = (rows, 0, 0),
            CopyStep::Wrote(name, rows) => {
                written += rows as i64;
                if written - printed >= PROGRESS_ROWS {
                    printed = written;
                    print_line(&format!(
                        "        {name}: {written} of {total} rows written"
                    ));
                }
            }
            CopyStep::Verified(table) => {
                print_line(&format!(
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

/// Copies the archive to `to`, or prints that it stays where it is.
async fn copy_archive(config: &Config, to: Option<&str>) -> Result<(), Failure> {
    let from = &config.retention.archive_url;
    let Some(to) = to else {
        print_line(&if from.starts_with("file://") {
            format!(
                "The archive stays in {from}: run again with --archive s3://…, \
                 or keep HOLLY_ARCHIVE_URL as it is."
            )
        } else {
            format!("The archive stays at {from}: keep HOLLY_ARCHIVE_URL as it is.")
        });
        return Ok(());
    };
    let copied = copy_objects(&Archive::open(from)?, &Archive::open(to)?).await?;
    print_line(&format!(
        "{} objects ({} bytes) of the archive copied to {to} and verified; \
         set HOLLY_ARCHIVE_URL={to}",
        copied.objects, copied.bytes
    ));
    Ok(())
}

fn print_files_to_move(data_dir: &Path) {
    let files = data_dir.join("files");
    let users = std::fs::read_dir(&files).map_or(0, Iterator::count);
    if users > 0 {
        print_line(&format!(
            "Files of {users} users stay in {}: copy that folder into the data folder of the new \
             server, which moves them into its bucket if it has one.",
            files.display()
        ));
    }
}
