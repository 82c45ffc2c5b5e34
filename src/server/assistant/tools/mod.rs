//! The tools that the assistant has, and the register in which a turn finds them by name. `services` are real ones; the
//! demo producers make small real files on this machine, the same for the same prompt.

mod arguments;
mod colour;
mod demo;
mod film;
mod image;
mod music;
mod prompt;
mod random;
pub mod services;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::tool::{Tool, ToolDefinition};
use services::{fal::Asking, settings::ServiceConfig};

/// The tools on offer, in the order in which a model is told of them.
#[derive(Clone)]
pub struct Registry {
    tools: Vec<Arc<dyn Tool>>,
}

impl Registry {
    /// The tools that the settings name. Errors: the TLS library cannot be set up.
    pub fn open(config: &ServiceConfig, asking: Asking) -> Result<Self, reqwest::Error> {
        Ok(Self { tools: services::tools(config, asking)? })
    }

    /// The built-in demo producers of pictures, music and film: no network, no keys.
    pub fn demo() -> Self {
        Self { tools: vec![Arc::new(image::ImageTool), Arc::new(music::MusicTool), Arc::new(film::FilmTool)] }
    }

    /// The tool of that name, if there is one.
    pub fn find(&self, name: &str) -> Option<Arc<dyn Tool>> {
        self.tools.iter().find(|tool| tool.definition().name == name).cloned()
    }

    /// What a model is told about each tool.
    pub fn definitions(&self) -> Vec<ToolDefinition> {
        self.tools.iter().map(|tool| tool.definition()).collect()
    }
}
