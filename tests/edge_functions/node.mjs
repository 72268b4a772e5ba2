// Runs a function file's program in a context that has what CloudFront Functions have and no more: no process, no timers,
// no fetch, three hashes, and code from strings is refused. Arguments: program, calls, results.
import { Buffer } from 'node:buffer';
import crypto from 'node:crypto';
import fs from 'node:fs';
import vm from 'node:vm';
import cf from './cloudfront.mjs';

const HASHES = ['md5', 'sha1', 'sha256'];
const ENCODINGS = ['hex', 'base64', 'base64url'];

function limited(make) {
    return (name, key) => {
        if (!HASHES.includes(name)) throw new TypeError(`not supported algorithm: ${name}`);
        const hash = make(name, key);
        return {
            update(text) {
                hash.update(text);
                return this;
            },
            digest(encoding) {
                if (!ENCODINGS.includes(encoding)) throw new TypeError(`unknown digest type: ${encoding}`);
                return hash.digest(encoding);
            }
        };
    };
}

const [program, calls, results] = process.argv.slice(2);
const source = fs.readFileSync(program, 'utf8').replace(/^import (cf|crypto) from '(cloudfront|crypto)';$/gm, '');
const context = vm.createContext({
    cf,
    crypto: {
        createHash: limited((name) => crypto.createHash(name)),
        createHmac: limited((name, key) => crypto.createHmac(name, key))
    },
    Buffer,
    lines: fs.readFileSync(calls, 'utf8').split('\n')
}, { codeGeneration: { strings: false, wasm: false } });
vm.runInContext(source, context, { filename: 'viewer_request.js' });
fs.writeFileSync(results, await vm.runInContext('answerAll(lines)', context));
