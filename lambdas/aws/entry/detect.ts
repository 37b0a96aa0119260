import { serve } from '../../http/api-gateway.ts';
import { detectHandlers } from '../../operations/handlers.ts';
import { readEnvironment, writeLine } from '../base.ts';
import { detectContext } from '../detect.ts';
import { measured } from '../measured.ts';

const context = detectContext(readEnvironment('detect'));

export const handler = serve(
  { handlers: detectHandlers, context },
  context.log,
  measured(context.settings.stage, writeLine),
);
