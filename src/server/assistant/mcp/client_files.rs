//! `mcp.json` as other programs write it.

use super::config::{ServerConfig, ServerList, Transport, parse};

/// Reads a file with one variable in the environment.
fn list(text: &str) -> ServerList {
    let lookup = |name: &str| (name == "NOTES_TOKEN").then(|| "canary-token-9".to_owned());
    parse(text, &lookup).expect("a list of servers")
}

/// A server in a few words: its command line or URL, environment and headers.
fn summary(server: &ServerConfig) -> String {
    match &server.transport {
        Transport::Command {
            command, args, env, ..
        } => {
            let env = env.iter().map(|(name, value)| format!("{name}={value}"));
            let words = [vec![command.clone()], args.clone(), env.collect()];
            words.concat().join(" ")
        }
        Transport::Url { url, headers } => {
            let headers = headers
                .iter()
                .map(|(name, value)| format!(" {name}={}", value.to_str().unwrap_or_default()));
            format!("{url}{}", headers.collect::<String>())
        }
    }
}

#[test]
fn files_of_other_programs_are_read() {
    // the file; its servers; what notes and reasons must name
    let rows: &[(&str, &str, &[&str], &[&str])] = &[
        (
            "Claude Desktop",
            r#"{
              "globalShortcut": "Ctrl+Space",
              "mcpServers": {
                "filesystem": {
                  "command": "npx",
                  "args": ["-y", "@modelcontextprotocol/server-filesystem", "/srv"]
                },
                "github": {
                  "command": "docker",
                  "args": ["run", "-i", "-e", "TOKEN", "ghcr.io/github/github-mcp-server"],
                  "env": { "TOKEN": "x" }
                }
              }
            }"#,
            &[
                "npx -y @modelcontextprotocol/server-filesystem /srv",
                "docker run -i -e TOKEN ghcr.io/github/github-mcp-server TOKEN=x",
            ],
            &[],
        ),
        (
            "Claude Code",
            r#"{ "mcpServers": {
              "api": {
                "type": "http",
                "url": "${BASE:-https://api.example}/mcp",
                "headers": { "Authorization": "Bearer ${NOTES_TOKEN}" }
              },
              "old": { "type": "sse", "url": "https://old.example/sse" },
              "unset": { "command": "x", "env": { "KEY": "${GONE}" } }
            } }"#,
            &["https://api.example/mcp authorization=Bearer canary-token-9"],
            &[
                "old has the type \"sse\"",
                "unset needs the environment variable GONE",
            ],
        ),
        (
            "VS Code",
            r#"// Servers of this workspace
            {
              "inputs": [{ "type": "promptString", "id": "key", "password": true }],
              "servers": {
                "memory": {
                  "type": "stdio",
                  "command": "npx",
                  "args": ["-y", "@modelcontextprotocol/server-memory"],
                  "envFile": ".env", /* not read */
                  "dev": { "watch": "src/**" },
                  "env": { "LEVEL": 3, "NONE": null },
                },
                "asks": { "command": "x", "env": { "KEY": "${input:key}" } },
                "here": { "command": "x", "args": ["${workspaceFolder}"] },
              },
            }"#,
            &["npx -y @modelcontextprotocol/server-memory LEVEL=3"],
            &[
                "memory Holly does not use its fields \"dev\", \"envFile\"",
                "asks uses ${input:key}",
                "here needs the environment variable workspaceFolder",
            ],
        ),
        (
            "Cline",
            r#"{ "mcpServers": {
              "notes": {
                "command": "uvx", "args": ["notes"], "alwaysAllow": ["add"],
                "disabled": false, "timeout": 90, "transportType": "stdio"
              },
              "off": { "command": "${GONE}", "disabled": true },
              "github.com/upstash/context7-mcp": { "command": "npx", "autoApprove": [] }
            } }"#,
            &["uvx notes"],
            &[
                "notes Holly does not use its fields \"alwaysAllow\"",
                "github.com/upstash/context7-mcp must be named",
            ],
        ),
        (
            "LibreChat",
            r#"{ "mcpServers": {
              "search": {
                "type": "streamable-http", "url": "https://search.example/mcp",
                "headers": { "X-Key": "${NOTES_TOKEN}" },
                "timeout": 90000, "initTimeout": 10000, "serverInstructions": true
              },
              "user": {
                "type": "streamable-http", "url": "https://user.example/mcp",
                "headers": { "X-User": "{{LIBRECHAT_USER_ID}}" }
              },
              "socket": { "type": "websocket", "url": "wss://user.example/mcp" }
            } }"#,
            &["https://search.example/mcp x-key=canary-token-9"],
            &[
                "search Holly does not use its fields \"initTimeout\", \"serverInstructions\"",
                "user uses {{LIBRECHAT_USER_ID}}",
                "socket has the type \"websocket\"",
            ],
        ),
        (
            "Cursor",
            r#"{ "mcpServers": {
              "local": {
                "command": "${env:NOTES_TOKEN}", "args": ["--token=${env:NOTES_TOKEN}"],
                "envFile": "${workspaceFolder}/.env"
              },
              "remote": { "url": "https://c.example/${env:NOTES_TOKEN}", "auth": { "id": "x" } }
            } }"#,
            &[
                "canary-token-9 --token=canary-token-9",
                "https://c.example/canary-token-9",
            ],
            &[
                "local Holly does not use its fields \"envFile\"",
                "remote Holly does not use its fields \"auth\"",
            ],
        ),
        (
            "Windsurf and Gemini CLI",
            r#"{ "mcpServers": {
              "w": { "serverUrl": "https://w.example/mcp" },
              "g": { "httpUrl": "https://g.example/mcp", "timeout": 600000, "trust": false }
            } }"#,
            &["https://w.example/mcp", "https://g.example/mcp"],
            &[],
        ),
        (
            "Holly, with mistakes that must not open a server to more people",
            r#"{ "mcpServers": {
              "a": { "command": "x", "People": ["ada@example.org"] },
              "b": { "command": "x", "people": "ada@example.org" },
              "c": { "command": "x", "people": null },
              "d": { "command": "x", "people": ["ada"] },
              "e": { "command": "x", "trust_hints": true },
              "f": { "command": "x", "trust": "no" }
            } }"#,
            &[],
            &[
                "a has the field \"People\"; write it \"people\"",
                "b has a field \"people\" that is not a list",
                "c has no list in people",
                "d has \"ada\" in people",
                "e has the field \"trust_hints\"",
                "f has a field \"trust\" that is not true or false",
            ],
        ),
    ];
    for (program, text, servers, names) in rows {
        let list = list(text);
        let mut read: Vec<_> = list.servers.iter().map(summary).collect();
        let mut expected = servers.to_vec();
        read.sort();
        expected.sort();
        assert_eq!(read, expected, "{program}");
        let notes = list.servers.iter().flat_map(|server| {
            let notes = server.notes.iter();
            notes.map(|note| format!("{} {note}", server.name))
        });
        let reasons = list.left_out.iter();
        let reasons = reasons.map(|server| format!("{} {}", server.name, server.reason));
        let given: Vec<String> = notes.chain(reasons).collect();
        assert_eq!(given.len(), names.len(), "{program}: {given:?}");
        for name in *names {
            let named = given.iter().any(|given| given.starts_with(name));
            assert!(named, "{program}: {name} in {given:?}");
        }
    }
}

#[test]
fn timeouts_are_read_as_other_programs_mean_them() {
    for (field, seconds) in [
        (r#""timeout": 90"#, 90),
        (r#""timeout": 90000"#, 90),
        (r#""timeout": 0"#, 1),
        (r#""timeout": 1e30"#, 3_600),
        (r#""timeout": 5, "timeoutSeconds": 7"#, 7),
        (r#""args": []"#, 60),
    ] {
        let text = format!(r#"{{ "mcpServers": {{ "a": {{ "command": "x", {field} }} }} }}"#);
        assert_eq!(list(&text).servers[0].timeout.as_secs(), seconds, "{field}");
    }
}

#[test]
fn values_of_variables_are_masked_like_other_secrets() {
    let text = r#"{ "mcpServers": { "a": { "command": "x", "args": ["${NOTES_TOKEN}"] } } }"#;
    let masked = list(text).servers[0].mask_secrets("it printed canary-token-9");
    assert_eq!(masked, "it printed [masked]");
}
