//! Settings, each an environment variable and a flag. Every invalid setting is reported at start,
//! all at once. The settings of a part are a struct of its module; this one joins them.

use crate::server::{
    assistant::{
        providers::settings::{Link, ModelSettings},
        retry_policy::ModelTimeouts,
        tools::services::settings::{ServiceConfig, ServiceSettings},
    },
    base::{
        hosts::{AllowedHosts, HostSettings, is_loopback_host},
        proxies::{ProxySettings, TrustedProxies},
        secret::short_secret,
        telemetry,
    },
    identity::oidc::settings::{OidcConfig, OidcSettings},
    limits::settings::{LimitConfig, LimitSettings},
    retention::settings::{RetentionConfig, RetentionSettings},
};
use clap::Args;
use reqwest::Url;
use std::{net::SocketAddr, path::PathBuf};

/// Settings as given on the command line and in the environment. `holly serve --help` is the
/// reference.
#[derive(Debug, Clone, Args)]
pub struct Settings {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(
        long,
        env = "HOLLY_ADDR",
        default_value = "127.0.0.1:3000",
        help_heading = "Server"
    )]
    pub addr: String,
    /// Folder for the SQLite database, files and the archive
    #[arg(
        long,
        env = "HOLLY_DATA_DIR",
        default_value = "./data",
        help_heading = "Server"
    )]
    pub data_dir: PathBuf,
    /// Public URL, if it differs from HOLLY_ADDR, as behind a reverse proxy
    ///
    /// Scheme, host and port only: Holly is served at the root of its host. With https:// cookies
    /// are marked Secure.
    #[arg(long, env = "HOLLY_PUBLIC_URL", help_heading = "Server")]
    pub public_url: Option<String>,
    /// Connections that one network address may have open at once; 0: no limit
    ///
    /// Connections from this machine and from trusted proxies are not counted by address. In all,
    /// half of the open-file limit may be open.
    #[arg(
        long,
        env = "HOLLY_MAX_CONNECTIONS_PER_ADDRESS",
        default_value = "256",
        help_heading = "Server"
    )]
    pub max_connections_per_address: String,
    /// Secret with which a monitoring system reads /metrics
    ///
    /// Sent as `Authorization: Bearer SECRET`, at least 16 characters. Without it only admins and
    /// keys with the scope admin may read them.
    #[arg(
        long,
        env = "HOLLY_METRICS_TOKEN",
        hide_env_values = true,
        help_heading = "Server"
    )]
    pub metrics_token: Option<String>,
    /// Folder of the built site [default: the site in the program]
    ///
    /// Without a site in the program it is `site` beside the program, or target/site.
    #[arg(long, env = "HOLLY_SITE_DIR", help_heading = "Server")]
    pub site_dir: Option<PathBuf>,
    /// Database URL [default: sqlite://$HOLLY_DATA_DIR/holly.db]
    ///
    /// sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME
    #[arg(
        long,
        env = "DATABASE_URL",
        hide_env_values = true,
        help_heading = "Database"
    )]
    pub database_url: Option<String>,
    /// Direct PostgreSQL URL, if DATABASE_URL is a connection pooler [default: DATABASE_URL]
    ///
    /// Used for LISTEN and for migrations, which a pooler in transaction mode does not support.
    #[arg(
        long,
        env = "DATABASE_LISTEN_URL",
        hide_env_values = true,
        help_heading = "Database"
    )]
    pub database_listen_url: Option<String>,
    /// Archive and retention.
    #[command(flatten)]
    pub retention: RetentionSettings,
    /// Models and their keys.
    #[command(flatten)]
    pub models: ModelSettings,
    /// Services and their keys.
    #[command(flatten)]
    pub services: ServiceSettings,
    /// Sign-in with an OpenID provider.
    #[command(flatten)]
    pub oidc: OidcSettings,
    /// Limits by user.
    #[command(flatten)]
    pub limits: LimitSettings,
    /// Trusted proxies.
    #[command(flatten)]
    pub proxies: ProxySettings,
    /// Allowed hosts.
    #[command(flatten)]
    pub hosts: HostSettings,
    /// Factor on the delays of the demo model and its tools; 0 for none
    #[arg(
        long,
        env = "HOLLY_DEMO_PACE",
        default_value = "1",
        help_heading = "Demo"
    )]
    pub demo_pace: String,
    /// Log level or filter: error, warn, info, debug, trace, or holly=debug
    ///
    /// The log goes to standard error, as text on a terminal and as JSON otherwise.
    #[arg(
        long,
        env = "HOLLY_LOG",
        default_value = "info",
        help_heading = "Logging"
    )]
    pub log: String,
}

