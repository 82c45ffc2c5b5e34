//! Settings of sign-in with an OpenID provider: the provider, which tokens are accepted, who may
//! sign in, who is an admin, and whether accounts with a password are allowed too.

use crate::server::base::secret::Secret;
use clap::Args;
use std::net::SocketAddr;

/// Default difference of clocks, in seconds.
pub const LEEWAY_DEFAULT_S: u64 = 60;
/// Largest difference of clocks that can be set, in seconds.
const LEEWAY_MAX_S: u64 = 300;

/// Settings as given.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Sign-in with a provider")]
pub struct OidcSettings {
    /// Issuer URL of the OpenID provider
    ///
    /// As in its discovery document; for Clerk the URL of the frontend API.
    #[arg(long, env = "HOLLY_OIDC_ISSUER")]
    pub oidc_issuer: Option<String>,
    /// Audiences (`aud`) of tokens accepted by the API, separated by commas
    #[arg(long, env = "HOLLY_OIDC_AUDIENCE")]
    pub oidc_audience: Option<String>,
    /// Authorized parties (`azp`) of tokens accepted by the API, separated by commas
    ///
    /// For Clerk the URLs of your site.
    #[arg(long, env = "HOLLY_OIDC_AZP")]
    pub oidc_azp: Option<String>,
    /// Client id of Holly at the provider; enables sign-in on Holly's own page
    #[arg(long, env = "HOLLY_OIDC_CLIENT_ID")]
    pub oidc_client_id: Option<String>,
    /// Client secret; leave it out for a public client
    #[arg(long, env = "HOLLY_OIDC_CLIENT_SECRET", hide_env_values = true)]
    pub oidc_client_secret: Option<Secret>,
    /// Scopes requested at sign-in, separated by spaces
    #[arg(
        long,
        env = "HOLLY_OIDC_SCOPES",
        default_value = "openid email profile"
    )]
    pub oidc_scopes: String,
    /// Name of the provider on the sign-in page [default: the host of HOLLY_OIDC_ISSUER]
    #[arg(long, env = "HOLLY_OIDC_NAME")]
    pub oidc_name: Option<String>,
    /// Email addresses and domains that may sign in, separated by commas [default: all]
    ///
    /// For example example.org,ada@example.net
    #[arg(long, env = "HOLLY_OIDC_ALLOWED")]
    pub oidc_allowed: Option<String>,
    /// Claim and value that make a user an admin, such as roles=admin
    ///
    /// A nested claim is written with dots, as in realm_access.roles=holly-admin
    #[arg(long, env = "HOLLY_OIDC_ADMIN_CLAIM")]
    pub oidc_admin_claim: Option<String>,
    /// Verified email addresses of admins, separated by commas
    #[arg(long, env = "HOLLY_OIDC_ADMINS")]
    pub oidc_admins: Option<String>,
    /// Trust addresses of a provider that does not say whether they are verified: on or off
    ///
    /// For Microsoft Entra. Only for a provider where users cannot choose their address.
    #[arg(long, env = "HOLLY_OIDC_TRUST_UNVERIFIED_EMAIL", default_value = "off")]
    pub oidc_trust_unverified_email: String,
    /// Seconds by which the clocks of the provider and of Holly may differ, 0 to 300
    ///
    /// For the times in tokens: exp, nbf and iat.
    #[arg(long, env = "HOLLY_OIDC_LEEWAY_SECONDS", default_value_t = LEEWAY_DEFAULT_S)]
    pub oidc_leeway_seconds: u64,
    /// Accounts with a password: on or off; off allows only the provider
    #[arg(long, env = "HOLLY_LOCAL_ACCOUNTS", default_value = "on")]
    pub local_accounts: String,
}

/// Validated settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcConfig {
    /// The provider, if one is configured.
    pub provider: Option<ProviderConfig>,
    /// Whether users may sign in with a password.
    pub local_accounts: bool,
}

impl Default for OidcConfig {
    fn default() -> Self {
        Self {
            provider: None,
            local_accounts: true,
        }
    }
}

/// An OpenID provider and how its tokens are used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderConfig {
    /// Issuer URL.
    pub issuer: String,
    /// Name on the sign-in page.
    pub name: String,
    /// Audiences of tokens accepted by the API.
    pub audiences: Vec<String>,
    /// Authorized parties of tokens accepted by the API.
    pub parties: Vec<String>,
    /// Holly as a client of the provider; `None` disables sign-in in the browser.
    pub client: Option<Client>,
    /// Email addresses and domains that may sign in, in lower case; empty: all.
    pub allowed: Vec<String>,
    /// Claim that makes a user an admin, and its value.
    pub admin_claim: Option<(String, String)>,
    /// Email addresses of admins, in lower case.
    pub admins: Vec<String>,
    /// Whether an address without `email_verified` counts as verified.
    pub trust_unverified_email: bool,
    /// How far the provider's clock may differ, in milliseconds.
    pub leeway_ms: i64,
}

