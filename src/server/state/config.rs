//! Settings: each a variable and a flag. Nonsense is refused at start, all of it at once.

use crate::server::{
    assistant::{
        providers::settings::{Link, ModelSettings},
        retry_policy::ModelTimeouts,
        tools::services::settings::{ServiceConfig, ServiceSettings},
    },
    base::{
        proxies::{ProxySettings, TrustedProxies},
        telemetry,
    },
    identity::oidc::settings::{OidcConfig, OidcSettings},
    limits::settings::{LimitConfig, LimitSettings},
    retention::settings::{RetentionConfig, RetentionSettings},
};
use clap::Args;
use std::{net::SocketAddr, path::PathBuf};

/// Settings as they are given. `holly serve --help` is the reference.
#[derive(Debug, Clone, Args)]
pub struct Settings {
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, env = "HOLLY_ADDR", default_value = "127.0.0.1:3000")]
    pub addr: String,
    /// Folder for the database, files and the archive.
    #[arg(long, env = "HOLLY_DATA_DIR", default_value = "./data")]
    pub data_dir: PathBuf,
    /// sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME [default:
    /// sqlite://$HOLLY_DATA_DIR/holly.db]
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Where to LISTEN and to migrate, past a pooler that shares connections by transaction; set it
    /// only where there is one [default: DATABASE_URL]
    #[arg(long, env = "DATABASE_LISTEN_URL", hide_env_values = true)]
    pub database_listen_url: Option<String>,
    /// The tiers.
    #[command(flatten)]
    pub retention: RetentionSettings,
    /// The address people use, when a proxy stands in front; https makes cookies Secure [default:
    /// from HOLLY_ADDR]
    #[arg(long, env = "HOLLY_PUBLIC_URL")]
    pub public_url: Option<String>,
    /// Other people's sign-in.
    #[command(flatten)]
    pub oidc: OidcSettings,
    /// Proxies in front.
    #[command(flatten)]
    pub proxies: ProxySettings,
    /// Models and their keys.
    #[command(flatten)]
    pub models: ModelSettings,
    /// Services and their keys.
    #[command(flatten)]
    pub services: ServiceSettings,
    /// Limits by person.
    #[command(flatten)]
    pub limits: LimitSettings,
    /// Factor on the waits of the demo model and its tools: 1 as usual, 0 for none.
    #[arg(long, env = "HOLLY_DEMO_PACE", default_value = "1")]
    pub demo_pace: String,
    /// Folder of the built site [default: the one in the program, else `site` beside it or
    /// target/site]
    #[arg(long, env = "HOLLY_SITE_DIR")]
    pub site_dir: Option<PathBuf>,
    /// What is logged: error, warn, info, debug, trace, or a filter such as holly=debug. Text on a
    /// terminal, JSON otherwise.
    #[arg(long, env = "HOLLY_LOG", default_value = "info")]
    pub log: String,
}

/// Settings that make sense.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Where to listen.
    pub addr: SocketAddr,
    /// Folder for everything that lasts.
    pub data_dir: PathBuf,
    /// The database.
    pub database_url: String,
    /// Where to LISTEN for other processes, on PostgreSQL.
    pub listen_url: String,
    /// The tiers.
    pub retention: RetentionConfig,
    /// The address people use, without a slash at its end; `None` when it follows from `addr`.
    pub public_url: Option<String>,
    /// Other people's sign-in.
    pub oidc: OidcConfig,
    /// Limits by person.
    pub limits: LimitConfig,
    /// Proxies whose word counts about who is asking.
    pub proxies: TrustedProxies,
    /// The models, tried in order.
    pub models: Vec<Link>,
    /// How long they may take.
    pub patience: ModelTimeouts,
    /// Who makes pictures, music and films.
    pub services: ServiceConfig,
    /// Factor on the demo's waits: 1 as usual, 0 none.
    pub demo_pace: f64,
    /// Folder of the built site, where it is not the usual one.
    pub site_dir: Option<PathBuf>,
}

