//! What PostgreSQL tells about itself: sizes, statements, connections, and the processor time of its processes.

use sqlx::{AnyConnection, AssertSqlSafe, Connection};

type Result<T> = std::result::Result<T, super::Failure>;

/// A database of the benchmark's own.
pub struct Observer {
    /// Where it is.
    pub address: String,
    cluster: String,
    name: String,
}

impl Observer {
    pub async fn open(cluster: &str) -> Result<Self> {
        sqlx::any::install_default_drivers();
        let name = format!("holly_bench_{}", std::process::id());
        let (host, _) = cluster
            .rsplit_once('/')
            .ok_or("HOLLY_TEST_POSTGRES ends with a database")?;
        let observer = Self {
            address: format!("{host}/{name}"),
            cluster: cluster.to_owned(),
            name,
        };
        command(
            cluster,
            &format!(
                "create database {} template template0 encoding 'utf8'",
                observer.name
            ),
        )
        .await?;
        command(
            &observer.address,
            "create extension if not exists pg_stat_statements",
        )
        .await?;
        Ok(observer)
    }

    pub async fn close(self) -> Result<()> {
        command(
            &self.cluster,
            &format!("drop database {} with (force)", self.name),
        )
        .await
    }

    /// Prints the bytes of tables with their indexes, divided by `count`, and adds them up.
    pub async fn sizes(
        &self,
        what: &str,
        count: usize,
        tables: &[&str],
        sum: &mut f64,
    ) -> Result<()> {
        let mut connection = AnyConnection::connect(&self.address).await?;
        println!("{what}");
        for table in tables {
            sqlx::query(AssertSqlSafe(format!("vacuum full analyze {table}")))
                .execute(&mut connection)
                .await?;
            let sql = format!(
                "select pg_total_relation_size('{table}'), pg_indexes_size('{table}'), count(*) from {table}"
            );
            let (whole, indexes, rows): (i64, i64, i64) = sqlx::query_as(AssertSqlSafe(sql))
                .fetch_one(&mut connection)
                .await?;
            let each = |bytes: i64| bytes as f64 / count as f64;
            println!(
                "  {table:<20} {:>9.0}   of which indexes {:>9.0}   ({rows} rows)",
                each(whole),
                each(indexes)
            );
            *sum += each(whole);
        }
        println!();
        Ok(connection.close().await?)
    }

    /// Prints and returns how many statements one of `times` calls takes.
    pub async fn statements(
        &self,
        what: &str,
        times: usize,
        mut ask: impl AsyncFnMut() -> Result<()>,
    ) -> Result<f64> {
        ask().await?;
        command(
            &self.address,
            "select cast(pg_stat_statements_reset() as text)",
        )
        .await?;
        for _ in 0..times {
            ask().await?;
        }
        let mut connection = AnyConnection::connect(&self.address).await?;
        let sql = "select cast(coalesce(sum(calls), 0) as bigint) from pg_stat_statements s join pg_database d on d.oid = s.dbid \
                   where d.datname = current_database() and query not like '%pg_stat_statements%'";
        let calls: i64 = sqlx::query_scalar(sql).fetch_one(&mut connection).await?;
        let each = calls as f64 / times as f64;
        println!("  {what:<45} {each:>6.1}");
        connection.close().await?;
        Ok(each)
    }

    /// Connections to the database but the one that asks.
    pub async fn connections(&self) -> Result<i64> {
        let mut connection = AnyConnection::connect(&self.address).await?;
        let sql = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
        let count = sqlx::query_scalar(sql).fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(count)
    }

    /// Processor time so far, in milliseconds: of this process, and of those that serve its connections.
    pub async fn processor_ms(&self) -> Result<(u64, u64)> {
        let mut connection = AnyConnection::connect(&self.address).await?;
        let sql = "select cast(pid as bigint) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
        let backends: Vec<i64> = sqlx::query_scalar(sql).fetch_all(&mut connection).await?;
        connection.close().await?;
        Ok((
            spent_ms("self"),
            backends.iter().map(|pid| spent_ms(&pid.to_string())).sum(),
        ))
    }
}

/// The kernel counts in hundredths of a second (proc(5), `utime` and `stime`).
fn spent_ms(pid: &str) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<u64>().ok())
        .sum::<u64>()
        * 10
}

async fn command(address: &str, sql: &str) -> Result<()> {
    let mut connection = AnyConnection::connect(address).await?;
    sqlx::query(AssertSqlSafe(sql.to_owned()))
        .execute(&mut connection)
        .await?;
    Ok(connection.close().await?)
}
