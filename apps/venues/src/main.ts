import { serve } from '#serve';
import { venuesService } from './venues.module.js';

void serve(venuesService);
