// Runs viewer request functions as CloudFront Functions (cloudfront-js-2.0) would, one call after another.
//
// The thread that runs them talks to Python by itself, in lines on stdin and stdout:
//   D <number> <json {arn, code, store}>   deploy a function under a number; answered by nothing
//   K <json {store: {key: value}}>         the contents of every KeyValueStore, over what was there
//   <id> <number> <json event>             call a function; answered by "<id> <json [value, log data]>"
//                                          or "<id> ! <kind> <detail>"
// The main thread only watches the clock: a function that loops stops its own thread from saying so. It writes the id
// of the guilty call to stderr, "guilty <id> <kind>", and ends the process; Python starts another one.
import { Worker, isMainThread, workerData } from 'node:worker_threads';
import { Buffer as NodeBuffer } from 'node:buffer';
import fs from 'node:fs';
import net from 'node:net';
import nodeCrypto from 'node:crypto';
import querystring from 'node:querystring';
import vm from 'node:vm';

const WATCH_MILLISECONDS = 20;

if (isMainThread) {
    watch(Number(process.argv[2]), Number(process.argv[3]));
} else {
    serve(new Int32Array(workerData));
}

function watch(limitMilliseconds, memoryMebibytes) {
    const shared = new SharedArrayBuffer(4);
    const current = new Int32Array(shared);
    const thread = new Worker(new URL(import.meta.url), {
        workerData: shared,
        resourceLimits: { maxOldGenerationSizeMb: memoryMebibytes, maxYoungGenerationSizeMb: 8 }
    });
    const end = (kind) => {
        fs.writeSync(2, `guilty ${Atomics.load(current, 0)} ${kind}\n`);
        process.exit(1);
    };
    thread.on('error', (error) => end(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'memory' : 'crash'));
    thread.on('exit', () => process.exit(0));
    let seen = 0;
    let since = 0;
    setInterval(() => {
        const id = Atomics.load(current, 0);
        const now = performance.now();
        if (id !== seen) {
            seen = id;
            since = now;
        } else if (id !== 0 && now - since > limitMilliseconds) {
            end('timeout');
        }
    }, WATCH_MILLISECONDS);
}

function serve(current) {
    const functions = new Map();
    const stores = new Map();
    const waiting = [];
    let output = '';
    let draining = false;

    const stdin = new net.Socket({ fd: 0, readable: true, writable: false });
    const stdout = new net.Socket({ fd: 1, readable: false, writable: true });
    let rest = '';
    stdin.setEncoding('latin1'); // Python sends ASCII
    stdin.on('data', (text) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop();
        for (const line of lines) {
            if (line[0] === 'D') {
                deploy(line);
            } else if (line[0] === 'K') {
                Object.entries(JSON.parse(line.slice(2))).forEach(([store, items]) => {
                    stores.set(store, new Map(Object.entries(items)));
                });
            } else {
                waiting.push(line);
            }
        }
        if (!draining) drain();
    });
    stdin.on('end', () => process.exit(0));

    function deploy(line) {
        const [, number, rest] = split(line);
        functions.set(number, load(JSON.parse(rest), stores));
    }

    // One call after another: a handler that waits for the store would otherwise share its module's log with the next.
    async function drain() {
        draining = true;
        for (let index = 0; index < waiting.length; index += 1) {
            const [id, number, event] = split(waiting[index]);
            Atomics.store(current, 0, Number(id));
            let answer;
            try {
                answer = functions.get(number)(event);
                if (typeof answer !== 'string') answer = await answer;
            } catch (error) {
                answer = failure(error);
            }
            Atomics.store(current, 0, 0);
            output += `${id} ${answer}\n`;
        }
        waiting.length = 0;
        draining = false;
        stdout.write(output);
        output = '';
    }
}

// "<first> <second> <rest>"
function split(line) {
    const one = line.indexOf(' ');
    const two = line.indexOf(' ', one + 1);
    return [line.slice(0, one), line.slice(one + 1, two), line.slice(two + 1)];
}

// A message may quote what the caller sent: only the kind of error and the function's line leave this process.
function failure(error) {
    if (error instanceof Invalid) return `! invalid ${error.message}`;
    const stack = error && typeof error.stack === 'string' ? error.stack : '';
    const line = /function\.js:(\d+)/.exec(stack);
    const name = error && typeof error.name === 'string' && /^\w{1,40}$/.test(error.name) ? error.name : 'a value that is no Error';
    return `! throws ${name}${line ? ` at line ${line[1]}` : ''}`;
}

class Invalid extends Error {}

