// Loaded before each app by what starts it: when that process is itself killed, its channel closes, and the app drains and
// ends instead of staying behind on its port.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
// Who listens to the channel is kept alive by it: a command ends when it is done.
process.channel?.unref();
