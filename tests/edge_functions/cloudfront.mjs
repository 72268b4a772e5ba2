// What the function imports as 'cloudfront', for one call at a time: the store's pairs are given with the call, and what
// is passed to logCustomData is kept. As on AWS, get() rejects for a key that is missing, exists() says whether it is
// there, and a function without a store has no kvs(). The text of the rejection is made up: AWS documents none.
const call = {};

function pairs() {
    if (call.store === null) {
        throw new Error('no KeyValueStore is associated');
    }
    return call.store;
}

function refuseIfBroken(key) {
    if (call.broken.includes(key)) {
        throw new Error('KeyValueStore is unavailable');
    }
}

async function exists(key) {
    refuseIfBroken(key);
    return Object.keys(pairs()).includes(key);
}

async function get(key) {
    if (!(await exists(key))) {
        throw new Error('Key not found');
    }
    return pairs()[key];
}

function kvs() {
    pairs();
    return { get: get, exists: exists };
}

function logCustomData(text) {
    call.log.push(text);
}

export default { call: call, kvs: kvs, logCustomData: logCustomData };