// Returns a function from the text of an event to the text of an answer, or to a promise of it.
function load({ code, store }, stores) {
    const context = vm.createContext({}, { codeGeneration: { strings: false, wasm: false } });
    const inside = vm.runInContext('delete globalThis.WebAssembly; ({ JSON, Error, Promise })', context);
    let factory;
    try {
        // In a scope of its own for each call, as no variable of CloudFront's outlives a call; the runtime is strict.
        const source = `(function (require, Buffer, console, globalThis) { "use strict"; ${withRequire(code)}\n`
            + 'return typeof handler === "function" ? handler : undefined; })';
        factory = vm.runInContext(source, context, { filename: 'function.js' });
    } catch (error) {
        return () => { throw error; };
    }
    const silent = Object.freeze({ log() {}, error() {} });
    return (text) => {
        const log = { data: null };
        const require = (name) => {
            if (name === 'cloudfront') return cloudfront(stores, store, log);
            if (!Object.hasOwn(MODULES, name)) throw new inside.Error(`no module ${name}`);
            return MODULES[name];
        };
        const handler = factory(require, MODULES.buffer.Buffer, silent, Object.create(null));
        if (handler === undefined) throw new Invalid('there is no function named handler');
        const value = handler(inside.JSON.parse(text));
        if (value !== null && typeof value === 'object' && typeof value.then === 'function') {
            return value.then((settled) => answer(settled, log));
        }
        return answer(value, log);
    };
}

function answer(value, log) {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) {
        throw new Invalid('the handler returned no object');
    }
    return JSON.stringify([value, log.data]);
}

// CloudFront's runtime takes a default import of a module; the same line becomes a require, so that lines keep their
// numbers.
function withRequire(code) {
    return code.replace(/^[ \t]*import\s+(\w+)\s+from\s+(['"])([\w-]+)\2[ \t]*;?/gm, 'const $1 = require("$3");');
}

function cloudfront(stores, associated, log) {
    const modelled = {
        kvs: (id) => {
            const found = id === undefined ? associated : [...stores.keys()].find((arn) => arn.endsWith(`/${id}`));
            const items = stores.get(found);
            if (!items || found !== associated) throw new Error('the function is associated with no such KeyValueStore');
            return keyValueStore(items);
        },
        logCustomData: (data) => { log.data = String(data); }
    };
    return new Proxy(modelled, {
        get(target, name) {
            if (!Object.hasOwn(target, name)) throw new Error(`cloudfront.${String(name)} is not modelled here`);
            return target[name];
        }
    });
}

function keyValueStore(items) {
    const found = (key) => {
        if (!items.has(key)) throw new Error('Key not found');
        return items.get(key);
    };
    return Object.freeze({
        get: async (key, options) => {
            const format = options && options.format ? options.format : 'string';
            if (format === 'string') return found(key);
            if (format === 'json') return JSON.parse(found(key));
            throw new Error(`format ${format} is not modelled here`);
        },
        exists: async (key) => items.has(key),
        count: async () => items.size
    });
}

const ALGORITHMS = ['md5', 'sha1', 'sha256'];
const ENCODINGS = ['hex', 'base64', 'base64url'];

// Node takes more than CloudFront does: what it would refuse must not pass here.
function digesting(make) {
    return (algorithm, ...rest) => {
        if (!ALGORITHMS.includes(algorithm)) throw new Error(`not supported algorithm: ${algorithm}`);
        const hash = make(algorithm, ...rest);
        const wrapped = {
            update(data, encoding) {
                hash.update(data, encoding);
                return wrapped;
            },
            digest(encoding) {
                if (encoding !== undefined && !ENCODINGS.includes(encoding)) throw new Error(`Unknown digest encoding: ${encoding}`);
                return hash.digest(encoding);
            }
        };
        return wrapped;
    };
}

// CloudFront gives a function 2 MB of memory.
const MEMORY_BYTES = 2 * 1024 * 1024;

const Buffer = Object.freeze({
    alloc(size, ...rest) {
        if (size > MEMORY_BYTES) throw new RangeError('more memory than a function has');
        return NodeBuffer.alloc(size, ...rest);
    },
    byteLength: NodeBuffer.byteLength,
    compare: NodeBuffer.compare,
    concat: NodeBuffer.concat,
    from: (...values) => NodeBuffer.from(...values),
    isBuffer: NodeBuffer.isBuffer,
    isEncoding: NodeBuffer.isEncoding
});

// Hoisted above its use by the thread's first message, which comes after this file has run.
const MODULES = Object.freeze({
    buffer: Object.freeze({ Buffer }),
    crypto: Object.freeze({
        createHash: digesting(nodeCrypto.createHash),
        createHmac: digesting(nodeCrypto.createHmac)
    }),
    querystring: Object.freeze({
        escape: querystring.escape,
        parse: querystring.parse,
        stringify: querystring.stringify,
        unescape: querystring.unescape
    })
});
