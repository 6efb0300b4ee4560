// What each process of `make start` loads before its app.

import { enableCompileCache } from 'node:module';

// A third of the CPU time of a start is compiling the packages; five processes start at once.
enableCompileCache('node_modules/.cache/node');

// When the supervisor itself is killed, its channel closes: then the app drains and ends, instead of staying behind on
// its port.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
