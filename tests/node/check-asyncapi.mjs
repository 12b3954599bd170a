// Says everything that the AsyncAPI parser has against a description, and every example that is not what its schema says; ends with 1 when that is anything.
import { readFileSync } from 'node:fs';
import { Parser } from '@asyncapi/parser';
import Ajv from 'ajv';
import formats from 'ajv-formats';

const severities = ['error', 'warning', 'information', 'hint'];
const { document, diagnostics } = await new Parser().parse(readFileSync(process.argv[2], 'utf8'));
const problems = diagnostics
  // Not that there is a newer AsyncAPI: 3.0 is what tools read.
  .filter(({ code }) => code !== 'asyncapi-latest-version')
  .map(({ severity, code, path, message }) => `${severities[severity]} ${code} at ${path.join('.')}: ${message}`);

// The parser leaves examples alone. Formats of numbers say how many bits there are.
const ajv = formats(new Ajv({ strict: false, allErrors: true, formats: { int32: true, int64: true } }));
for (const message of document?.allMessages() ?? []) {
  for (const example of message.examples()) {
    for (const [part, schema, value] of [['headers', message.headers(), example.headers()], ['payload', message.payload(), example.payload()]]) {
      if (schema && !ajv.validate(schema.json(), value)) {
        problems.push(`example of ${message.id()}: ${ajv.errorsText(ajv.errors, { dataVar: part })}`);
      }
    }
  }
}

console.log(problems.join('\n'));
process.exitCode = problems.length === 0 ? 0 : 1;
