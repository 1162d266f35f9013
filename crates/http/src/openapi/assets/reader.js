"use strict";
// Draws an OpenAPI 3.1 document. No library, no network beyond the document itself.

const METHODS = ["get", "post", "put", "patch", "delete"];
const DEEPEST = 6;

const node = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
};

// Words with `code` in them.
const prose = (text, tag = "p") => {
  const parts = String(text ?? "").split("`");
  return node(tag, {}, ...parts.map((part, index) => (index % 2 ? node("code", {}, part) : part)));
};

const follow = (root, part) => {
  let seen = 0;
  while (part && part.$ref && seen++ < 20) {
    part = part.$ref.slice(2).split("/").reduce((at, key) => at?.[key.replace(/~1/g, "/").replace(/~0/g, "~")], root);
  }
  return part ?? {};
};

const nameOf = (part) => (part?.$ref ? part.$ref.split("/").pop() : null);

// A reference with words of its own comes as `allOf` of one.
const bare = (schema) => (schema?.allOf?.length === 1 && !schema.properties ? schema.allOf[0] : schema);

const typeOf = (root, given) => {
  const schema = bare(given);
  const target = follow(root, schema);
  if (target.const !== undefined) return JSON.stringify(target.const);
  if (target.enum) return target.enum.map((value) => JSON.stringify(value)).join(" | ");
  const choices = target.anyOf ?? target.oneOf;
  if (choices) return choices.map((choice) => typeOf(root, choice)).join(" | ");
  if (target.type === "array") return `array of ${typeOf(root, target.items ?? {})}`;
  const own = Array.isArray(target.type) ? target.type.join(" | ") : target.type;
  const named = nameOf(schema);
  return (named && target.properties ? named : own ?? named ?? "any") + (target.format ? ` (${target.format})` : "");
};

const limits = (schema) => {
  const said = [];
  const say = (key, words) => { if (schema[key] !== undefined) said.push(words(schema[key])); };
  say("minLength", (n) => `at least ${n} characters`);
  say("maxLength", (n) => `at most ${n} characters`);
  say("minimum", (n) => `from ${n}`);
  say("maximum", (n) => `to ${n}`);
  say("maxItems", (n) => `at most ${n} items`);
  say("pattern", (p) => `pattern ${p}`);
  say("default", (v) => `default ${JSON.stringify(v)}`);
  return said.join(", ");
};

const fieldsOf = (root, given, depth = 0) => {
  const schema = follow(root, bare(given));
  if (depth > DEEPEST) return node("p", { class: "soft" }, "…");
  if (schema.type === "array" && schema.items) return fieldsOf(root, schema.items, depth);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) {
    const drawn = choices.map((choice) => fieldsOf(root, choice, depth)).filter(Boolean);
    return drawn.length ? node("div", {}, ...drawn) : null;
  }
  if (!schema.properties) return null;
  const required = new Set(schema.required ?? []);
  return node("ul", { class: "fields" }, ...Object.entries(schema.properties).map(([name, property]) => {
    const target = follow(root, bare(property));
    const item = node("li", {}, node("code", { class: required.has(name) ? "must" : "" }, name), " ",
      node("span", { class: "soft" }, typeOf(root, property) + (required.has(name) ? ", required" : "")));
    const words = property.description ?? target.description;
    if (words) item.append(prose(words, "div"));
    const bounds = limits({ ...target, ...property });
    if (bounds) item.append(node("div", { class: "soft" }, bounds));
    const inner = fieldsOf(root, property, depth + 1);
    if (inner) item.append(node("details", {}, node("summary", {}, `Fields of ${name}`), inner));
    return item;
  }));
};

const exampleOf = (root, given, depth = 0) => {
  const schema = bare(given);
  const target = follow(root, schema);
  const shown = schema?.example ?? schema?.examples?.[0] ?? target.example ?? target.examples?.[0] ?? target.default;
  if (shown !== undefined && shown !== null) return shown;
  if (target.const !== undefined) return target.const;
  if (target.enum) return target.enum[0];
  const choices = target.anyOf ?? target.oneOf;
  if (choices) return exampleOf(root, choices.find((choice) => follow(root, choice).type !== "null") ?? choices[0], depth);
  const type = Array.isArray(target.type) ? target.type.find((name) => name !== "null") : target.type;
  if (type === "object" || target.properties) {
    if (depth > DEEPEST) return {};
    const required = new Set(target.required ?? []);
    const wanted = Object.entries(target.properties ?? {}).filter(([name]) => required.has(name) || depth < 1);
    return Object.fromEntries(wanted.map(([name, property]) => [name, exampleOf(root, property, depth + 1)]));
  }
  if (type === "array") return depth > DEEPEST ? [] : [exampleOf(root, target.items ?? {}, depth + 1)];
  if (type === "integer" || type === "number") return target.minimum ?? 0;
  if (type === "boolean") return true;
  return target.format === "date-time" ? "2026-11-23T09:00:00Z" : "…";
};

const bodyOf = (root, title, content) => Object.entries(content ?? {}).map(([type, media]) => {
  const box = node("div", {}, node("p", {}, node("span", { class: "soft" }, `${title}: `), node("code", {}, type),
    media.schema ? ` ${typeOf(root, media.schema)}` : ""));
  if (!media.schema) return box;
  const fields = fieldsOf(root, media.schema);
  if (fields) box.append(node("details", {}, node("summary", {}, "Fields"), fields));
  if (type.includes("json")) {
    const text = JSON.stringify(media.example ?? exampleOf(root, media.schema), null, 2);
    box.append(node("details", {}, node("summary", {}, "Example"), node("pre", { tabindex: "0" }, text)));
  }
  return box;
});

