//! The models of `HOLLY_MODELS`. `settings` and `link` parse the chain, `remote` calls a model,
//! `dialects` writes requests and reads answers in the protocols of OpenAI, Gemini and Anthropic,
//! `sse` splits a stream into events, `errors` classifies failures, `refusals` tells what a server
//! does not take and a request can do without.

pub mod dialects;
mod errors;
pub mod refusals;
mod remote;
pub mod settings;
pub mod sse;

use super::{
    demo::DemoModel,
    link::ProviderKind,
    model::{Model, ModelLink},
};
use dialects::Dialect;
use remote::RemoteModel;
use reqwest::{Client, Url, redirect};
use settings::Link;
use std::{sync::Arc, time::Duration};

/// Timeout of opening a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Builds the chain of the settings; `delay_factor` multiplies the demo's delays. Fails if the TLS
/// library cannot be set up.
pub fn chain(links: &[Link], delay_factor: f64) -> reqwest::Result<Vec<Arc<dyn Model>>> {
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
                    dialect: Dialect::of(link.spec.provider),
                    base: base.clone(),
                    key: link.key.clone(),
                    short_ids: link.spec.provider == ProviderKind::Mistral,
                    omissions: Arc::default(),
                }));
            }
        }
    }
    Ok(chain)
}

fn client() -> reqwest::Result<Client> {
    // Redirects could send a key to another host.
    Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(redirect::Policy::none())
        .build()
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
