// An MCP server over standard input and output whose every answer is an argument; see `mcp::stub`.
import { createInterface } from "node:readline";

const { pages, results } = JSON.parse(process.argv[2]);

function answer(method, params) {
  switch (method) {
    case "initialize":
      return {
        protocolVersion: params.protocolVersion,
        capabilities: { tools: {} },
        serverInfo: { name: "stub", version: "1" },
      };
    case "ping":
      return {};
    case "tools/list":
      return pages[params?.cursor ?? ""];
    case "tools/call":
      return results[params.name];
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) continue;
  const result = answer(method, params);
  const error = { code: -32601, message: `no answer to ${method}` };
  const outcome = result === undefined ? { error } : { result };
  console.log(JSON.stringify({ jsonrpc: "2.0", id, ...outcome }));
}
