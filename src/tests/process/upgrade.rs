//! Upgrades of a SQLite database: the program makes one backup first and logs its path.

use super::home::Home;
use sqlx::{
    AnyConnection, Connection,
    migrate::{Migration, Migrator},
};

/// Creates a database without the last migration. Returns its path and that migration's number.
async fn create_outdated_database(home: &Home) -> (String, i64) {
    std::fs::create_dir_all(home.data()).unwrap();
    let known = sqlx::migrate!("migrations/sqlite");
    let mut before: Vec<Migration> = known.iter().cloned().collect();
    let last = before.pop().unwrap().version;
    let database = home.data().join("holly.db").display().to_string();
    let mut connection = connect(&database).await;
    Migrator::with_migrations(before)
        .run_direct(None, &mut connection, false)
        .await
        .unwrap();
    connection.close().await.unwrap();
    (database, last)
}

async fn connect(database: &str) -> AnyConnection {
    sqlx::any::install_default_drivers();
    let url = format!("sqlite://{database}?mode=rwc");
    AnyConnection::connect(&url).await.unwrap()
}

#[tokio::test]
async fn an_upgrade_logs_its_backup_and_a_plain_start_makes_none() {
    let mut home = Home::empty();
    home.settings.push(("HOLLY_LOG", "info".to_owned()));
    let (database, last) = create_outdated_database(&home).await;
    let backup = format!("{database}.before-{last}");
    let migrate = || {
        let output = home.run(&["migrate"], "");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr)
    };
    let output = migrate();
    let size = std::fs::metadata(&backup).unwrap().len();
    assert!(
        output.contains(&backup) && output.contains(&size.to_string()),
        "{output}"
    );
    std::fs::remove_file(&backup).unwrap();
    migrate();
    home.serve().terminate().await;
    assert!(!std::fs::exists(&backup).unwrap());
}

#[tokio::test]
async fn a_migrations_backup_can_be_restored() {
    let home = Home::empty();
    let (database, last) = create_outdated_database(&home).await;
    let backup = format!("{database}.before-{last}");
    for (mark, copy_now) in [("backup", true), ("current", false)] {
        let mut connection = connect(&database).await;
        sqlx::query("delete from meta where name = 'mark'")
            .execute(&mut connection)
            .await
            .unwrap();
        sqlx::query("insert into meta (name, value) values ('mark', $1)")
            .bind(mark)
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        if copy_now {
            std::fs::copy(&database, &backup).unwrap();
        }
    }
    let output = home.run(&["restore", &backup], "");
    assert!(output.status.success(), "{output:?}");
    let mut connection = connect(&database).await;
    let mark: String = sqlx::query_scalar("select value from meta where name = 'mark'")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(mark, "backup");
}
