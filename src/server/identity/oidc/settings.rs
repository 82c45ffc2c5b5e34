//! The settings of other people's sign-in: which OpenID provider, whose tokens, who is let in, who
//! is admin, and whether accounts with a password go on beside it.

use crate::server::base::secret::Secret;
use clap::Args;
use std::net::SocketAddr;

/// Settings as they are given.
#[derive(Debug, Clone, Args)]
pub struct OidcSettings {
    /// The OpenID provider that people sign in with, by the address its discovery document gives
    /// itself; for Clerk the frontend API
    #[arg(long, env = "HOLLY_OIDC_ISSUER")]
    pub oidc_issuer: Option<String>,
    /// Audiences (`aud`) whose tokens API calls may show, separated by commas
    #[arg(long, env = "HOLLY_OIDC_AUDIENCE")]
    pub oidc_audience: Option<String>,
    /// Parties (`azp`) whose tokens API calls may show, separated by commas; for Clerk the
    /// addresses of your site
    #[arg(long, env = "HOLLY_OIDC_AZP")]
    pub oidc_azp: Option<String>,
    /// The id of Holly as a client of the provider; with it people sign in on Holly's own page
    #[arg(long, env = "HOLLY_OIDC_CLIENT_ID")]
    pub oidc_client_id: Option<String>,
    /// The secret that goes with the client id; none for a public client
    #[arg(long, env = "HOLLY_OIDC_CLIENT_SECRET", hide_env_values = true)]
    pub oidc_client_secret: Option<Secret>,
    /// What the browser's sign-in asks the provider for
    #[arg(
        long,
        env = "HOLLY_OIDC_SCOPES",
        default_value = "openid email profile"
    )]
    pub oidc_scopes: String,
    /// The provider's name on the sign-in page [default: the host of HOLLY_OIDC_ISSUER]
    #[arg(long, env = "HOLLY_OIDC_NAME")]
    pub oidc_name: Option<String>,
    /// Who gets in: addresses and domains, separated by commas, such as
    /// `example.org,ada@example.net` [default: everybody there]
    #[arg(long, env = "HOLLY_OIDC_ALLOWED")]
    pub oidc_allowed: Option<String>,
    /// Who is admin, by a claim and its value, such as `roles=admin` or
    /// `realm_access.roles=holly-admin`
    #[arg(long, env = "HOLLY_OIDC_ADMIN_CLAIM")]
    pub oidc_admin_claim: Option<String>,
    /// Who is admin, by verified addresses separated by commas
    #[arg(long, env = "HOLLY_OIDC_ADMINS")]
    pub oidc_admins: Option<String>,
    /// Accounts with a password, `on` or `off`: off leaves the provider as the only way in
    #[arg(long, env = "HOLLY_LOCAL_ACCOUNTS", default_value = "on")]
    pub local_accounts: String,
}

/// Settings that make sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcConfig {
    /// The provider, if there is one.
    pub provider: Option<ProviderConfig>,
    /// Whether people sign in with a password.
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

/// An OpenID provider and what it may say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderConfig {
    /// Its address.
    pub issuer: String,
    /// Its name as people read it.
    pub name: String,
    /// Audiences whose tokens API calls may show.
    pub audiences: Vec<String>,
    /// Parties whose tokens API calls may show.
    pub parties: Vec<String>,
    /// Holly as the provider knows it; without it there is no sign-in by browser.
    pub client: Option<Client>,
    /// Addresses and domains that get in, in lower case; none stands for everybody.
    pub allowed: Vec<String>,
    /// The claim that makes an admin, and its value.
    pub admin_claim: Option<(String, String)>,
    /// Addresses that make an admin, in lower case.
    pub admins: Vec<String>,
}

/// Holly as a client of the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: Option<Secret>,
    /// What it asks for.
    pub scopes: String,
    /// Where people are sent back to.
    pub redirect_uri: String,
    /// Where people come back to after they signed out at the provider.
    pub signed_out_uri: String,
}

