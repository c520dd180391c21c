"use strict";
// Perilune in VS Code: the debug adapter is `perilune debug --stdio`, problems are those of
// `perilune check --watch`, and a strategy can be run and tested from above its first line.

const vscode = require("vscode");

function program() {
  return vscode.workspace.getConfiguration("perilune").get("path") || "perilune";
}

function isTest(file) {
  return file.endsWith("_test.lua");
}

// A strategy is a file that returns a table with handlers.
function isStrategy(text) {
  return /\bfunction\s+\w+\.on_\w+|\bon_\w+\s*=\s*function\b/.test(text);
}

function terminal(...args) {
  const name = "perilune";
  const t = vscode.window.terminals.find((x) => x.name === name) || vscode.window.createTerminal(name);
  t.show(true);
  t.sendText([program(), ...args].map((a) => (/^[\w./:=@%+,-]+$/.test(a) ? a : "'" + a.replace(/'/g, "'\\''") + "'")).join(" "));
}

function target(uri) {
  return (uri || (vscode.window.activeTextEditor && vscode.window.activeTextEditor.document.uri) || {}).fsPath;
}

const lenses = {
  provideCodeLenses(document) {
    const top = new vscode.Range(0, 0, 0, 0);
    const lens = (title, command) => new vscode.CodeLens(top, { title, command, arguments: [document.uri] });
    if (isTest(document.fileName)) {
      return [lens("test", "perilune.test")];
    }
    return isStrategy(document.getText()) ? [lens("run", "perilune.run"), lens("debug", "perilune.debug")] : [];
  },
};

const adapters = {
  createDebugAdapterDescriptor() {
    return new vscode.DebugAdapterExecutable(program(), ["debug", "--stdio"]);
  },
};

const configurations = {
  resolveDebugConfiguration(folder, config) {
    if (config.type || config.request) {
      return config;
    }
    const file = target();
    return file && { type: "perilune", request: "launch", name: "Debug this strategy", program: file, market: ["synth"], for: "24h" };
  },
};

const tasks = {
  async provideTasks() {
    const files = await vscode.workspace.findFiles("**/*.lua", "**/{node_modules,.git,types,lib}/**", 500);
    const scripts = [];
    for (const f of files) {
      const text = (await vscode.workspace.openTextDocument(f)).getText();
      if (isTest(f.fsPath) || isStrategy(text)) {
        scripts.push(f.fsPath);
      }
    }
    if (scripts.length === 0) {
      return [];
    }
    const run = new vscode.ProcessExecution(program(), ["check", "--watch", "--format=gcc", ...scripts]);
    const task = new vscode.Task({ type: "perilune" }, vscode.TaskScope.Workspace, "check as you save", "perilune", run, "$perilune");
    task.isBackground = true;
    return [task];
  },
  resolveTask() {
    return undefined;
  },
};

async function goto() {
  const session = vscode.debug.activeDebugSession;
  if (!session || session.type !== "perilune") {
    vscode.window.showInformationMessage("Nothing is debugged by Perilune now.");
    return;
  }
  const where = await vscode.window.showInputBox({ prompt: "An event's number, +N or -N from here, or a time in UTC", placeHolder: "4711" });
  if (where) {
    const expression = /^[+-]?\d+$/.test(where) ? ":event " + where : ":time " + where;
    await session.customRequest("evaluate", { expression, context: "repl" });
  }
}

exports.activate = (context) => {
  const lua = { language: "lua", scheme: "file" };
  context.subscriptions.push(
    vscode.debug.registerDebugAdapterDescriptorFactory("perilune", adapters),
    vscode.debug.registerDebugConfigurationProvider("perilune", configurations),
    vscode.languages.registerCodeLensProvider(lua, lenses),
    vscode.tasks.registerTaskProvider("perilune", tasks),
    vscode.commands.registerCommand("perilune.run", (uri) => terminal("run", target(uri))),
    vscode.commands.registerCommand("perilune.test", (uri) => terminal("test", target(uri))),
    vscode.commands.registerCommand("perilune.debug", (uri) =>
      vscode.debug.startDebugging(undefined, { type: "perilune", request: "launch", name: "Debug this strategy", program: target(uri), market: ["synth"], for: "24h" }),
    ),
    vscode.commands.registerCommand("perilune.goto", goto),
  );
};

exports.deactivate = () => {};
