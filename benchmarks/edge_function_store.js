// What the function imports as 'cloudfront': a store in memory, and a log that goes nowhere.
const STORE = {};

async function exists(key) {
    return STORE[key] !== undefined;
}

async function get(key) {
    return STORE[key];
}

function kvs() {
    return { get: get, exists: exists };
}

function logCustomData() {
    return undefined;
}

export default { kvs: kvs, logCustomData: logCustomData };
