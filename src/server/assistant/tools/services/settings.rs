//! The settings of the services that make pictures, music and films.

use crate::server::{
    assistant::providers::{
        link::Provider,
        settings::{ModelSettings, base_url},
    },
    secret::Secret,
};
use clap::Args;
use reqwest::Url;

const FAL: &str = "https://queue.fal.run/";
/// Longest name of a model, in bytes.
const MODEL_MAX: usize = 200;

/// Settings of the services as they are given.
#[derive(Debug, Clone, Default, Args)]
pub struct ServiceSettings {
    /// The key for fal.ai, which makes pictures, music and films.
    #[arg(long, env = "FAL_KEY", hide_env_values = true)]
    pub fal_key: Option<Secret>,
    /// Where fal.ai's queue is [default: https://queue.fal.run/]
    #[arg(long, env = "FAL_BASE_URL")]
    pub fal_base_url: Option<String>,
    /// What makes pictures: fal:MODEL, openai:MODEL or demo [default: fal:fal-ai/flux/schnell with FAL_KEY, else
    /// openai:gpt-image-1 with OPENAI_API_KEY, else demo]
    #[arg(long, env = "HOLLY_IMAGE_MODEL")]
    pub image_model: Option<String>,
    /// What makes music: fal:MODEL or demo [default: fal:cassetteai/music-generator with FAL_KEY, else demo]
    #[arg(long, env = "HOLLY_MUSIC_MODEL")]
    pub music_model: Option<String>,
    /// What makes films: fal:MODEL or demo [default: fal:fal-ai/ltx-video with FAL_KEY, else demo]
    #[arg(long, env = "HOLLY_VIDEO_MODEL")]
    pub video_model: Option<String>,
    /// Hosts, with commas between, from which results may be fetched although they are in a private network.
    #[arg(long, env = "HOLLY_FETCH_HOSTS", default_value = "")]
    pub fetch_hosts: String,
}

/// Who makes a kind of thing.
#[derive(Debug, Clone, PartialEq)]
pub enum Producer {
    /// The built-in one.
    Demo,
    /// A model behind fal.ai's queue.
    Fal(Service),
    /// A model behind OpenAI's images endpoint, or one like it.
    OpenAi(Service),
}

/// A model of a service.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// Where the service is, with a slash at its end.
    pub base: Url,
    /// The key, where one is sent.
    pub key: Option<Secret>,
    /// The model's name on the wire.
    pub model: String,
}

/// Settings of the services that make sense.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceConfig {
    /// Who makes pictures.
    pub image: Producer,
    /// Who makes music.
    pub music: Producer,
    /// Who makes films.
    pub video: Producer,
    /// Hosts from which results may be fetched wherever they are.
    pub fetch_hosts: Vec<String>,
}

impl ServiceConfig {
    /// The built-in producers.
    pub const fn demo() -> Self {
        Self { image: Producer::Demo, music: Producer::Demo, video: Producer::Demo, fetch_hosts: Vec::new() }
    }
}

impl ServiceSettings {
    /// Checks the settings; each problem says what to do.
    pub fn check(&self, models: &ModelSettings, problems: &mut Vec<String>) -> ServiceConfig {
        let fal_key = self.fal_key.as_ref().filter(|key| !key.reveal().is_empty());
        let openai_key = models.key(Provider::OpenAi);
        let fal = base_url("FAL_BASE_URL", self.fal_base_url.as_deref().unwrap_or(FAL), problems);
        let openai_address = models.openai_base_url.as_deref().or(Provider::OpenAi.public_base()).unwrap_or_default();
        let openai = base_url("OPENAI_BASE_URL", openai_address, &mut Vec::new());
        let mut producer = |setting: &str, given: Option<&str>, usual: &str| {
            let word = given.map(str::trim).unwrap_or(match (fal_key, openai_key) {
                (Some(_), _) => usual,
                (None, Some(_)) if setting == "HOLLY_IMAGE_MODEL" => "openai:gpt-image-1",
                (None, _) => "demo",
            });
            let service = |base: &Option<Url>, key: Option<&Secret>, model: &str| {
                let model = model.to_owned();
                base.clone().map(|base| Service { base, key: key.cloned(), model })
            };
            let made = match word.split_once(':') {
                _ if word.len() > MODEL_MAX || word.chars().any(char::is_whitespace) => None,
                None if word == "demo" => return Producer::Demo,
                Some(("fal", model)) if !model.is_empty() && fal_key.is_some() => service(&fal, fal_key, model).map(Producer::Fal),
                Some(("fal", _)) => {
                    problems.push(format!("{setting} is {word:?}, which needs FAL_KEY"));
                    return Producer::Demo;
                }
                Some(("openai", model)) if setting == "HOLLY_IMAGE_MODEL" && !model.is_empty() => {
                    service(&openai, openai_key, model).map(Producer::OpenAi)
                }
                _ => None,
            };
            made.unwrap_or_else(|| {
                let openai = if setting == "HOLLY_IMAGE_MODEL" { ", openai:MODEL" } else { "" };
                problems.push(format!("{setting} is {word:?}; it must be fal:MODEL{openai} or demo"));
                Producer::Demo
            })
        };
        ServiceConfig {
            image: producer("HOLLY_IMAGE_MODEL", self.image_model.as_deref(), "fal:fal-ai/flux/schnell"),
            music: producer("HOLLY_MUSIC_MODEL", self.music_model.as_deref(), "fal:cassetteai/music-generator"),
            video: producer("HOLLY_VIDEO_MODEL", self.video_model.as_deref(), "fal:fal-ai/ltx-video"),
            fetch_hosts: self.fetch_hosts.split(',').map(|host| host.trim().to_lowercase()).filter(|host| !host.is_empty()).collect(),
        }
    }
}
