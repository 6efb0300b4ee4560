import { serve } from '#serve';
import { concertsService } from './concerts.module.js';

void serve(concertsService);
