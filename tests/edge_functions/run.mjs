// Runs the viewer-request function on events, one JSON document per line in and out, in a context that has what
// CloudFront Functions have and no more: no process, no timers, no fetch, and code from strings is refused.
import crypto from 'node:crypto';
import fs from 'node:fs';
import readline from 'node:readline';
import vm from 'node:vm';

const source = fs.readFileSync(process.argv[2], 'utf8').replace(/^import crypto from 'crypto';$/m, '');
const context = vm.createContext({ crypto: { createHash: crypto.createHash } }, {
    codeGeneration: { strings: false, wasm: false }
});
vm.runInContext(source, context, { filename: process.argv[2] });

for await (const line of readline.createInterface({ input: process.stdin })) {
    context.text = line;
    process.stdout.write(vm.runInContext('JSON.stringify(handler(JSON.parse(text)))', context) + '\n');
}
