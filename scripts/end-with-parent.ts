// Loaded before each app by the supervisor: when the supervisor itself is killed, its channel closes and the app drains
// and ends, instead of staying behind on its ports.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
