// The end of a program for njs that begins with the edge function: times each call of its handler, from the event as a
// value to the result as one. console.timeEnd prints milliseconds with nanoseconds behind the point; Date has none.
// Argument: a file of events, one JSON document per line.
async function timeEach(lines) {
    for (let index = 0; index < lines.length; index += 1) {
        const event = JSON.parse(lines[index]);
        console.time('call');
        const result = await handler(event);
        console.timeEnd('call');
        if (!result.headers['x-origin-verify']) {
            console.log('refused: ' + JSON.stringify(result));
        }
    }
}

timeEach(fs.readFileSync(process.argv[2], 'utf8').split('\n'));