impl Settings {
    /// Checks every setting; all problems are reported at once, each with what to do.
    pub fn check(&self) -> Result<Config, Vec<String>> {
        let mut problems = Vec::new();
        let mut note = |problem: Option<String>| problems.extend(problem);
        let addr: Result<SocketAddr, _> = self.addr.parse();
        note(addr.is_err().then(|| {
            format!(
                "HOLLY_ADDR is {:?}; it must be an address and port such as 127.0.0.1:3000",
                self.addr
            )
        }));
        let pace = self
            .demo_pace
            .parse::<f64>()
            .ok()
            .filter(|pace| (0.0..=100.0).contains(pace));
        note(pace.is_none().then(|| {
            format!(
                "HOLLY_DEMO_PACE is {:?}; it must be a number from 0 to 100",
                self.demo_pace
            )
        }));
        let public = self
            .public_url
            .as_ref()
            .map(|url| url.trim_end_matches('/').to_owned());
        let odd = public
            .as_ref()
            .filter(|url| !(url.starts_with("http://") || url.starts_with("https://")));
        note(odd.map(|url| {
            format!("HOLLY_PUBLIC_URL is {url:?}; it must begin with http:// or https://")
        }));
        let database_url = self
            .database_url
            .clone()
            .unwrap_or_else(|| format!("sqlite://{}", self.data_dir.join("holly.db").display()));
        let known = ["sqlite:", "postgres:", "postgresql:"]
            .iter()
            .any(|scheme| database_url.starts_with(scheme));
        note((!known).then(|| "DATABASE_URL must begin with sqlite:// or postgres://".to_owned()));
        note(telemetry::read_filter(&self.log).err());
        let models = self.models.check(&mut problems);
        let services = self.services.check(&self.models, &mut problems);
        let oidc = self.oidc.check(
            public.as_deref(),
            addr.as_ref().ok().copied(),
            &mut problems,
        );
        let retention = self.retention.check(&self.data_dir, &mut problems);
        let limits = self.limits.check(&mut problems);
        let proxies = self.proxies.check(&mut problems);
        match (addr, pace) {
            (Ok(addr), Some(demo_pace)) if problems.is_empty() => Ok(Config {
                addr,
                data_dir: self.data_dir.clone(),
                listen_url: self
                    .database_listen_url
                    .clone()
                    .unwrap_or_else(|| database_url.clone()),
                database_url,
                retention,
                public_url: public,
                oidc,
                limits,
                proxies,
                models: models.links,
                patience: ModelTimeouts::new(models.timeout),
                services,
                demo_pace,
                site_dir: self.site_dir.clone(),
            }),
            _ => Err(problems),
        }
    }
}

impl Config {
    /// Whether people come over https.
    pub fn is_https(&self) -> bool {
        self.public_url
            .as_ref()
            .is_some_and(|url| url.starts_with("https://"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        settings: Settings,
    }

    fn check(arguments: &[&str]) -> Result<Config, Vec<String>> {
        Cli::try_parse_from(std::iter::once(&"holly").chain(arguments))
            .unwrap()
            .settings
            .check()
    }

    #[test]
    fn without_any_setting_it_is_sqlite_on_loopback() {
        let config = check(&[]).unwrap();
        assert_eq!(config.addr.to_string(), "127.0.0.1:3000");
        assert_eq!(config.database_url, "sqlite://./data/holly.db");
        assert!(!config.is_https());
        assert_eq!(
            (
                config.limits.creates_per_minute,
                config.limits.max_streams,
                config.limits.bounds.turns
            ),
            (60, 8, 20)
        );
    }

    #[test]
    fn nonsense_is_refused_all_at_once() {
        let problems = check(&[
            "--addr",
            "here",
            "--max-streams",
            "lots",
            "--demo-pace",
            "fast",
            "--database-url",
            "mysql://x",
        ])
        .unwrap_err();
        assert_eq!(problems.len(), 4, "{problems:?}");
    }

    #[test]
    fn retention_that_makes_no_sense_is_refused_at_start() {
        let problems = check(&[
            "--retention-hot-days",
            "30",
            "--retention-warm-days",
            "7",
            "--archive-url",
            "ftp://x",
        ])
        .unwrap_err();
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert_eq!(
            check(&["--retention-cold-days", "-5"]).unwrap_err().len(),
            1
        );
        assert_eq!(
            check(&["--cron-secret", ""]).unwrap().retention.cron_secret,
            None,
            "nothing is no secret"
        );
        assert_eq!(
            check(&[]).unwrap().retention.archive_url,
            "file://./data/archive"
        );
    }
}
