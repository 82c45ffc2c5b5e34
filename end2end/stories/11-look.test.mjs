import { AxeBuilder } from "@axe-core/playwright";
import assert from "node:assert/strict";
import { test } from "node:test";
import { at } from "../page.mjs";
import { aBrowser, aServer, somebody, withAModel } from "../world.mjs";

const sizes = {
  wide: { width: 1280, height: 860 },
  phone: { width: 375, height: 812 },
};
const looks = ["light", "dark"].flatMap((colorScheme) =>
  Object.keys(sizes).map((name) => ({
    colorScheme,
    name,
    viewport: sizes[name],
  })),
);

const background = (person) =>
  person.page.evaluate(
    () => getComputedStyle(document.documentElement).backgroundColor,
  );

async function isAccessible(person, where) {
  const { violations } = await new AxeBuilder({ page: person.page }).analyze();
  const places = (nodes) =>
    nodes
      .slice(0, 3)
      .map((node) => node.target.join(" "))
      .join(", ");
  const found = violations.map(
    ({ id, help, nodes }) => `${id}: ${help}: ${places(nodes)}`,
  );
  assert.deepEqual(found, [], where);
}

/** Stops all animations, so that colours are measured at rest. */
const isStill = (person) =>
  person.page.evaluate(() =>
    document.getAnimations().forEach((animation) => animation.cancel()),
  );

for (const { colorScheme, name, viewport } of looks) {
  test(`every page is accessible and has a screenshot: ${colorScheme}, ${name}`, async () => {
    const { ada, holly, model } = await withAModel({ colorScheme, viewport });
    const look = `${colorScheme}-${name}`;
    await isAccessible(ada, "new conversation");
    await ada.screenshot(`new-${look}`);
    await ada.says("Paint a lighthouse at dusk");
    (await model.next()).refuses("Quota exceeded for requests per minute.");
    await model.calls("generate_image", { prompt: "lighthouse at dusk" });
    const answer = await model.next();
    answer.says("Here you are: a **lighthouse** ");
    await ada.sees(at.picture);
    await ada.sees(at.answerNow);
    const failed = await ada.entryOf("limit");
    await ada.opensEntry(failed);
    await isStill(ada);
    await isAccessible(ada, "chat at work");
    await ada.screenshot(`chat-${look}`);
    answer.says("at dusk.");
    answer.ends();
    await ada.seesAnswers(1);
    await ada.screenshot(`end-${look}`);
    await isAccessible(ada, "chat at the end");
    const seen = {
      name: "what-i-see.png",
      mimeType: "image/png",
      buffer: await ada.page.screenshot(),
    };
    await ada.the(at.attach).setInputFiles([
      seen,
      {
        name: "oil.md",
        mimeType: "text/markdown",
        buffer: Buffer.from("Two litres of oil.\n"),
      },
    ]);
    await ada.sees(at.attached, 2);
    await isAccessible(ada, "files to send");
    await ada.screenshot(`attach-${look}`);
    await ada.says("Write a note: buy lamp oil");
    await model.calls("write_note", { text: "buy lamp oil" });
    await ada.sees(at.question);
    await isStill(ada);
    await isAccessible(ada, "a question");
    await ada.screenshot(`question-${look}`);
    await ada.the(at.deny).click();
    await model.says("I left it alone.");
    await ada.seesAnswers(2);
    for (const page of ["history", "settings", "gallery"]) {
      await ada.visits(`/${page}`);
      await isStill(ada);
      await isAccessible(ada, page);
      await ada.screenshot(`${page}-${look}`);
    }
    await ada.leaves();

    const stranger = await aBrowser(holly, { colorScheme, viewport });
    await stranger.visits("/sign-in");
    await isAccessible(stranger, "sign-in");
    await stranger.screenshot(`sign-in-${look}`);
    await stranger.leaves();
    await holly.isGone();
  });
}

test("long model names leave room to send on the narrowest phone", async () => {
  const env = {
    OPENAI_API_KEY: "none",
    HOLLY_MODELS: `openai:${"a-model-of-a-very-long-name-".repeat(3)},openai:another`,
  };
  const holly = await aServer({ env });
  const ada = await somebody({ holly, viewport: { width: 320, height: 640 } });
  const { x, width } = await ada.the(at.send).boundingBox();
  assert.ok(x + width <= 320, `Send ends at ${x + width} of 320`);
  assert.equal(
    await ada.the(at.prompt).filter({ hasText: "fallback" }).count(),
    0,
    "what only the demo can show is not offered",
  );
  await ada.leaves();
  await holly.isGone();
});

test("the theme follows the system until one is chosen, and the choice persists", async () => {
  const ada = await somebody({ colorScheme: "light" });
  const light = await background(ada);
  await ada.page.emulateMedia({ colorScheme: "dark" });
  const dark = await background(ada);
  assert.notEqual(light, dark);
  await ada.visits("/settings");
  await ada.the(at.theme("light")).check({ force: true });
  assert.equal(await background(ada), light);
  await ada.visits("/");
  assert.equal(await background(ada), light);
  await ada.visits("/settings");
  await ada.the(at.theme("system")).check({ force: true });
  assert.equal(await background(ada), dark);
  await ada.reloads();
  assert.equal(await background(ada), dark);
  await ada.leaves();
});

test("there is no motion when the user prefers reduced motion", async () => {
  const { ada, model } = await withAModel({ reducedMotion: "reduce" });
  await ada.says("Tell me a story");
  (await model.next()).says("Once upon a time ");
  await ada.sees(at.working);
  const running = await ada.page.evaluate(
    () =>
      document
        .getAnimations()
        .filter((animation) => animation.playState === "running").length,
  );
  assert.equal(running, 0);
  await ada.leaves();
});