const curlOf = (root, path, method, operation, parameters) => {
  const scheme = Object.values(root.components?.securitySchemes ?? {}).find((one) => one.type === "apiKey");
  const base = location.origin + (root.servers?.[0]?.url ?? "");
  const query = parameters.filter((one) => one.in === "query" && one.required).map((one) => `${one.name}=…`).join("&");
  const lines = [`curl -X ${method.toUpperCase()} '${base}${path}${query ? `?${query}` : ""}'`];
  if (scheme) lines.push(`-H '${scheme.name}: <key>'`);
  const json = follow(root, operation.requestBody).content?.["application/json"];
  if (json) {
    lines.push("-H 'Content-Type: application/json'");
    const body = JSON.stringify(json.example ?? exampleOf(root, json.schema ?? {}));
    lines.push(`-d '${body.replace(/'/g, "'\\''")}'`);
  }
  return lines.join(" \\\n  ");
};

// `sent`: the server asks it of a receiver, so there is no call to show.
const drawOperation = (root, path, method, operation, shared, sent) => {
  const id = operation.operationId ?? `${method}-${path}`;
  const parameters = [...(shared ?? []), ...(operation.parameters ?? [])].map((one) => follow(root, one));
  const box = node("section", { class: "operation", id, "aria-labelledby": `${id}-title` },
    node("h3", { id: `${id}-title` }, node("span", { class: "method" }, method.toUpperCase()), " ", node("code", {}, path)),
    node("p", { class: "must" }, operation.summary ?? ""));
  for (const paragraph of (operation.description ?? "").split("\n\n").filter(Boolean)) box.append(prose(paragraph));
  if (parameters.length) {
    box.append(node("div", { class: "scroll" }, node("table", {}, node("caption", {}, "Parameters"),
      node("thead", {}, node("tr", {}, ...["Name", "In", "Type", "Meaning"].map((name) => node("th", { scope: "col" }, name)))),
      node("tbody", {}, ...parameters.map((one) => node("tr", {},
        node("th", { scope: "row" }, node("code", {}, one.name), one.required ? " (required)" : ""),
        node("td", {}, one.in),
        node("td", {}, typeOf(root, one.schema ?? {})),
        prose([one.description ?? one.schema?.description ?? "", limits(one.schema ?? {})].filter(Boolean).join(" "), "td")))))));
  }
  const body = follow(root, operation.requestBody);
  if (body.content) box.append(node("h4", {}, "Body"), ...bodyOf(root, "Sent as", body.content));
  box.append(node("h4", {}, "Answers"));
  for (const [status, given] of Object.entries(operation.responses ?? {})) {
    const response = follow(root, given);
    const details = node("details", {}, node("summary", {}, node("code", {}, status), ` ${response.description ?? ""}`));
    details.append(...bodyOf(root, "Comes as", response.content));
    const headers = Object.entries(response.headers ?? {});
    if (headers.length) details.append(node("ul", {}, ...headers.map(([name, header]) =>
      node("li", {}, node("code", {}, name), ` ${follow(root, header).description ?? ""}`))));
    if (status.startsWith("2")) details.open = true;
    box.append(details);
  }
  if (!sent) box.append(node("details", {}, node("summary", {}, "curl"), node("pre", { tabindex: "0" }, curlOf(root, path, method, operation, parameters))));
  return box;
};

const draw = (root) => {
  document.title = root.info.title;
  const main = document.getElementById("content");
  const toc = document.getElementById("toc");
  main.replaceChildren(node("h1", {}, root.info.title), prose(root.info.description),
    node("p", {}, node("a", { href: `${location.pathname}.json` }, "OpenAPI document"), `, version ${root.info.version}; paths start at `,
      node("code", {}, root.servers?.[0]?.url ?? "/")));
  const groups = new Map();
  for (const [path, item] of Object.entries(root.paths ?? {})) {
    for (const method of METHODS.filter((name) => item[name])) {
      const tag = item[method].tags?.[0] ?? "other";
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push([path, method, item[method], item.parameters]);
    }
  }
  for (const [name, item] of Object.entries(root.webhooks ?? {})) {
    const tag = "messages to webhooks";
    if (!groups.has(tag)) groups.set(tag, []);
    groups.get(tag).push([name, "post", item.post, item.parameters, true]);
  }
  for (const [tag, operations] of groups) {
    main.append(node("h2", {}, tag), ...operations.map((one) => drawOperation(root, ...one)));
    toc.append(node("div", { class: "group" }, node("h2", {}, tag), node("ul", {}, ...operations.map(([path, method, operation]) =>
      node("li", {}, node("a", { href: `#${operation.operationId ?? `${method}-${path}`}` },
        node("span", { class: "method" }, method.toUpperCase()), ` ${operation.summary ?? path}`))))));
  }
  document.getElementById("filter").addEventListener("input", (event) => {
    const wanted = event.target.value.trim().toLowerCase();
    for (const group of toc.children) {
      let some = false;
      for (const item of group.querySelectorAll("li")) {
        const target = document.getElementById(item.firstChild.hash.slice(1));
        item.hidden = wanted !== "" && !target.textContent.toLowerCase().includes(wanted);
        some ||= !item.hidden;
      }
      group.hidden = !some;
    }
  });
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
};

fetch(`${location.pathname.replace(/\/$/, "")}.json`)
  .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(`status ${answer.status}`))))
  .then(draw)
  .catch((error) => { document.getElementById("status").textContent = `The document could not be read: ${error.message}`; });
