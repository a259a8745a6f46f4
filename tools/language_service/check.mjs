// node check.mjs FILE...: what an editor shows in these workflow and action files, and in the workflows, jobs and steps
// in Markdown files. Exits with 1 if it shows anything.
//
// `org/vmss-upgrade` and `$/` mean this project's files. Of other actions, those with a stand-in in tests/e2e have their
// inputs checked; nothing is fetched.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { register } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

register("./json_loader.mjs", import.meta.url);
const { validate } = await import("@actions/languageservice");
const { TextDocument } = await import("vscode-languageserver-textdocument");
const { parse } = await import("yaml");

const PROJECT = resolve(import.meta.dirname, "../..");
const STAND_INS = join(PROJECT, "tests/e2e/stand_ins");

const metadataOf = async ({ owner, name }) => {
  const file = owner === "org" ? join(PROJECT, "action.yml") : join(STAND_INS, owner, name, "action.yml");
  return existsSync(file) ? parse(await readFile(file, "utf8")) : {};
};

// of reusable workflows: what a caller may give them
const fileProvider = {
  getFileContent: async ({ path }) => ({ name: path, content: await readFile(join(PROJECT, path), "utf8") }),
};

// A block of a page is a whole workflow, or the keys of a job, or a list of steps, which name jobs and steps that are not
// there: of such `isPart`, warnings do not count. `offset`: a line of the file less its line in `text`.
const AROUND = "on: push\njobs:\n  job:\n    runs-on: ubuntu-latest\n";
const asWorkflow = (block, line) => {
  if (/^jobs:/m.test(block)) return { text: block, offset: line };
  const keys = block.startsWith("- ") ? `steps:\n${block}` : block;
  const offset = line - (block.startsWith("- ") ? 5 : 4);
  return { text: AROUND + keys.replace(/^(?=.)/gm, "    "), offset, isPart: true };
};
const partsOf = (file, text) => {
  if (!file.endsWith(".md")) return [{ text, offset: 0 }];
  const blocks = text.matchAll(/^```yaml\n(.*?)^```/gms);
  return [...blocks].map((block) => asWorkflow(block[1], text.slice(0, block.index).split("\n").length));
};

const problemsOf = async (file) => {
  const parts = partsOf(file, await readFile(file, "utf8"));
  const shown = parts.map(async ({ text, offset, isPart }, number) => {
    const place = pathToFileURL(resolve(file)).href + (file.endsWith(".md") ? `.${number}.yml` : "");
    // The service does not look into `$/`.
    const named = text.replaceAll("uses: $/\n", "uses: org/vmss-upgrade@v1\n");
    const document = TextDocument.create(place, "yaml", 0, named);
    const found = await validate(document, { actionsMetadataProvider: { fetchActionMetadata: metadataOf }, fileProvider });
    const counted = found.filter(({ severity }) => !isPart || severity === 1);
    return counted.map(({ range, message }) => `${file}:${range.start.line + 1 + offset}: ${message}`);
  });
  return (await Promise.all(shown)).flat();
};

const problems = (await Promise.all(process.argv.slice(2).map(problemsOf))).flat();
problems.forEach((problem) => console.log(problem));
console.log(`language service: ${process.argv.length - 2} files, ${problems.length} problems`);
process.exitCode = problems.length > 0 ? 1 : 0;
