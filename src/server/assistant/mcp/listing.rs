//! Reads a server's list of tools page by page, within bounds. A tool that models cannot be offered
//! is left out and named.

use super::{
    names,
    server::{ListedTool, Listing, Server},
    tool::McpTool,
};
use crate::server::base::{log_targets, visible::visible};
use rmcp::{
    Peer, RoleClient,
    model::{ClientRequest, CustomResult, ListToolsRequest, PaginatedRequestParams, ServerResult},
    service::PeerRequestOptions,
};
use serde_json::{Map, Value};
use std::{collections::HashSet, sync::Arc, time::Duration};
use tokio::time::{Instant, timeout_at};

/// Maximum number of tools of one server that are offered to models.
const OFFERED_MAX: usize = 64;
/// Maximum number of tools that are read from a server.
const TOOLS_MAX: usize = 500;
/// Maximum number of pages of a server's list.
const PAGES_MAX: usize = 100;
/// Timeout of reading the whole list.
const LIST_TIMEOUT: Duration = Duration::from_secs(20);
/// Maximum number of notes about tools that are left out; further ones are counted.
const NOTES_MAX: usize = 20;
/// Maximum length of a note, in characters.
const NOTE_MAX_CHARS: usize = 300;

/// Reads the list. Errors: why there is none.
pub(super) async fn read(server: &Arc<Server>, peer: &Peer<RoleClient>) -> Result<Listing, String> {
    let (raw, notes) = read_pages(peer)
        .await
        .map_err(|why| server.config.mask_secrets(&why))?;
    let mut listing = Listing {
        tools: Vec::new(),
        notes,
    };
    let (mut known, mut beyond) = (HashSet::new(), 0);
    for (at, tool) in raw.into_iter().enumerate() {
        let name = tool.get("name").and_then(Value::as_str);
        let name = name.map_or_else(|| format!("tool {}", at + 1), str::to_owned);
        match parse_tool(server, tool) {
            Ok(tool) if !known.insert(tool.name.clone()) => {
                let note = format!("{name}: left out, another of its tools has this name");
                listing.notes.push(note);
            }
            Ok(_) if listing.tools.len() == OFFERED_MAX => beyond += 1,
            Ok(tool) => listing.tools.push(tool),
            Err(why) => listing.notes.push(format!("{name}: left out, {why}")),
        }
    }
    if beyond > 0 {
        listing.notes.push(format!(
            "{beyond} more tools are left out: at most {OFFERED_MAX} of a server are offered"
        ));
    }
    listing.notes = bounded(server, listing.notes);
    log(server, &listing);
    Ok(listing)
}

/// All tools as the server sent them, and notes about where the list was cut. A list that fails
/// after its first page keeps what was read.
async fn read_pages(peer: &Peer<RoleClient>) -> Result<(Vec<Value>, Vec<String>), String> {
    let deadline = Instant::now() + LIST_TIMEOUT;
    let (mut tools, mut seen, mut cursor) = (Vec::new(), HashSet::new(), None);
    let cut = |why: &str| vec![format!("its list of tools was cut: {why}")];
    for number in 1..=PAGES_MAX {
        let page = timeout_at(deadline, read_page(peer, cursor)).await;
        let page = page.unwrap_or_else(|_| {
            Err(format!(
                "it did not list its tools within {} s",
                LIST_TIMEOUT.as_secs()
            ))
        });
        let page = match page {
            Ok(page) => page,
            Err(why) if number == 1 => return Err(why),
            Err(why) => return Ok((tools, cut(&why))),
        };
        tools.extend(page.tools);
        if tools.len() > TOOLS_MAX {
            tools.truncate(TOOLS_MAX);
            return Ok((tools, cut(&format!("it has more than {TOOLS_MAX} tools"))));
        }
        match page.next {
            None => return Ok((tools, Vec::new())),
            Some(next) if !seen.insert(next.clone()) => {
                return Ok((tools, cut("a page repeated the position of another")));
            }
            next => cursor = next,
        }
    }
    Ok((tools, cut(&format!("it has more than {PAGES_MAX} pages"))))
}

struct Page {
    tools: Vec<Value>,
    /// The cursor of the next page; an empty one ends the list.
    next: Option<String>,
}

