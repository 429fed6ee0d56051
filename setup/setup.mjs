// `npm start`, `npm test` and their like begin here, before any package is installed: plain JavaScript for Node 18 or
// newer, or for Bun. This first file is readable for older Nodes too, so that they get an answer.

const oldestNode = 18;
const major = Number(process.versions.node.split(".")[0]);

if (!process.versions.bun && major < oldestNode) {
  console.error(`setup: this is Node ${process.versions.node}; Earshot needs Node ${oldestNode} or newer, or Bun.`);
  process.exitCode = 1;
} else {
  import("./steps.mjs")
    .then((steps) => steps.setUpAndRun(process.argv.slice(2)))
    .then((exitCode) => {
      process.exitCode = exitCode;
    });
}
