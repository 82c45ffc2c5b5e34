//! The models of `HOLLY_MODELS`, through genai, which supports the protocols of Gemini and OpenAI
//! with a configurable base URL. `settings` and `link` parse the chain, `remote` calls a model,
//! `convert` converts messages, `errors` classifies failures.

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

/// Timeout of opening a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Sent to servers that need no key, because some reject an empty one.
const NO_KEY: &str = "none";

/// Builds the chain of the settings; `delay_factor` multiplies the demo's delays. Fails if the TLS
/// library cannot be set up.
pub fn chain(links: &[Link], delay_factor: f64) -> Result<Vec<Arc<dyn Model>>, genai::Error> {
    // Created on first use and shared: loading the system's certificates takes as long as the rest
    // of a start, and the demo needs none.
    let mut shared = None;
    let mut chain: Vec<Arc<dyn Model>> = Vec::new();
    for link in links {
        match &link.base {
            None => chain.extend(DemoModel::chain(delay_factor)),
            Some(base) => {
                let client = match &shared {
                    Some(client) => client,
                    None => shared.insert(client()?),
                };
                let model_link = ModelLink {
                    name: name(link, base, links),
                    ..ModelLink::new(&link.spec)
                };
                chain.push(Arc::new(RemoteModel {
                    link: model_link,
                    client: client.clone(),
                    target: target(link, base),
                }));
            }
        }
    }
    Ok(chain)
}

fn client() -> Result<Client, genai::Error> {
    let build_error = |error: reqwest::Error| genai::Error::ClientBuildFail {
        cause: error.to_string(),
    };
    // Redirects could send a key to another host.
    let http = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(redirect::Policy::none())
        .build()
        .map_err(build_error)?;
    Client::builder().with_reqwest(http).build()
}

/// The display name: the provider's, with the model's if the chain has several of one provider. A
/// self-hosted server is named by its host.
fn name(link: &Link, base: &Url, links: &[Link]) -> String {
    let provider = link.spec.provider;
    let siblings = links
        .iter()
        .filter(|other| other.spec.provider == provider)
        .count();
    let is_default = provider
        .default_base_url()
        .is_some_and(|default| default == base.as_str());
    let label = match (provider, base.host_str()) {
        (ProviderKind::OpenAi, Some(host)) if !is_default => host,
        _ => provider.name(),
    };
    if siblings > 1 {
        format!("{label} {}", link.spec.model)
    } else {
        label.to_owned()
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