async fn read_page(peer: &Peer<RoleClient>, cursor: Option<String>) -> Result<Page, String> {
    let failed = |error: String| format!("it did not list its tools: {error}");
    let request = ListToolsRequest {
        params: Some(PaginatedRequestParams::default().with_cursor(cursor)),
        ..Default::default()
    };
    let handle = peer
        .send_cancellable_request(
            ClientRequest::ListToolsRequest(request),
            PeerRequestOptions::no_options(),
        )
        .await
        .map_err(|error| failed(error.to_string()))?;
    let result = handle
        .await_response()
        .await
        .map_err(|error| failed(error.to_string()))?;
    // with one tool that cannot be read, the result is none that the library knows
    let page = match result {
        ServerResult::CustomResult(CustomResult(page)) => page,
        known => serde_json::to_value(known).map_err(|error| failed(error.to_string()))?,
    };
    let tools = page.get("tools").and_then(Value::as_array).cloned();
    Ok(Page {
        tools: tools.ok_or_else(|| failed("the response has no list".to_owned()))?,
        next: page
            .get("nextCursor")
            .and_then(Value::as_str)
            .filter(|cursor| !cursor.is_empty())
            .map(str::to_owned),
    })
}

/// Errors: why models cannot be offered the tool.
fn parse_tool(server: &Arc<Server>, mut raw: Value) -> Result<ListedTool, String> {
    if let Some(schema) = raw.get_mut("inputSchema") {
        correct_schema(schema)?;
    }
    let tool: rmcp::model::Tool = serde_json::from_value(raw.clone())
        .or_else(|_| serde_json::from_value(without_optional(raw)))
        .map_err(|error| format!("it cannot be read: {error}"))?;
    if tool.name.is_empty() {
        return Err("it has no name".to_owned());
    }
    let name = names::model_name(server.name(), &tool.name);
    let adapted = McpTool::new(server, name.clone(), &tool)?;
    Ok(ListedTool {
        name,
        own_name: visible(&tool.name).into_owned(),
        tool: Arc::new(adapted),
    })
}

/// Removes what a tool can be offered without. Without its hints it asks first.
fn without_optional(mut raw: Value) -> Value {
    if let Some(fields) = raw.as_object_mut() {
        fields.retain(|name, _| matches!(name.as_str(), "name" | "description" | "inputSchema"));
    }
    raw
}

/// Adds what servers often omit: the type, and properties as an object where PHP writes a list.
/// Errors: why providers would refuse it as the schema of arguments.
fn correct_schema(schema: &mut Value) -> Result<(), String> {
    let Value::Object(schema) = schema else {
        return Err("its inputSchema is not an object".to_owned());
    };
    let kind = schema.entry("type").or_insert_with(|| "object".into());
    if kind != "object" {
        return Err(format!(
            "its inputSchema has the type {kind}, not \"object\""
        ));
    }
    if schema.get("properties") == Some(&Value::Array(Vec::new())) {
        schema.insert("properties".to_owned(), Value::Object(Map::new()));
    }
    let properties = schema.get("properties");
    let is_schema = |schema: &Value| schema.is_object() || schema.is_boolean();
    if properties.is_some_and(|properties| {
        properties
            .as_object()
            .is_none_or(|properties| !properties.values().all(is_schema))
    }) {
        return Err("the properties of its inputSchema are not an object of schemas".to_owned());
    }
    let is_names = |required: &Value| {
        let names = required.as_array();
        names.is_some_and(|names| names.iter().all(Value::is_string))
    };
    if schema
        .get("required")
        .is_some_and(|required| !is_names(required))
    {
        return Err("the required arguments of its inputSchema are not a list of names".to_owned());
    }
    Ok(())
}

/// Notes for users: without secrets and invisible characters, and not too many.
fn bounded(server: &Server, mut notes: Vec<String>) -> Vec<String> {
    let more = notes.len().saturating_sub(NOTES_MAX);
    notes.truncate(NOTES_MAX);
    for note in &mut notes {
        let masked = server.config.mask_secrets(note);
        *note = visible(&masked).chars().take(NOTE_MAX_CHARS).collect();
    }
    if more > 0 {
        notes.push(format!("{more} more tools are left out"));
    }
    notes
}

fn log(server: &Server, listing: &Listing) {
    if !listing.notes.is_empty() {
        tracing::warn!(
            target: log_targets::ASSISTANT_MCP_SUPERVISOR,
            server = server.name(),
            left_out = listing.notes.join("; "),
            "some tools of an MCP server are not offered"
        );
    }
    tracing::info!(
        target: log_targets::ASSISTANT_MCP_SUPERVISOR,
        server = server.name(),
        tools = listing.tools.len(),
        "an MCP server is ready"
    );
}
