// Node resolves ECMAScript imports by their whole file names.
export default {
  input: process.env.OPENAPI_DOCUMENT,
  output: { path: "generated/hey-api", importFileExtension: ".js", module: { extension: ".js" } },
};
