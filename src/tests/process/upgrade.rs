//! The upgrade of a SQLite database by the program: it is copied first, once, and the log says
//! where.

use super::home::Home;
use sqlx::{
    AnyConnection, Connection,
    migrate::{Migration, Migrator},
};

#[tokio::test]
async fn an_upgrade_says_where_the_backup_is_and_a_start_without_one_makes_none() {
    let mut home = Home::empty();
    home.settings.push(("HOLLY_LOG", "info".to_owned()));
    std::fs::create_dir_all(home.data()).unwrap();
    let known = sqlx::migrate!("migrations/sqlite");
    let mut before: Vec<Migration> = known.iter().cloned().collect();
    let last = before.pop().unwrap().version;
    sqlx::any::install_default_drivers();
    let database = home.data().join("holly.db");
    let url = format!("sqlite://{}?mode=rwc", database.display());
    let mut connection = AnyConnection::connect(&url).await.unwrap();
    Migrator::with_migrations(before)
        .run_direct(None, &mut connection, false)
        .await
        .unwrap();
    connection.close().await.unwrap();

    let backup = format!("{}.before-{last}", database.display());
    let migrate = || {
        let output = home.run(&["migrate"], "");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr)
    };
    let said = migrate();
    let size = std::fs::metadata(&backup).unwrap().len();
    assert!(
        said.contains(&backup) && said.contains(&size.to_string()),
        "{said}"
    );
    std::fs::remove_file(&backup).unwrap();
    migrate();
    home.serve().terminate().await;
    assert!(!std::fs::exists(&backup).unwrap());
}
