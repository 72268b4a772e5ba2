// The end of a program that begins with the function: runs it on a file of calls and writes a file of results, one JSON
// document per line in both. A call: {settings, event, store, broken, nowMilliseconds}; a result: {value, log} or {error, log}.
async function answer(call) {
    SETTINGS = call.settings;
    cf.call.store = call.store;
    cf.call.broken = call.broken;
    cf.call.log = [];
    Date.now = () => call.nowMilliseconds;
    try {
        const value = await handler(call.event);
        return { value: value, log: cf.call.log };
    } catch (error) {
        return { error: String(error), log: cf.call.log };
    }
}

async function answerAll(lines) {
    const results = [];
    for (let index = 0; index < lines.length; index += 1) {
        const result = await answer(JSON.parse(lines[index]));
        results.push(JSON.stringify(result));
    }
    return results.join('\n');
}
