//! The models behind `HOLLY_MODELS`. The wire formats are genai's: it is kept, speaks Gemini's own
//! protocol as well as OpenAI's, and lets the address of each be a setting. `settings` and `link`
//! read the chain, `remote` asks a model, `words` translates, `errors` says what a failure was.

pub mod convert;
mod errors;
mod remote;
pub mod settings;

use super::{
    demo::DemoModel,
    link::ProviderKind,
    model::{Model, ModelLink},
};
use genai::{
    Client, ModelIden, ServiceTarget,
    adapter::AdapterKind,
    resolver::{AuthData, Endpoint},
};
use remote::RemoteModel;
use reqwest::{Url, redirect};
use settings::Link;
use std::{sync::Arc, time::Duration};

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Sent where a server wants no key: an empty one is refused by some.
const NO_KEY: &str = "none";

/// The chain that the settings name; `pace` is a factor on the demo's waits. Errors: the TLS
/// library cannot be set up.
pub fn chain(links: &[Link], pace: f64) -> Result<Vec<Arc<dyn Model>>, genai::Error> {
    // one for all; reading the machine's certificates takes as long as the rest of a start, and the
    // demo needs none
    let mut shared = None;
    let mut chain: Vec<Arc<dyn Model>> = Vec::new();
    for link in links {
        match &link.base {
            None => chain.extend(DemoModel::chain(pace)),
            Some(base) => {
                let client = match &shared {
                    Some(client) => client,
                    None => shared.insert(client()?),
                };
                let named = ModelLink {
                    name: name(link, base, links),
                    ..ModelLink::of(&link.spec)
                };
                chain.push(Arc::new(RemoteModel {
                    link: named,
                    client: client.clone(),
                    target: target(link, base),
                }));
            }
        }
    }
    Ok(chain)
}

fn client() -> Result<Client, genai::Error> {
    let unbuilt = |why: reqwest::Error| genai::Error::ClientBuildFail {
        cause: why.to_string(),
    };
    // a redirect could carry a key to another address
    let http = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(redirect::Policy::none())
        .build()
        .map_err(unbuilt)?;
    Client::builder().with_reqwest(http).build()
}

/// How a person tells the link from the others: the provider's name, with the model's where the
/// chain has two of one provider; a server of one's own goes by its host.
fn name(link: &Link, base: &Url, links: &[Link]) -> String {
    let provider = link.spec.provider;
    let siblings = links
        .iter()
        .filter(|other| other.spec.provider == provider)
        .count();
    let public = provider
        .public_base()
        .is_some_and(|public| public == base.as_str());
    let who = match (provider, base.host_str()) {
        (ProviderKind::OpenAi, Some(host)) if !public => host,
        _ => provider.name(),
    };
    if siblings > 1 {
        format!("{who} {}", link.spec.model)
    } else {
        who.to_owned()
    }
}

fn target(link: &Link, base: &Url) -> ServiceTarget {
    let kind = match link.spec.provider {
        ProviderKind::Gemini => AdapterKind::Gemini,
        ProviderKind::Groq => AdapterKind::Groq,
        ProviderKind::OpenAi | ProviderKind::Ollama | ProviderKind::Demo => AdapterKind::OpenAI,
    };
    ServiceTarget {
        endpoint: Endpoint::from_owned(base.as_str()),
        auth: AuthData::from_single(link.key.as_ref().map_or(NO_KEY, |key| key.reveal())),
        model: ModelIden::new(kind, link.spec.model.as_str()),
    }
}
