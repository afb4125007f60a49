// Runs one question after the other in DuckDB and prints the rows of the last as JSON.
// Arguments: the folder of the packages, the questions as a JSON list.
import { createRequire } from "node:module";

const [packages, questions] = process.argv.slice(1);
const { DuckDBInstance } = createRequire(packages + "/package.json")("@duckdb/node-api");
const connection = await (await DuckDBInstance.create(":memory:")).connect();
let rows = [];
for (const question of JSON.parse(questions)) rows = (await connection.runAndReadAll(question)).getRowObjectsJson();
console.log(JSON.stringify(rows));
