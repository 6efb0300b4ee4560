/** What a reader of one venue or a page of concerts waits for at most, and what a call without a deadline gets. */
export const READ_DEADLINE_MS = 2_000;

/** A deadline further ahead is taken as this one: no call may hold its slot for ever because of a wrong clock. */
export const MAX_DEADLINE_AHEAD_MS = 120_000;

/** A peer in the same network answers a connection in milliseconds; after this it is counted as away. */
export const CONNECT_TIMEOUT_MS = 1_000;

export const PING_INTERVAL_MS = 1_000;

/** One missed ping is a busy event loop; three in a row are a peer that is stopped or gone without a word. */
export const MAX_MISSED_PINGS = 3;

/** Absolute deadlines across hosts rest on clocks that agree to well within a deadline. */
export const CLOCK_DIFFERENCE_WARNING_MS = 250;

/** Reconnecting starts and ends at these waits, so that a restarted peer is found well within a second. */
export const FIRST_RECONNECT_MS = 100;
export const LAST_RECONNECT_MS = 500;

/**
 * A supervised process is back one to three seconds after it died: so long are calls kept for a peer that was just lost,
 * within their deadlines. A silent one is waited for as long.
 */
export const RESTART_GRACE_MS = 3_000;

/**
 * A message, in bytes of UTF-8. The sender measures bytes. The length in Nest's frames counts UTF-16 units, of which
 * there are never more than bytes, so a receiver may refuse a frame by its length alone.
 */
export const MAX_MESSAGE_BYTES = 1_048_576;

/** A long list is cut into messages of about this size, so that a short answer never waits behind a whole megabyte. */
export const CHUNK_TARGET_BYTES = 256 * 1_024;

/** A reply of 64 MiB is nobody's page: a handler that returns one is at fault. */
export const MAX_REPLY_CHUNKS = 256;

/** A peer that has begun a frame has its whole: even a megabyte takes a fraction of this. */
export const FRAME_TIMEOUT_MS = 5_000;

/** The calls a socket has on their way at once, and their bytes: more would only wait in the peer's memory. */
export const MAX_OUTSTANDING_CALLS = 128;
export const MAX_OUTSTANDING_BYTES = 4 * 1_048_576;

/** The calls that wait in the client for their turn: a burst is smoothed, a flood is refused as `Overloaded`. */
export const MAX_WAITING_CALLS = 512;
export const MAX_WAITING_BYTES = 64 * 1_048_576;

/** From this many bytes that a peer has not read yet, the server takes no further requests from it. */
export const UNREAD_PAUSE_BYTES = 4 * 1_048_576;

/** A peer that lets the server hold this much for it, or reads nothing for so long, is cut off. */
export const MAX_UNREAD_BYTES = 32 * 1_048_576;
export const UNREAD_TIMEOUT_MS = 10_000;

/** Each socket may hold a partial frame; gateways, orchestrators and tools together need a fraction of this. */
export const MAX_SOCKETS = 256;

/** Calls in flight at shutdown get this long to finish. */
export const DRAIN_TIMEOUT_MS = 10_000;

/** Ids of a call and of its request are short; longer ones would make logs and replies as large as the sender likes. */
export const MAX_ID_LENGTH = 128;

/** All faults of a request are named when it is at most this long; of a longer one the first, for one may hold 500,000. */
export const ALL_FAULTS_MAX_LENGTH = 16 * 1_024;
export const MAX_FIELD_FAULTS = 50;

/** Bad frames come in floods: one log line in this time tells of all of them. */
export const BAD_FRAME_LOG_INTERVAL_MS = 10_000;

/** The sender chooses the names in its body, and with them the length of the pointers to its faults. */
export const MAX_POINTER_LENGTH = 256;

/** Requests are records and lists of them, with few levels; the envelope takes two. */
export const MAX_NESTING = 32;