/// The highest HOLLY_MAX_CONNECTIONS_PER_ADDRESS.
const MAX_CONNECTIONS: usize = 1_000_000;

/// Validated settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Address to listen on.
    pub addr: SocketAddr,
    /// Folder for everything that is stored.
    pub data_dir: PathBuf,
    /// Database URL.
    pub database_url: String,
    /// PostgreSQL URL for LISTEN and migrations; not a pooler.
    pub listen_url: String,
    /// Archive and retention.
    pub retention: RetentionConfig,
    /// Public URL as browsers write an origin; `None` when it follows from `addr`.
    pub public_url: Option<String>,
    /// Sign-in.
    pub oidc: OidcConfig,
    /// Limits by user.
    pub limits: LimitConfig,
    /// Proxies whose `X-Forwarded-For` is trusted.
    pub proxies: TrustedProxies,
    /// Hosts that requests may be for.
    pub allowed_hosts: AllowedHosts,
    /// The models, tried in order.
    pub models: Vec<Link>,
    /// Timeouts of models.
    pub model_timeouts: ModelTimeouts,
    /// Services that make pictures, music and films.
    pub services: ServiceConfig,
    /// Connections that one network address may have open; 0: no limit.
    pub max_connections_per_address: usize,
    /// Secret with which a monitoring system reads `/metrics`; `None`: admins only.
    pub metrics_token: Option<String>,
    /// Factor on the demo's delays: 1 for the usual, 0 for none.
    pub demo_pace: f64,
    /// Folder of the built site, if it is set.
    pub site_dir: Option<PathBuf>,
}

impl Settings {
    /// Validates every setting. Errors: all problems, each with what to do.
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
        let demo_pace = self
            .demo_pace
            .parse::<f64>()
            .ok()
            .filter(|pace| (0.0..=100.0).contains(pace));
        note(demo_pace.is_none().then(|| {
            format!(
                "HOLLY_DEMO_PACE is {:?}; it must be a number from 0 to 100",
                self.demo_pace
            )
        }));
        let public = self.public_url.as_deref().map(origin);
        note(public.clone().and_then(Result::err));
        let public = match public {
            Some(Ok(origin)) => Some(origin),
            _ => self.public_url.clone(),
        };
        let max_connections = self
            .max_connections_per_address
            .parse::<usize>()
            .ok()
            .filter(|max| *max <= MAX_CONNECTIONS);
        note(max_connections.is_none().then(|| {
            format!(
                "HOLLY_MAX_CONNECTIONS_PER_ADDRESS is {:?}; it must be a whole number from 0 to \
                 {MAX_CONNECTIONS}",
                self.max_connections_per_address
            )
        }));
        let database_url = self
            .database_url
            .clone()
            .unwrap_or_else(|| format!("sqlite://{}", self.data_dir.join("holly.db").display()));
        let is_supported = ["sqlite:", "postgres:", "postgresql:"]
            .iter()
            .any(|scheme| database_url.starts_with(scheme));
        note(
            (!is_supported)
                .then(|| "DATABASE_URL must begin with sqlite:// or postgres://".to_owned()),
        );
        note(telemetry::read_filter(&self.log).err());
        let metrics_token = self.metrics_token.clone();
        let metrics_token = metrics_token.filter(|token| !token.is_empty());
        problems.extend(short_secret(
            "HOLLY_METRICS_TOKEN",
            metrics_token.as_deref(),
        ));
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
        let allowed_hosts = self.hosts.check(public.as_deref(), &mut problems);
        match (addr, demo_pace, max_connections) {
            (Ok(addr), Some(demo_pace), Some(max_connections_per_address))
                if problems.is_empty() =>
            {
                Ok(Config {
                    addr,
                    max_connections_per_address,
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
                    allowed_hosts,
                    models: models.links,
                    model_timeouts: ModelTimeouts::new(models.timeout),
                    services,
                    metrics_token,
                    demo_pace,
                    site_dir: self.site_dir.clone(),
                })
            }
            _ => Err(problems),
        }
    }
}