/// Holly as an OAuth client of the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Client id.
    pub id: String,
    /// Client secret.
    pub secret: Option<Secret>,
    /// Requested scopes.
    pub scopes: String,
    /// Redirect URI after sign-in.
    pub redirect_uri: String,
    /// Redirect URI after sign-out at the provider.
    pub signed_out_uri: String,
}

impl OidcSettings {
    /// Validates every setting and adds its problems to `problems`. `public_url` and `addr` are
    /// where Holly is reached.
    pub fn check(
        &self,
        public_url: Option<&str>,
        addr: Option<SocketAddr>,
        problems: &mut Vec<String>,
    ) -> OidcConfig {
        let local_accounts = self.local_accounts != "off";
        if !matches!(self.local_accounts.as_str(), "on" | "off") {
            problems.push(format!(
                "HOLLY_LOCAL_ACCOUNTS is {:?}; it must be on or off",
                self.local_accounts
            ));
        }
        let Some(issuer) = given(&self.oidc_issuer) else {
            if !local_accounts {
                problems.push(
                    "HOLLY_LOCAL_ACCOUNTS is off, so no user could sign in; set HOLLY_OIDC_ISSUER, \
                     or leave it on"
                        .to_owned(),
                );
            }
            problems.extend(self.set_without_issuer());
            return OidcConfig {
                provider: None,
                local_accounts,
            };
        };
        problems.extend(issuer_problem(issuer, public_url));
        OidcConfig {
            provider: Some(self.provider(issuer, public_url, addr, problems)),
            local_accounts,
        }
    }

    fn provider(
        &self,
        issuer: &str,
        public_url: Option<&str>,
        addr: Option<SocketAddr>,
        problems: &mut Vec<String>,
    ) -> ProviderConfig {
        let admin_claim =
            given(&self.oidc_admin_claim).map(|claim| claim.split_once('=').unwrap_or((claim, "")));
        if admin_claim.is_some_and(|(name, value)| name.is_empty() || value.is_empty()) {
            problems.push(
                "HOLLY_OIDC_ADMIN_CLAIM must be a claim and its value, such as roles=admin"
                    .to_owned(),
            );
        }
        let admins: Vec<_> = parts(&self.oidc_admins).map(str::to_lowercase).collect();
        problems.extend(
            admins
                .iter()
                .filter(|admin| !admin.contains('@'))
                .map(|admin| {
                    format!(
                        "HOLLY_OIDC_ADMINS names {admin:?}; it must be email addresses such as \
                         ada@example.org, separated by commas"
                    )
                }),
        );
        ProviderConfig {
            issuer: issuer.to_owned(),
            name: given(&self.oidc_name)
                .unwrap_or_else(|| host_of(issuer))
                .chars()
                .take(NAME_MAX_CHARS)
                .collect(),
            audiences: parts(&self.oidc_audience).map(str::to_owned).collect(),
            parties: parts(&self.oidc_azp).map(str::to_owned).collect(),
            client: self.client(public_url, addr, problems),
            allowed: parts(&self.oidc_allowed)
                .map(|part| part.trim_start_matches('@').to_lowercase())
                .collect(),
            admin_claim: admin_claim.map(|(name, value)| (name.to_owned(), value.to_owned())),
            admins,
            trust_unverified_email: self.trusts_unverified_email(problems),
            leeway_ms: self.leeway_ms(problems),
        }
    }

    fn client(
        &self,
        public_url: Option<&str>,
        addr: Option<SocketAddr>,
        problems: &mut Vec<String>,
    ) -> Option<Client> {
        let secret = self.secret();
        let Some(id) = given(&self.oidc_client_id) else {
            let problem = "HOLLY_OIDC_CLIENT_SECRET is set without HOLLY_OIDC_CLIENT_ID; set both, \
                           or neither";
            problems.extend(secret.map(|_| problem.to_owned()));
            return None;
        };
        if !self.oidc_scopes.split(' ').any(|scope| scope == "openid") {
            problems.push(format!(
                "HOLLY_OIDC_SCOPES is {:?}; openid must be one of them",
                self.oidc_scopes
            ));
        }
        if public_url.is_none() && addr.is_some_and(|addr| !addr.ip().is_loopback()) {
            problems.push(
                "HOLLY_OIDC_CLIENT_ID needs HOLLY_PUBLIC_URL: the provider redirects browsers to \
                 that address"
                    .to_owned(),
            );
        }
        let local = addr.map(|addr| format!("http://{addr}"));
        let base_url = public_url.or(local.as_deref()).unwrap_or("http://");
        Some(Client::new(base_url, id, secret, &self.oidc_scopes))
    }

