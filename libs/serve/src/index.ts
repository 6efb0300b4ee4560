export { AnswersByStore } from './answers-by-store.js';
export { nestLogger } from './logger.js';
export { type OwnerService, STORE, serve, startOwnerService } from './owner-service.js';
export { type Running, run } from './run.js';
export { closeServices, connectServices, type ServiceClients } from './service-clients.js';