/// The public URL as browsers write an origin. Errors: it is not one, and what to do.
fn origin(url: &str) -> Result<String, String> {
    let must = |what: &str| Err(format!("HOLLY_PUBLIC_URL is {url:?}; it must {what}"));
    if !(url.starts_with("http://") || url.starts_with("https://")) {
        return must("begin with http:// or https://");
    }
    let Ok(parsed) = Url::parse(url) else {
        return must("have a host, such as https://holly.example.org");
    };
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return must("have no user or password");
    }
    let has_path = !parsed.path().trim_matches('/').is_empty();
    if has_path || parsed.query().is_some() || parsed.fragment().is_some() {
        return must(
            "have no path, query or fragment: Holly is served at the root of its host; give it a \
             host of its own, such as https://holly.example.org",
        );
    }
    Ok(parsed.origin().ascii_serialization())
}

impl Config {
    /// Whether the first account needs the setup code: others than the users of this machine can
    /// reach the server.
    pub fn needs_setup_code(&self) -> bool {
        let public = self
            .public_url
            .as_deref()
            .and_then(|url| Url::parse(url).ok());
        let is_public = public
            .as_ref()
            .and_then(Url::host_str)
            .is_some_and(|host| !is_loopback_host(host));
        is_public || !self.addr.ip().is_loopback()
    }

    /// Whether the public URL is https.
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
    fn the_default_is_sqlite_on_loopback() {
        let config = check(&[]).unwrap();
        assert_eq!(config.addr.to_string(), "127.0.0.1:3000");
        assert_eq!(config.database_url, "sqlite://./data/holly.db");
        assert!(!config.is_https());
        assert_eq!(config.max_connections_per_address, 256);
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
    fn public_urls_by_table() {
        for (url, public) in [
            ("https://holly.example.org", Ok("https://holly.example.org")),
            (
                "https://holly.example.org/",
                Ok("https://holly.example.org"),
            ),
            (
                "https://Holly.example.org:443",
                Ok("https://holly.example.org"),
            ),
            ("http://192.168.1.2:3000", Ok("http://192.168.1.2:3000")),
            ("http://[::1]:3000", Ok("http://[::1]:3000")),
            (
                "https://holly.example.org/holly",
                Err("no path, query or fragment"),
            ),
            (
                "https://holly.example.org/holly/",
                Err("no path, query or fragment"),
            ),
            (
                "https://holly.example.org/?a=b",
                Err("no path, query or fragment"),
            ),
            (
                "https://holly.example.org?",
                Err("no path, query or fragment"),
            ),
            (
                "https://holly.example.org#top",
                Err("no path, query or fragment"),
            ),
            ("https://ada@holly.example.org", Err("no user or password")),
            (
                "https://:secret@holly.example.org",
                Err("no user or password"),
            ),
            ("https://", Err("have a host")),
            ("https://holly.example.org:port", Err("have a host")),
            ("holly.example.org", Err("begin with http:// or https://")),
            (
                "ftp://holly.example.org",
                Err("begin with http:// or https://"),
            ),
        ] {
            match (check(&["--public-url", url]), public) {
                (Ok(config), Ok(public)) => {
                    assert_eq!(config.public_url.as_deref(), Some(public), "{url}");
                }
                (Err(problems), Err(why)) => assert!(
                    problems.len() == 1 && problems[0].contains(why),
                    "{url}: {problems:?}"
                ),
                (checked, _) => panic!("{url}: {checked:?}"),
            }
        }
    }

    #[test]
    fn all_invalid_settings_are_reported_at_once() {
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
    fn connections_by_address_are_a_bounded_number() {
        for (text, max) in [
            ("0", Some(0)),
            ("1000000", Some(1_000_000)),
            ("1000001", None),
            ("-1", None),
            ("many", None),
            ("", None),
        ] {
            let result = check(&[&format!("--max-connections-per-address={text}")]);
            let found = result.as_ref().ok();
            let found = found.map(|config| config.max_connections_per_address);
            assert_eq!(found, max, "{text}: {result:?}");
            if let Err(problems) = result {
                let expected = format!("HOLLY_MAX_CONNECTIONS_PER_ADDRESS is {text:?}; ");
                let is_expected = problems.len() == 1 && problems[0].starts_with(&expected);
                assert!(is_expected, "{problems:?}");
            }
        }
    }

    #[test]
    fn contradictory_retention_settings_are_refused() {
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
