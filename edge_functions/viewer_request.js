import cf from 'cloudfront';
import crypto from 'crypto';

// Viewer request function (CloudFront Functions, cloudfront-js-2.0); it runs before the cache is looked up.
// x-auth-hash, a digest of who calls, becomes a part of the cache key, so that callers never share an answer; the token
// itself goes to the origin in a header that is not in the key. Deployed once for each cache class, without comments
// and indentation: strata.caching.edge_function.render replaces the next line of code and no other.
var SETTINGS = {"cacheClass":"none","callerRequired":false,"hasStore":false,"tenantClaim":null,"languages":["en"]};

const RESERVED = ['x-auth-hash', 'x-origin-authorization', 'x-origin-verify'];
// What a cache and an origin could read as two different paths: controls, ";", "\", "//", escapes that are malformed,
// overlong ("%c0"), doubled ("%252e") or stand for one of these or "/", and segments of one or two dots.
const AMBIGUOUS =
    /[\0-\x1f\x7f-\x9f;\\]|\/\/|%(?![\da-f]{2})|%([01]|2f|3b|5c|7f|c[01]|25[\da-f]{2})|(^|\/)(\.|%2e){1,2}(\/|$)/i;
const JWT = /^Bearer +[\w-]+\.([\w-]+)\.[\w-]*$/i;
const SECRETS = /^[\da-f]{64} [\da-f]{64}$/;

const textOf = (header) => header && header.value || '';

// A length before each part: ("ab", "c") and ("a", "bc") must not have one digest; an absent part has none. Counted in
// UTF-16 code units by every engine: one that counts code points finds those beyond U+FFFF, which are two units each.
const part = (text) =>
    text === undefined ? '-' : text.length + (text.match(/[^\0-\uffff]/g) || []).length + ':' + text;

const digest = (text, key) =>
    (key ? crypto.createHmac('sha256', key) : crypto.createHash('sha256')).update(text).digest('hex');

function refusal(status, error) {
    const headers = { 'cache-control': { value: 'no-store' }, 'content-type': { value: 'application/json' } };
    if (status === 401) headers['www-authenticate'] = { value: 'Bearer' };
    return { statusCode: status, headers: headers, body: { encoding: 'text', data: JSON.stringify({ error: error }) } };
}

// The token is not verified: its claims may only refuse a request, pick an epoch and label a log line.
function claimsOf(token) {
    const jwt = JWT.exec(token);
    try {
        return jwt && JSON.parse(Buffer.from(jwt[1], 'base64url').toString()) || {};
    } catch (error) {
        return {};
    }
}

function tenantOf(claims, host) {
    const claim = SETTINGS.tenantClaim && claims[SETTINGS.tenantClaim];
    // U+FFFD stands for what is not Unicode, which engines write in different ways.
    const tenant = Buffer.from(String(claim)).toString();
    return (typeof claim === 'string' || Number.isSafeInteger(claim)) && !tenant.includes('\ufffd')
        ? tenant : host.replace(/:\d*$/, '').toLowerCase();
}

// The first known language that a range is or extends; ranges without a usable quality count for nothing.
function languageOf(sent) {
    let language = SETTINGS.languages[0];
    let best = 0;
    // Nobody reads more languages than this: a longer list is only work.
    sent.toLowerCase().replace(/[ \t]/g, '').split(',').slice(0, 16).forEach((item) => {
        const range = item.split(';q=');
        const known = SETTINGS.languages.find((one) => (range[0] + '-').startsWith(one.toLowerCase() + '-'));
        const quality = Number(range[1] || 1);
        if (known && quality > best) {
            language = known;
            best = quality;
        }
    });
    return language;
}

async function readStore(tenant) {
    let missing = 'secrets';
    try {
        const store = cf.kvs();
        // Two lines: the runtime has no await in arguments.
        const text = await store.get(missing);
        const values = JSON.parse(text);
        if (SECRETS.test(values.pepper + ' ' + values.originVerify)) {
            missing = 'epoch';
            const key = 'epoch/' + digest(tenant);
            // exists() first: no documented text of get()'s error tells a missing key from a failing store.
            values.epoch = await store.exists(key) ? await store.get(key) : '0';
            return values;
        }
    } catch (error) {
        // Said by the refusal: nothing of the store's own error belongs into an answer.
    }
    return { missing: missing };
}

async function handler(event) {
    const request = event.request;
    const headers = request.headers;
    // First of all: whatever is returned below, no caller's own is in it. "_" too: some origins read x_auth_hash and
    // x-auth-hash as one name. CloudFront gives names in lower case.
    for (const name in headers) {
        if (name[0] === 'x' && RESERVED.includes(name.replace(/_/g, '-'))) delete headers[name];
    }
    const host = textOf(headers.host);
    const authorization = headers.authorization || {};
    const token = textOf(authorization);
    const claims = claimsOf(token);
    const tenant = tenantOf(claims, host);
    // Before the first refusal, so that refusals are counted too. CloudFront takes 256 characters; no half escape.
    const line = 'class=' + SETTINGS.cacheClass + '&tenant=' + encodeURIComponent(tenant);
    cf.logCustomData(line.slice(0, 256).replace(/%.?$/, ''));

    if (AMBIGUOUS.test(request.uri)) return refusal(400, 'ambiguous path');
    // The cache and the origin could each believe another one. "Bearer a, Bearer b" was two before something joined it.
    if ((authorization.multiValue || []).length > 1 || /,[ \t]*[^ \t,=]+[ \t]+[^ \t,]/.test(token)) {
        return refusal(400, 'more than one Authorization');
    }
    // A preflight carries no token.
    if (SETTINGS.callerRequired && !token.trim() && request.method !== 'OPTIONS') {
        return refusal(401, 'no Authorization');
    }
    if (typeof claims.exp === 'number' && claims.exp * 1000 <= Date.now()) return refusal(401, 'token expired');

    const store = SETTINGS.hasStore ? await readStore(tenant) : { epoch: '0' };
    // Never on without the pepper: a digest that anyone can compute is not the key that was promised.
    if (store.missing) return refusal(503, 'key value store: no usable ' + store.missing);
    // Who calls is what these say; Authorization may be absent.
    const identity = [host, store.epoch, authorization.value].map(part).join('');
    headers['x-auth-hash'] = { value: digest(identity, store.pepper) };
    if (token) headers['x-origin-authorization'] = { value: token };
    if (store.originVerify) headers['x-origin-verify'] = { value: store.originVerify };
    headers['accept-language'] = { value: languageOf(textOf(headers['accept-language'])) };
    return request;
}
