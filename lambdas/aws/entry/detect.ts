import { serve } from '../../http/api-gateway.ts';
import { detectHandlers } from '../../operations/handlers.ts';
import { readEnvironment, writeLine } from '../base.ts';
import { detectContext } from '../detect.ts';
import { measured } from '../measured.ts';

const context = detectContext(readEnvironment('detect'));

export const handler = measured(
  context.settings.stage,
  serve({ handlers: detectHandlers, context }, context.log),
  writeLine,
);
