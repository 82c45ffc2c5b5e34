//! Pictures, music and films from real services. A service is one file here: a [`Tool`] that makes a kind of [`media`].

pub mod fal;
mod media;
mod openai;
pub mod settings;

use super::{film::FilmTool, image::ImageTool, music::MusicTool};
use crate::server::{
    assistant::tool::{Tool, ToolError},
    outbound::Outbound,
};
use fal::{Asking, FalTool};
use media::Media;
use openai::ImagesTool;
use reqwest::redirect;
use settings::{Producer, ServiceConfig};
use std::{sync::Arc, time::Duration};

/// How long one request to a service may take; making a picture is one.
const TIMEOUT: Duration = Duration::from_secs(180);
/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest message of a service that is kept, in characters.
const MESSAGE_MAX: usize = 300;

fn odd() -> ToolError {
    ToolError::Failed("The service answered in a way that could not be read.".to_owned())
}

fn unreachable() -> ToolError {
    ToolError::Failed("The service could not be reached.".to_owned())
}

/// The tools that the settings name. Errors: the TLS library cannot be set up.
pub(super) fn tools(config: &ServiceConfig, asking: Asking) -> Result<Vec<Arc<dyn Tool>>, reqwest::Error> {
    // a redirect could carry a key to another address
    let builder = reqwest::Client::builder().timeout(TIMEOUT).connect_timeout(CONNECT_TIMEOUT);
    let client = builder.redirect(redirect::Policy::none()).build()?;
    let outbound = Outbound::new(&config.fetch_hosts)?;
    let made_by = |media: Media, producer: &Producer| -> Arc<dyn Tool> {
        let (client, outbound) = (client.clone(), outbound.clone());
        match (producer, media) {
            (Producer::Fal(service), _) => Arc::new(FalTool { media, service: service.clone(), client, outbound, asking }),
            (Producer::OpenAi(service), _) => Arc::new(ImagesTool { service: service.clone(), client, outbound }),
            (Producer::Demo, Media::Image) => Arc::new(ImageTool),
            (Producer::Demo, Media::Music) => Arc::new(MusicTool),
            (Producer::Demo, Media::Video) => Arc::new(FilmTool),
        }
    };
    Ok(vec![made_by(Media::Image, &config.image), made_by(Media::Music, &config.music), made_by(Media::Video, &config.video)])
}
