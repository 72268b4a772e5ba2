import crypto from 'crypto';

// Viewer request function (CloudFront Functions, cloudfront-js-2.0).
// It runs before the cache is looked up: x-auth-hash becomes a part of the cache key, so that callers never share an
// answer, and the token itself goes to the origin in a header of its own that is not in the key.

var RESERVED = ['x-auth-hash', 'x-origin-authorization', 'x-origin-verify'];

// A length before each part: ("ab", "c") and ("a", "bc") must not have one digest.
function part(text) {
    return text.length + ':' + text;
}

function refusal(statusCode, statusDescription) {
    return {
        statusCode: statusCode,
        statusDescription: statusDescription,
        headers: { 'cache-control': { value: 'no-store' } }
    };
}

function handler(event) {
    var request = event.request;
    var headers = request.headers;
    // Only this function may set them, whatever a caller sends.
    RESERVED.forEach(function (name) { delete headers[name]; });

    var authorization = headers.authorization;
    // Two identities in one request: the cache and the origin could each believe another one.
    if (authorization && authorization.multiValue && authorization.multiValue.length > 1) {
        return refusal(400, 'Bad Request');
    }
    var host = headers.host ? headers.host.value : '';
    var identity = part(host) + part(authorization ? authorization.value : '');
    headers['x-auth-hash'] = { value: crypto.createHash('sha256').update(identity).digest('hex') };
    if (authorization) {
        headers['x-origin-authorization'] = { value: authorization.value };
    }
    return request;
}
