import { serve } from '#serve';
import { bandsService } from './bands.module.js';

void serve(bandsService);