    fn trusts_unverified_email(&self, problems: &mut Vec<String>) -> bool {
        let value = self.oidc_trust_unverified_email.as_str();
        if !matches!(value, "on" | "off") {
            problems.push(format!(
                "HOLLY_OIDC_TRUST_UNVERIFIED_EMAIL is {value:?}; it must be on or off"
            ));
        }
        value == "on"
    }

    fn leeway_ms(&self, problems: &mut Vec<String>) -> i64 {
        if self.oidc_leeway_seconds > LEEWAY_MAX_S {
            problems.push(format!(
                "HOLLY_OIDC_LEEWAY_SECONDS is {}; it must be 0 to {LEEWAY_MAX_S}",
                self.oidc_leeway_seconds
            ));
        }
        self.oidc_leeway_seconds.min(LEEWAY_MAX_S) as i64 * 1_000
    }

    fn secret(&self) -> Option<Secret> {
        let secret = self.oidc_client_secret.clone()?;
        (!secret.reveal().is_empty()).then_some(secret)
    }

    /// Settings that have no effect without an issuer.
    fn set_without_issuer(&self) -> Option<String> {
        let is_set = |setting| given(setting).is_some();
        let names: Vec<&str> = [
            ("HOLLY_OIDC_AUDIENCE", is_set(&self.oidc_audience)),
            ("HOLLY_OIDC_AZP", is_set(&self.oidc_azp)),
            ("HOLLY_OIDC_CLIENT_ID", is_set(&self.oidc_client_id)),
            ("HOLLY_OIDC_CLIENT_SECRET", self.secret().is_some()),
            ("HOLLY_OIDC_ALLOWED", is_set(&self.oidc_allowed)),
            ("HOLLY_OIDC_ADMIN_CLAIM", is_set(&self.oidc_admin_claim)),
            ("HOLLY_OIDC_ADMINS", is_set(&self.oidc_admins)),
            (
                "HOLLY_OIDC_TRUST_UNVERIFIED_EMAIL",
                self.oidc_trust_unverified_email != "off",
            ),
        ]
        .into_iter()
        .filter_map(|(name, is_set)| is_set.then_some(name))
        .collect();
        (!names.is_empty()).then(|| {
            format!(
                "{} set without HOLLY_OIDC_ISSUER; set the provider's issuer URL too",
                names.join(", ")
            )
        })
    }
}

/// Longest name of a provider that fits the sign-in button, in characters.
const NAME_MAX_CHARS: usize = 60;

impl Client {
    /// A client whose redirect URIs are at `base`.
    pub fn new(base: &str, id: &str, secret: Option<Secret>, scopes: &str) -> Self {
        Self {
            id: id.to_owned(),
            secret,
            scopes: scopes.to_owned(),
            redirect_uri: format!("{base}{CALLBACK}"),
            signed_out_uri: format!("{base}/sign-in"),
        }
    }
}

/// Path that the provider redirects to after sign-in.
pub const CALLBACK: &str = "/sign-in/oidc/callback";

impl ProviderConfig {
    /// Whether a user with this email address may have an account.
    pub fn allows(&self, email: Option<&str>) -> bool {
        let is_listed = |email: &str| {
            self.allowed
                .iter()
                .any(|allowed| allowed == email || email.rsplit('@').next() == Some(allowed))
        };
        self.allowed.is_empty() || email.is_some_and(is_listed)
    }

    /// Whether the API accepts its tokens: not if only sign-in in the browser is configured.
    pub fn accepts_tokens(&self) -> bool {
        self.client.is_none() || !self.audiences.is_empty() || !self.parties.is_empty()
    }
}

fn given(setting: &Option<String>) -> Option<&str> {
    setting
        .as_deref()
        .map(str::trim)
        .filter(|text| !text.is_empty())
}

fn parts(setting: &Option<String>) -> impl Iterator<Item = &str> {
    setting
        .as_deref()
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

fn host_of(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    rest.split(['/', ':']).next().unwrap_or(rest)
}

/// Over plain http a man in the middle could impersonate the provider, so http is accepted only
/// where Holly itself is not on https.
fn issuer_problem(issuer: &str, public_url: Option<&str>) -> Option<String> {
    let url = reqwest::Url::parse(issuer)
        .ok()
        .filter(|url| url.host().is_some() && url.query().is_none() && url.fragment().is_none());
    let must = match url.as_ref().map(reqwest::Url::scheme) {
        Some("https") => return None,
        Some("http") if !public_url.is_some_and(|public| public.starts_with("https://")) => {
            return None;
        }
        Some("http") => "must begin with https:// because HOLLY_PUBLIC_URL does",
        _ => "must be an address such as https://id.example.org/realms/home",
    };
    Some(format!("HOLLY_OIDC_ISSUER is {issuer:?}; it {must}"))
}