impl OidcSettings {
    /// Checks every setting and adds its problems to those of the others. `public_url` and `addr`
    /// say where Holly is.
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
                problems.push("HOLLY_LOCAL_ACCOUNTS is off, so nobody could sign in; set HOLLY_OIDC_ISSUER, or leave it on".to_owned());
            }
            problems.extend(self.lonely());
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
            admins.iter().filter(|admin| !admin.contains('@')).map(|admin| {
                format!("HOLLY_OIDC_ADMINS names {admin:?}; it must be addresses such as ada@example.org, separated by commas")
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
            let alone = "HOLLY_OIDC_CLIENT_SECRET is set without HOLLY_OIDC_CLIENT_ID; set both, or neither";
            problems.extend(secret.map(|_| alone.to_owned()));
            return None;
        };
        if !self.oidc_scopes.split(' ').any(|scope| scope == "openid") {
            problems.push(format!(
                "HOLLY_OIDC_SCOPES is {:?}; openid must be one of them",
                self.oidc_scopes
            ));
        }
        if public_url.is_none() && addr.is_some_and(|addr| !addr.ip().is_loopback()) {
            problems.push("HOLLY_OIDC_CLIENT_ID needs HOLLY_PUBLIC_URL: the provider sends people back to that address".to_owned());
        }
        let local = addr.map(|addr| format!("http://{addr}"));
        let here = public_url.or(local.as_deref()).unwrap_or("http://");
        Some(Client::at(here, id, secret, &self.oidc_scopes))
    }

    fn secret(&self) -> Option<Secret> {
        let secret = self.oidc_client_secret.clone()?;
        (!secret.reveal().is_empty()).then_some(secret)
    }

    /// Settings that say nothing without an issuer.
    fn lonely(&self) -> Option<String> {
        let is_set = |setting| given(setting).is_some();
        let names: Vec<&str> = [
            ("HOLLY_OIDC_AUDIENCE", is_set(&self.oidc_audience)),
            ("HOLLY_OIDC_AZP", is_set(&self.oidc_azp)),
            ("HOLLY_OIDC_CLIENT_ID", is_set(&self.oidc_client_id)),
            ("HOLLY_OIDC_CLIENT_SECRET", self.secret().is_some()),
            ("HOLLY_OIDC_ALLOWED", is_set(&self.oidc_allowed)),
            ("HOLLY_OIDC_ADMIN_CLAIM", is_set(&self.oidc_admin_claim)),
            ("HOLLY_OIDC_ADMINS", is_set(&self.oidc_admins)),
        ]
        .into_iter()
        .filter_map(|(name, is_set)| is_set.then_some(name))
        .collect();
        (!names.is_empty()).then(|| {
            format!(
                "{} set without HOLLY_OIDC_ISSUER; set the provider's address too",
                names.join(", ")
            )
        })
    }
}

/// Longest name of a provider that fits its button, in characters.
const NAME_MAX_CHARS: usize = 60;

impl Client {
    /// Holly at the address `here` as a client.
    pub fn at(here: &str, id: &str, secret: Option<Secret>, scopes: &str) -> Self {
        Self {
            id: id.to_owned(),
            secret,
            scopes: scopes.to_owned(),
            redirect_uri: format!("{here}{CALLBACK}"),
            signed_out_uri: format!("{here}/sign-in"),
        }
    }
}

/// Where the provider sends people back to.
pub const CALLBACK: &str = "/sign-in/oidc/callback";

impl ProviderConfig {
    /// Whether the address may have an account here.
    pub fn allows(&self, email: Option<&str>) -> bool {
        let named = |email: &str| {
            self.allowed
                .iter()
                .any(|allowed| allowed == email || email.rsplit('@').next() == Some(allowed))
        };
        self.allowed.is_empty() || email.is_some_and(named)
    }

    /// Whether API calls may show its tokens: not where it is known only for signing in by browser.
    pub fn takes_tokens(&self) -> bool {
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

/// Whoever stands between could answer in a provider's name on plain http, so that is for places
/// that have no https at all.
fn issuer_problem(issuer: &str, public_url: Option<&str>) -> Option<String> {
    let url = reqwest::Url::parse(issuer)
        .ok()
        .filter(|url| url.host().is_some() && url.query().is_none() && url.fragment().is_none());
    let said = match url.as_ref().map(reqwest::Url::scheme) {
        Some("https") => return None,
        Some("http") if !public_url.is_some_and(|public| public.starts_with("https://")) => {
            return None;
        }
        Some("http") => "must begin with https:// where HOLLY_PUBLIC_URL does",
        _ => "must be an address such as https://id.example.org/realms/home",
    };
    Some(format!("HOLLY_OIDC_ISSUER is {issuer:?}; it {said}"))
}
