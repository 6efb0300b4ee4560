import { MongoError, MongoNetworkError, MongoServerError, MongoServerSelectionError } from 'mongodb';
import { Fault } from '#problem';

// Codes of https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml
const TIME_LIMIT_CODES = new Set([
  50, // MaxTimeMSExpired
  262, // ExceededTimeLimit
  290, // TransactionExceededLifetimeLimitSeconds
]);
const AWAY_CODES = new Set([
  6, // HostUnreachable
  7, // HostNotFound
  64, // WriteConcernFailed: the majority did not confirm in time
  89, // NetworkTimeout
  91, // ShutdownInProgress
  100, // UnsatisfiableWriteConcern
  133, // FailedToSatisfyReadPreference
  134, // ReadConcernMajorityNotAvailableYet
  189, // PrimarySteppedDown
  9001, // SocketException
  10107, // NotWritablePrimary
  11600, // InterruptedAtShutdown
  11602, // InterruptedDueToReplStateChange
  13435, // NotPrimaryNoSecondaryOk
  13436, // NotPrimaryOrSecondary
]);
const REFUSED_CODES = new Set([
  13, // Unauthorized
  18, // AuthenticationFailed
  73, // InvalidNamespace
  8000, // AtlasError: wrong user or password
]);
const DUPLICATE_KEY_CODE = 11_000;
const LOST_PLACE_CODES = new Set([
  136, // CappedPositionLost
  260, // InvalidResumeToken
  280, // ChangeStreamFatalError: what the token names is not there
  286, // ChangeStreamHistoryLost: the oplog begins later
]);

/** Names of the driver's errors for a pool or a topology that has no usable connection. */
const AWAY_NAMES = new Set([
  'MongoNotConnectedError',
  'MongoTopologyClosedError',
  'MongoClientClosedError',
  'MongoServerClosedError',
  'MongoPoolClosedError',
  'MongoWaitQueueTimeoutError',
]);

export const isDuplicateKey = (error: unknown): boolean => error instanceof MongoServerError && error.code === DUPLICATE_KEY_CODE;

/** Whether a change stream cannot begin where it was told to, now or ever. */
export const isLostPlace = (error: unknown): boolean =>
  error instanceof MongoServerError && typeof error.code === 'number' && LOST_PLACE_CODES.has(error.code);

/** Whether the server gave it up because its time was over. */
export const isOutOfTime = (error: unknown): boolean =>
  error instanceof MongoServerError && typeof error.code === 'number' && TIME_LIMIT_CODES.has(error.code);

/** A refusal that trying again does not change: a wrong password, a missing right, a name that cannot be. */
export const isRefusal = (error: unknown): error is MongoServerError =>
  error instanceof MongoServerError && typeof error.code === 'number' && REFUSED_CODES.has(error.code);

/** Nobody there who can answer or write: a lost connection, an election, a server that is going down or coming up. */
export function isAway(error: unknown): boolean {
  if (error instanceof MongoNetworkError || error instanceof MongoServerSelectionError) return true;
  if (error instanceof MongoServerError && typeof error.code === 'number' && AWAY_CODES.has(error.code)) return true;
  if (error instanceof MongoError) return AWAY_NAMES.has(error.name) || error.hasErrorLabel('UnknownTransactionCommitResult');
  // The name server's answer about a host or an SRV record.
  return error instanceof Error && 'syscall' in error;
}

/** What a caller is told. What is no matter of connection or time is passed on as it is: a mistake of ours. */
export function toStoreFault(error: unknown): unknown {
  if (isOutOfTime(error)) {
    return new Fault('Timeout', 'MongoDB did not finish before the deadline', { cause: error });
  }
  if (isAway(error)) return new Fault('Unavailable', 'MongoDB cannot be reached', { cause: error });
  return error;
}
