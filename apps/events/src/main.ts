import { serve } from '#serve';
import { eventsService } from './events.module.js';

void serve(eventsService);
