// By its own program, as its documentation has it for files: the command line writes `string`.
import { writeFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";

const blob = ts.factory.createTypeReferenceNode(ts.factory.createIdentifier("Blob"));
const nodes = await openapiTS(new URL(`file://${process.cwd()}/openapi.json`), {
  transform: (schema) => (schema.format === "binary" ? blob : undefined),
});
writeFileSync("openapi_typescript/hfer.ts", astToString(nodes));
