import assert from "node:assert/strict";
import { test } from "node:test";
import { claudeCalls, claudeSays, openAi, refusal } from "../dialect.mjs";
import { at, entryAt } from "../page.mjs";
import { withAModelServer } from "../world.mjs";

test("a model without tools is asked without them, and the log says so once", async () => {
  const { ada, model } = await withAModelServer(
    (body) =>
      body.tools
        ? refusal("registry.ollama.ai/library/gemma3:4b does not support tools")
        : openAi({ content: "The tide " }, { content: "turns." }),
    (url) => ({ HOLLY_MODELS: "ollama:gemma3:4b", OLLAMA_BASE_URL: url }),
  );
  for (const count of [1, 2]) {
    await ada.says(`When does the tide turn, ${count}?`);
    await ada.seesAnswers(count);
    await ada.reads(at.answer, "The tide turns.");
  }
  const leftOut = ada
    .the(at.entryTitle)
    .filter({ hasText: "does not support tools; asked without them" });
  await leftOut.first().waitFor({ state: "attached" });
  assert.equal(await leftOut.count(), 1);
  const withTools = model.asked.map((body) => Boolean(body.tools));
  assert.equal(withTools.filter(Boolean).length, 1);
  assert.equal(withTools.at(-1), false);
  await ada.leaves();
});

test("Claude calls a tool, gets its result and answers", async () => {
  const isResult = (block) => block.type === "tool_result";
  const { ada, model } = await withAModelServer(
    (body) =>
      body.messages.at(-1).content.some(isResult)
        ? claudeSays("There it is.")
        : claudeCalls("generate_image", { prompt: "a lighthouse" }),
    (url) => ({
      HOLLY_MODELS: "anthropic:claude-sonnet-4-5",
      ANTHROPIC_API_KEY: "none",
      ANTHROPIC_BASE_URL: url,
    }),
  );
  await ada.says("Paint a lighthouse");
  await ada.seesAnswers(1);
  await ada.reads(at.answer, "There it is.");
  await ada.sees(at.picture);
  assert.equal(model.asked.length, 2);
  const [call] = model.asked[1].messages.at(-2).content;
  assert.deepEqual(
    [call.type, call.name, call.input],
    ["tool_use", "generate_image", { prompt: "a lighthouse" }],
  );
  await ada.leaves();
});

test("thoughts that a compatible server sends are no part of the answer", async () => {
  const { ada } = await withAModelServer(
    () =>
      openAi(
        { role: "assistant", content: null, reasoning_content: "The user " },
        { reasoning_content: "greets the keeper." },
        { content: "Good evening." },
      ),
    (url) => ({
      HOLLY_MODELS: "openai:reasoner",
      OPENAI_API_KEY: "none",
      OPENAI_BASE_URL: url,
    }),
  );
  await ada.says("Hello");
  await ada.seesAnswers(1);
  await ada.reads(
    `${at.folded} > summary`,
    /^Thought for \d+ s · 1 model call/,
  );
  const answer = await ada.the(at.answer).first().textContent();
  assert.match(answer, /Good evening\./);
  assert.doesNotMatch(answer, /greets the keeper/);
  await ada.the(`${at.folded} > summary`).click();
  const thought = await ada.entryOf("Thought for");
  await ada.opensEntry(thought);
  await ada.reads(entryAt(thought), "The user greets the keeper.");
  await ada.leaves();
});
